"""A new chain file made of some plugins: every parameter that changes the sound becomes a control."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bridge.errors import ChainError, PluginHung
from bridge.plugins.chain.builtin import EFFECTS, AcceptedValues
from bridge.plugins.chain.calibration import Calibration, ParameterReport
from bridge.plugins.chain.chain import BUILTIN, VST3, check_known_name
from bridge.plugins.host.host import PluginHost


def new_chain(host: PluginHost, plugins: Sequence[str], *, name: str) -> str:
    """Return a chain file in which every live parameter is a control over the range that the plugin displays.

    Dead parameters, meters, programs and what is not automatable are left out.

    Args:
        host: calibrates the plugins.
        plugins: 'builtin:NAME', 'vst3:NAME', or a VST3 plugin's bare name, in their order.
        name: of the chain.

    Returns:
        TOML.

    Raises:
        ChainError: none is named, or a built-in effect that there is not.
        PluginError: a plugin cannot be calibrated.
    """
    if not plugins:
        raise ChainError("A chain needs at least one plugin; name some, as builtin:PeakFilter or vst3:ZamCompX2.")
    lines = [f"name = {_quoted(name)}", f"description = {_quoted(', '.join(plugins))}"]
    taken: set[str] = set()
    for plugin in plugins:
        full = plugin if plugin.partition(":")[0] in (BUILTIN, VST3) else f"{VST3}:{plugin}"
        slot = _slot_name(full, taken)
        lines += ["", "[[slot]]", f"name = {_quoted(slot)}", f"plugin = {_quoted(full)}"]
        if full.startswith(f"{BUILTIN}:"):
            lines += _builtin_controls(full.partition(":")[2])
        else:
            lines += _vst3_controls(_calibrated(host, full))
    return "\n".join(lines) + "\n"


def _calibrated(host: PluginHost, plugin: str) -> Calibration:
    """As `PluginHost.calibrate`; of a plugin that is known to hang, PluginHung at once."""
    path = host.catalog.find(plugin)
    known = host.catalog.known_entry(path)
    if known is not None and known.hung_s >= host.load_limit_s:
        raise PluginHung(known.note)
    return host.calibrate(plugin)


def _slot_name(plugin: str, taken: set[str]) -> str:
    stem = Path(plugin.partition(":")[2]).stem
    base = "".join(c if c.isalnum() else "_" for c in stem).strip("_").lower() or "slot"
    name, count = base, 1
    while name in taken:
        count += 1
        name = f"{base}_{count}"
    taken.add(name)
    return name


def _builtin_controls(effect: str) -> list[str]:
    check_known_name("built-in plugin", effect, EFFECTS, source="The new chain")
    lines: list[str] = []
    for name, accepts in EFFECTS[effect].items():
        lines += [f"[slot.control.{name}]", *_builtin_range(accepts)]
    return lines


def _builtin_range(accepts: AcceptedValues) -> list[str]:
    if accepts.choices:
        return [f"neutral = {_quoted(accepts.choices[int(accepts.neutral or 0)])}"]
    lines = [f"range = [{accepts.usual[0]!r}, {accepts.usual[1]!r}]"]
    if accepts.scale != "linear":
        lines.append(f"scale = {_quoted(accepts.scale)}")
    if accepts.neutral is not None:
        low, high = accepts.usual
        lines.append(f"neutral = {min(max(accepts.neutral, low), high)!r}")
    return lines


def _vst3_controls(calibration: Calibration) -> list[str]:
    lines: list[str] = []
    left_out: list[str] = []
    for report in calibration.parameters:
        if report.is_controllable:
            lines += [f"[slot.control.{_quoted(report.name)}]", *_vst3_range(report)]
        else:
            why = report.note or ("for monitoring" if report.is_monitoring else report.kind)
            left_out.append(f"# left out: {report.name} ({why})")
    if not lines:
        raise ChainError(f"{calibration.plugin} has no parameter that changes its sound; choose another plugin.")
    return left_out + lines


def _vst3_range(report: ParameterReport) -> list[str]:
    comment = f"  # {report.unit}" if report.unit else ""
    if report.law is None:
        return []
    low, high = sorted((report.law.to_real(0.0), report.law.to_real(1.0)))
    neutral = report.law.to_real(report.default)
    return [f"range = [{_number(low)}, {_number(high)}]{comment}", f"neutral = {_number(neutral)}"]


def _number(value: float) -> str:
    """Six digits, as a TOML float."""
    return repr(float(f"{value:.6g}"))


def _quoted(text: str) -> str:
    """A TOML string or quoted key."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
