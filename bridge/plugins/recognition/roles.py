"""From a name and its neighbours to a role: `read_role` asks in order, and the first that applies decides."""

from __future__ import annotations

import re
from dataclasses import replace

from bridge.plugins.recognition.context import Context, read_in_context, shape
from bridge.plugins.recognition.lexicon import Meaning
from bridge.plugins.recognition.names import Name, graphic_freq_hz
from bridge.plugins.recognition.reading import (
    CONTEXT,
    DYNAMICS,
    LIKELY,
    NONE,
    OF_ALL,
    SURE,
    UNSURE,
    Parameter,
    Plugin,
    Reading,
)
from bridge.plugins.recognition.side_chain import read_side_chain

STRONG = {
    "threshold",
    "ratio",
    "attack",
    "release",
    "freq",
    "knee",
    "ceiling",
    "auto_makeup",
    "auto_release",
    "crossover",
}
NEVER_SWITCHES = {"threshold", "ratio", "freq", "gain", "q"}
BAND_ROLES = {"freq", "gain", "q", "type", "slope", "enabled", "boost", "cut", "placement", "freq_mult"}
MANY = 5  # faders of a graphic equaliser, at least
_MULTIPLIER = re.compile(r"(?:\b[x×/÷]|\*|\bdiv|\bmul)\s*(?:3|10|5|2)\b", re.IGNORECASE)


def read_role(parameter: Parameter, plugin: Plugin) -> Reading:
    """Return the reading of one parameter."""
    name = parameter.name
    is_mute = parameter.has_texts and not "".join(parameter.texts).strip()
    if name.text.startswith(",") or not name.words or is_mute:
        return Reading(NONE)
    if graphic_freq_hz(name.text) is not None:
        return Reading("gain", "geq", LIKELY)
    if name.values(Meaning.NEVER):
        return Reading(NONE)
    if "sc" in name.sections or (name.filters and plugin.kind in DYNAMICS and "eq" not in name.sections):
        return read_side_chain(parameter)
    if name.filters:
        return _filter(parameter, plugin)
    if name.roles:
        return _named(parameter, plugin)
    if name.bands or name.letter_band is not None:
        return _band(parameter, plugin)
    return _section(parameter, plugin)


def _filter(parameter: Parameter, plugin: Plugin) -> Reading:
    """A high or low pass: its control where one is named, else its switch or its frequency."""
    name, section = parameter.name, parameter.name.filters[0]
    roles = [role for role in name.roles if role in (*BAND_ROLES, "bypass", "input")]
    if roles:
        role = {"bypass": "enabled", "input": "enabled"}.get(roles[-1], roles[-1])
        return Reading(role, section, LIKELY)
    if name.roles or name.unknown:
        return Reading(NONE, section, UNSURE)
    is_enabled = parameter.is_switch or plugin.has_sibling(name, "freq")
    return Reading("enabled" if is_enabled else "freq", section, CONTEXT)


def _band(parameter: Parameter, plugin: Plugin) -> Reading:
    """A band's word alone: its shape, else its gain, or what is missing beside its gain."""
    name = parameter.name
    if name.unknown:
        return Reading(NONE, None, LIKELY)
    if name.has_words("shelf", "bell") or parameter.shows("shelf", "bell"):
        return shape(parameter, plugin)
    if plugin.has_sibling(name, "gain"):
        is_freq = not parameter.is_switch and not plugin.has_sibling(name, "freq")
        return Reading("freq" if is_freq else "enabled", "eq", UNSURE)
    return Reading("gain", "eq", CONTEXT)


def _section(parameter: Parameter, plugin: Plugin) -> Reading:
    """A section's word alone: mostly its switch."""
    name = parameter.name
    if name.sections and name.words[-1] == "fast":
        return Reading("attack", name.sections[-1], CONTEXT)
    if name.unknown or not name.sections:
        return Reading(NONE, None, LIKELY)
    section = name.sections[-1]
    if section == "eq" and plugin.skeletons[name.skeleton] >= MANY:
        return Reading("gain", "geq", CONTEXT)
    if section == "lim" and plugin.kind == "limiter" and parameter.unit == "dB":
        return Reading("ceiling", "lim", CONTEXT)
    if section == "lim" and ("comp" in name.sections or plugin.kind == "compressor"):
        return Reading("mode", "comp", CONTEXT)
    return Reading("enabled", section, CONTEXT if parameter.is_switch else UNSURE)


def _named(parameter: Parameter, plugin: Plugin) -> Reading:
    """A name with the words of roles in it."""
    name, role = parameter.name, _deciding(parameter.name)
    section = name.sections[-1] if name.sections else None
    if _MULTIPLIER.search(name.text) and (name.bands or name.numbers):
        return Reading("freq_mult", "eq", LIKELY)
    if role == NONE or (name.unknown and role not in STRONG):
        return Reading(NONE, section, LIKELY)
    if _is_switch_of_part(role, parameter, plugin, section):
        return Reading("enabled", section or ("eq" if name.bands else None), LIKELY)
    if parameter.is_switch and role in NEVER_SWITCHES:
        return Reading(NONE, section, CONTEXT)
    if parameter.is_switch and role == "makeup":
        return Reading("auto_makeup", section, CONTEXT)
    reading = read_in_context(Context(role, section, parameter, plugin))
    return replace(
        reading,
        section=None if reading.role in OF_ALL else reading.section,
        confidence=UNSURE if name.unknown else SURE,
    )


def _is_switch_of_part(role: str, parameter: Parameter, plugin: Plugin, section: str | None) -> bool:
    """Whether "bypass" or "in" switches a band or a section, and not the whole plugin."""
    name = parameter.name
    if role == "bypass":
        return bool(section or name.bands or name.has_words("band")) and not name.channel
    if role != "input" or name.words[-1] != "in":
        return False
    is_of_part = bool(name.bands or section or name.letter_band is not None or name.numbers)
    return is_of_part or (name.words == ("in",) and plugin.has("output") and not plugin.has("out"))


def _deciding(name: Name) -> str:
    """The role that decides among those of a name: the last, as English puts the noun last, with exceptions."""
    roles = name.roles
    automatic = [role for role in roles if role.startswith("auto_")]
    if len(roles) == 1 or automatic:
        return (automatic or roles)[0]
    if roles[-1] == "enabled":
        return NONE if {"threshold", "ratio", "hold", "lookahead", "ceiling", "knee"} & set(roles[:-1]) else "enabled"
    if roles[0] in ("attack", "release") and roles[-1] in ("rms", "boost"):
        return roles[0]  # of the peak or of the RMS detector
    if roles[0] in ("threshold", "drive") and roles[-1] in ("input", "output"):
        return roles[0]
    if roles[0] == "gain" and roles[-1] in ("attack", "release"):
        return NONE  # the smoothing of a gain, a stage behind the detector
    return roles[-1]
