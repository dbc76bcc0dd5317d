"""The examples that a training learns from: made shard by shard, kept on disk, joined in memory.

There is one way in, before learning and beside it: the task makes a shard from its number alone, the store writes it,
and `join` reads it into the arrays that batches are drawn from.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
import torch

from bridge.atomic_files import write_file
from bridge.errors import AudioError
from bridge.training.data.example_renderer import ExampleRenderer, RenderFailures
from bridge.training.prediction_modes import Shard, example_count

FAILED = "failed_renders"  # its name in a shard's metadata
WORTH_JOINING = 0.2  # of what there is must have come before arrays are joined anew: joining copies all


@dataclass(frozen=True)
class ShardStore:
    """Shards in `folder`, each a safetensors file of its number, written whole and never changed."""

    folder: Path

    def write(self, number: int, shard: Shard, failed_renders: int) -> None:
        """Write a shard, and how many renders failed while it was made."""
        self.folder.mkdir(parents=True, exist_ok=True)
        plain = {name: np.ascontiguousarray(array) for name, array in shard.items()}
        write_file(self._file(number), safetensors.numpy.save(plain, {FAILED: str(failed_renders)}))

    def read(self, number: int) -> tuple[Shard, int]:
        """Return a shard that is whole, and how many renders failed for it."""
        with safetensors.safe_open(self._file(number), framework="np") as opened:
            shard = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (not a dict)
            return shard, int((opened.metadata() or {}).get(FAILED, "0"))

    def has(self, number: int) -> bool:
        return self._file(number).is_file()

    def has_whole(self, number: int) -> bool:
        """Whether a shard is there as it was written: a power cut can leave the first part of one."""
        try:
            with safetensors.safe_open(self._file(number), framework="np"):
                return True
        except (safetensors.SafetensorError, OSError):
            return False

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:05d}.safetensors"


@dataclass
class Dataset:
    """The examples of one side, training or validation.

    Attributes:
        make_shard: makes a shard from a renderer and a random generator, always the same from the same two.
        renderer: the recordings of this side, and the plugins.
        store: the shards on disk.
        seed: of the shards; the same seed and number give the same shard.
        shards: how many there are at most.
        examples: the arrays of all shards that were joined; they grow in place.
        failed_renders: of those shards.
    """

    make_shard: Callable[[ExampleRenderer, np.random.Generator], Shard]
    renderer: ExampleRenderer
    store: ShardStore
    seed: int
    shards: int
    examples: Shard = field(default_factory=dict)
    failed_renders: int = 0
    _written: queue.SimpleQueue[int | Exception] = field(default_factory=queue.SimpleQueue)
    _waiting: list[Shard] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Examples that were joined."""
        return example_count(self.examples) if self.examples else 0

    def make(
        self,
        numbers: Iterable[int],
        *,
        must_stop: Callable[[], bool],
        is_cancelled: Callable[[], bool] = lambda: False,
        notify: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Make and write the shards that are not on disk whole.

        Args:
            numbers: of the shards; several processes share them out.
            must_stop: once true, only shard 0 and those that are damaged are still made.
            is_cancelled: once true, none is.
            notify: called with how many of `numbers` there are.
        """
        for done, number in enumerate(numbers, start=1):
            if is_cancelled():
                return
            if not self.store.has_whole(number):
                if must_stop() and number > 0 and not self.store.has(number):
                    continue
                renderer = replace(self.renderer, failures=RenderFailures())
                shard = self.make_shard(renderer, np.random.default_rng([self.seed, number]))
                self.store.write(number, shard, renderer.failures.renders)
                self._written.put(number)
            notify(done)

    def load(self) -> None:
        """Join the shards that lie on disk. AudioError when no example is among them."""
        self._written = queue.SimpleQueue()
        for number in filter(self.store.has_whole, range(self.shards)):
            self._written.put(number)
        self.join()
        if not self.count:
            raise AudioError(
                f"None of the examples ({self.store.folder.name}) can be learned from: each changes its recording "
                "beyond reason. Narrow the ranges of the chain, or give more shard_examples in the recipe."
            )

    def join(self, *, least_share: float = 0.0) -> None:
        """Read what was written since the last time, and join it to `examples` if it is so large a share of them.

        Raises what ended the making of further shards, where something did.
        """
        while not self._written.empty():
            written = self._written.get()
            if isinstance(written, Exception):
                raise written
            shard, failed_renders = self.store.read(written)
            self._waiting.append(shard)
            self.failed_renders += failed_renders
        new = sum(example_count(shard) for shard in self._waiting)
        if new and new >= least_share * self.count:
            parts = [self.examples, *self._waiting] if self.examples else self._waiting
            self.examples |= {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
            self._waiting = []

    @contextmanager
    def rendering_more(self, is_time_up: Callable[[], bool]) -> Iterator[None]:
        """Make further shards in a thread beside what is done in here, until the time for it is up.

        At the end the shard under way is finished and no other begun. Half of the cores are left to the network
        meanwhile: threads that share a core wait for each other.
        """
        stopped, threads = threading.Event(), torch.get_num_threads()

        def run() -> None:
            try:
                self.make(range(self.shards), must_stop=lambda: stopped.is_set() or is_time_up())
            except Exception as error:  # noqa: BLE001 (raised by join, where it is learned)
                self._written.put(error)

        torch.set_num_threads(max(1, threads // 2))
        thread = threading.Thread(target=run, name="examples")
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join()
            torch.set_num_threads(threads)
            self.join()
