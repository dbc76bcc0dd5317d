"""Texts that no FX in its right mind displays concern the parameter that has them, and nothing else of the track."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from bridge.plugins.chain.chain_file import load_chain
from bridge.reaper.mapping.chain_mapping import map_chain
from bridge.reaper.protocol.fx_snapshot import FxSnapshot

CHAIN = load_chain(Path(__file__).parents[3] / "models" / "chains" / "channel-strip.toml")
ODD = {
    "infinite": "inf dB",
    "beyond float": "1e999 Hz",
    "long": "9" * 5000,
    "long with a unit": "9" * 5000 + " dB",
    "long behind the point": "0." + "0" * 5000 + "1 Hz",
    "no number": "nan",
    "commas": "1," * 3000,
    "other digits": "٣" * 400,
    "none": "",
}


def shown_as(fx: FxSnapshot, name: str, text: str) -> FxSnapshot:
    """The FX with one parameter whose value and middle of its grid are displayed as `text`."""

    def grid(points: tuple[tuple[float, str], ...]) -> tuple[tuple[float, str], ...]:
        return tuple((at, text if number == len(points) // 2 else kept) for number, (at, kept) in enumerate(points))

    return msgspec.structs.replace(
        fx,
        parameters=tuple(
            msgspec.structs.replace(row, text=text, grid=grid(row.grid)) if row.name == name else row
            for row in fx.parameters
        ),
    )


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
@pytest.mark.parametrize("name", ["Freq-Band 1", "Gain-Band 2", "Thresh"])
def test_an_odd_text_holds_up_no_other_fx(desk, name: str, text: str) -> None:
    """Of its own FX no more than what can no longer be read, and an equaliser of which a band cannot be rendered."""
    chain = [desk.rea_eq(), desk.rea_comp()]
    plain = map_chain(CHAIN, chain, None)
    assert any(row.name == name for fx in chain for row in fx.parameters)
    mapping = map_chain(CHAIN, [shown_as(fx, name, text) for fx in chain], None)
    lost = {c.slot for c, was, now in zip(CHAIN.controls, plain.free, mapping.free, strict=True) if was and not now}
    compressor = {"compressor", "output"}
    assert not lost - compressor if name == "Thresh" else not lost & compressor
    assert np.isfinite(mapping.current).all()
