"""A track whose plugins no model knows: with a reference, its own VST3s are searched for, near where they stand."""

from __future__ import annotations

from collections.abc import Callable

from songs import song

Open = Callable[..., "LiveSession"]  # noqa: F821 (the fixture's type)


def test_a_tracks_own_plugins_come_closer_to_a_reference(open_session: Open) -> None:
    session = open_session(is_model_shipped=True)
    project = session.reaper.project
    track = project.add_track("Strings", song(seed=1))
    fx = track.add_fx("VST3: ZamTube")  # neither an equaliser nor a compressor
    track.selected = True
    like = project.add_track("Like this", song(seed=3))
    other = like.add_fx("VST3: ZamTube")
    for name, normalized in {"Bass": 0.0, "Mids": 0.1, "Treble": 1.0}.items():
        other.write(other.index(name), normalized)
    project.add_track("Reference", like.render())
    session.settle()
    values = fx.values()

    session.press("bridge_match_reference.lua", limit_s=200.0)

    console = "".join(session.reaper.messages.console)
    assert session.reaper.messages.boxes == [], console
    assert "Closer to the target" in console
    assert "No model knows this chain" in console
    moved = {name for name, before in values.items() if fx.values()[name] != before}
    assert moved
    assert moved <= {"Bass", "Mids", "Treble", "Input level"}, "only what is recognised is moved"
    assert session.reaper.undo()
    assert fx.values() == values
