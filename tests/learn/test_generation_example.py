"""The example of text generation on its small budget: it goes through, and the model has learnt."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "generation" / "phrases.py"


def run(folder: Path, updates: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, EXAMPLE, "--folder", folder, "--updates", str(updates)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def test_it_learns_in_under_a_minute(tmp_path: Path) -> None:
    done = run(tmp_path, 300)
    assert done.returncode == 0, done.stderr
    assert "It has learnt how sentences go." in done.stdout
    assert "\nWhere is" in done.stdout


@pytest.mark.slow
def test_a_model_that_has_learnt_nothing_is_told_apart(tmp_path: Path) -> None:
    done = run(tmp_path, 2)
    assert done.returncode == 1, done.stdout
    assert "It has not learnt enough" in done.stderr
