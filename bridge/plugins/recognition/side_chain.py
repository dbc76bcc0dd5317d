"""Parameters of the side chain: what a detector hears. They are told apart so that they are left alone."""

from __future__ import annotations

import re

from bridge.plugins.recognition.reading import CONTEXT, LIKELY, NONE, UNSURE, Parameter, Reading

_BARE_HIGH_PASS = re.compile(r"\bHP\b")  # a switch, where HPF is a frequency
_BY_WORD = (
    ("rms", "reactivity"),
    ("lookahead", "lookahead"),
    ("sc_gain", "preamp"),
    ("sc_gain", "gain"),
    (NONE, "mode"),
)
_BY_ROLE = (("q", "sc_q"), ("type", "sc_type"), ("slope", "sc_slope"), ("gain", "sc_gain"), ("input", "sc_input"))


def read_side_chain(parameter: Parameter) -> Reading:
    """Return the reading of a parameter whose name says that it belongs to the side chain, or that is a filter where
    only the side chain has one."""
    name, roles = parameter.name, set(parameter.name.roles)
    is_filter = name.has_words("filter")
    if name.bands or (name.numbers and name.has_words("band")):
        return Reading(NONE, "sc", LIKELY)
    if parameter.is_switch and (is_filter or roles & {"enabled", "bypass"}):
        return Reading(NONE, "sc", CONTEXT)
    if "link" in roles:
        return Reading("link", None, CONTEXT)
    if name.filters:
        return _filter(parameter)
    if "freq" in roles:
        return Reading("sc_hpf_freq" if is_filter else "sc_freq", "sc", LIKELY)
    for role, word in _BY_WORD:
        if name.has_words(word):
            return Reading(role, None, LIKELY)
    for role, found in _BY_ROLE:
        if role in roles:
            return Reading(found, "sc", LIKELY)
    for role in ("rms", "detector"):
        if role in roles:
            return Reading(role, None, LIKELY)
    if is_filter and not roles:
        return Reading("sc_hpf_freq" if parameter.unit == "Hz" else "sc_filter", "sc", CONTEXT)
    return Reading(NONE, "sc", UNSURE) if roles or name.unknown else Reading("sc_input", "sc", CONTEXT)


def _filter(parameter: Parameter) -> Reading:
    name, is_freq = parameter.name, "freq" in parameter.name.roles
    if "hpf" not in name.filters:
        return Reading("sc_lpf_freq", "sc", LIKELY)
    if not is_freq and _BARE_HIGH_PASS.search(name.text):
        return Reading("sc_filter", "sc", CONTEXT)
    is_plain = is_freq or not name.has_words("filter") or name.has_words("pass")
    return Reading("sc_hpf_freq" if is_plain else "sc_filter", "sc", LIKELY)
