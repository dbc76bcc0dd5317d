"""Draws the panel for the documentation, dark and light side by side.

python tests/bench/draw_panel.py docs/images/panel.png
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from desk import PlayedDaemon, applying, change, noise, write_to
from PIL import Image

from bridge.reaper.messages import LeftAlone, Measures, MeasuresPair, Reply, Request
from bridge.standin import StandIn

CHANGES = (
    ("low_shelf", "ReaEQ", "gain_db", "dB", 0.0, -2.4, 0.81, ""),
    ("peak_1", "ReaEQ", "cutoff_frequency_hz", "Hz", 300.0, 412.0, 0.64, ""),
    ("peak_1", "ReaEQ", "gain_db", "dB", 0.0, -3.1, 0.77, ""),
    ("high_shelf", "ReaEQ", "gain_db", "dB", None, 1.9, 0.62, "The band was off; it was switched on."),
    ("compressor", "ReaComp", "threshold_db", "dB", -6.0, -21.5, 0.88, ""),
    ("compressor", "ReaComp", "ratio", "", 1.0, 3.2, 0.74, ""),
    ("compressor", "ReaComp", "attack_ms", "ms", 3.0, 12.0, 0.41, ""),
)


def answer(request: Request) -> Reply:
    comp = request.fx[1]
    return applying(
        request,
        write_to(comp, "Thresh", 0.4),
        write_to(comp, "Ratio", 0.3),
        message="The tonal distance fell from 4.6 to 1.9 dB at the same loudness.",
        model="channel-strip",
        changes=tuple(change(*row) for row in CHANGES),
        left_alone=(LeftAlone(what="VST3: ZamTube", why="The model channel-strip knows no such plugin."),),
        measures=MeasuresPair(
            before=Measures(loudness_lufs=-20.1, true_peak_dbtp=-3.0, distance_db=4.6),
            after=Measures(loudness_lufs=-20.1, true_peak_dbtp=-2.6, distance_db=1.9),
        ),
    )


def draw(theme: str, scale: float, folder: Path) -> Image.Image:
    with StandIn(folder / theme, seed=11, screen_scale=scale) as reaper:
        reaper.ext_state.update({("Bridge", "panel_theme"): theme, ("Bridge", "style"): "warm vocal"})
        track = reaper.project.add_track("Lead vocals", noise(2.0))
        track.add_fx("ReaEQ", low_cut="off")
        track.add_fx("ReaComp")
        track.selected = True
        daemon = PlayedDaemon(reaper)
        daemon.answer = answer
        reaper.run_action("bridge_panel.lua")
        reaper.run_ticks(10)
        reaper.window.click("Auto-mix")
        reaper.run_until(lambda: any("changes by" in text for text in reaper.window.texts))
        reaper.run_ticks(12)
        return reaper.window.image()


def main() -> None:
    with TemporaryDirectory() as folder:
        dark, light = draw("dark", 2.0, Path(folder)), draw("light", 2.0, Path(folder))
    both = Image.new("RGB", (dark.width + 24 + light.width, light.height), (128, 132, 136))
    both.paste(dark, (0, 0))
    both.paste(light, (dark.width + 24, 0))
    both.save(sys.argv[1], optimize=True)


if __name__ == "__main__":
    main()
