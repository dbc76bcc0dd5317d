"""FX on a track as a user has them: set by what they show, of a kind that Bridge does not host, REAPER's own."""

from __future__ import annotations

import numpy as np

from bridge.plugins.chain.display_law import parse_display
from bridge.standin.fx.fx import StandInFx
from bridge.standin.project.track import ReaperTrack


def show(fx: StandInFx, **wanted: float) -> None:
    """Set parameters, by their names with '_' for ' ' and '__' for '/', to what displays a number."""
    for name, number in wanted.items():
        index = fx.index(name.replace("__", "/").replace("_", " "))
        grid = np.linspace(0, 1, 401)
        shown = [abs((parse_display(fx.text(index, float(n))) or 0.0) - number) for n in grid]
        fx.write(index, float(grid[int(np.argmin(shown))]))


def corrected(fx: StandInFx) -> None:
    """Let a ZamEQ2 undo what `muddy` does."""
    show(fx, Boost__Cut_L=-9.0, Boost__Cut_H=8.0, Frequency_L=250.0, Frequency_H=5000.0)


def as_vst2(fx: StandInFx) -> None:
    """The same plugin as a kind that Bridge does not host."""
    fx.type, fx.ident = "VST", "/usr/lib/vst/ZamEQ2-vst.so<1919247729"
    fx.original_name = fx.original_name.replace("VST3:", "VST:")


def stock(track: ReaperTrack) -> None:
    """Put REAPER's own equaliser and compressor behind what is there, and select the track."""
    track.add_fx("ReaEQ", low_cut="off")
    track.add_fx("ReaComp")
    track.selected = True
