"""Auto-mix an array: a model sets its plugins so that a sound comes close to another one.

Shows `load_model`, `open_host` and `automix_audio`, and how to read the settings as the plugins display them.

    python examples/automix_array.py
"""

import numpy as np

import bridge

RATE_HZ = 44100


def chord(seconds: float, falls_db_per_octave: float) -> np.ndarray:
    """A chord of decaying harmonics, float32 (1, samples), as loud as any other: the more they fall, the darker."""
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    sound = np.zeros_like(time_s)
    for pitch_hz in (110.0, 138.6, 164.8):
        for harmonic in range(1, 60):
            gain_db = -falls_db_per_octave * np.log2(harmonic)
            sound += 10 ** (gain_db / 20) * np.sin(2 * np.pi * harmonic * pitch_hz * time_s + harmonic)
    sound *= np.exp(-1.5 * (time_s % 1.0))
    return (0.08 * sound / np.sqrt(np.mean(sound**2))).astype(np.float32)[np.newaxis]


def main() -> None:
    dark, bright = chord(4.0, falls_db_per_octave=9.0), chord(4.0, falls_db_per_octave=5.0)
    model = bridge.load_model("channel-strip")
    with bridge.open_host() as host:
        mixed = bridge.automix_audio(dark, RATE_HZ, model=model, host=host, reference=bright)
    before, after = mixed.result.measures_before.distance_db, mixed.result.measures_after.distance_db
    print(f"distance to the reference: {before:.2f} dB before, {after:.2f} dB after")
    for control, normalized in zip(model.chain.controls, mixed.result.normalized, strict=True):
        print(f"{control.label:32} {control.text(float(normalized))}")


if __name__ == "__main__":
    main()
