"""A worker thread and a worker that dies at the worst moment: between an answer and the next render."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from bridge.plugins.chain.chain_file import parse_chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.plugins.host.worker_process import WorkerProcess


@pytest.mark.slow
def test_a_render_that_was_answered_is_not_lost_with_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    send, sent = WorkerProcess.send, []

    def send_to_a_dying_worker(worker: WorkerProcess, *requests: object) -> None:
        sent.append(requests)
        if len(sent) == 3:  # two renders are under way; the first has just been answered
            worker.kill()
            worker._process.wait()
        send(worker, *requests)  # type: ignore[arg-type]

    monkeypatch.setattr(WorkerProcess, "send", send_to_a_dying_worker)
    chain = parse_chain('[[slot]]\nplugin = "builtin:Gain"\n[slot.control.gain_db]\n', source="test")
    audio = np.full((1, 4800), 0.25, np.float32)
    renders = [RenderInput(audio, 48_000, chain.neutral)] * 6
    results: list[np.ndarray] = []
    with PluginHost(workers=1) as host:
        work = threading.Thread(target=lambda: results.extend(host.render(chain, renders)), daemon=True)
        work.start()
        work.join(20)
        assert not work.is_alive(), "somebody waits for a render that was lost"
    assert len(sent) > 3
    assert len(results) == 6
    assert all(np.allclose(result, audio, atol=1e-6) for result in results)
