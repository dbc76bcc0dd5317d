"""What the scripts call exists in REAPER, and every action has the header that ReaPack reads."""

import re
from pathlib import Path

import pytest

from bridge.settings import shipped_folder
from bridge.standin.api.signatures import LUA_ONLY, signatures

FILES = sorted(shipped_folder("reaper_scripts").rglob("*.lua"))
COMMENT = re.compile(r"--.*")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_name_exists_in_the_api(file: Path) -> None:
    code = COMMENT.sub("", file.read_text(encoding="utf-8"))
    known = {name for name, signature in signatures().items() if not signature.is_c_only} | set(LUA_ONLY)
    used = set(re.findall(r"\breaper\.(\w+)", code))
    assert used <= known
    assert not re.search(r"\breaper\[", code), "names are written out, so that they can be checked"


@pytest.mark.parametrize("file", [f for f in FILES if "lib" not in f.parts], ids=lambda file: file.name)
def test_actions_have_a_reapack_header(file: Path) -> None:
    head = file.read_text(encoding="utf-8").split("\n\n")[0]
    for tag in ("@description Bridge: ", "@version ", "@author ", "@about"):
        assert f"-- {tag}" in head


FOREIGN = re.compile(
    r"\b(os\.execute|io\.popen|ExecProcess|CF_ShellExecute|dofile|loadfile|loadstring|ImGui_\w+|JS_\w+|BR_\w+|SNM_\w+)"
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_scripts_need_no_extension_and_start_no_program(file: Path) -> None:
    assert FOREIGN.findall(COMMENT.sub("", file.read_text(encoding="utf-8"))) == []
