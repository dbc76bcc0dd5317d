"""Scores by family: each counts once, and what no relative of was heard comes first."""

from pathlib import Path

import numpy as np
import pytest

from bridge.training.data.families import TABLE, families_of, kept_together
from bridge.training.data.recordings import AudioFileEntry, split_by_song
from bridge.training.evaluation.case_result import CaseResult
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.family_tables import FamilySplit, family_scores, family_tables
from bridge.training.evaluation.intervals import share_at_most
from bridge.training.evaluation.method import MethodResult

SILENCE = np.zeros((1, 1), np.float32)


def entry(name: str, root: Path, group: str = "") -> AudioFileEntry:
    return AudioFileEntry(name, group or name, root / name)


def result(name: str, after_db: float, before_db: float = 4.0) -> CaseResult:
    def method(distance_db: float) -> MethodResult:
        return MethodResult(SILENCE, distances={"mel_db": distance_db})

    case = EvaluationCase(name, "match", 44_100, SILENCE, SILENCE, None)
    return CaseResult(case, {"nothing": method(before_db), "model": method(after_db)})


def test_a_table_says_which_recordings_belong_together(tmp_path: Path) -> None:
    """Else a folder is a family, and so are the stems of one name."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / TABLE).write_text(
        "file\tfamily\tuse\twhat\n"
        "x/one.flac\tcorpus\tvalidate only (share-alike)\tspeech\n"
        "x/two.flac\tcorpus\ttrain\t\n"
    )
    names = ("real/x/one.flac", "real/x/two.flac", "real/x/new.flac", "alone.wav")
    files = [entry(name, tmp_path) for name in names]
    files += [entry(f"song0{n}/bass.wav", tmp_path, f"song0{n}") for n in (1, 2)]
    families = families_of(files)
    assert [families[name].name for name in names] == ["corpus", "corpus", "real/x", "alone"]
    assert (families[names[0]].what, families[names[0]].may_train) == ("speech", False)
    assert families["song01/bass.wav"] == families["song02/bass.wav"]


def test_a_family_is_on_one_side_of_a_split(tmp_path: Path) -> None:
    rows = [f"f{index}.wav\tfamily {index % 5}" for index in range(40)]
    (tmp_path / TABLE).write_text("\n".join(["file\tfamily", *rows]) + "\n")
    files = [entry(f"f{index}.wav", tmp_path) for index in range(40)]
    families, sides = families_of(files), split_by_song(kept_together(files))
    found = {side: {families[file.name].name for file in members} for side, members in sides.items()}
    assert sum(map(len, found.values())) == 5 and all(found.values())


@pytest.mark.parametrize("families", [1, 2])
def test_of_fewer_families_than_sides_songs_are_held_back(families: int, tmp_path: Path) -> None:
    """A person's own folder is often one family: its model is to have a score."""
    rows = [f"f{index}.wav\tfamily {index % families}" for index in range(12)]
    (tmp_path / TABLE).write_text("\n".join(["file\tfamily", *rows]) + "\n")
    sides = split_by_song(kept_together([entry(f"f{index}.wav", tmp_path) for index in range(12)]))
    assert {side: len(members) for side, members in sides.items()} == {"train": 8, "validation": 2, "test": 2}


def test_every_family_counts_once_and_unheard_ones_come_first() -> None:
    split = FamilySplit({"a1": "a", "a2": "a", "a3": "a", "b1": "b", "c1": "c", "d1": "d"}, {"d"})
    after_db = {"a1": 4.4, "a2": 4.4, "a3": 4.4, "b1": 1.0, "c1": 2.0, "d1": 0.4}
    scores = family_scores([result(name, value) for name, value in after_db.items()], split, seed=0)
    unheard, heard = (next(row for row in scores[kind] if row["method"] == "model") for kind in ("unheard", "heard"))
    assert (unheard["families"], unheard["cases"], unheard["worse_cases"]) == (3, 5, 3)
    assert np.isclose(unheard["ratio"], 0.5), "the median of 1.1, 0.25 and 0.5, and not of five cases"
    assert np.isclose(heard["ratio"], 0.1)
    assert 0.6 < unheard["worse_at_most"] < 1.0 and np.isclose(heard["worse_at_most"], 0.95), "of one case"
    assert [row["family"] for row in scores["each"]] == ["a", "b", "c", "d"]
    assert "at most" in family_tables("match", scores)[0].rows[-1][2]
    titles = [table.title for table in family_tables("match", scores)]
    assert ["unheard" in title for title in titles] == [True, False]


def test_a_mix_is_heard_where_one_of_its_stems_families_was(tmp_path: Path) -> None:
    files = [entry(f"song0{n}/{stem}.wav", tmp_path, f"song0{n}") for n in (1, 2) for stem in ("bass", "drums")]
    split = FamilySplit.of_files(files, {"song01/bass.wav"})
    assert split.is_heard(result("song02", 1.0))
    assert not split.is_heard(result("song02/drums.wav", 1.0))


@pytest.mark.parametrize(("share", "cases"), [(0.02, 40), (0.1, 30), (0.3, 12)])
def test_the_bound_on_files_made_worse_holds_as_often_as_it_says(share: float, cases: int) -> None:
    """Drawn again and again from a known share: the bound lies above it in 95% of the draws at the least."""
    drawn = np.random.default_rng(0).binomial(cases, share, 4000)
    bounds = {hits: share_at_most(int(hits), cases) for hits in np.unique(drawn)}
    assert np.mean([bounds[hits] >= share for hits in drawn]) >= 0.945
