"""Score the reading of parameter lists against labels, and print it by plugin.

    python tests/bench/score_roles.py LISTS_FOLDER TRUTH.jsonl

LISTS_FOLDER holds one JSON file for each plugin (`fx_name`, `kind`, `parameters`); each line of the truth has `plugin`
(the file's stem), `index`, `role`.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

import msgspec

from bridge.plugins.recognition.reading import NONE
from bridge.plugins.recognition.recognise import ParameterList, recognise

CORE = {
    "freq",
    "gain",
    "q",
    "boost",
    "cut",
    "threshold",
    "ratio",
    "attack",
    "release",
    "makeup",
    "amount",
    "ceiling",
    "range",
}


def main(folder: Path, truth_file: Path) -> None:
    truth: dict[str, dict[int, str]] = defaultdict(dict)
    for line in truth_file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        truth[row["plugin"]][row["index"]] = row["role"]
    right = named = wanted = whole = kinds = 0
    files = sorted(folder.glob("*.json"))
    for file in files:
        reading = recognise(msgspec.json.decode(file.read_bytes(), type=ParameterList))
        pairs = [(row.name, row.role, truth[file.stem][row.index]) for row in reading.parameters]
        right += sum(role == true != NONE for _, role, true in pairs)
        named += sum(role != NONE for _, role, _ in pairs)
        wanted += sum(true != NONE for _, _, true in pairs)
        wrong = [(name, role, true) for name, role, true in pairs if role != true]
        whole += not any({role, true} & CORE for _, role, true in wrong)
        is_kind = reading.kind == json.loads(file.read_text(encoding="utf-8"))["kind"]
        kinds += is_kind
        for name, role, true in wrong:
            print(f"{file.stem}: {name}: read as {role}, is {true}")
        if not is_kind:
            print(f"{file.stem}: read as {reading.kind}")
    print(
        f"{len(files)} plugins: precision {right / named:.3f}, recall {right / wanted:.3f}, every core role right on "
        f"{whole / len(files):.0%}, another kind on {1 - kinds / len(files):.1%}"
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
