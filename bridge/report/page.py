"""One HTML page: per track what changed, what was measured, plots and players.

Text is escaped. Audio is linked where it is a file, and lies in the page where it comes as a data URI.
"""

from __future__ import annotations

import html
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from bridge.errors import AudioError
from bridge.report.tables import TextTable


@dataclass(frozen=True)
class PageSection:
    """What a page shows of one track, file or use. `rows` are what changed, as text under `columns`."""

    name: str
    summary: str
    rows: Sequence[Sequence[str]]
    measures: Sequence[Sequence[str]]  # (measurement, before, after)
    columns: Sequence[str] = ("control", "before", "after", "confidence")
    left_alone: Sequence[str] = ()
    plots: Sequence[tuple[str, str]] = ()  # (caption, data URI)
    players: Sequence[tuple[str, Path | str]] = field(default_factory=tuple)  # (label, file or data URI)
    tables: Sequence[TextTable] = ()


def write_page(target: Path, title: str, introduction: str, sections: Sequence[PageSection]) -> None:
    """Write the page. Audio is linked relative to it, so page and audio can be moved together.

    Raises AudioError where the page cannot be written.
    """
    body = "\n".join(_section(section, target.parent) for section in sections)
    page = _PAGE.format(title=html.escape(title), introduction=html.escape(introduction), body=body, style=_STYLE)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page, encoding="utf-8")
    except OSError as error:
        raise AudioError(f"Cannot write the report {target}: {error.strerror}. Choose another file.") from error


def _section(section: PageSection, folder: Path) -> str:
    parts = [f"<section><h2>{html.escape(section.name)}</h2>", f"<p>{html.escape(section.summary)}</p>"]
    if section.players:
        players = (
            f"<figure><figcaption>{html.escape(label)}</figcaption>"
            f'<audio controls preload="none" src="{_link(sound, folder)}"></audio></figure>'
            for label, sound in section.players
        )
        parts.append(f'<div class="players">{"".join(players)}</div>')
    if section.measures:
        parts.append(_table(("", "before", "after"), section.measures))
    if section.rows:
        parts.append(_table(section.columns, section.rows))
    if section.left_alone:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in section.left_alone)
        parts.append(f"<h3>Left alone</h3><ul>{items}</ul>")
    for caption, uri in section.plots:
        parts.append(
            f'<figure><img alt="{html.escape(caption)}" src="{uri}"><figcaption>{html.escape(caption)}</figcaption></figure>'
        )
    for table in section.tables:
        parts.append(f"<h3>{html.escape(table.title)}</h3>{_table(table.columns, table.rows)}")
    parts.append("</section>")
    return "\n".join(parts)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    kinds = ["sentence" if column == "why" else "value" for column in columns]
    head = "".join(
        f'<th class="{kind}">{html.escape(column)}</th>' for kind, column in zip(kinds, columns, strict=True)
    )
    lines = (
        "<tr>"
        + "".join(f'<td class="{kind}">{html.escape(cell)}</td>' for kind, cell in zip(kinds, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _link(sound: Path | str, folder: Path) -> str:
    """A data URI as it is; of a file the relative address, or its own where there is none (another drive on Windows)."""
    if isinstance(sound, str):
        return html.escape(sound)
    try:
        return quote(Path(os.path.relpath(sound.resolve(), folder.resolve())).as_posix())
    except ValueError:
        return sound.resolve().as_uri()


_STYLE = """
:root { color-scheme: light dark; --ink: #26282c; --paper: #faf9f6; --line: #dcdad3; --accent: #c8501e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e4df; --paper: #1e1f22; --line: #3c3e43; } img { background: #f4f3ef; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; } h2 { border-top: 2px solid var(--accent); padding-top: .6rem; margin-top: 2.4rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .25rem .9rem; border-bottom: 1px solid var(--line); } th:first-child, td:first-child { text-align: left; padding-left: 0; }
td.value:not(:first-child) { white-space: nowrap; } th.sentence, td.sentence { text-align: left; }
img { max-width: 100%; } figure { margin: 1rem 0; } figcaption { font-size: .85rem; opacity: .75; }
.players { display: flex; gap: 1.5rem; flex-wrap: wrap; } .players figure { margin: 0; }
"""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{style}</style></head>
<body><h1>{title}</h1><p>{introduction}</p>
{body}
</body></html>
"""
