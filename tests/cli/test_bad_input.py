"""Bad input on the command line: one clear line that names thing and remedy, the right exit status, nothing written."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner, Result
from pedalboard.io import AudioFile
from small_model import save_neutral_model

from bridge.cli import main
from bridge.settings import shipped_folder

RATE_HZ = 44_100


@pytest.fixture
def home(bridge_home: Path) -> Path:
    return bridge_home


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def check_refused(result: Result, *named: str, status: int = 1) -> None:
    """One line on standard error that names everything in `named`; no trace."""
    assert result.exit_code == status, result.output
    errors = result.stderr.strip().splitlines()
    assert errors[-1].startswith("Error: "), result.stderr
    assert "Traceback" not in result.stderr
    for word in named:
        assert word in errors[-1], f"{word!r} is not in {errors[-1]!r}"


def noise(channels: int = 1, seconds: float = 2.0, rate_hz: int = RATE_HZ) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.1, (channels, int(seconds * rate_hz))).astype(np.float32)


def wav(path: Path, audio: np.ndarray, rate_hz: int = RATE_HZ) -> Path:
    with AudioFile(str(path), "w", samplerate=rate_hz, num_channels=audio.shape[0], bit_depth=32) as file:
        file.write(audio)
    return path


def float_wav_without_checks(path: Path, samples: np.ndarray, channels: int) -> Path:
    """A WAV written byte by byte, for what no library writes."""
    data = samples.astype("<f4").tobytes()
    block = 4 * channels
    form = struct.pack("<HHIIHH", 3, channels, RATE_HZ, RATE_HZ * block, block, 32)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    return path


def not_audio(folder: Path) -> Path:
    path = folder / "bad.wav"
    path.write_bytes(b"this is a shopping list, not audio\n" * 100)
    return path


def truncated(folder: Path) -> Path:
    path = folder / "bad.flac"
    audio = noise(seconds=4.0)
    with AudioFile(str(path), "w", samplerate=RATE_HZ, num_channels=1) as file:
        file.write(audio)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def with_nan(folder: Path) -> Path:
    audio = noise()
    audio[0, 40_000] = np.nan
    return float_wav_without_checks(folder / "bad.wav", audio, 1)


BAD_FILES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda folder: folder / "bad.wav", "bad.wav"),
    "a folder": (lambda folder: folder, ""),
    "not audio": (not_audio, "bad.wav"),
    "empty file": (lambda folder: ((folder / "bad.wav").write_bytes(b"") and folder) or folder / "bad.wav", "bad.wav"),
    "no samples": (lambda folder: float_wav_without_checks(folder / "bad.wav", np.zeros(0), 1), "bad.wav"),
    "truncated": (truncated, "bad.flac"),
    "NaN": (with_nan, "bad.wav"),
    "no channels": (lambda folder: float_wav_without_checks(folder / "bad.wav", noise(), 0), "bad.wav"),
    "6 channels": (lambda folder: wav(folder / "bad.wav", noise(6)), "6 channels"),
    "8 kHz": (lambda folder: wav(folder / "bad.wav", noise(rate_hz=8000), 8000), "8"),
}


@pytest.mark.parametrize("role", ["input", "reference"])
@pytest.mark.parametrize("case", BAD_FILES)
def test_a_file_that_cannot_be_used_is_named_and_nothing_is_written(
    home: Path, tmp_path: Path, case: str, role: str
) -> None:
    make, named = BAD_FILES[case]
    bad, good, out = make(tmp_path), wav(tmp_path / "good.wav", noise()), tmp_path / "out.wav"
    inputs = {"input": (bad,), "reference": (good, "--reference", bad)}
    result = run("automix", *inputs[role], "-o", out)
    if case == "a folder":
        assert result.exit_code == 2
    else:
        check_refused(result, named)
    assert not out.exists()
    assert not list(tmp_path.glob("*.part"))


def test_192_khz_works(home: Path, tmp_path: Path) -> None:
    source = wav(tmp_path / "in.wav", noise(2, seconds=1.5, rate_hz=192_000), 192_000)
    result = run("automix", source, "-o", tmp_path / "out.wav", "--json", tmp_path / "r.json")
    assert result.exit_code == 0, result.output
    with AudioFile(str(tmp_path / "out.wav")) as file:
        assert (file.samplerate, file.num_channels, file.frames) == (192_000, 2, 288_000)


def test_silence_is_left_as_it_is(home: Path, tmp_path: Path) -> None:
    source = wav(tmp_path / "in.wav", np.zeros((1, RATE_HZ * 2), np.float32))
    outputs = ("--json", tmp_path / "r.json", "--report", tmp_path / "r.html")
    result = run("automix", source, "-o", tmp_path / "out.wav", *outputs)
    assert result.exit_code == 0, result.output
    answer = msgspec.json.decode((tmp_path / "r.json").read_bytes())
    assert answer["applied"] is False
    assert "silent" in answer["reason"]
    assert answer["measures"]["before"]["loudness_lufs"] is None


@pytest.mark.parametrize("option", ["-o", "--report", "--json"])
@pytest.mark.parametrize("victim", ["in.wav", "reference.wav"])
def test_no_input_is_ever_overwritten(home: Path, tmp_path: Path, option: str, victim: str) -> None:
    source, reference = wav(tmp_path / "in.wav", noise()), wav(tmp_path / "reference.wav", 0.3 * noise())
    before = source.read_bytes(), reference.read_bytes()
    outputs = {"-o": tmp_path / "out.wav", option: tmp_path / "." / victim}
    options = [part for pair in outputs.items() for part in pair]
    check_refused(run("automix", source, "--reference", reference, *options), victim, "input")
    assert (source.read_bytes(), reference.read_bytes()) == before
    assert not (tmp_path / "out.wav").exists()


def test_two_outputs_are_two_files(home: Path, tmp_path: Path) -> None:
    source, out = wav(tmp_path / "in.wav", noise()), tmp_path / "out.wav"
    check_refused(run("automix", source, "-o", out, "--json", out), "out.wav", "output")


def test_an_output_folder_that_does_not_exist_is_named(home: Path, tmp_path: Path) -> None:
    source = wav(tmp_path / "in.wav", noise())
    check_refused(run("automix", source, "-o", tmp_path / "nowhere" / "out.wav"), "nowhere")


def test_two_sounds_to_sound_like_are_one_too_many(home: Path, tmp_path: Path) -> None:
    source = wav(tmp_path / "in.wav", noise())
    result = run("automix", source, "--reference", source, "--style", "warm", "-o", tmp_path / "out.wav")
    assert result.exit_code == 2


@pytest.mark.parametrize("option", ["--model", "--style"])
def test_an_unknown_name_is_told_with_the_known_ones(home: Path, tmp_path: Path, option: str) -> None:
    source = wav(tmp_path / "in.wav", noise())
    known = "channel-strip" if option == "--model" else "none"
    check_refused(run("automix", source, option, "wurm", "-o", tmp_path / "out.wav"), "wurm", known)


def test_automation_needs_a_model_for_it(home: Path, tmp_path: Path) -> None:
    source = wav(tmp_path / "in.wav", noise())
    check_refused(run("automix", source, "--automation", "-o", tmp_path / "out.wav"), "--automation", "channel-strip")


def damage(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def work(folder: Path) -> None:
        (folder / name).write_bytes(change((folder / name).read_bytes()))

    return work


def other_plugin_version(folder: Path) -> None:
    """A model of a VST3 plugin that claims to have been made with another version of it."""
    from bridge.plugins.chain.chain_file import parse_chain
    from bridge.plugins.host.host import PluginHost

    text = '[[slot]]\nplugin = "vst3:ZamCompX2"\n[slot.control.Threshold]\n'
    with PluginHost(workers=1) as host:
        chain = parse_chain(text, source="test", calibrate=host.calibrate)
    (slot,) = chain.slots
    assert slot.fingerprint is not None
    old = msgspec.structs.replace(slot.fingerprint, version="0.0.1")
    shutil.rmtree(folder)
    save_neutral_model(folder, msgspec.structs.replace(chain, slots=(msgspec.structs.replace(slot, fingerprint=old),)))


DAMAGED_MODELS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "no manifest": (lambda folder: (folder / "model.json").unlink(), ("model.json",)),
    "damaged manifest": (damage("model.json", lambda data: data[: len(data) // 2]), ("model.json", "damaged")),
    "another schema": (
        damage("model.json", lambda data: data.replace(b'"schema": 1', b'"schema": 99', 1)),
        ("99", "version 1"),
    ),
    "missing weights": (lambda folder: (folder / "weights.safetensors").unlink(), ("weights.safetensors",)),
    "damaged weights": (
        damage("weights.safetensors", lambda data: data[:-8] + b"\0\0\1\1\0\0\1\1"),
        ("weights.safetensors", "manifest"),
    ),
    "another plugin version": (other_plugin_version, ("ZamCompX2", "0.0.1")),
}


@pytest.mark.parametrize("case", DAMAGED_MODELS)
def test_a_model_that_cannot_be_used_is_named_with_the_remedy(home: Path, tmp_path: Path, case: str) -> None:
    spoil, named = DAMAGED_MODELS[case]
    model = tmp_path / "model"
    save_neutral_model(model)
    spoil(model)
    source = wav(tmp_path / "in.wav", noise())
    check_refused(run("automix", source, "--model", model, "-o", tmp_path / "out.wav"), *named)
    assert not (tmp_path / "out.wav").exists()


BAD_CHAINS = {
    "unknown plugin": ('[[slot]]\nplugin = "builtin:PeekFilter"\n', ("PeekFilter", "PeakFilter")),
    "missing plugin": ('[[slot]]\nplugin = "vst3:NoSuchPlugin"\n[slot.control.x]\n', ("NoSuchPlugin",)),
    "unknown scheme": ('[[slot]]\nplugin = "au:Thing"\n', ("au:Thing", "builtin:NAME")),
    "unknown parameter": ('[[slot]]\nplugin = "builtin:Gain"\n[slot.control.gain_bd]\n', ("gain_bd", "gain_db")),
    "unknown key": ('[[slot]]\nplugin = "builtin:Gain"\ncolour = "red"\n', ("colour",)),
    "empty range": (
        '[[slot]]\nplugin = "builtin:Gain"\n[slot.control.gain_db]\nrange = [3.0, 3.0]\n',
        ("gain_db", "range"),
    ),
    "impossible range": (
        '[[slot]]\nplugin = "builtin:Compressor"\n[slot.control.ratio]\nrange = [0.1, 4.0]\n',
        ("ratio", "0.1"),
    ),
    "no slot": ('name = "empty"\nslot = []\n', ("slot",)),
    "no TOML": ("[[slot]\n", ("TOML",)),
}


@pytest.mark.parametrize("case", BAD_CHAINS)
def test_a_wrong_chain_is_named_with_the_remedy(home: Path, tmp_path: Path, case: str) -> None:
    text, named = BAD_CHAINS[case]
    file = tmp_path / "bad.toml"
    file.write_text(text)
    result = run("chain", "show", file)
    check_refused(result, *named, status=1 if case == "missing plugin" else 2)


def test_a_chain_without_a_model_says_how_to_train_one(home: Path, tmp_path: Path) -> None:
    chain = tmp_path / "channel-strip.toml"
    text = (shipped_folder("models") / "chains" / "channel-strip.toml").read_text("utf-8")
    chain.write_text(text.replace("[20.0, 400.0]", "[20.0, 300.0]"), encoding="utf-8")
    source = wav(tmp_path / "in.wav", noise())
    check_refused(run("automix", source, "--chain", chain, "-o", tmp_path / "out.wav"), "train --chain")


def test_debug_shows_the_trace_behind_the_line(home: Path, tmp_path: Path) -> None:
    arguments = ["automix", str(tmp_path / "none.wav"), "-o", str(tmp_path / "out.wav")]
    quiet, loud = CliRunner().invoke(main, arguments), CliRunner().invoke(main, ["--debug", *arguments])
    assert "Traceback" not in quiet.stderr
    assert "Traceback" in loud.stderr
    assert quiet.stderr.splitlines()[-1] == loud.stderr.splitlines()[-1]


@pytest.mark.parametrize(("option", "value"), [("--refine", "inf"), ("--refine", "nan"), ("--amount", "nan")])
def test_numbers_that_are_none_are_refused(home: Path, tmp_path: Path, option: str, value: str) -> None:
    source = wav(tmp_path / "in.wav", noise())
    assert run("automix", source, option, value, "-o", tmp_path / "out.wav").exit_code == 2


def test_a_name_that_is_too_long_ends_in_one_line(home: Path, tmp_path: Path) -> None:
    check_refused(run("automix", tmp_path / ("x" * 400 + ".wav"), "-o", tmp_path / "out.wav"), "Check the name")


def test_an_input_that_is_called_like_a_part_of_the_output_is_kept(home: Path, tmp_path: Path) -> None:
    """What is written on the way lies where no file of the user's can."""
    source = wav(tmp_path / "song.part.wav", noise())
    others = [wav(tmp_path / name, noise()) for name in ("song.part.tone.wav", "song.wav.part.wav")]
    before = [file.read_bytes() for file in (source, *others)]
    result = run("automix", source, "-o", tmp_path / "song.wav")
    assert result.exit_code == 0, result.output
    assert [file.read_bytes() for file in (source, *others)] == before
    assert sorted(file.name for file in tmp_path.iterdir() if file.suffix == ".wav") == sorted(
        ["song.wav", source.name, *(file.name for file in others)]
    )
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


