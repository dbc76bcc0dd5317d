"""Calibrate a plugin and make a chain of it: what do its parameters display, and which of them change the sound?

Shows `calibrate`, `new_chain` and `load_chain`. No plugin's law is written anywhere: it is measured, and remembered.

    python examples/calibrate_chain.py vst3:ZamCompX2 chain.toml
    python examples/calibrate_chain.py builtin:Compressor chain.toml
"""

import argparse
from pathlib import Path

import bridge


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plugin")
    parser.add_argument("chain", type=Path)
    arguments = parser.parse_args()

    with bridge.open_host() as host:
        if arguments.plugin.startswith("vst3:"):
            calibration = bridge.calibrate(arguments.plugin, host=host)
            print(f"{calibration.fingerprint.identifier}, latency {calibration.latency_samples} samples")
            for parameter in calibration.parameters:
                print(f"  {parameter.name}: {parameter.kind}, moves the spectrum by {parameter.sensitivity_db:.1f} dB")
        text = bridge.new_chain([arguments.plugin], arguments.chain.stem, host=host)
        arguments.chain.write_text(text, encoding="utf-8")
        chain = bridge.load_chain(arguments.chain, host=host)
    for control in chain.controls:
        print(f"{control.label}: {control.text(control.low)} .. {control.text(control.high)}")


if __name__ == "__main__":
    main()
