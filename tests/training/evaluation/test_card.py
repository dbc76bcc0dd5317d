"""The card tells of each model what is true of it."""

import msgspec
import pytest

from bridge.model.manifest import ConfidenceCalibration, Manifest, PredictionUse
from bridge.training.evaluation.card import write_card


@pytest.mark.parametrize(
    ("use", "told"),
    [
        (PredictionUse(), "material of its kind lies, at the loudness that the track had."),
        (PredictionUse(keeps_loudness=False), "came out of the device, level included."),
        (
            PredictionUse(evens_level=True),
            "evens out what is too loud and too soft, at the loudness that the track had.",
        ),
        (
            PredictionUse(keeps_loudness=False, loudness_lufs=-14.0, ceiling_dbtp=-1.0),
            "else at -14 LUFS; no true peak lies above -1 dBTP, or what was asked for.",
        ),
    ],
)
def test_it_says_what_becomes_of_the_loudness(manifest: Manifest, use: PredictionUse, told: str) -> None:
    assert told in write_card(msgspec.structs.replace(manifest, use=use))


def test_confidence_that_nothing_was_fitted_by_is_not_called_fitted(manifest: Manifest) -> None:
    assert "fitted on the validation recordings" in write_card(manifest)
    assert "setting that was hidden" in write_card(manifest)
    searched = msgspec.structs.replace(manifest, use=PredictionUse(keeps_loudness=False))
    assert "setting that was searched for" in write_card(searched)
    unfitted = msgspec.structs.replace(manifest, confidence=ConfidenceCalibration())
    assert "fitted on" not in write_card(unfitted)
