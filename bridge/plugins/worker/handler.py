"""What a worker does with each request of the host: keeps loaded chains, renders, streams, describes, measures.

Runs on the worker's main thread. It knows requests and answers, not how they travel.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np

from bridge.errors import BridgeError, PluginError
from bridge.plugins.chain.chain import Slot
from bridge.plugins.worker import protocol
from bridge.plugins.worker.instances import LOADERS, Instance
from bridge.plugins.worker.loaded_chain import ChainStream, LoadedChain
from bridge.plugins.worker.shared_memory import BorrowedBuffers
from bridge.types import Float32

LOADED_CHAINS = 6  # racks that stay loaded; the least recently used one goes first


class WorkerHandler:
    """Answers requests. `announce` sends a sign of progress while one is being answered."""

    def __init__(self, announce: Callable[[protocol.ProgressReply], None]) -> None:
        self.buffers = BorrowedBuffers()
        self._announce = announce
        self._chains: dict[str, protocol.LoadRequest] = {}
        self._racks: OrderedDict[str, LoadedChain] = OrderedDict()
        self._stream: ChainStream | None = None

    def answer(self, ask: protocol.Asks) -> protocol.Answers | None:
        """The answer, or None for `Load`, which has none. Errors of plugins become `Failed`."""
        try:
            return self._answer(ask)
        except BridgeError as error:
            return protocol.ErrorReply(error=type(error).__name__, message=str(error))
        except (ValueError, RuntimeError, MemoryError) as error:  # what pedalboard raises for a plugin's refusal
            line = " ".join(str(error).split())
            return protocol.ErrorReply(error="PluginError", message=f"A plugin refused to work: {line}")

    def _answer(self, ask: protocol.Asks) -> protocol.Answers | None:
        match ask:
            case protocol.LoadRequest():
                self._chains[ask.key] = ask
                return None
            case protocol.RenderRequest():
                return self._render(ask)
            case protocol.StreamRequest():
                self._stream = self._rack(ask.key).stream(
                    _settings(ask.settings, ask.rows),
                    sample_rate_hz=ask.sample_rate_hz,
                    block_frames=ask.block_frames,
                    channels=ask.channels,
                )
                return protocol.PushReply(frames=0)
            case protocol.PushRequest():
                return self._push(ask)
            case protocol.DescribeRequest():
                return protocol.DescribeReply(slots=tuple(map(describe, self._rack(ask.key).instances)))
            case protocol.CalibrateRequest():
                return self._measure(ask)

    def _render(self, ask: protocol.RenderRequest) -> protocol.RenderReply:
        self.buffers.forget(ask.forget)
        rack = self._rack(ask.key)
        rendered = rack.render(
            self.buffers.view(ask.source),
            _settings(ask.settings, ask.rows),
            sample_rate_hz=ask.sample_rate_hz,
            block_frames=ask.block_frames,
        )
        np.copyto(self.buffers.view(ask.target), rendered)
        return protocol.RenderReply()

    def _push(self, ask: protocol.PushRequest) -> protocol.PushReply:
        self.buffers.forget(ask.forget)
        if self._stream is None:
            raise PluginError("A stream was continued before it began; render the file again.")
        ready = self._stream.push(self.buffers.view(ask.source))
        self.buffers.view(ask.target)[:, : ready.shape[1]] = ready
        return protocol.PushReply(frames=ready.shape[1])

    def _measure(self, ask: protocol.CalibrateRequest) -> protocol.Answers:
        self._announce(protocol.ProgressReply(plugin=ask.plugin, is_loading=True))
        slot = Slot(name="plugin", plugin=ask.plugin)
        instance = LOADERS[slot.scheme](slot, ask.path)
        self._announce(protocol.ProgressReply(plugin=ask.plugin))
        if ask.only_identity:
            return protocol.IdentifyReply(slot=describe(instance))
        from bridge.plugins.worker.calibrate import calibrate_instance  # here: only calibration needs it

        return protocol.CalibrateReply(
            calibration=calibrate_instance(instance, lambda: self._announce(protocol.ProgressReply(plugin=ask.plugin)))
        )

    def _rack(self, key: str) -> LoadedChain:
        if key in self._racks:
            self._racks.move_to_end(key)
            return self._racks[key]
        load = self._chains[key]
        while len(self._racks) >= LOADED_CHAINS:
            self._racks.popitem(last=False)
        rack = LoadedChain(load.slots, load.paths, self._tell)
        for instance in rack.instances:
            _check_fingerprint(instance)
        self._racks[key] = rack
        self._tell(rack.suspects, False)
        return rack

    def _tell(self, plugin: str, is_loading: bool) -> None:
        self._announce(protocol.ProgressReply(plugin=plugin, is_loading=is_loading))


def describe(instance: Instance) -> protocol.SlotDescription:
    return protocol.SlotDescription(
        plugin=instance.slot.plugin,
        fingerprint=instance.fingerprint,
        latency_samples=instance.latency_samples,
        channels=instance.channels,
        load_s=instance.load_s,
        vendor=instance.vendor,
    )


def _check_fingerprint(instance: Instance) -> None:
    expected = instance.slot.fingerprint
    if expected is None:
        return
    if difference := expected.difference(instance.fingerprint):
        raise PluginError(
            f"{instance.slot.plugin} is not the one that the chain was calibrated with: {difference}. "
            "Install that version, or calibrate (and train) again with this one."
        )


def _settings(data: bytes, rows: int) -> Float32:
    return np.frombuffer(data, dtype=np.float32).reshape(rows, -1)
