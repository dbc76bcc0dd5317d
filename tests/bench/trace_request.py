"""Trace one request through a warm daemon: which modules it goes through, and how often it comes back to one.

    PYTHONPATH=tests/support python tests/bench/trace_request.py [--walk] [--calls]

Counted is the first call of each function, in order: a module is entered when the first of its functions runs, and
returned to when another function of it runs after one of another module. `--walk` prints the way by modules, `--calls`
the pairs of modules that the way goes back and forth between most often.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from collections import Counter
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType

from daemon_process import Home, wait_for
from small_model import save_neutral_model

import bridge
from bridge.daemon.job_queue import JobQueue
from bridge.daemon.model_cache import ModelCache
from bridge.daemon.session_defaults import FULL_AMOUNT, JobDefaults
from bridge.settings import load_settings

ROOT = str(Path(bridge.__file__).parent)


class Trace:
    """The functions of Bridge that the job thread calls while it is armed, each once, in the order of first calls."""

    def __init__(self) -> None:
        self.is_armed = False
        self.calls: list[tuple[str, str]] = []  # (module, function)
        self._seen: set[CodeType] = set()

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if not self.is_armed or event != "call" or code in self._seen or threading.current_thread().name != "jobs":
            return
        self._seen.add(code)
        if code.co_filename.startswith(ROOT) and not code.co_qualname.endswith(">"):  # no comprehensions, no lambdas
            module = Path(code.co_filename).relative_to(ROOT).with_suffix("").as_posix()
            self.calls.append((module, code.co_qualname))

    @property
    def walk(self) -> list[tuple[str, list[str]]]:
        """The modules in the order of the way, and which functions are first called during each stay."""
        stays: list[tuple[str, list[str]]] = []
        for module, function in self.calls:
            if not stays or stays[-1][0] != module:
                stays.append((module, []))
            stays[-1][1].append(function)
        return stays


def trace_request(folder: Path) -> tuple[Trace, str]:
    """Return the trace of a second request, which changes the track, and what its reply says."""
    home, trace = Home(folder), Trace()
    save_neutral_model(folder / "models" / "channel-strip")
    defaults = JobDefaults(FULL_AMOUNT, None)
    settings = load_settings({"home": folder, "workers": 1})
    threading.setprofile(trace)
    queue = JobQueue(home.spool, ModelCache(settings), defaults=lambda: defaults, feedback=lambda *_: None)
    queue.start()
    threading.setprofile(None)
    for trace.is_armed in (False, True):
        request_id = home.send(home.request())
        queue.submit(request_id)
        reply = home.reply(request_id)
        wait_for(lambda: not queue.known, "the job to be over")
    trace.is_armed = False
    queue.stop(60.0)
    return trace, reply.status


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--walk", action="store_true")
    parser.add_argument("--calls", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trace, status = trace_request(Path(folder))
    modules = [module for module, _ in trace.walk]
    if options.walk:
        for module, functions in trace.walk:
            print(f"{module}: {', '.join(functions)}")
    if options.calls:
        for pair, count in Counter(tuple(sorted(pair)) for pair in pairwise(modules)).most_common(20):
            print(f"{count:4} {' - '.join(pair)}")
    print(
        f"{status}: {len(set(modules))} modules, {len(modules) - len(set(modules))} returns, {len(trace.calls)} calls"
    )


if __name__ == "__main__":
    sys.exit(main())
