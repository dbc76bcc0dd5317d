"""`nonspeech` on recorded voices, family by family: what it takes out, and what it does to words.

    python tests/bench/bench_nonspeech.py models/nonspeech ../shared/audio/real [--families report] [--json FILE]

Folders hold recordings with a table `MANIFEST.tsv` (see `recording_notes`); files of a folder without one are speech of
one family each folder. Two things are measured of every family of speech:

- scenes: words of the recordings in an order of chance, in the tone of their room, with breaths (recorded ones of
  families that nothing was trained with, and synthesised ones of the test's), clicks and pops in the pauses. The truth
  is the same without these. "mel" and "MR-STFT" are distances to it, after / before.
- recordings as they are: whether anybody is heard to speak, and whether words were cut: a stretch of 20 ms within 20 dB
  of the loud level, in a word by the voice in it, that fell by more than 3 dB.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bridge.automix.automation.pipeline import SoundInMemory
from bridge.automix.facts import DecisionKind
from bridge.automix.job import AutomixJob
from bridge.automix.pipeline import Automix
from bridge.decibels import power_to_db
from bridge.model.bundle import load_model
from bridge.plugins.host.host import PluginHost
from bridge.training.data.real_speech import in_whole_seconds, room_tone, single_breaths, speech_frames, words_alone
from bridge.training.data.recording_notes import CHOOSING_FAMILIES, REPORTED_FAMILIES, RecordingNotes, read_notes
from bridge.training.data.recordings import Recording, find_files, read_recordings
from bridge.training.data.scenes import Surroundings, draw_scene
from bridge.training.evaluation.metrics import EvaluationMetrics
from bridge.training.evaluation.nonspeech_metrics import SceneCase, scene_metrics
from bridge.types import Audio, Float32

RATE_HZ = 44_100
SCENE_S, CLIP_S = 12.0, 15.0
SCENES_EACH, CLIPS_EACH = 2, 2  # of a file
MOST_FILES = 6
WORD_BELOW_LOUD_DB, CUT_DB, CUT_FRAMES = 20.0, 3.0, 2


@dataclass
class Family:
    """What was measured of one family."""

    scenes: list[dict[str, float]] = field(default_factory=list)
    clips: list[dict[str, float]] = field(default_factory=list)

    def row(self) -> dict[str, float]:
        def all_of(rows: Sequence[dict[str, float]], name: str) -> np.ndarray:
            return np.array([row[name] for row in rows if name in row])

        events = [row for row in self.scenes if row["mel_before"] > 0.05]
        row = {
            "scenes": len(events),
            "mel": all_of(events, "mel_after").sum() / max(1e-9, all_of(events, "mel_before").sum()),
            "mrstft": all_of(events, "mrstft_after").sum() / max(1e-9, all_of(events, "mrstft_before").sum()),
            "events_down_db": float(np.median(all_of(events, "events_down_db"))),
            "events_missed": float(all_of(events, "events_missed").mean()),
            "speech_changed_db": float(np.median(all_of(events, "speech_changed_db"))),
            "speech_changed_most_db": float(all_of(events, "speech_changed_most_db").max()),
            "scenes_unheard": float(all_of(events, "unheard").mean()),
        }
        if self.clips:
            row |= {
                "clips": len(self.clips),
                "clips_unheard": float(all_of(self.clips, "unheard").mean()),
                "clips_cut": float((all_of(self.clips, "cuts") > 0).mean()),
                "cuts_each": float(all_of(self.clips, "cuts").mean()),
                "words_changed_db": float(np.median(all_of(self.clips, "changed_db"))),
                "words_changed_most_db": float(all_of(self.clips, "changed_db").max()),
            }
        return row


def processed(automix: Automix, audio: Audio, rate_hz: int) -> tuple[Audio, DecisionKind]:
    sound = SoundInMemory(automix.host, audio, rate_hz)
    result = automix.run(AutomixJob([audio], rate_hz, automix.model.chain.neutral, is_dry=True, sound=sound))
    return (sound.rendered()[0] if result.applied else audio), result.decision.kind


def measure_scene(automix: Automix, line: Float32, surroundings: Surroundings, seed: int) -> dict[str, float]:
    generator = np.random.default_rng(seed)
    scene = draw_scene(
        line, RATE_HZ, generator, side="test", duration_s=SCENE_S, eventless=0.0, surroundings=surroundings
    )
    case = SceneCase("", "nonspeech", RATE_HZ, scene.audio, scene.truth, None, pauses_count=True, scene=scene)
    made, kind = processed(automix, scene.audio, RATE_HZ)
    metrics = EvaluationMetrics(case)
    before, after = metrics.distances(scene.audio), metrics.distances(made)
    return {
        "mel_before": before["mel_db"], "mel_after": after["mel_db"],
        "mrstft_before": before["mrstft"], "mrstft_after": after["mrstft"],
        "unheard": float(kind in (DecisionKind.NO_SPEECH, DecisionKind.UNFAMILIAR_VOICE)), **scene_metrics(scene, made),
    }  # fmt: skip


def measure_clip(automix: Automix, audio: Float32, rate_hz: int) -> dict[str, float]:
    made, kind = processed(automix, audio[None], rate_hz)
    frames = speech_frames(audio, rate_hz)
    window, hop = round(0.02 * rate_hz), round(0.01 * rate_hz)

    def levels(sound: Float32) -> np.ndarray:
        total = np.concatenate([[0.0], np.cumsum(np.square(sound, dtype=np.float64))])
        starts = np.arange(len(frames.times_s)) * hop + hop // 2
        return np.asarray(power_to_db((total[np.minimum(starts + window, sound.size)] - total[starts]) / window))

    before, after = levels(audio), levels(made[0])
    loud = frames.mask & (before > frames.words.loud_db - WORD_BELOW_LOUD_DB)
    fell = loud & (before - after > CUT_DB)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], fell.astype(np.int8), [0]]))).reshape(-1, 2)
    energy = [np.sum(10 ** (level[frames.mask] / 10)) for level in (before, after)]
    return {
        "unheard": float(kind in (DecisionKind.NO_SPEECH, DecisionKind.UNFAMILIAR_VOICE)),
        "cuts": float(np.sum(edges[:, 1] - edges[:, 0] >= CUT_FRAMES)),
        "changed_db": abs(float(power_to_db(energy[1] / energy[0]))),
    }


def measure_family(automix: Automix, recordings: Sequence[Recording], breaths: Sequence[Float32], seed: int) -> Family:
    family = Family()
    generator = np.random.default_rng(seed)
    for number, recording in enumerate(recordings[:MOST_FILES]):
        audio, rate = recording.audio[0], recording.sample_rate_hz
        frames = speech_frames(audio, rate)
        line = in_whole_seconds(words_alone(audio, rate, frames), rate, RATE_HZ)
        surroundings = Surroundings(room=room_tone(audio, rate, frames), breaths=breaths)
        for scene in range(SCENES_EACH):
            family.scenes.append(measure_scene(automix, line, surroundings, 1000 * seed + 10 * number + scene))
        length = round(CLIP_S * rate)
        for _ in range(CLIPS_EACH if audio.size > 1.5 * length else 1):
            start = generator.integers(max(1, audio.size - length))
            clip = audio[start : start + length]
            clip = clip if rate >= 22_050 else in_whole_seconds(clip, rate, RATE_HZ)
            family.clips.append(measure_clip(automix, clip, rate if rate >= 22_050 else RATE_HZ))
    return family


def families_in(folders: Sequence[Path], chosen: str) -> tuple[dict[str, list[Recording]], list[Float32]]:
    """Speech by family, and recorded breaths at the scenes' rate of families that nothing is trained with."""
    speech: dict[str, list[Recording]] = defaultdict(list)
    breaths: list[Float32] = []
    files = find_files(folders)
    notes = read_notes(files)
    sides = {"report": REPORTED_FAMILIES, "choose": CHOOSING_FAMILIES}
    for file in files:
        known = notes.get(file.path, RecordingNotes(file.path.parent.name, "speech", may_train=False))
        is_wanted = known.family in sides.get(chosen, {known.family}) if chosen != "other" else file.path not in notes
        if known.kind == "breath" and known.side == "test":
            for recording in read_recordings([file]):
                for breath in single_breaths(recording):
                    breaths.append(
                        in_whole_seconds(breath, recording.sample_rate_hz, RATE_HZ)[
                            : round(breath.size * RATE_HZ / recording.sample_rate_hz)
                        ]
                    )
        elif known.kind == "speech" and is_wanted and len(speech[known.family]) < MOST_FILES:
            speech[known.family] += read_recordings([file])
    return {family: recordings for family, recordings in speech.items() if recordings}, breaths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--families", choices=("report", "choose", "all", "other"), default="report")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    speech, breaths = families_in(options.folders, options.families)
    rows = {}
    with PluginHost(workers=1) as host:
        automix = Automix(load_model(options.model), host)
        for family, recordings in sorted(speech.items()):
            rows[family] = measure_family(automix, recordings, breaths, options.seed).row()
            numbers = "  ".join(f"{name} {value:.2f}" for name, value in rows[family].items())
            print(f"{family:18} {numbers}", flush=True)
    names = next(iter(rows.values()))
    medians = {name: float(np.median([row[name] for row in rows.values() if name in row])) for name in names}
    print(f"{'median of families':18} " + "  ".join(f"{name} {value:.2f}" for name, value in medians.items()))
    if options.json:
        options.json.write_text(json.dumps({"families": rows, "median": medians}, indent=2), "utf-8")


if __name__ == "__main__":
    main()
