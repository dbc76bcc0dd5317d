"""Read a plugin: what kind of FX it is, and what each of its parameters means."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import msgspec

from bridge.plugins.recognition.kinds import kind_of
from bridge.plugins.recognition.names import Name, graphic_freq_hz, read_names
from bridge.plugins.recognition.parameter_texts import choices_of, is_falling, unit_of
from bridge.plugins.recognition.reading import NONE, OF_ALL, Parameter, Plugin, Reading
from bridge.plugins.recognition.roles import read_role

_TAIL = ("bypass", "wet", "delta")  # what REAPER appends to every FX
_TAIL_READINGS = (Reading("bypass"), Reading("mix"), Reading(NONE))
_MIDI = re.compile(
    r"MIDI CC|Bank Select|Portamento|Sostenuto|Breath|Foot Contr|Data Entry|Soft Pedal|Pitch ?bend", re.IGNORECASE
)
_REDUCTIONS = ("gain reduction", "gr", "reduction")
_OF_BANDS = ("freq", "gain", "q", "type", "slope", "enabled")
_REPEATED = 5.0  # of keys: what is told apart by its order alone
_NUMBERED = 2.0  # of keys: a number tells the band
_MIDDLE = 3.0  # of the lexicon's five places for bands


class ListedParameter(msgspec.Struct, frozen=True):
    """A parameter as a plugin lists it: its name, and displayed texts from the lowest to the highest value."""

    index: int
    name: str
    texts: tuple[str, ...] = ()


class ParameterList(msgspec.Struct, frozen=True):
    """The parameters of one FX."""

    fx_name: str
    parameters: tuple[ListedParameter, ...]
    format: str = ""


class ControlReading(msgspec.Struct, frozen=True, kw_only=True):
    """What one parameter means. `role` is "none" where nothing is to be set; controls of one `band` share a number."""

    index: int
    name: str
    role: str
    section: str | None = None
    band: int | None = None
    unit: str | None = None
    is_falling: bool | None = None
    choices: tuple[str, ...] = ()
    confidence: float = 0.0


class PluginReading(msgspec.Struct, frozen=True, kw_only=True):
    """What an FX is, and what its parameters mean."""

    fx_name: str
    kind: str
    parameters: tuple[ControlReading, ...]


def recognise(plugin: ParameterList) -> PluginReading:
    """Return what a plugin's parameters mean, by names and displayed texts alone.

    Args:
        plugin: The plugin's parameters in its order.

    Returns:
        The kind of FX and one reading for each parameter, in the same order. A parameter whose name says nothing, or
        too little, has the role "none".
    """
    listed = plugin.parameters
    names = read_names([parameter.name for parameter in listed])
    has_texts = sum(bool(parameter.texts) for parameter in listed) > len(listed) / 2
    known = Plugin.of(kind_of(plugin.fx_name, names), names)
    parameters = [
        Parameter(name, row.texts, unit_of(row.name, row.texts), has_texts and bool(row.texts))
        for name, row in zip(names, listed, strict=True)
    ]
    readings = [read_role(parameter, known) for parameter in parameters]
    if [name.text.strip().lower() for name in names[-3:]] == list(_TAIL):
        readings[-3:] = _TAIL_READINGS
    for place in _meters(names):
        readings[place] = Reading(NONE)
    for place in range(_midi_tail(names), len(names)):
        if place < len(names) - 3 or readings[place] not in _TAIL_READINGS:
            readings[place] = Reading(NONE)
    bands = _bands(names, readings)
    return PluginReading(
        fx_name=plugin.fx_name,
        kind=known.kind,
        parameters=tuple(
            ControlReading(
                index=row.index,
                name=row.name,
                role=reading.role,
                section=reading.section,
                band=band,
                unit=parameter.unit,
                is_falling=is_falling(row.texts),
                choices=choices_of(row.texts),
                confidence=reading.confidence,
            )
            for row, parameter, reading, band in zip(listed, parameters, readings, bands, strict=True)
        ),
    )


def _meters(names: Sequence[Name]) -> list[int]:
    """The output levels that follow a meter of the gain reduction: plugins list what they measure at the end."""
    after = [place + 1 for place, name in enumerate(names) if name.text.strip().lower() in _REDUCTIONS]
    return [place for place in after if place < len(names) and names[place].roles == ["output"]]


def _midi_tail(names: Sequence[Name]) -> int:
    """Where the controllers begin with which some plugins fill up their list: MIDI's own names, in MIDI's order."""
    places = [place for place, name in enumerate(names) if _MIDI.search(name.text)]
    return places[0] if len(places) >= 3 else len(names)


def _bands(names: Sequence[Name], readings: Sequence[Reading]) -> list[int | None]:
    """The number of each control's band, low to high; None where it belongs to none."""
    repeats = Counter(name.text for name in names)
    is_numbered = len({name.numbers[0] for name in names if name.numbers}) > 1
    are_channels = _are_numbers_channels(names)
    seen: Counter[str] = Counter()
    keys: list[tuple[float, ...] | None] = []
    for name, reading in zip(names, readings, strict=True):
        seen[name.text] += 1
        key = None if reading.role == NONE else _band_key(name, reading.section, is_numbered=is_numbered)
        if key is not None and are_channels and key[0] == _NUMBERED:
            key = (*key[:2], *map(float, name.bands[:1]))
        if key is None and repeats[name.text] > 1 and reading.role not in (*OF_ALL, NONE, "mode"):
            key = (_REPEATED, float(seen[name.text]))
        keys.append(key)
    keys = _paired_repeats(keys, readings)
    order = {key: place + 1 for place, key in enumerate(sorted({key for key in keys if key is not None}))}
    return [None if key is None else order[key] for key in keys]


