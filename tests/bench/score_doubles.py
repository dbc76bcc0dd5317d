"""Score what the action makes of equalisers and compressors of any maker, on doubles of listed plugins.

    python tests/bench/score_doubles.py LISTS_FOLDER TRUTH.jsonl [DOUBLES]

Each list gives DOUBLES doubles (3), whose laws, steps, directions, texts and delays are drawn; onto each a drawn
setting of the channel strip is put. Right: the response within 1 dB, the gain reduction within a fifth of
the most that is wanted. What no list says (a knob from 0 to 10, a curve that is drawn) leaves a double untouched.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from listed_doubles import draw_wanted, load_lists, try_double

from bridge.plugins.chain.chain_file import load_chain

VERDICTS = ("right", "off", "untouched", "silent")


def main(folder: Path, truth_file: Path, doubles: int) -> None:
    chain = load_chain(Path(__file__).parents[2] / "models" / "chains" / "channel-strip.toml")
    counts: Counter[tuple[str, str]] = Counter()
    wrong = 0
    for listed in load_lists(folder, truth_file):
        for seed in range(doubles):
            trial = try_double(listed.double(seed), chain, draw_wanted(chain, seed))
            wrong += bool(trial.wrong_controls)
            for one in trial.outcomes:
                counts[one.part, one.verdict] += 1
                print(f"{listed.name} {seed}: {one.part} {one.verdict} {one.off_by:.2f} {one.reason}")
            if trial.wrong_controls:
                print(f"{listed.name} {seed}: WRONG CONTROLS {trial.wrong_controls}")
    for part in ("equaliser", "compressor"):
        total = sum(count for (name, _), count in counts.items() if name == part)
        shares = ", ".join(
            f"{verdict} {counts[part, verdict] / total:.0%}" for verdict in ("right", "off", "untouched", "silent")
        )
        print(f"{part}: {total} doubles: {shares}")
    print(f"doubles with a wrong control moved: {wrong}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 3)
