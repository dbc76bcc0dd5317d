"""Whatever surfaces send, and however fast: it takes effect in the order in which it arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest
from daemon_process import Home
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from live_session import Prepared, is_near, open_session, prepare

from bridge.daemon import amount_control

REST_S = 0.05  # a tenth of what a hand takes: a gesture ends, and others still fall into it

Step = tuple[str, float | None, int]
"""A command, its value, and the turns of REAPER's main loop before the next one; -1: until all is done."""

AMOUNTS = (0.0, 0.25, 0.5, 0.75, 1.0)
NUMBERS = count(1000)  # of tracks that there are not


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, make_home: Callable[[Path], Home]) -> Iterator[Prepared]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(amount_control, "REST_S", REST_S)
        home = make_home(tmp_path_factory.mktemp("order") / "home")
        with open_session(home, is_here=True) as studio:
            yield prepare(studio)


@pytest.fixture
def mixed(shared: Prepared) -> Prepared:
    shared.again()
    return shared


@dataclass(frozen=True)
class World:
    """One way in which commands that arrive in order may come out. A fader's values are one gesture or several: where
    one ends is a matter of time, and shows at the next undo.

    `kept`: the amount to which compare leads back, `base`: where the open gesture began, `steps`: what undo leads to.
    """

    amount: float = 1.0
    kept: float = 1.0
    is_compared: bool = False
    base: float | None = None
    steps: tuple[float, ...] = ()

    def after(self, name: str, value: float | None) -> set[World]:
        if name == "amount":
            assert value is not None
            moved = replace(self, amount=value)
            apart = replace(self._at_rest(), amount=value)
            return {
                moved if self.base is not None else replace(moved, base=self.amount),
                replace(apart, base=self.amount),
            }
        rest = self._at_rest()
        if name == "undo":
            return {rest._undone()}
        return {rest._compared(bool(value))}

    def _at_rest(self) -> World:
        if self.base is None:
            return self
        steps = self.steps if self.base == self.amount else (*self.steps, self.base)
        return replace(self, base=None, steps=steps, kept=self.amount, is_compared=False)

    def _undone(self) -> World:
        return replace(self, amount=self.steps[-1], steps=self.steps[:-1]) if self.steps else self

    def _compared(self, is_on: bool) -> World:
        kept = self.amount if self.amount > 0 else self.kept
        wanted = 0.0 if is_on else kept
        steps = self.steps if wanted == self.amount else (*self.steps, self.amount)
        return replace(self, amount=wanted, kept=kept if is_on else wanted, is_compared=is_on, steps=steps)


def outcomes(steps: list[Step]) -> set[float]:
    """The amounts at which the track may stand behind commands that took effect one after the other."""
    worlds = {World()}
    for name, value, _ in steps:
        worlds = {later for world in worlds for later in world.after(name, value)}
    return {world.amount for world in worlds}


def heard_amount(mixed: Prepared) -> float | None:
    """Where the track's own values stand, whatever the record says."""
    return next((a for a in AMOUNTS if is_near(mixed.studio.values(), mixed.at(a), 1e-3)), None)


def wait_until_done(mixed: Prepared) -> None:
    """The refusal of what came last shows that everything before it was done."""
    number = next(NUMBERS)
    mixed.studio.do("/bridge/automix", number, until="/bridge/error", word=str(number))


def play(mixed: Prepared, steps: list[Step]) -> None:
    for name, value, turns in steps:
        mixed.studio.client.send(f"/bridge/{name}", *([] if value is None else [value]))
        if turns < 0:
            wait_until_done(mixed)
        else:
            mixed.studio.reaper.run_ticks(turns)
    wait_until_done(mixed)


def turns() -> st.SearchStrategy[int]:
    return st.sampled_from([0, 0, 1, 2, 3, 5, 8, 13, 34, -1])