def _are_numbers_channels(names: Sequence[Name]) -> bool:
    """Whether numbers tell channels apart and words their bands: "LF Freq 1" beside "HF Freq 1" and "LF Freq 2"."""
    numbered = [name for name in names if len(name.numbers) == 1 and name.bands]
    bands_of: dict[int, set[str]] = {}
    for name in numbered:
        bands_of.setdefault(name.numbers[0], set()).add(name.bands[0])
    return set(bands_of) == {1, 2} and min(map(len, bands_of.values())) >= 2


def _paired_repeats(
    keys: list[tuple[float, ...] | None], readings: Sequence[Reading]
) -> list[tuple[float, ...] | None]:
    """Controls of one name with the bands that are named beside them: where only the order tells, a band's controls
    stand together, and the one that names it is the first or the last of them throughout."""
    places = [place for place, key in enumerate(keys) if key is not None and key[0] < _REPEATED]
    of_bands = [place for place, reading in enumerate(readings) if reading.role in _OF_BANDS]
    repeats = [place for place in of_bands if (key := keys[place]) is not None and key[0] == _REPEATED]
    if len({keys[place] for place in places}) < 2 or not repeats:
        return keys
    is_name_last = repeats[0] < places[0]
    paired = list(keys)
    for place in repeats:
        behind, before = [p for p in places if p > place], [p for p in places if p < place]
        found = behind[:1] if is_name_last else before[-1:]
        paired[place] = keys[found[0]] if found else keys[place]
    return paired


def _band_key(name: Name, section: str | None, *, is_numbered: bool) -> tuple[float, ...] | None:
    """What two controls of one band have in common, such that keys rise with the band. None: no band is named."""
    if section == "geq":
        return (0.0, graphic_freq_hz(name.text) or float(name.numbers[-1]))
    if name.channel is not None:
        return (9.0, float(name.channel))
    if name.numbers and is_numbered:
        return (_NUMBERED, float(name.numbers[0]), *map(float, name.bands[:1] if name.has_words("ch") else ()))
    place = name.letter_band or (float(name.bands[0]) if name.bands else None)
    if place is None:
        return None
    return (1.0 if place < _MIDDLE or not is_numbered else 3.0, place)  # L, 1, 2, H
