"""Learning hears what kind of control was moved; layouts are written, read back and checked."""

from __future__ import annotations

from pathlib import Path

import mido
import pytest

from bridge.errors import LinkError, SettingsError
from bridge.surfaces.midi.bindings import (
    DEFAULT,
    MidiBinding,
    MidiBindings,
    load_bindings,
    save_bindings,
    with_binding,
    without_command,
)
from bridge.surfaces.midi.learn import MidiLearner


def cc(control: int, *values: int, channel: int = 0) -> list[mido.Message]:
    return [mido.Message("control_change", control=control, value=value, channel=channel) for value in values]


def learned(learner: MidiLearner, messages: list[mido.Message]) -> MidiBinding:
    return next((found for m in messages if (found := learner.feed(m)) is not None), None) or learner.finish()


PAD = mido.Message("note_on", note=7, velocity=9, channel=1)
FINE = [m for value in range(100, 108) for m in (*cc(3, value), *cc(35, value % 128))]


@pytest.mark.parametrize(
    ("command", "messages", "binding"),
    [
        ("automix", [PAD], {"kind": "note", "number": 7, "channel": 2}),
        ("compare", [PAD], {"kind": "note", "number": 7, "channel": 2, "toggle": True}),
        ("undo", cc(8, 127), {"number": 8, "channel": 1}),
        ("amount", cc(8, *range(20, 40)), {"number": 8, "channel": 1}),
        ("amount", cc(8, 20, 25, 31), {"number": 8, "channel": 1}),
        ("amount", FINE, {"kind": "cc14", "number": 3, "channel": 1}),
        ("amount", cc(16, *[1] * 6, *[127] * 6), {"number": 16, "channel": 1, "relative": "twos-complement"}),
        ("amount", cc(16, *[65] * 6, *[63] * 6), {"number": 16, "channel": 1, "relative": "binary-offset"}),
        ("amount", cc(16, *[1] * 6, *[65] * 6), {"number": 16, "channel": 1, "relative": "sign-bit"}),
        ("amount", [mido.Message("pitchwheel", pitch=p) for p in range(9)], {"kind": "pitch", "channel": 1}),
    ],
    ids=["pad", "toggle", "button", "fader", "short movement", "14 bit", "twos", "offset", "sign", "mackie"],
)  # fmt: skip
def test_what_was_moved_is_heard(command: str, messages: list[mido.Message], binding: dict[str, object]) -> None:
    assert learned(MidiLearner(command), messages) == MidiBinding(command=command, **binding)  # type: ignore[arg-type]


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(LinkError, match="fader"):
        learned(MidiLearner("amount"), [mido.Message("note_on", note=7, velocity=9)])
    with pytest.raises(LinkError, match="button"):
        learned(MidiLearner("undo"), [mido.Message("pitchwheel", pitch=5), mido.Message("note_off", note=1)])


def test_a_layout_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    assert load_bindings(tmp_path) is DEFAULT
    layout = MidiBindings(
        output='Motor "1"',
        control=(
            MidiBinding(command="amount", kind="cc14", number=3, channel=16, takeover="jump", feedback=False),
            MidiBinding(command="amount", number=9, relative="sign-bit", step=0.005),
            MidiBinding(command="style", kind="note", number=1, value="wärm \\ vocal"),
            MidiBinding(command="automix", kind="note", number=2, value=4),
            MidiBinding(command="compare", kind="pitch", toggle=True),
        ),
    )
    save_bindings(layout, tmp_path / "home")
    assert load_bindings(tmp_path / "home") == layout


def test_a_control_has_one_command_and_a_command_one_control() -> None:
    knob = MidiBinding(command="amount", number=60)
    assert with_binding(DEFAULT, knob).control[-1] == knob
    assert [b.command for b in with_binding(DEFAULT, knob).control].count("amount") == 1
    taken = with_binding(DEFAULT, MidiBinding(command="next", kind="note", number=60))
    assert "automix" not in [b.command for b in taken.control]
    styles = with_binding(
        with_binding(MidiBindings(), MidiBinding(command="style", number=1, value="a")),
        MidiBinding(command="style", number=2, value="b"),
    )
    assert len(styles.control) == 2
    assert without_command(styles, "style").control == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[[control]]\ncommand = "amount"\nkind = "cc14"\nnumber = 40', "0 to 31"),
        ('[[control]]\ncommand = "undo"\nrelative = "sign-bit"', "encoder"),
        ('[[control]]\ncommand = "style"', "name of one"),
        ('[[control]]\ncommand = "undo"\nvalue = 3', "no value"),
        ('[[control]]\ncommand = "automix"\nvalue = "x"', "value"),
        ('[[control]]\ncommand = "amount"\nnumber = 128', "127"),
        ('[[control]]\ncommand = "amount"\nchanel = 1', "chanel"),
        ('[[control]]\ncommand = "explode"', "explode"),
        ("nonsense", "no layout"),
    ],
)
def test_a_wrong_layout_is_named(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "midi.toml").write_text(text)
    with pytest.raises(SettingsError, match=fault):
        load_bindings(tmp_path)
