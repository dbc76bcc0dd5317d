"""The gates every change passes: style, types, and imports that go one way."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOOKS = ROOT / ".pre-commit-config.yaml"
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as c; c()"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "PYTHONUTF8": "1"}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, check=False)


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
        ("importlinter",),
    ],
    ids=["ruff check", "ruff format", "mypy strict", "import layers"],
)
@pytest.mark.slow
def test_gate_passes(command: tuple[str, ...]) -> None:
    if command[0] == "importlinter":
        done = run(sys.executable, "-c", LINT_IMPORTS)
    else:
        done = run(sys.executable, "-m", *command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_same_gates_stand_before_a_commit() -> None:
    hooks = set(
        re.findall(r"^        entry: python (?:-m )?(.*?)(?: --force-exclude)?$", HOOKS.read_text("utf-8"), re.M)
    )
    assert hooks == {"ruff check", "ruff format", "mypy", f'-c "{LINT_IMPORTS}"'}


@pytest.mark.parametrize(
    "statement",
    [
        "import bridge",
        "import bridge.cli",
        "import bridge.plugins.host.host",
        "import bridge.reaper.protocol.messages, bridge.reaper.mapping.chain_mapping, bridge.reaper.protocol.spool",
        "import bridge.daemon.service",
        "import bridge.surfaces.osc",
        "import bridge.standin",
    ],
)
@pytest.mark.slow
def test_import_does_not_wait_for_torch(statement: str) -> None:
    done = run(sys.executable, "-c", f"{statement}\nimport sys; sys.exit('torch' in sys.modules)")
    assert done.returncode == 0, f"{statement} loads torch\n{done.stderr}"


def test_modules_stay_small() -> None:
    files = [*ROOT.glob("bridge/**/*.py"), *ROOT.glob("reaper_scripts/**/*.lua")]
    long = {str(f.relative_to(ROOT)): n for f in files if (n := len(f.read_text("utf-8").splitlines())) > 350}
    assert not long, f"split these modules: {long}"


def test_every_error_is_documented_in_the_tree() -> None:
    from bridge import errors

    tree = (errors.__doc__ or "").partition("BridgeError")[2]
    named = {n for n, v in vars(errors).items() if isinstance(v, type) and issubclass(v, errors.BridgeError)}
    missing = {name for name in named - {"BridgeError"} if name not in tree}
    assert not missing
