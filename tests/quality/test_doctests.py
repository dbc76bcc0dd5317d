"""The examples in docstrings hold. Only modules that have one are imported, and of those only what is installed."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for file in (ROOT / "bridge").rglob("*.py")
    if ">>> " in file.read_text("utf-8")
)


@pytest.mark.parametrize("module", MODULES)
def test_examples_of_the_docstrings_hold(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    failed, tried = doctest.testmod(importlib.import_module(module))
    assert tried, f"{module} has an example that doctest does not find"
    assert not failed, capsys.readouterr().out


def test_a_wrong_example_fails() -> None:
    """The gate itself: an example that promises something else is found."""
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(wrong, out=lambda _text: None).failed == 1
