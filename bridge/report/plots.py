"""Plots of what a job did, as PNG data for a page. Reads audio, decides nothing."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bridge.decibels import power_to_db
from bridge.types import Float32, Float64

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SPECTRUM_FRAME = 8192
INK, BEFORE_COLOUR, AFTER_COLOUR, TARGET_COLOUR = "#33363b", "#9aa0a8", "#c8501e", "#2b6ea8"


def third_octave_spectrum(audio: Float32, sample_rate_hz: int) -> tuple[Float64, Float64]:
    """Long-term power in third octaves.

    `audio` is (channels, samples). Returns (centre frequencies in Hz, level in dB re full scale), base-10 centres of
    IEC 61260 from 25 Hz to 20 kHz or the last band below the Nyquist frequency. Channels are averaged as power: two
    that are turned over are not silence.
    """
    if audio.shape[1] < SPECTRUM_FRAME:
        audio = np.pad(audio, ((0, 0), (0, SPECTRUM_FRAME - audio.shape[1])))
    window = np.hanning(SPECTRUM_FRAME)
    power = np.zeros(SPECTRUM_FRAME // 2 + 1)
    for channel in audio:
        frames = np.lib.stride_tricks.sliding_window_view(channel, SPECTRUM_FRAME)[:: SPECTRUM_FRAME // 2]
        power += np.mean(np.abs(np.fft.rfft(frames * window, axis=1)) ** 2, axis=0) / len(audio)
    power *= 4 / np.sum(window) ** 2
    frequency = np.fft.rfftfreq(SPECTRUM_FRAME, 1 / sample_rate_hz)
    centres = 10.0 ** (np.arange(14, 44) / 10)
    centres = centres[centres * 10**0.05 < sample_rate_hz / 2]
    members = (frequency >= centres[:, None] / 10**0.05) & (frequency < centres[:, None] * 10**0.05)
    filled = members.any(axis=1)  # the lowest bands are narrower than a bin at high rates
    return centres[filled], power_to_db(members[filled] @ power)


def spectrum_plot(
    before: Float32,
    after: Float32,
    sample_rate_hz: int,
    reference: tuple[Float32, int] | None = None,
) -> str:
    """Third-octave spectra before and after (and of the reference) as a PNG data URI."""
    figure = new_figure()
    axes = figure.add_subplot()
    lines = [
        ("before", before, sample_rate_hz, BEFORE_COLOUR),
        ("after", after, sample_rate_hz, AFTER_COLOUR),
    ]
    if reference is not None:
        lines.append(("reference", *reference, TARGET_COLOUR))
    top = -120.0
    for label, audio, rate, colour in lines:
        centres, level_db = third_octave_spectrum(audio, rate)
        axes.semilogx(centres, level_db, color=colour, label=label, linewidth=1.8)
        top = max(top, float(level_db.max()))
    axes.set_xlim(25, 20_000)
    axes.set_ylim(top - 66, top + 6)
    ticks = [31.5, 63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000]
    axes.set_xticks(ticks, [f"{t / 1000:g}k" if t >= 1000 else f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_xlabel("Hz")
    axes.set_ylabel("dB in third octaves")
    axes.legend(frameon=False, loc="upper right", fontsize=9)
    return png_uri(figure)


def level_plot(before: Float32, after: Float32, sample_rate_hz: int) -> str:
    """Short-term level (100 ms RMS) over time, before and after, as a PNG data URI."""
    figure = new_figure(height=1.9)
    axes = figure.add_subplot()
    frame = max(1, sample_rate_hz // 10)
    for label, audio, colour in (("before", before, BEFORE_COLOUR), ("after", after, AFTER_COLOUR)):
        count = max(1, audio.shape[1] // frame)
        frames = np.resize(audio, (audio.shape[0], count * frame)).reshape(audio.shape[0], count, frame)
        level_db = power_to_db(np.mean(frames.astype(np.float64) ** 2, axis=(0, 2)), floor=1e-9)
        axes.plot(np.arange(count) / 10, level_db, color=colour, label=label, linewidth=1.2)
    axes.set_xlabel("s")
    axes.set_ylabel("dB RMS")
    axes.set_ylim(-72, 3)
    return png_uri(figure)


def curve_plot(breakpoints: Sequence[tuple[float, float]], unit: str, shown_s: float) -> str:
    """One control over the first `shown_s` seconds, from breakpoints (seconds, real value), as a PNG data URI."""
    figure = new_figure(height=1.6)
    axes = figure.add_subplot()
    times_s, values = zip(*breakpoints, strict=True)
    axes.plot((0.0, *times_s, shown_s), (values[0], *values, values[-1]), color=AFTER_COLOUR, linewidth=1.2)
    axes.set_xlim(0, shown_s)
    axes.set_xlabel("s")
    axes.set_ylabel(unit)
    return png_uri(figure)


def new_figure(height: float = 3.0) -> Figure:
    """A figure as wide as a page's text; `height` in inches."""
    from matplotlib.figure import Figure  # the object interface: no display, no global state

    figure = Figure(figsize=(7.2, height), dpi=110, layout="constrained")
    figure.set_facecolor("none")
    return figure


def png_uri(figure: Figure) -> str:
    """`figure` in the pages' style, as a PNG data URI."""
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(True, color="#e4e4e0", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(colors=INK, labelsize=8)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
