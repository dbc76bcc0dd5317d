"""A torch optimiser turns the knobs of real plugins: hidden settings are found again by gradient descent.

Shows `PluginLayer`: audio and positions (0..1 over each control's range) in, audio out, gradients back through plugins
that are black boxes. With `--builtin` it runs on pedalboard's own effects; else zam-plugins must be installed.

    python examples/optimise_chain.py
    python examples/optimise_chain.py --builtin
"""

import sys
import tempfile
from pathlib import Path

import torch

import bridge

RATE_HZ, STEPS = 44100, 30
ZAM = """
[[slot]]
plugin = "vst3:ZamEQ2"
control = { "Boost/Cut L" = { range = [-12.0, 12.0] }, "Boost/Cut H" = { range = [-12.0, 12.0] } }
[[slot]]
plugin = "vst3:ZamCompX2"
control = { "Threshold" = { range = [-40.0, 0.0] } }
"""
BUILTIN = """
[[slot]]
plugin = "builtin:LowShelfFilter"
control = { gain_db = { range = [-12.0, 12.0] } }
[[slot]]
plugin = "builtin:HighShelfFilter"
control = { gain_db = { range = [-12.0, 12.0] } }
[[slot]]
plugin = "builtin:Compressor"
fixed = { ratio = 4.0 }
control = { threshold_db = { range = [-40.0, 0.0] } }
"""


def spectrum_db(audio: torch.Tensor) -> torch.Tensor:
    """(batch, channels, samples) -> (batch, channels, frequencies, frames)."""
    frames = audio.flatten(0, 1).stft(1024, window=torch.hann_window(1024), return_complex=True)
    return (20 * torch.log10(frames.abs() + 1e-4)).unflatten(0, audio.shape[:2])


def main() -> None:
    torch.manual_seed(0)
    audio = torch.linspace(0.02, 0.3, RATE_HZ // 4) * torch.randn(1, 2, RATE_HZ // 4)
    with bridge.open_host() as host, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "chain.toml"
        file.write_text(BUILTIN if "--builtin" in sys.argv else ZAM, encoding="utf-8")
        chain = bridge.load_chain(file, host=host)
        layer = bridge.PluginLayer(host, chain, RATE_HZ, estimator=bridge.CentralDifferences())
        target = spectrum_db(layer(audio, torch.tensor([[0.75, 0.3, 0.4]])))

        positions = torch.tensor([[0.5, 0.5, 0.9]], requires_grad=True)
        optimiser = torch.optim.Adam([positions], lr=0.05)
        for step in range(STEPS):
            distance_db = (spectrum_db(layer(audio, positions)) - target).abs().mean()
            optimiser.zero_grad()
            distance_db.backward()
            optimiser.step()
            if step in (0, STEPS - 1):
                print(f"step {step}: {distance_db.item():.2f} dB from the target")
        normalized = bridge.positions_to_normalized(chain, positions.detach().numpy())[0]
        for control, value in zip(chain.controls, normalized, strict=True):
            print(f"{control.label}: {control.text(float(value))}")


if __name__ == "__main__":
    main()
