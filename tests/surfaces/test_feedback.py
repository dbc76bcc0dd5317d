"""Feedback for surfaces: types as in the table, for every address that a job or a fader needs."""

import pytest
from pythonosc.osc_message import OscMessage

from bridge.surfaces.commands import COMMANDS
from bridge.surfaces.feedback import FEEDBACK, feedback_message


def test_feedback_has_the_types_of_the_table() -> None:
    message = OscMessage(feedback_message("/bridge/result", "id", "apply", "ok", 3))
    assert message.params == ["id", "apply", "ok", 3]
    assert OscMessage(feedback_message("/bridge/progress", 1)).params == [1.0]
    with pytest.raises(ValueError, match="takes 4"):
        feedback_message("/bridge/result", "id")


def test_both_tables_hold_each_address_once() -> None:
    """Amount and compare go both ways: what a fader sends is what it is shown, of the same type."""
    assert all(name == spec.name and spec.address == f"/bridge/{name}" for name, spec in COMMANDS.items())
    assert all(address == spec.address for address, spec in FEEDBACK.items())
    both = {spec.address: spec.kind for spec in COMMANDS.values() if spec.address in FEEDBACK}
    assert {address: FEEDBACK[address].types for address in both} == {"/bridge/amount": "f", "/bridge/compare": "i"}
    assert both == {"/bridge/amount": float, "/bridge/compare": int}
