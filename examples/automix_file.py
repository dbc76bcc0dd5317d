"""Auto-mix a file, with or without a reference, and print what was changed.

Shows `automix_file`: files of any length, streamed. Where nothing would be an improvement the output is the input.

    python examples/automix_file.py vocal.wav better.wav
    python examples/automix_file.py vocal.wav matched.wav --reference "a voice I like.wav"
"""

import argparse

import bridge


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--reference")
    arguments = parser.parse_args()

    result = bridge.automix_file(arguments.source, arguments.target, reference=arguments.reference)
    print(f"{result.model}: {bridge.describe_decision(result.decision)}")
    for control in result.controls:
        if control.changed:
            print(f"{control.slot}.{control.control}: {control.text_before} -> {control.text}")


if __name__ == "__main__":
    main()
