"""Writes the models' scores into the pages on tasks, once a model was trained anew.

python tests/bench/write_scores.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

if __name__ == "__main__":
    from task_pages import with_scores

    for page in sorted((ROOT / "docs").glob("*.md")):
        text = page.read_text("utf-8")
        if (renewed := with_scores(text, ROOT / "models")) != text:
            page.write_text(renewed, encoding="utf-8", newline="\n")
