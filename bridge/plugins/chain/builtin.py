"""pedalboard's own effects as data: their parameters, what each accepts, and the range people use.

One table. It imports no pedalboard, so that a chain can be read without loading anything.
"""

from __future__ import annotations

from typing import Literal

import msgspec

NYQUIST_SHARE = 0.49
"""The highest cutoff that a filter gets, as a share of the sample rate: at half of it some return infinity."""


class AcceptedValues(msgspec.Struct, frozen=True):
    """One parameter: `lowest`..`highest` is what the effect takes, `usual` the range offered for a new chain.

    `choices` holds the names of a switch's settings; its real value is their index. `neutral` None: no value of
    this parameter alone takes the effect away, and the middle of `usual` stands in.
    """

    lowest: float
    highest: float
    usual: tuple[float, float]
    scale: Literal["linear", "log"] = "linear"
    neutral: float | None = None
    is_frequency: bool = False
    choices: tuple[str, ...] = ()

    def limits(self, sample_rate_hz: float) -> tuple[float, float]:
        """The real values that the effect takes at this sample rate."""
        ceiling = NYQUIST_SHARE * sample_rate_hz
        return self.lowest, min(self.highest, ceiling) if self.is_frequency else self.highest


def _frequency(low: float, high: float, neutral: float | None = None) -> AcceptedValues:
    return AcceptedValues(5.0, 96_000.0, (low, high), "log", neutral, is_frequency=True)


def _share(neutral: float | None = None) -> AcceptedValues:
    return AcceptedValues(0.0, 1.0, (0.0, 1.0), neutral=neutral)


def _time_ms(low: float, high: float, neutral: float | None = None) -> AcceptedValues:
    return AcceptedValues(0.01, 10_000.0, (low, high), "log", neutral)


def _switch(*choices: str) -> AcceptedValues:
    return AcceptedValues(0.0, len(choices) - 1.0, (0.0, len(choices) - 1.0), neutral=0.0, choices=choices)


_GAIN_DB = AcceptedValues(-80.0, 60.0, (-18.0, 18.0), neutral=0.0)
_THRESHOLD_DB = AcceptedValues(-120.0, 24.0, (-48.0, 0.0), neutral=0.0)
_Q = AcceptedValues(0.01, 100.0, (0.3, 4.0), "log", 0.707)
_BAND = {"cutoff_frequency_hz": _frequency(40.0, 16_000.0), "gain_db": _GAIN_DB, "q": _Q}

EFFECTS: dict[str, dict[str, AcceptedValues]] = {
    "Bitcrush": {"bit_depth": AcceptedValues(1.0, 32.0, (4.0, 16.0), neutral=16.0)},
    "BrickwallLimiter": {
        "ceiling_db": AcceptedValues(-60.0, 0.0, (-12.0, 0.0), neutral=0.0),
        "lookahead_ms": AcceptedValues(0.1, 100.0, (1.0, 10.0), "log", 5.0),
        "release_ms": _time_ms(20.0, 500.0, 100.0),
        "true_peak": _switch("Off", "On"),
    },
    "Chorus": {
        "rate_hz": AcceptedValues(0.01, 99.0, (0.1, 8.0), "log", 1.0),
        "depth": _share(0.25),
        "centre_delay_ms": AcceptedValues(1.0, 99.0, (3.0, 30.0), "log", 7.0),
        "feedback": _share(0.0),
        "mix": _share(0.0),
    },
    "Clipping": {"threshold_db": AcceptedValues(-80.0, 24.0, (-24.0, 0.0), neutral=0.0)},
    "Compressor": {
        "threshold_db": _THRESHOLD_DB,
        "ratio": AcceptedValues(1.0, 1000.0, (1.0, 10.0), "log", 1.0),
        "attack_ms": _time_ms(0.5, 80.0, 10.0),
        "release_ms": _time_ms(20.0, 600.0, 120.0),
    },
    "Delay": {
        "delay_seconds": AcceptedValues(0.0, 30.0, (0.02, 1.0), "log", 0.25),
        "feedback": AcceptedValues(0.0, 0.99, (0.0, 0.8), neutral=0.0),
        "mix": _share(0.0),
    },
    "Distortion": {"drive_db": AcceptedValues(0.0, 60.0, (0.0, 36.0), neutral=0.0)},
    "Gain": {"gain_db": _GAIN_DB},
    "HighShelfFilter": _BAND | {"cutoff_frequency_hz": _frequency(2_000.0, 14_000.0)},
    "HighpassFilter": {"cutoff_frequency_hz": _frequency(20.0, 400.0, 20.0)},
    "LadderFilter": {
        "mode": _switch("LPF12", "HPF12", "BPF12", "LPF24", "HPF24", "BPF24"),
        "cutoff_hz": _frequency(100.0, 16_000.0, 16_000.0),
        "resonance": _share(0.0),
        "drive": AcceptedValues(1.0, 100.0, (1.0, 10.0), "log", 1.0),
    },
    "Limiter": {"threshold_db": _THRESHOLD_DB, "release_ms": _time_ms(20.0, 500.0, 100.0)},
    "LowShelfFilter": _BAND | {"cutoff_frequency_hz": _frequency(60.0, 500.0)},
    "LowpassFilter": {"cutoff_frequency_hz": _frequency(1_000.0, 18_000.0, 18_000.0)},
    "NoiseGate": {
        "threshold_db": AcceptedValues(-120.0, 24.0, (-90.0, -20.0), neutral=-90.0),
        "ratio": AcceptedValues(1.0, 1000.0, (1.0, 20.0), "log", 1.0),
        "attack_ms": _time_ms(0.5, 50.0, 1.0),
        "release_ms": _time_ms(20.0, 600.0, 100.0),
    },
    "PeakFilter": _BAND,
    "Phaser": {
        "rate_hz": AcceptedValues(0.01, 99.0, (0.1, 8.0), "log", 1.0),
        "depth": _share(0.5),
        "centre_frequency_hz": _frequency(200.0, 6_000.0, 1_300.0),
        "feedback": AcceptedValues(0.0, 0.99, (0.0, 0.8), neutral=0.0),
        "mix": _share(0.0),
    },
    "PitchShift": {"semitones": AcceptedValues(-24.0, 24.0, (-12.0, 12.0), neutral=0.0)},
    "Reverb": {
        "room_size": _share(0.5),
        "damping": _share(0.5),
        "wet_level": _share(0.0),
        "dry_level": AcceptedValues(0.0, 1.0, (0.0, 1.0), neutral=0.5),
        "width": _share(1.0),
    },
}
