"""The networks: log-mel frames in, control positions, their spread and a target sound out.

`encoder` holds what all kinds share: a track and a reference become vectors, and a head predicts from both. The kinds
differ in the trunk, the convolutions: `compact`, `inception`, `mobilenet`. Nothing here knows plugins or files:
positions are 0..1 over each control's range.
"""

from bridge.model.encoders.categories import Category, confidence_of
from bridge.model.encoders.encoder import Encoder, count_parameters
from bridge.model.encoders.output import EncoderOutput
from bridge.model.encoders.statistics import LEVEL_QUANTILES, MelStatistics, mel_statistics

__all__ = [
    "LEVEL_QUANTILES",
    "Category",
    "Encoder",
    "EncoderOutput",
    "MelStatistics",
    "confidence_of",
    "count_parameters",
    "mel_statistics",
]
