"""Which trunk an encoder hears with, by the name of its kind."""

from __future__ import annotations

from bridge.errors import ModelError
from bridge.model.encoders import compact, inception, mobilenet
from bridge.model.encoders.compact import CompactTrunk
from bridge.model.encoders.inception import InceptionTrunk
from bridge.model.encoders.mobilenet import MobileNetTrunk
from bridge.model.manifest import EncoderSettings

Trunk = CompactTrunk | InceptionTrunk | MobileNetTrunk


def build_trunk(bands: int, settings: EncoderSettings) -> Trunk:
    """A trunk with fresh weights, of the size that `settings` gives or its kind has by itself."""
    match settings.kind:
        case "compact":
            return CompactTrunk(bands, settings.width or compact.WIDTH, _blocks(settings, compact.BLOCKS))
        case "inception":
            return InceptionTrunk(settings.width or inception.WIDTH, _blocks(settings, inception.BLOCKS))
        case "mobilenet":
            return MobileNetTrunk(settings.width or mobilenet.WIDTH, _blocks(settings, mobilenet.BLOCKS))
        case "frames":
            raise ModelError("An encoder of the kind 'frames' answers frame by frame and has no trunk to compare by.")


def _blocks(settings: EncoderSettings, usual: int) -> int:
    return usual if settings.blocks is None else settings.blocks
