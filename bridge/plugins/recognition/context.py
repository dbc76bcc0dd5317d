"""A role in its context: the kind of FX, the section, the band and the neighbours decide what a word means there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from bridge.plugins.recognition.names import Name
from bridge.plugins.recognition.reading import CONTEXT, LIKELY, NONE, Parameter, Plugin, Reading

_SECTIONS = {
    "compressor": "comp", "limiter": "lim", "gate": "gate", "de-esser": "deess", "multiband": "mb", "eq": "eq",
}  # fmt: skip
_NOT_OF_EQUALISERS = {"ceiling", "range", "hold", "knee", "makeup", "rms", "amount", "time_constant"}


@dataclass(frozen=True)
class Context:
    """One role of one parameter, and where it stands."""

    role: str
    section: str | None  # named
    parameter: Parameter
    plugin: Plugin

    @property
    def name(self) -> Name:
        return self.parameter.name

    @property
    def kind(self) -> str:
        return self.plugin.kind

    @cached_property
    def where(self) -> str | None:
        """The section: named, or the plugin's only one."""
        return self.section or _SECTIONS.get(self.kind)

    @cached_property
    def is_banded(self) -> bool:
        name = self.name
        can_repeat = self.kind == "eq" or (self.kind == "channel strip" and self.role in ("type", "q"))
        is_repeated = can_repeat and self.plugin.texts[name.text] > 1
        is_numbered = bool(name.numbers) and name.channel is None
        return bool(name.bands) or name.letter_band is not None or is_numbered or is_repeated

    @cached_property
    def is_eq(self) -> bool:
        is_in_strip = self.kind in ("eq", "channel strip") and self.section in (None, "eq") and self.is_banded
        return self.where == "eq" or is_in_strip

    @cached_property
    def is_static_eq(self) -> bool:
        """Whether it stands in an equaliser without dynamics."""
        return self.kind == "eq" and self.section not in ("dyn", "comp") and "threshold" not in self.plugin.roles

    def as_role(self, role: str) -> Reading:
        return Reading(role, self.where)


def read_in_context(context: Context) -> Reading:
    """Return what a parameter's role means where it stands."""
    rule = _RULES.get(context.role)
    found = rule(context) if rule else None
    if found is None and context.is_static_eq and context.role in _NOT_OF_EQUALISERS:
        found = Reading(NONE, "eq")
    return found or context.as_role(context.role)


def _gain(context: Context) -> Reading:
    name, plugin, where = context.name, context.plugin, context.where
    if where in ("comp", "opto", "gate") and not name.bands:
        return context.as_role("output" if "makeup" in plugin.roles else "makeup")
    if {"boost", "cut"} <= set(name.words) or (name.sections[-1:] == ["eq"] and not name.bands):
        return Reading("gain", "eq")
    if where == "lim":
        return Reading("input")
    if context.is_banded:
        return Reading("band_gain", "mb") if where == "mb" else Reading("gain", "eq")
    return Reading("input" if "output" in plugin.roles else "output")


def _output(context: Context) -> Reading | None:
    """The output of a limiter is its ceiling where none is named; a compressor's is make-up gain where a ratio, or the
    word gain, says that it makes up for a reduction and no gain does."""
    name, plugin = context.name, context.plugin
    if context.where == "lim" and name.has_words("level") and "ceiling" not in plugin.roles:
        return Reading("ceiling", "lim")
    if context.where != "comp" or "makeup" in plugin.roles or plugin.has("gain") or plugin.has("comp", "gain"):
        return None
    has_ratio = "ratio" in plugin.roles or {"amount", "threshold"} <= plugin.roles
    is_makeup = name.has_words("gain") or (has_ratio and not name.has_words("level"))
    return Reading("makeup", "comp") if is_makeup else None


def _mode(context: Context) -> Reading | None:
    if context.name.bands:
        return context.as_role("type")
    if {"off", "enabled"} <= {text.strip().lower() for text in context.parameter.texts}:
        return context.as_role("enabled")
    if context.is_static_eq and context.section != "eq" and len(context.name.words) == 1:
        return Reading(NONE)  # of the channels, as a rule
    return None


def _time(context: Context) -> Reading | None:
    name, plugin = context.name, context.plugin
    if name.words[-1] == "time" and plugin.has(*name.skeleton[:-1]):
        return Reading(NONE)  # the second of that name: a controller behind the plugin's own
    if context.role == "attack" and context.is_eq and "threshold" not in plugin.roles:
        return Reading("cut", "eq")  # "Att" cuts "attenuation"
    return None


