"""REAPER in other languages: the scripts' requests from FX with translated names, idents, switches and numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from reaper_session import FakeDaemon, noise

from bridge.plugins.chain.chain_file import load_chain
from bridge.reaper.mapping.chain_mapping import ChainMapping, map_chain
from bridge.reaper.mapping.display_law import measure_fx_display_law, read_quantity
from bridge.reaper.protocol.left_alone import LeftAloneKind, Requirement
from bridge.reaper.protocol.messages import SCHEMA, Reply, Request
from bridge.settings import shipped_folder
from bridge.standin import StandIn
from bridge.standin.fx.fx import StandInFx
from bridge.standin.fx.language import FRENCH, RUSSIAN, Language
from bridge.standin.project.track import ReaperTrack

CHAIN = load_chain(shipped_folder("models") / "chains" / "channel-strip.toml")
SWITCHES = {name: FRENCH[name] for name in ("Auto Make Up Gain", "Dry", "On", "Off")}
LANGUAGES = {
    "French": Language(FRENCH, are_idents_translated=True, has_decimal_comma=True, disabled="DÉSACTIVÉ : "),
    "Russian": Language(RUSSIAN, are_idents_translated=True),
    "English idents": Language(RUSSIAN, has_decimal_comma=True, disabled="DISABLED: "),
}

Prepare = Callable[[StandInFx, StandInFx], object]


def set_in(home: Path, language: Language, prepare: Prepare | None = None) -> tuple[ReaperTrack, ChainMapping, str]:
    """Set a track whose FX speak a language as a model might; the track, its mapping, and what the user read."""
    mappings: list[ChainMapping] = []

    def answer(request: Request) -> Reply:
        mappings.append(mapping := map_chain(CHAIN, request.fx))
        after = mapping.realizable(np.linspace(0.2, 0.8, len(CHAIN.controls), dtype=np.float32))
        writes = mapping.writes(after)
        return Reply(schema=SCHEMA, id=request.id, status="apply" if writes else "unchanged", writes=writes)

    with StandIn(home=home, seed=3) as reaper:
        FakeDaemon(reaper).answer = answer
        track = reaper.project.add_track("Guitare", noise(1.0))
        pair = track.add_fx("ReaEQ", low_cut="off"), track.add_fx("ReaComp", has_reapers_order=True)
        for fx in pair:
            fx.language = language
        if prepare is not None:
            prepare(*pair)
        track.selected = True
        reaper.run_action("bridge_automix.lua")
        reaper.run_until_idle()
        (mapping,) = mappings
        return track, mapping, "".join([*reaper.messages.boxes, *reaper.messages.console])


def settings(track: ReaperTrack) -> list[float]:
    return [value for fx in track.fx for value, _ in fx.values().values()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_is_set_in_every_language(tmp_path: Path, language: str) -> None:
    english, plain, _ = set_in(tmp_path / "english", Language())
    track, mapping, said = set_in(tmp_path / "other", LANGUAGES[language])
    assert mapping.free.all(), mapping.left_alone
    assert mapping.left_alone == plain.left_alone
    assert "put back" not in said
    assert settings(track) == pytest.approx(settings(english), abs=1e-3)
    assert mapping.unrendered == ()


@pytest.mark.parametrize(("name", "value", "requirement"), [
    ("Auto Make Up Gain", 1.0, Requirement.AUTO_MAKEUP), ("Dry", 0.9, Requirement.DRY_SIGNAL),
])  # fmt: skip
def test_what_must_be_neutral_is_seen_where_only_switches_are_translated(
    tmp_path: Path, name: str, value: float, requirement: Requirement
) -> None:
    language = Language(SWITCHES, are_idents_translated=True)
    _, mapping, _ = set_in(tmp_path, language, lambda _, comp: comp.write(comp.index(name), value))
    (row,) = (row for row in mapping.left_alone if row.kind is LeftAloneKind.UNMET_REQUIREMENT)
    assert (row.requirement, row.parameter) == (requirement, SWITCHES[name])
    assert mapping.unrendered


def test_numbers_that_names_contradict_are_not_gone_by(tmp_path: Path) -> None:
    """A ReaComp whose parameters stand otherwise than in REAPER 7, in a language that leaves some names alone."""

    def reorder(_: StandInFx, comp: StandInFx) -> None:
        order = [*range(len(comp.parameters))][::-1]
        comp.parameters = [comp.parameters[place] for place in order]
        comp._values = [comp._values[place] for place in order]  # type: ignore[attr-defined]
        comp.laws = [comp.laws[place] for place in order]  # type: ignore[attr-defined]

    track, mapping, _ = set_in(tmp_path, LANGUAGES["Russian"], reorder)
    assert not any(fx.fx.guid == track.fx[1].guid for fx in (c.binding for c in mapping.conversions.values()))
    assert LeftAloneKind.NO_PARAMETER in {row.kind for row in mapping.left_alone}
    assert mapping.unrendered == (track.fx[1].name,)


@pytest.mark.parametrize(("text", "value", "unit"), [
    ("DISABLED: 20.0 Hz", 20.0, "Hz"), ("DÉSACTIVÉ : -3,0 dB", -3.0, "dB"), ("ОТКЛ: 1,25 kHz", 1250.0, "Hz"),
    ("4.00:1", 4.0, ""), ("DISABLED: -inf", -np.inf, None), ("+1,5 dB", 1.5, "dB"),
])  # fmt: skip
def test_a_displayed_number_is_read_behind_words_and_with_a_comma(text: str, value: float, unit: str | None) -> None:
    quantity = read_quantity(text)
    assert quantity is not None
    assert (quantity.value, quantity.unit) == (value, unit)


def test_a_displayed_value_is_foretold_as_the_fx_writes_it_when_its_band_is_on() -> None:
    law = measure_fx_display_law([(n / 8, f"DISABLED: {20 + 100 * n / 8:.1f} Hz".replace(".", ",")) for n in range(9)])
    assert law is not None
    assert (law.text(0.5), law.text(0.55)) == ("70,0 Hz", "75,0 Hz")
