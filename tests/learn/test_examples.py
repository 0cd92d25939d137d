"""The examples on their small budgets: their own assertion holds, and fails on a model that has learnt nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from commands import environment

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(name: str, folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, EXAMPLES / name / f"{name}.py", "--folder", folder, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment())


@pytest.mark.parametrize("name", ["dialogue", "characters"])
def test_an_example_learns(name: str, tmp_path: Path) -> None:
    done = run(name, tmp_path)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "% are right" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dialogue", "characters"])
def test_an_example_fails_on_a_model_that_has_learnt_nothing(name: str, tmp_path: Path) -> None:
    done = run(name, tmp_path, "--updates", "1")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("That is too little: ")
