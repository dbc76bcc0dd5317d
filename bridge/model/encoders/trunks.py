"""The trunk of an encoder, by the name of its kind.

| kind | weights of the trunk | whole encoder (16 controls) | 3 s, 64 bands | 1.86 s, 128 bands as DeepAFx |
|---|---|---|---|---|
| compact | 0.17 million | 0.91 million | 1 ms | 1 ms |
| mobilenet | 2.22 million | 3.27 million | 11 ms | 9 ms |
| inception | 2.81 million | 3.59 million | 24 ms | 38 ms |

Times are of one clip on one core, without a reference; with one, about twice as long. A model that leaves width
and blocks open has been trained with the numbers beside its trunk: they are part of the format of models.
"""

from __future__ import annotations

from bridge.errors import ModelError
from bridge.model.encoders import compact, inception, mobilenet
from bridge.model.encoders.compact import CompactTrunk
from bridge.model.encoders.inception import InceptionTrunk
from bridge.model.encoders.mobilenet import MobileNetTrunk
from bridge.model.manifest import EncoderSettings

Trunk = CompactTrunk | InceptionTrunk | MobileNetTrunk


def build_trunk(bands: int, settings: EncoderSettings) -> Trunk:
    """Return a trunk with fresh weights, of the size that `settings` gives or its kind has by itself."""
    match settings.kind:
        case "compact":
            return CompactTrunk(bands, settings.width or compact.WIDTH, _blocks(settings, compact.BLOCKS))
        case "inception":
            return InceptionTrunk(settings.width or inception.WIDTH, _blocks(settings, inception.BLOCKS))
        case "mobilenet":
            return MobileNetTrunk(settings.width or mobilenet.WIDTH, _blocks(settings, mobilenet.BLOCKS))
        case "frames":
            raise ModelError("An encoder of the kind 'frames' works frame by frame and has no trunk to compare by.")


def _blocks(settings: EncoderSettings, usual: int) -> int:
    return usual if settings.blocks is None else settings.blocks
