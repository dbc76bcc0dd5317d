"""lib/runtime/job_state.lua and cleanup.lua: declared fields only, and everything open is released once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


def test_a_field_that_is_not_declared_can_be_neither_set_nor_read(module: Callable[[str], Any]) -> None:
    runtime = module.runtime  # type: ignore[attr-defined]
    job = module("runtime.job_state").job(runtime.table_from({}))
    set_field, read = (
        runtime.eval(b"function(o, name) o[name] = 1 end"),
        runtime.eval(b"function(o, name) return o[name] end"),
    )
    set_field(job, b"reply")
    assert read(job, b"reply") == 1
    assert read(job, b"problem") is None
    for use in (set_field, read):
        with pytest.raises(Exception, match="no such field: repyl"):
            use(job, b"repyl")


def test_what_is_open_is_released_once_the_newest_first(module: Callable[[str], Any]) -> None:
    cleanup = module("runtime.cleanup")
    released: list[int] = []
    runtime = module.runtime  # type: ignore[attr-defined]
    make = runtime.eval(b"function(work, name) return function() work(name) end end")
    _, second, third, _ = (cleanup.open(make(released.append, n)) for n in range(4))
    cleanup.close(second)
    cleanup.forget(third)
    cleanup.run()
    cleanup.run()
    assert released == [1, 3, 0]
