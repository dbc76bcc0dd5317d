"""Plots of an evaluation, as PNG data for a page. Reads scores only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bridge.report.plots import AFTER_COLOUR, BEFORE_COLOUR, INK, TARGET_COLOUR, new_figure, png_uri
from bridge.report.tables import Row


def scatter_plot(cases: Sequence[Row]) -> str:
    """Each case's distance in dB before and after; on the line nothing changed."""
    figure = new_figure(height=3.6)
    axes = figure.add_subplot()
    before = np.array([case["before_db"] for case in cases])
    after = np.array([case["after_db"] for case in cases])
    top = 1.05 * float(max(before.max(), after.max(), 1.0))
    axes.plot([0, top], [0, top], color=INK, linewidth=0.8)
    is_worse = after > before
    for chosen, colour, label in ((~is_worse, TARGET_COLOUR, "not worse"), (is_worse, AFTER_COLOUR, "worse")):
        if chosen.any():
            axes.scatter(before[chosen], after[chosen], s=18, color=colour, label=label, alpha=0.8)
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    axes.set_xlabel("dB before")
    axes.set_ylabel("dB after")
    axes.legend(frameon=False, fontsize=9, loc="upper left")
    return png_uri(figure)


def methods_plot(rows: Sequence[Row]) -> str:
    """The median ratio of every method with its interval; the model stands out."""
    figure = new_figure(height=0.6 + 0.35 * len(rows))
    axes = figure.add_subplot()
    ratios = np.array([row["ratio"] for row in rows])
    reach = np.abs(np.array([[row["ratio_low"], row["ratio_high"]] for row in rows]).T - ratios)
    colours = [AFTER_COLOUR if row["method"] == "model" else BEFORE_COLOUR for row in rows]
    places = np.arange(len(rows))[::-1]
    axes.barh(places, ratios, color=colours, height=0.6)
    axes.errorbar(ratios, places, xerr=reach, fmt="none", ecolor=INK, elinewidth=1.2, capsize=3)
    axes.axvline(1.0, color=INK, linewidth=0.8)
    axes.set_yticks(places, [row["method"] for row in rows])
    axes.set_xlabel("after / before")
    return png_uri(figure)


def reliability_plot(rows: Sequence[Row]) -> str:
    """The share of hits over the confidence claimed; on the line it is as good as its word."""
    figure = new_figure(height=3.0)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8)
    confidence, hits = ([row[key] for row in rows] for key in ("confidence", "hits"))
    axes.plot(confidence, hits, color=AFTER_COLOUR, marker="o", linewidth=1.8)
    for row in rows:
        where = (row["confidence"], row["hits"])
        axes.annotate(str(row["controls"]), where, fontsize=8, xytext=(6, -10), textcoords="offset points")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("mean confidence")
    axes.set_ylabel("share of settings within tolerance")
    return png_uri(figure)
