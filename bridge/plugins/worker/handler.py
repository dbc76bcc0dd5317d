"""What a worker does with each request of the host: keeps loaded chains, renders, streams, describes, calibrates.

Runs on the worker's main thread. It knows requests and replies, not how they travel.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np

from bridge.errors import BridgeError, PluginError
from bridge.plugins.chain.chain import VST3, Slot
from bridge.plugins.worker import protocol
from bridge.plugins.worker.instances import LOADERS, Instance
from bridge.plugins.worker.loaded_chain import ChainStream, LoadedChain
from bridge.plugins.worker.shared_memory import BorrowedBuffers
from bridge.plugins.worker.vst3_loader import plugin_names
from bridge.types import Float32

LOADED_CHAINS = 6  # that many stay loaded; the least recently used one goes first


class WorkerHandler:
    """Carries out requests. `announce` sends a sign of progress meanwhile."""

    def __init__(self, announce: Callable[[protocol.ProgressReply], None]) -> None:
        self.buffers = BorrowedBuffers()
        self._announce = announce
        self._known: dict[str, protocol.LoadRequest] = {}
        self._loaded: OrderedDict[str, LoadedChain] = OrderedDict()
        self._stream: ChainStream | None = None

    def reply(self, request: protocol.AnyRequest) -> protocol.AnyReply | None:
        """Return the reply, or None for `LoadRequest`, which has none. Errors of plugins become `ErrorReply`."""
        try:
            return self._reply(request)
        except BridgeError as error:
            return protocol.ErrorReply(error=type(error).__name__, message=str(error))
        except (ValueError, RuntimeError, MemoryError) as error:  # what pedalboard raises for a plugin's refusal
            line = " ".join(str(error).split())
            return protocol.ErrorReply(error="PluginError", message=f"A plugin refused to work: {line}")

    def _reply(self, request: protocol.AnyRequest) -> protocol.AnyReply | None:
        match request:
            case protocol.LoadRequest():
                self._known[request.key] = request
                return None
            case protocol.RenderRequest():
                return self._render(request)
            case protocol.StreamRequest():
                self._stream = self._chain(request.key).stream(
                    _normalized(request),
                    sample_rate_hz=request.sample_rate_hz,
                    block_frames=request.block_frames,
                    channels=request.channels,
                )
                return protocol.PushReply(frames=0)
            case protocol.PushRequest():
                return self._push(request)
            case protocol.DescribeRequest():
                return protocol.DescribeReply(slots=tuple(map(describe, self._chain(request.key).instances)))
            case protocol.CalibrateRequest():
                return self._calibrate(request)
            case protocol.TryStateRequest():
                return self._try_state(request)
            case protocol.NamesRequest():
                self._show_progress(request.plugin, is_loading=True)
                return protocol.NamesReply(names=plugin_names(request.path))

    def _render(self, request: protocol.RenderRequest) -> protocol.RenderReply:
        self.buffers.unmap(request.unmap)
        rendered = self._chain(request.key).render(
            self.buffers.view(request.source),
            _normalized(request),
            sample_rate_hz=request.sample_rate_hz,
            block_frames=request.block_frames,
        )
        np.copyto(self.buffers.view(request.target), rendered)
        return protocol.RenderReply()

    def _push(self, request: protocol.PushRequest) -> protocol.PushReply:
        self.buffers.unmap(request.unmap)
        if self._stream is None:
            raise PluginError("A stream was continued before it began; render the file again.")
        ready = self._stream.push(self.buffers.view(request.source))
        self.buffers.view(request.target)[:, : ready.shape[1]] = ready
        return protocol.PushReply(frames=ready.shape[1])

    def _calibrate(self, request: protocol.CalibrateRequest) -> protocol.AnyReply:
        self._show_progress(request.plugin, is_loading=True)
        slot = Slot(name="plugin", plugin=request.plugin)
        instance = LOADERS[slot.scheme](slot, request.path)
        self._show_progress(request.plugin)
        if request.only_identity:
            return protocol.IdentifyReply(slot=describe(instance))
        from bridge.plugins.worker.calibrate import calibrate_instance  # here: only calibration needs it

        calibration = calibrate_instance(instance, lambda: self._show_progress(request.plugin))
        return protocol.CalibrateReply(calibration=calibration)

    def _try_state(self, request: protocol.TryStateRequest) -> protocol.TryStateReply:
        from bridge.plugins.worker.plugin_state import try_state  # here: only foreign plugins of a track need it

        self._show_progress(request.plugin, is_loading=True)
        instance = LOADERS[VST3](Slot(name="plugin", plugin=request.plugin), request.path)
        self._show_progress(request.plugin)
        return try_state(instance, request.normalized)

    def _chain(self, key: str) -> LoadedChain:
        if key in self._loaded:
            self._loaded.move_to_end(key)
            return self._loaded[key]
        known = self._known[key]
        while len(self._loaded) >= LOADED_CHAINS:
            self._loaded.popitem(last=False)
        chain = LoadedChain(known.slots, known.paths, self._show_progress)
        for instance in chain.instances:
            _check_fingerprint(instance)
        self._loaded[key] = chain
        self._show_progress(chain.suspects)
        return chain

    def _show_progress(self, plugin: str, *, is_loading: bool = False) -> None:
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
    if expected is not None and (difference := expected.difference(instance.fingerprint)):
        raise PluginError(
            f"{instance.slot.plugin} is not the one that the chain was calibrated with: {difference}. "
            "Install that version, or calibrate (and train) again with this one."
        )


def _normalized(request: protocol.RenderRequest | protocol.StreamRequest) -> Float32:
    return np.frombuffer(request.normalized, dtype=np.float32).reshape(request.rows, -1)
