"""Calibration of real plugins, against what is known of them from trying them by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bridge.errors import PluginCrashed, PluginHung
from bridge.plugins.chain.calibration import Calibration
from bridge.plugins.chain.catalog import Catalog
from bridge.plugins.host.host import PluginHost
from bridge.plugins.worker.calibrate import choices_of
from bridge.plugins.worker.probe import probe_signal


@pytest.fixture(scope="module")
def compressor(zam: Catalog) -> Iterator[Calibration]:
    with PluginHost(workers=1, catalog=zam) as host:
        yield host.calibrate("vst3:ZamCompX2")


def kinds(calibration: Calibration) -> dict[str, str]:
    return {report.name: report.kind for report in calibration.parameters}


def test_what_may_be_a_control(compressor: Calibration) -> None:
    assert kinds(compressor) == {
        "Buffer Size": "fixed",
        "Sample Rate": "fixed",
        "Current Program": "program",  # though the plugin reports it as automatable
        "Attack": "continuous",
        "Release": "continuous",
        "Knee": "continuous",
        "Ratio": "continuous",
        "Threshold": "continuous",
        "Makeup": "continuous",
        "Slew": "continuous",
        "Stereo Detection": "switch",
        "Sidechain": "switch",
        "Gain Reduction": "fixed",
        "Output Level": "fixed",
    }


def test_display_laws(compressor: Calibration) -> None:
    threshold = compressor.report("Threshold")
    assert threshold is not None
    assert threshold.law is not None
    assert (threshold.unit, threshold.law.to_real(0.0), threshold.law.to_real(0.5)) == ("dB", -80.0, -40.0)
    assert threshold.default == 1.0


def test_identity(compressor: Calibration) -> None:
    assert compressor.fingerprint.identifier.startswith("VST3-ZamCompX2")
    assert compressor.fingerprint.version.startswith("4.")
    assert compressor.fingerprint.parameters[3] == "Attack"
    assert compressor.is_deterministic
    assert compressor.channels == (2,)
    assert compressor.notes == ()


def test_sensitivity_ranks_parameters(compressor: Calibration) -> None:
    by_name = {report.name: report.sensitivity_db for report in compressor.parameters}
    assert by_name["Threshold"] > 3 * by_name["Knee"] > 0


def test_dead_parameters_are_found_by_rendering(zam: Catalog) -> None:
    """ZaMultiCompX2 reports its gain reduction meters as automatable; they do nothing. The attack of a band that its
    default turns off does something, but only from other settings."""
    with PluginHost(workers=1, catalog=zam) as host:
        found = kinds(host.calibrate("vst3:ZaMultiCompX2"))
    assert {name: kind for name, kind in found.items() if kind == "dead"} == {
        "Gain Reduction 1": "dead",
        "Gain Reduction 2": "dead",
        "Gain Reduction 3": "dead",
    }
    assert found["Attack1"] == found["Knee3"] == "continuous"
    assert found["Listen 1"] == "switch"


def test_latency_and_mono(zam: Catalog) -> None:
    with PluginHost(workers=2, catalog=zam) as host:
        assert host.calibrate("vst3:ZaMaximX2").latency_samples == 480
        equaliser = host.calibrate("vst3:ZamEQ2")
    assert equaliser.channels == (1,)
    assert equaliser.latency_samples == 0


def test_switches_have_names(zam: Catalog) -> None:
    with PluginHost(workers=1, catalog=zam) as host:
        report = host.calibrate("vst3:ZamTube").report("Tone Stack Model")
    assert report is not None
    assert report.kind == "switch"
    assert len(report.choices) == 25
    assert report.choices[0] == "1959 Bassman 5F6-A"


def test_a_plugin_that_modulates_is_not_deterministic(next_release: Catalog) -> None:
    """And its parameter objects die at every process call."""
    with PluginHost(workers=1, catalog=next_release) as host:
        reverb = host.calibrate("vst3:DragonflyRoomReverb")
    assert not reverb.is_deterministic
    assert reverb.notes == ("two renders of the same settings differ",)
    assert kinds(reverb)["Dry Level"] == "continuous"


def test_a_calibration_is_remembered_until_the_plugin_changes(zam: Catalog, tmp_path: Path) -> None:
    source = zam.find("vst3:ZamEQ2")
    binary = next(source.glob("Contents/*/*.so"))
    bundle = tmp_path / "plug ins" / "ZamEQ2.vst3"
    copy = bundle / binary.relative_to(source)
    copy.parent.mkdir(parents=True)
    copy.write_bytes(binary.read_bytes())
    catalog = Catalog(cache_folder=tmp_path / "cache", folders=[bundle.parent])
    with PluginHost(workers=1, catalog=catalog) as host:
        first = host.calibrate("vst3:ZamEQ2")
    with PluginHost(workers=1, catalog=catalog) as host:
        assert host.calibrate("vst3:ZamEQ2") == first
        assert host.worker_pids == []  # nobody had to be asked
    copy.touch()
    assert catalog.known_calibration(bundle) is None


@pytest.mark.parametrize(("fault", "error"), [("CrashAtLoad", PluginCrashed), ("HangAtLoad", PluginHung)])
def test_a_plugin_that_cannot_be_tried(fault_host, zam: Catalog, fault: str, error: type[Exception]) -> None:
    """Calibration ends as a render does."""
    from bridge.plugins.host.render_queue import ExclusiveTask
    from bridge.plugins.worker import protocol

    host = fault_host(workers=1, load_limit_s=0.5)
    request = protocol.CalibrateRequest(plugin=f"fault:{fault}", path="")
    with pytest.raises(error, match=f"fault:{fault}"):
        host.run_task(ExclusiveTask(lambda worker: worker.call(request, f"fault:{fault}")))


@pytest.mark.parametrize("channels", [1, 2])
def test_the_probe_signal_has_everything(channels: int) -> None:
    """Loud and quiet stretches, all of the spectrum, and two sides that are unlike."""
    signal = probe_signal(channels)
    assert signal.shape == (channels, 48_000)
    levels = np.sqrt((signal[0, : 48_000 // 480 * 480].reshape(-1, 480) ** 2).mean(axis=1))
    assert levels.max() > 0.2
    assert levels.min() < 1e-4
    spectrum = np.abs(np.fft.rfft(signal[0]))[20:20_000]
    assert (np.add.reduceat(spectrum, np.geomspace(1, 19_000, 20).astype(int)) > 0).all()
    assert channels == 1 or not np.allclose(signal[0], signal[1])


def shown(names: list[str], widths: list[float]) -> list[tuple[float, str]]:
    """What a plugin shows on calibration's grid whose names end at the sums of `widths`."""
    ends = np.cumsum(widths)
    grid = [place / 32 for place in range(33)]
    return [(value, names[min(int(np.searchsorted(ends, value, side="right")), len(names) - 1)]) for value in grid]


