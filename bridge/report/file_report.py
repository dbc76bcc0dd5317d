"""The report of one processed file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bridge.audio.files import read_audio
from bridge.automix.describe import describe_decision
from bridge.report.control_names import control_name
from bridge.report.page import PageSection, write_page
from bridge.report.plots import curve_plot, level_plot, spectrum_plot
from bridge.report.tables import CONTROL_COLUMNS, changed_control_rows, measurement_rows

if TYPE_CHECKING:
    from bridge.offline.result import FileResult

SHOWN_S = 30.0  # of a long file, its first half minute is drawn


def write_file_report(page: Path, result: FileResult, reference: Path | None) -> None:
    """Write what `automix_file` did as a page with tables, plots and players. Raises AudioError, as the files do."""
    source, target = Path(result.input), Path(result.output)
    before, rate = read_audio(source, duration_s=SHOWN_S)
    after, _ = read_audio(target, duration_s=SHOWN_S)
    reference_audio = None if reference is None else read_audio(reference, duration_s=SHOWN_S)
    players = [("before", source), ("after", target)]
    if reference is not None:
        players.append(("reference", reference))
    rows, others = changed_control_rows(result)
    section = PageSection(
        name=source.name,
        summary=f"{describe_decision(result.decision)} {others}".strip(),
        columns=CONTROL_COLUMNS,
        rows=rows,
        measures=measurement_rows(result.measures.before, result.measures.after),
        plots=[
            ("Long-term spectrum", spectrum_plot(before, after, rate, reference_audio)),
            ("Level over time", level_plot(before, after, rate)),
            *(
                (
                    f"{control_name(row.slot, row.control)} over time",
                    curve_plot(row.breakpoints, row.unit, before.shape[1] / rate),
                )
                for row in result.controls
                if row.breakpoints
            ),
        ],
        players=players,
    )
    title = f"{source.name}, set by {result.model}"
    write_page(page, title, "Settings, measurements and sound before and after.", [section])
