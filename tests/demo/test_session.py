"""What the demo lists of its changes."""

from __future__ import annotations

import msgspec

from bridge.automix.facts import Measurements, MeasurementsPair
from bridge.demo.session import DemoChange, DemoTrack, audible_changes


def test_changes_that_nobody_hears_are_counted() -> None:
    gain = DemoChange(fx="ReaEQ", parameter="Gain", before=0.5, after=0.6, text_before="0 dB", text_after="2 dB")
    attack = msgspec.structs.replace(gain, fx="ReaComp", parameter="Attack", is_audible=False)
    nothing = Measurements(None, None, None)
    track = DemoTrack(
        name="Vox", fx=["ReaEQ"], applied=True, summary="", changes=[gain, attack], left_alone=[],
        measures=MeasurementsPair(nothing, nothing), wav_before="", wav_after="",
    )  # fmt: skip
    assert audible_changes(track) == ([gain], "1 further setting moved without being heard.")
    several = msgspec.structs.replace(track, changes=[gain, attack, attack])
    assert audible_changes(several) == ([gain], "2 further settings moved without being heard.")
    silent = msgspec.structs.replace(track, changes=[attack])
    assert audible_changes(silent) == ([attack], "")