@pytest.mark.parametrize(
    ("names", "widths"),
    [
        (["Low-shelf", "Peak", "High-shelf"], [0.25, 0.5, 0.25]),  # JUCE: the outer ones half as wide
        (["disabled", "6 dB/oct", "12 dB/oct", "24 dB/oct"], [1 / 6, 1 / 3, 1 / 3, 1 / 6]),
        (["off", "on"], [0.5, 0.5]),
        (["Hall", "Room", "Plate", "Spring"], [0.25] * 4),
        ([f"Model {number}" for number in range(12)], [0.5 / 11, *[1 / 11] * 10, 0.5 / 11]),
    ],
)
def test_choices_of_either_width_have_their_names(names: list[str], widths: list[float]) -> None:
    count = len(names)
    assert choices_of(shown(names, widths)) == [(index / (count - 1), name) for index, name in enumerate(names)]


@pytest.mark.parametrize(
    "texts",
    [
        [f"{6 * place / 32:.1f} dB" for place in range(33)],
        ["off", *[f"{place / 32:.2f} s" for place in range(1, 33)]],
        ["-inf dB", *[f"{place - 32} dB" for place in range(1, 33)]],
        ["6 dB", *["12 dB"] * 16, *["24 dB"] * 16],
        ["slow", *["fast"] * 32],
        [""] * 33,
    ],
)
def test_ranges_are_no_choices(texts: list[str]) -> None:
    assert choices_of([(place / 32, text) for place, text in enumerate(texts)]) is None