@pytest.mark.parametrize("option", ["-o", "--report", "--json"])
def test_an_output_that_no_folder_can_hold_is_refused_before_any_work(home: Path, tmp_path: Path, option: str) -> None:
    source, blocked = wav(tmp_path / "in.wav", noise()), wav(tmp_path / "file.wav", noise())
    outputs = {"-o": tmp_path / "out.wav", option: blocked / "below.wav"}
    result = run("automix", source, *(part for pair in outputs.items() for part in pair))
    check_refused(result, "below.wav", option, status=2)
    assert not (tmp_path / "out.wav").exists()


def test_an_output_of_a_kind_that_is_not_written_is_named_as_it_was_given(home: Path, tmp_path: Path) -> None:
    source, target = wav(tmp_path / "in.wav", noise()), tmp_path / "out.mp3"
    check_refused(run("automix", source, "-o", target), f"{target} cannot be written", ".flac", status=1)
    assert list(tmp_path.glob("*.mp3")) == []


def test_a_file_that_is_no_snapshot_names_the_action_that_writes_one(home: Path, tmp_path: Path) -> None:
    (tmp_path / "reaper.ini").write_text("[REAPER]")
    result = run("chain", "from-snapshot", tmp_path / "reaper.ini", "-o", tmp_path / "my.toml")
    check_refused(result, "reaper.ini", "Learn this chain", status=1)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999"])