commands = st.one_of(
    st.tuples(st.just("amount"), st.sampled_from(AMOUNTS), turns()),
    st.tuples(st.just("compare"), st.sampled_from([0, 1]), turns()),
    st.tuples(st.just("undo"), st.none(), turns()),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@example([("compare", 1, 1), ("amount", 0.25, 0)])
@example([("amount", 0.5, 1), ("undo", None, 0), ("amount", 0.25, 0)])
@example([("amount", 0.5, -1), ("compare", 1, 0), ("compare", 0, 0), ("undo", None, 0)])
@given(st.lists(commands, min_size=1, max_size=8))
def test_commands_take_effect_in_the_order_in_which_they_arrive(shared: Prepared, steps: list[Step]) -> None:
    shared.again()
    play(shared, steps)
    assert heard_amount(shared) in outcomes(steps)


def test_an_amount_right_behind_compare_is_what_is_heard_and_recorded(mixed: Prepared) -> None:
    mixed.studio.client.send("/bridge/amount", 0.9)
    mixed.studio.until(lambda: is_near(mixed.studio.values(), mixed.at(0.9)))
    play(mixed, [("compare", 1, 1), ("amount", 0.45, 0)])
    assert is_near(mixed.studio.values(), mixed.at(0.45))
    assert mixed.studio.record.amount == pytest.approx(0.45)
    assert not mixed.studio.record.is_compared


@pytest.mark.parametrize(("path", "said"), [("/bridge/compare", "as it was"), ("/bridge/undo", "undone")])
def test_no_command_waits_for_a_fader_to_rest(mixed: Prepared, path: str, said: str) -> None:
    """A hand that never rests: every turn of REAPER's brings another value, until the command is answered."""
    studio, values = mixed.studio, iter(range(100_000))

    def is_answered() -> bool:
        studio.client.send("/bridge/amount", 0.2 + 0.5 * (next(values) % 50) / 50)
        return any(said in str(text) for text in studio.client.texts("/bridge/status")[before:])

    before = len(studio.client.texts("/bridge/status"))
    studio.client.send("/bridge/amount", 0.9)
    studio.until(lambda: is_near(studio.values(), mixed.at(0.9)))
    studio.client.send(path, *([1] if path == "/bridge/compare" else []))
    studio.until(is_answered, 20.0)
    wait_until_done(mixed)


def test_what_is_asked_during_an_auto_mix_is_about_its_outcome(mixed: Prepared) -> None:
    studio = mixed.studio
    studio.do("/bridge/amount", 0.0, word="amount 0 %")
    studio.client.send("/bridge/automix")
    studio.client.send("/bridge/compare", 1)
    studio.until_heard("/bridge/status", "as it was")
    assert studio.reaper.undo_points[-2:] == ["Bridge: Auto-mix track", "Bridge: Compare, as it was"]
    studio.reaper.run_until_idle(20)


# ---------------------------------------------------------------- actions beside each other, and beside a fader

ACTIONS = {"up": "bridge_amount_up.lua", "down": "bridge_amount_down.lua", "compare": "bridge_compare.lua"}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@example([("down", 0), ("down", 0), ("down", 0)])
@example([("compare", 1), ("compare", 0)])
@given(st.lists(st.tuples(st.sampled_from(sorted(ACTIONS)), st.integers(0, 6)), min_size=1, max_size=6))
def test_actions_take_effect_in_the_order_in_which_they_are_run(shared: Prepared, steps: list[tuple[str, int]]) -> None:
    shared.again()
    world = World()
    for name, turns in steps:
        shared.studio.reaper.run_action(ACTIONS[name])
        shared.studio.reaper.run_ticks(turns)
        move = {"up": 0.1, "down": -0.1}.get(name)
        amount = round(min(max(world.amount + (move or 0.0), 0.0), 1.0), 1)
        is_on = not (world.is_compared and world.amount == 0)
        (world,) = world.after("compare", is_on) if move is None else world.after("amount", amount)
        world = world._at_rest()
    shared.studio.reaper.run_until_idle(20)
    assert shared.studio.reaper.messages.boxes == []
    assert is_near(shared.studio.values(), shared.at(world.amount), 1e-3)
    assert shared.studio.record.is_compared is world.is_compared


@pytest.mark.parametrize(("action", "amount"), [("compare", 0.0), ("down", 0.4)])
def test_an_action_takes_effect_behind_the_fader_that_moved_before_it(
    mixed: Prepared, action: str, amount: float
) -> None:
    studio, points = mixed.studio, len(mixed.studio.reaper.undo_points)
    studio.client.send("/bridge/amount", 0.5)
    studio.until(lambda: is_near(studio.values(), mixed.at(0.5)))
    studio.reaper.run_action(ACTIONS[action])
    wait_until_done(mixed)
    studio.reaper.run_until_idle(20)
    assert is_near(studio.values(), mixed.at(amount))
    assert studio.record.is_compared is (action == "compare")
    assert studio.reaper.undo_points[points] == "Bridge: Amount 50 % on Vocals"
    assert len(studio.reaper.undo_points) == points + 2


def test_a_fader_that_never_rests_goes_on_behind_an_action(mixed: Prepared) -> None:
    studio, values = mixed.studio, iter(range(1, 100_000))

    def is_compared() -> bool:
        studio.client.send("/bridge/amount", 0.2 + 0.5 * (next(values) % 50) / 50)
        return "Bridge: Compare, as it was" in studio.reaper.undo_points[points:]

    studio.client.send("/bridge/amount", 0.9)
    studio.until(lambda: is_near(studio.values(), mixed.at(0.9)))
    points = len(studio.reaper.undo_points)
    studio.reaper.run_action(ACTIONS["compare"])
    studio.until(is_compared, 20.0)
    studio.client.send("/bridge/amount", 0.25)
    wait_until_done(mixed)
    assert is_near(studio.values(), mixed.at(0.25))
    assert not studio.record.is_compared
    assert studio.reaper.messages.boxes == []
    assert [text for text in studio.client.texts("/bridge/error") if "touched" in str(text)] == []


def test_a_script_that_was_ended_in_its_turn_holds_nobody_up_for_ever(mixed: Prepared) -> None:
    state = mixed.studio.reaper.ext_state
    state["Bridge", "turns_taken"] = str(int(state["Bridge", "turns_taken"]) + 1)  # and it never passes it on
    mixed.studio.reaper.run_action(ACTIONS["down"])
    mixed.studio.reaper.run_until_idle(20)
    assert is_near(mixed.studio.values(), mixed.at(0.9))
