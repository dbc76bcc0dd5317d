"""A REAPER that is closed: every command is answered promptly, what needs no REAPER is done, and none waits in line."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from daemon_process import Home, wait_for
from live_session import LiveSession, is_near, open_session, prepare

pytestmark = pytest.mark.alone
PROMPT_S = float(os.environ.get("BRIDGE_TEST_PROMPT_S", "1.5"))  # less than the patience with REAPER


@pytest.fixture
def studio(home: Home) -> Iterator[LiveSession]:
    with open_session(home) as opened:
        yield opened


def answer(studio: LiveSession, path: str, *values: object) -> tuple[str, str, float]:
    """Address and text of the first answer while REAPER makes no tick, and the seconds taken."""
    start_s = time.monotonic()
    studio.client.send(path, *values)

    def first() -> tuple[str, str] | None:
        studio.client.listen()
        new = studio.client.heard[studio.client.sent_at :]
        return next(((address, str(values[0])) for address, values in new), None)

    address, text = wait_for(first, f"an answer to {path}")  # type: ignore[misc]
    return address, text, time.monotonic() - start_s


def test_what_needs_no_reaper_is_answered_at_once_while_something_waits_for_it(studio: LiveSession) -> None:
    studio.client.send("/bridge/amount", 0.4)  # REAPER makes no tick: it is closed
    for path, values, is_error, said in (
        ("/bridge/style", ["nosuch"], True, "No style is called 'nosuch'"),
        ("/bridge/style", [""], False, "no style for the next auto-mix"),
        ("/bridge/next", [], True, "There are no styles"),
        ("/bridge/amount", [7.0], True, "amount takes 0 to 1, not 7.0"),
        ("/bridge/ping", [], False, "ready"),
    ):
        address, text, took_s = answer(studio, path, *values)
        assert (address == "/bridge/error") is is_error, (path, text)
        assert said in text
        assert took_s < PROMPT_S, (path, took_s)


def test_once_reaper_is_known_not_to_answer_commands_are_refused_until_it_does(studio: LiveSession) -> None:
    mixed = prepare(studio)
    studio.client.send("/bridge/amount", 0.4)
    wait_for(lambda: any((studio.home.spool.folder / "asks").glob("*.json")), "the amount to be asked of REAPER")
    studio.client.send("/bridge/undo")  # waits behind the amount, until REAPER turns out not to answer
    wait_for(
        lambda: any("undo was not asked for" in str(t) for t in studio.client.texts("/bridge/error")), "the refusal"
    )
    assert any("does not answer" in str(text) for text in studio.client.texts("/bridge/status"))
    for path, values, name in (
        ("/bridge/compare", [1], "compare"),
        ("/bridge/undo", [], "undo"),
        ("/bridge/automix", [], "the auto-mix"),
    ):
        address, text, took_s = answer(studio, path, *values)
        assert address == "/bridge/error"
        assert f"so {name} was not asked for" in text
        assert took_s < PROMPT_S, (path, took_s)
    address, text, took_s = answer(studio, "/bridge/amount", 0.7)
    assert (address, text) == ("/bridge/status", "70 % is kept: it is set once REAPER answers.")
    assert took_s < PROMPT_S
    assert studio.until_heard("/bridge/status", "amount") == "amount 70 %"  # REAPER is back
    assert is_near(studio.values(), mixed.at(0.7))
    assert studio.do("/bridge/compare", 1).startswith("as it was")


def test_an_auto_mix_that_nobody_takes_keeps_no_other_command_waiting(studio: LiveSession) -> None:
    studio.client.send("/bridge/automix")
    wait_for(lambda: any("does not answer" in str(t) for t in studio.client.texts("/bridge/status")), "the line")
    for path, values in (("/bridge/undo", []), ("/bridge/compare", [1]), ("/bridge/automix", [])):
        address, text, took_s = answer(studio, path, *values)
        assert address == "/bridge/error"
        assert "was not asked for" in text
        assert took_s < PROMPT_S, (path, took_s)
    studio.client.mark()
    studio.until_heard("/bridge/result")
    studio.reaper.run_until_idle(30)
