"""Draws the documentation's pictures anew: a real job, the panel after it, and the sound before and after.

python tests/bench/draw_panel.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

if __name__ == "__main__":
    from panel_picture import write_pictures

    with TemporaryDirectory() as folder:
        write_pictures(ROOT / "docs" / "images", Path(folder))
