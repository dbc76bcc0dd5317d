"""Examples that become more while they are learned from: plugins render beside the network, so that no core waits.

A thread makes shards; the learning thread takes them in between two updates. It makes and loses nothing itself: a
shard is on disk before it is told of.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch

from bridge.training.objectives import Shard, example_count

WORTH = 0.2  # of what there is must have come before arrays are joined anew: joining copies all
Take = Callable[[Shard], None]
MustStop = Callable[[], bool]


@dataclass
class BackgroundExamples:
    """What becomes of `examples`, in place, while `running`.

    Attributes:
        failed_renders: while they were made.
        make: makes shards one by one and hands each to its first argument, until its second says stop.
    """

    examples: Shard
    make: Callable[[Take, MustStop], None]
    failed_renders: int = 0
    _arrived: queue.SimpleQueue[Shard | Exception] = field(default_factory=queue.SimpleQueue)
    _waiting: list[Shard] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Make shards beside what is done in here; at the end the one under way is finished, and no other begun.

        Half of the cores are left to the network meanwhile: threads that share a core wait for each other.
        """
        threads = torch.get_num_threads()
        torch.set_num_threads(max(1, threads // 2))
        maker = threading.Thread(target=self._run, name="examples")
        maker.start()
        try:
            yield
        finally:
            self._stopped.set()
            maker.join()
            torch.set_num_threads(threads)
            self.take_in(all_of_it=True)

    def take_in(self, *, all_of_it: bool = False) -> None:
        """Join what has arrived to `examples`, where it is enough to be worth it. Raises what the making ended with."""
        while not self._arrived.empty():
            match self._arrived.get():
                case Exception() as error:
                    raise error
                case shard:
                    self._waiting.append(shard)
        new = sum(example_count(shard) for shard in self._waiting)
        if new > 0 and (all_of_it or new >= WORTH * example_count(self.examples)):
            for name, array in self.examples.items():
                self.examples[name] = np.concatenate([array, *(shard[name] for shard in self._waiting)])
            self._waiting.clear()

    def _run(self) -> None:
        try:
            self.make(self._arrived.put, self._stopped.is_set)
        except Exception as error:  # noqa: BLE001 (raised where it is learned)
            self._arrived.put(error)
