"""The tables of the pages on tasks, made from the models' cards."""

from __future__ import annotations

import re
from pathlib import Path

ASKED = {
    "match": "with a reference",
    "automix": "without one",
    "foreign": "spoilt by others, with a reference",
    "amplifier": "like the amplifier",
    "level": "evened out",
    "nonspeech": "without the sounds beside it",
}
HEAD = "| | nothing | the best rival | the model | made worse by it | cases |\n|---|---|---|---|---|---|\n"
BLOCK = re.compile(r"<!-- scores: (\S+) -->\n.*?<!-- end -->", re.DOTALL)


def scores(card: str) -> str:
    """One row for each part of a card that holds scores; of those with several tables the first."""
    rows = []
    for name, section in re.findall(r"^### (\S+)\n(.*?)(?=^### |\Z)", card, re.DOTALL | re.MULTILINE):
        table = re.search(r"((?:^\|.*\n)+)", section, re.MULTILINE)
        head, _, *lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table[1].splitlines()]
        by_method = {line[0]: dict(zip(head, line, strict=True)) for line in lines}
        if "model" not in by_method:
            continue
        rivals = {
            method: line["after / before"] for method, line in by_method.items() if method not in ("nothing", "model")
        }
        best = min(rivals, key=lambda method: float(rivals[method]))
        model = by_method["model"]
        rival, answer = f"{rivals[best]} ({best})", f"**{model['after / before']}**"
        cells = (ASKED[name], "1.00", rival, answer, model["made worse"], model["cases"])
        rows.append(f"| {' | '.join(cells)} |\n")
    return HEAD + "".join(rows)


def with_scores(page: str, models: Path) -> str:
    """`page` with the tables that the cards in `models` make."""

    def block(found: re.Match[str]) -> str:
        card = (models / found[1] / "README.md").read_text("utf-8")
        return f"<!-- scores: {found[1]} -->\n{scores(card)}<!-- end -->"

    return BLOCK.sub(block, page)
