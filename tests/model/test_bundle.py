"""Model folders: what is saved comes back, and whatever is wrong with a folder is said with its remedy."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bridge.errors import ModelError
from bridge.model.bundle import load_model, normalized_to_positions, positions_to_normalized, save_bundle
from bridge.model.manifest import (
    CARD_FILE,
    MANIFEST_FILE,
    WEIGHTS_FILE,
    find_model,
    find_models,
    read_manifest,
    sha256_of,
)
from bridge.plugins.chain.chain import Chain


def rewrite(folder: Path, **changes: object) -> None:
    file = folder / MANIFEST_FILE
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | changes), encoding="utf-8")


def test_a_loaded_model_answers_as_the_saved_one(model_folder: Path, chain: Chain) -> None:
    bundle = load_model(model_folder)
    assert bundle.chain == chain
    weights = safetensors.torch.load_file(model_folder / WEIGHTS_FILE)
    assert bundle.encoder.state_dict().keys() == weights.keys()
    for name, tensor in bundle.encoder.state_dict().items():
        torch.testing.assert_close(tensor, weights[name])
    assert (model_folder / CARD_FILE).is_file()
    assert not list(model_folder.glob("*.part"))


def test_a_bank_of_good_sounds_travels_with_the_weights(model_folder: Path) -> None:
    assert load_model(model_folder).reference_profiles is None
    bundle = load_model(model_folder)
    bank = np.random.default_rng(0).normal(-40, 8, (5, 2, 64)).astype(np.float32)
    save_bundle(model_folder, bundle.manifest, bundle.encoder.state_dict(), "# small\n", reference_profiles=bank)
    loaded = load_model(model_folder).reference_profiles
    assert loaded is not None
    np.testing.assert_allclose(loaded, bank, atol=0.05)
    save_bundle(
        model_folder, bundle.manifest, bundle.encoder.state_dict(), "# small\n", reference_profiles=bank[:, :, :7]
    )
    with pytest.raises(ModelError, match="bank of the shape"):
        load_model(model_folder)


def test_weights_with_one_flipped_bit_are_refused(model_folder: Path) -> None:
    file = model_folder / WEIGHTS_FILE
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(ModelError, match=r"does not match its manifest.*again"):
        load_model(model_folder)


def test_weights_of_another_shape_are_refused(model_folder: Path) -> None:
    file = model_folder / WEIGHTS_FILE
    file.write_bytes(safetensors.torch.save({"position.weight": torch.zeros(3, 3)}))
    rewrite(model_folder, weights_sha256=sha256_of(file))
    with pytest.raises(ModelError, match=r"does not fit its manifest: .*position\.weight|Missing key"):
        load_model(model_folder)


def test_weights_that_are_no_safetensors_are_refused(model_folder: Path) -> None:
    file = model_folder / WEIGHTS_FILE
    file.write_bytes(b"pickle?")
    rewrite(model_folder, weights_sha256=sha256_of(file))
    with pytest.raises(ModelError, match="does not fit its manifest"):
        load_model(model_folder)


def test_missing_weights_are_named(model_folder: Path) -> None:
    (model_folder / WEIGHTS_FILE).unlink()
    with pytest.raises(ModelError, match="incomplete"):
        load_model(model_folder)


def test_another_schema_version_names_both(model_folder: Path) -> None:
    rewrite(model_folder, schema=7)
    with pytest.raises(ModelError, match=r"version 7.*version 1"):
        load_model(model_folder)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": 1}', "\udcff"])
def test_a_damaged_manifest_is_named(model_folder: Path, content: str) -> None:
    (model_folder / MANIFEST_FILE).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelError, match="is damaged"):
        load_model(model_folder)


def test_an_unknown_key_is_refused(model_folder: Path) -> None:
    rewrite(model_folder, flavour="sweet")
    with pytest.raises(ModelError, match="flavour"):
        load_model(model_folder)


def test_a_manifest_with_an_impossible_chain_is_refused(model_folder: Path) -> None:
    manifest = json.loads((model_folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    manifest["chain"]["slots"][0]["plugin"] = "builtin:HighpasFilter"
    rewrite(model_folder, chain=manifest["chain"])
    with pytest.raises(ModelError, match="HighpassFilter"):
        load_model(model_folder)


EDITS: dict[str, tuple[str, object]] = {
    "no bands": ("features", {"bands": 0}),
    "no hop": ("features", {"hop_s": 0.0}),
    "a range that no window tells apart": ("features", {"low_hz": 50.0, "high_hz": 60.0}),
    "a layer as large as a house": ("encoder", {"hidden": 10**9}),
    "as many layers": ("encoder", {"blocks": 10**9}),
    "sure before unsure": ("job", {"automation": {"unsure": 0.8, "sure": 0.8}}),
    "a margin that lets worse sounds pass": ("job", {"margin_db": -1.0}),
    "a share of one that does": ("job", {"margin_share": -0.5}),
    "no tolerance": ("confidence", {"tolerance": 0.0}),
    "widenings for other controls": ("confidence", {"widening": [1.0, 1.0]}),
    "temperatures for no choices": ("confidence", {"temperatures": [1.0]}),
    "a chain without controls": ("chain", {"name": "c", "slots": [{"name": "gain", "plugin": "builtin:Gain"}]}),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_manifest_is_refused_before_it_does_harm(model_folder: Path, edit: str) -> None:
    key, value = EDITS[edit]
    rewrite(model_folder, **{key: value})
    with pytest.raises(ModelError, match=r"is damaged.*[Tt]rain .*again") as raised:
        load_model(model_folder)
    assert "\n" not in str(raised.value)


def test_a_law_without_points_is_refused(model_folder: Path) -> None:
    manifest = json.loads((model_folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    slot = manifest["chain"]["slots"][0]
    slot["plugin"] = "vst3:Nothing"
    slot["controls"][0]["law"] = {"type": "display", "grid": [], "shown": []}
    rewrite(model_folder, chain=manifest["chain"])
    with pytest.raises(ModelError, match="a law of 0 and 0 points"):
        load_model(model_folder)


def test_a_weight_that_is_no_number_is_named(model_folder: Path) -> None:
    bundle = load_model(model_folder)
    weights = dict(bundle.encoder.state_dict())
    weights["position.bias"] = torch.full_like(weights["position.bias"], float("nan"))
    save_bundle(model_folder, bundle.manifest, weights, "# small\n")
    with pytest.raises(ModelError, match=r"none, in position\.bias"):
        load_model(model_folder)


@pytest.mark.skipif(os.name == "nt", reason="no pipes in folders there")
@pytest.mark.parametrize("name", [MANIFEST_FILE, WEIGHTS_FILE])
def test_a_link_to_what_never_ends_is_not_read(model_folder: Path, name: str) -> None:
    (model_folder / name).unlink()
    (model_folder / name).symlink_to("/dev/zero")
    with pytest.raises(ModelError, match=r"not a regular file"):
        load_model(model_folder)


def test_an_empty_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is no model"):
        read_manifest(tmp_path)


def test_models_are_found_by_name_and_the_first_folder_counts(model_folder: Path, tmp_path: Path) -> None:
    own, shipped = model_folder.parent, tmp_path / "shipped"
    (shipped / "small").mkdir(parents=True)
    (shipped / "small" / MANIFEST_FILE).write_text("{}")
    assert find_models([own, shipped]) == {"small": model_folder}
    assert find_model("small", [own, shipped]) == model_folder
    assert find_model(str(model_folder), []) == model_folder
    with pytest.raises(ModelError, match="Installed models: small"):
        find_model("smal", [own])


@given(positions=arrays(np.float32, 16, elements=st.floats(0, 1, width=32)))
def test_positions_and_normalized_values_are_inverse(chain: Chain, positions: np.ndarray) -> None:
    back = normalized_to_positions(chain, positions_to_normalized(chain, positions))
    np.testing.assert_allclose(back, positions, atol=1e-5)
