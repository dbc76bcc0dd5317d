"""Auto-mix a batch of files: every WAV in a folder, into another folder. One bad file does not end the batch.

Shows `automix_file` in a loop, and that all errors of Bridge are `BridgeError`s with one line for people.

    python examples/automix_folder.py recordings mixed
"""

import argparse
import sys
from pathlib import Path

import bridge


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()

    arguments.output.mkdir(parents=True, exist_ok=True)
    failed = 0
    for file in sorted(arguments.folder.glob("*.wav")):
        try:
            result = bridge.automix_file(file, arguments.output / file.name)
        except bridge.BridgeError as error:
            failed += 1
            print(f"{file.name}: {error}", file=sys.stderr)
        else:
            print(f"{file.name}: {'mixed' if result.applied else 'left as it is'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