def _amount(context: Context) -> Reading | None:
    roles = context.plugin.roles
    is_ratio = context.name.has_words("compress") and "threshold" in roles and "ratio" not in roles
    if context.parameter.unit == ":1" or is_ratio:
        return context.as_role("ratio")
    return context.as_role("range") if context.where in ("deess", "gate") else None


def _freq(context: Context) -> Reading | None:
    name = context.name
    if _is_crossover(name, context.plugin):
        return Reading("crossover", "mb", LIKELY)
    is_select = name.has_words("select", "sel") and not {"boost", "cut", "gain"} & set(name.roles)
    return Reading(NONE) if is_select and context.where != "deess" else None


def _is_crossover(name: Name, plugin: Plugin) -> bool:
    """Whether a frequency lies between two bands that have gains, and is none of theirs."""
    if plugin.texts[name.text] > 1 and plugin.texts[name.text] == len(plugin.gain_bands) - 1:
        return True
    own = set(name.bands)
    halves = {"1", "3"} if own == {"2"} else {"3", "5"} if own in ({"4"}, {"3", "5"}) else set()
    return bool(halves) and halves <= plugin.gain_bands and not own & plugin.gain_bands - halves


def _range(context: Context) -> Reading | None:
    name, where = context.name, context.where
    if where in ("gate", "deess"):
        return None
    if name.has_words("reduction", "floor"):
        return Reading(NONE)
    if name.has_words("depth") and where != "comp":
        return context.as_role("mix" if context.kind == "multiband" else "amount")
    return None


def _boost_or_cut(context: Context) -> Reading | None:
    if context.role == "boost" and context.section == "comp" and not context.is_banded:
        return context.as_role("detector")  # "Comp Peak"
    if context.role == "cut" and context.where == "gate":
        return context.as_role("range")
    return None if context.is_banded else Reading(NONE)


def _q(context: Context) -> Reading | None:
    name, plugin = context.name, context.plugin
    if not (context.is_eq or context.is_banded or name.words == ("q",) or context.parameter.unit == "oct"):
        return Reading(NONE)
    has_quality = plugin.has("quality", "factor") or plugin.has("q", "factor")
    return context.as_role("bandwidth") if has_quality and name.has_words("width", "bandwidth") else None


def _type(context: Context) -> Reading | None:
    if not context.is_banded:
        return context.as_role("mode" if context.section else NONE)
    is_shape = context.name.has_words("shelf", "bell") and not context.name.has_words("type")
    return shape(context.parameter, context.plugin) if is_shape else None


def shape(parameter: Parameter, plugin: Plugin) -> Reading:
    """Return the reading of a band named by its shape: its gain where dB are shown, its switch where its gain stands
    beside, else its type."""
    if parameter.unit == "dB":
        return Reading("gain", "eq", CONTEXT)
    is_enabled = plugin.has_sibling(parameter.name, "gain") and not parameter.texts
    return Reading("enabled" if is_enabled else "type", "eq", CONTEXT)


def _makeup(context: Context) -> Reading | None:
    name, plugin = context.name, context.plugin
    if context.kind == "multiband" and context.is_banded:
        rest = [word for word in name.skeleton if word not in ("make", "up", "makeup", "gain")]
        return Reading("auto_makeup", "mb") if plugin.has(*rest, "gain") else None
    return Reading(NONE) if name.has_words("wet") and "makeup" in plugin.dry_roles else None


def _mix(context: Context) -> Reading | None:
    """Where REAPER's own "Wet" stands behind the plugin's, the plugin's is a gain."""
    is_gain = context.name.words == ("wet",) and "dry" in context.plugin.roles
    if not is_gain or context.plugin.texts[context.name.text] < 2 or context.where not in ("comp", "gate"):
        return None
    return Reading("makeup" if context.where == "comp" else "output")


def _auto_makeup(context: Context) -> Reading | None:
    return Reading(NONE) if context.kind == "eq" else None


def _crossover(context: Context) -> Reading | None:
    return context.as_role("freq") if context.where == "deess" else None


def _time_constant(context: Context) -> Reading | None:
    return None if context.where in ("comp", "mb", "opto", "lim", "deess") else Reading(NONE)


_RULES: Final[Mapping[str, Callable[[Context], Reading | None]]] = {
    "gain": _gain,
    "output": _output,
    "mode": _mode,
    "attack": _time,
    "release": _time,
    "amount": _amount,
    "freq": _freq,
    "range": _range,
    "boost": _boost_or_cut,
    "cut": _boost_or_cut,
    "q": _q,
    "type": _type,
    "makeup": _makeup,
    "mix": _mix,
    "auto_makeup": _auto_makeup,
    "crossover": _crossover,
    "time_constant": _time_constant,
}
