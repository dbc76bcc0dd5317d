"""A new chain file made of some plugins: every parameter that changes the sound, and is safe to move, is a control.

What a parameter does is measured (`calibration`), what it is for is read from its name and texts (`recognition`); the
file says of each control what was found, as comments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bridge.errors import ChainError, PluginHung
from bridge.plugins.chain.builtin import EFFECTS, AcceptedValues
from bridge.plugins.chain.calibration import Calibration, ParameterReport
from bridge.plugins.chain.chain import BUILTIN, VST3, check_known_name
from bridge.plugins.chain.control import format_real_value
from bridge.plugins.host.host import PluginHost
from bridge.plugins.recognition.reading import NONE, SURE
from bridge.plugins.recognition.recognise import ControlReading, ListedParameter, ParameterList, recognise

_TEXT_PLACES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of a law, that recognition reads texts at
_NEVER_SET = frozenset({"bypass", "mix", "dry", "lookahead"})  # they switch off or delay, or leave the plugin unheard


def new_chain(host: PluginHost, plugins: Sequence[str], *, name: str, only_recognised: bool = False) -> str:
    """Return a chain file in which every live parameter is a control over the range that the plugin displays.

    Dead parameters, meters, programs and what is not automatable are left out.

    Args:
        host: calibrates the plugins.
        plugins: 'builtin:NAME', 'vst3:NAME', or a VST3 plugin's bare name, in their order.
        name: of the chain.
        only_recognised: leave out what does something and is not recognised.

    Returns:
        TOML.

    Raises:
        ChainError: none is named, or a built-in effect that there is not.
        PluginError: a plugin cannot be calibrated.
    """
    if not plugins:
        raise ChainError("A chain needs at least one plugin; name some, as builtin:PeakFilter or vst3:ZamCompX2.")
    full_names = [plugin if plugin.partition(":")[0] in (BUILTIN, VST3) else f"{VST3}:{plugin}" for plugin in plugins]
    calibrations = _calibrated(host, [full for full in full_names if full.startswith(f"{VST3}:")])
    lines = [f"name = {_quoted(name)}", f"description = {_quoted(', '.join(plugins))}"]
    taken: set[str] = set()
    for full in full_names:
        slot = _slot_name(full, taken)
        lines += ["", "[[slot]]", f"name = {_quoted(slot)}", f"plugin = {_quoted(full)}"]
        if full in calibrations:
            lines += _vst3_controls(calibrations[full], only_recognised=only_recognised)
        else:
            lines += _builtin_controls(full.partition(":")[2])
    return "\n".join(lines) + "\n"


def _calibrated(host: PluginHost, plugins: Sequence[str]) -> Mapping[str, Calibration]:
    """As `PluginHost.calibrate`, the plugins beside each other; of one that is known to hang, PluginHung at once."""
    distinct = list(dict.fromkeys(plugins))
    for plugin in distinct:
        known = host.catalog.known_entry(host.catalog.find(plugin))
        if known is not None and known.hung_s >= host.load_limit_s:
            raise PluginHung(known.note)
    with ThreadPoolExecutor(max(1, len(distinct))) as pool:
        return dict(zip(distinct, pool.map(host.calibrate, distinct), strict=True))


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


def _vst3_controls(calibration: Calibration, *, only_recognised: bool) -> list[str]:
    lines: list[str] = []
    left_out: list[str] = []
    for report, reading in zip(calibration.parameters, read_calibration(calibration), strict=True):
        why = reason_to_leave_out(report, reading)
        if why is None and only_recognised and reading.role == NONE:
            why = "not recognised"
        if why is None:
            lines += [f"[slot.control.{_quoted(report.name)}]", *_vst3_range(report, reading)]
        else:
            left_out.append(f"# left out: {report.name} ({why})")
    if not lines:
        raise ChainError(f"{calibration.plugin} has no parameter that changes its sound; choose another plugin.")
    return left_out + lines


def read_calibration(calibration: Calibration) -> tuple[ControlReading, ...]:
    """What each parameter is for, by its name and the texts of its law."""
    listed = tuple(ListedParameter(report.index, report.name, _texts(report)) for report in calibration.parameters)
    return recognise(ParameterList(calibration.plugin.partition(":")[2], listed, "VST3")).parameters


def reason_to_leave_out(report: ParameterReport, reading: ControlReading) -> str | None:
    """Why a parameter is no control; None for one that is."""
    if not report.is_controllable:
        return report.note or ("for monitoring" if report.is_monitoring else report.kind)
    if reading.role in _NEVER_SET or reading.role.startswith("sc_"):
        return "of a side chain" if reading.role.startswith("sc_") else f"not for a search to move: {reading.role}"
    if reading.role == NONE and reading.confidence >= SURE:
        return "not for the sound, by its name"
    if report.law is not None and not report.useful[0] < report.useful[1]:
        return "silences or blasts wherever it is moved"
    return None


def _texts(report: ParameterReport) -> tuple[str, ...]:
    if report.law is None:
        return report.choices
    return tuple(format_real_value(report.law.to_real(place), report.unit) for place in _TEXT_PLACES)


def _vst3_range(report: ParameterReport, reading: ControlReading) -> list[str]:
    role = "" if reading.role == NONE else f"{reading.role}, "
    band = "" if reading.band is None else f"band {reading.band}, "
    found = f"# {role}{band}moves the sound by up to {report.sensitivity_db:.1f} dB"
    if report.law is None:
        return [found]
    low, high = sorted(report.law.to_real(end) for end in report.useful)
    whole = sorted((report.law.to_real(0.0), report.law.to_real(1.0)))
    narrowed = "" if report.useful == (0.0, 1.0) else f"; of {_number(whole[0])} to {_number(whole[1])}"
    unit, neutral = f" {report.unit}" * bool(report.unit), report.law.to_real(report.default)
    return [
        f"{found}{narrowed}",
        f"range = [{_number(low)}, {_number(high)}]  #{unit} ({getattr(report.law, 'scale', 'linear')})",
        f"neutral = {_number(neutral)}  # its default",
    ]


def _number(value: float) -> str:
    """Six digits, as a TOML float."""
    return repr(float(f"{value:.6g}"))


def _quoted(text: str) -> str:
    """A TOML string or quoted key."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