@pytest.mark.parametrize("option", ["--refine", "--amount", "--loudness", "--ceiling"])
def test_what_is_no_finite_number_is_refused(home: Path, tmp_path: Path, option: str, value: str) -> None:
    source = wav(tmp_path / "in.wav", noise())
    result = run("automix", source, "-o", tmp_path / "out.wav", option, value)
    assert result.exit_code == 2 and option in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize("option", [[], ["--reference", "there-is-none.wav"]])
def test_a_missing_recording_is_told_before_torch_is_loaded(tmp_path: Path, option: list[str]) -> None:
    """In a process of its own: seconds of loading are no way to learn of a slip of the pen."""
    source = wav(tmp_path / "in.wav", noise()) if option else tmp_path / "there-is-none.wav"
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom bridge.cli import main\n"
        "result = CliRunner().invoke(main, sys.argv[1:])\nassert 'torch' not in sys.modules\nprint(result.stderr)"
    )
    arguments = ["automix", str(source), *option, "-o", str(tmp_path / "out.wav")]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "there-is-none.wav does not exist" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
@pytest.mark.parametrize(
    ("arguments", "name", "status"),
    [
        (["layouts", "-o", "{}"], "Bridge.tosc", 1),
        (["chain", "new", "builtin:PeakFilter", "-o", "{}/mine.toml"], "mine.toml", 2),
    ],
)
def test_a_full_disk_is_told_with_the_file_and_what_helps(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], name: str, status: int
) -> None:
    """The system's own fault of a write names no file."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # it would be cut off, too
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        result = run(*(argument.format(tmp_path) for argument in arguments))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    check_refused(result, str(tmp_path / name), "too large", "ree some space", status=status)
    assert list(tmp_path.glob("*.part")) == []
