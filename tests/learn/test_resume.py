"""A training that is killed at any moment and resumed ends with the bits of one that never was."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("killed_training.py")


def killed(folder: Path, kills: int, seed: int, *more: str) -> dict[str, Any]:
    """Run the script and read its line."""
    done = subprocess.run(  # a failure is shown with what it wrote
        [sys.executable, str(SCRIPT), str(folder), str(kills), str(seed), *more],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def check(result: dict[str, Any], kills: int) -> None:
    """All the kills were dealt, in work and in saving, and every run that came to its end ended the same."""
    assert result["kills"] == kills
    assert result["same"] == result["ended"] >= 1


def test_a_killed_run_ends_with_the_same_bits(tmp_path: Path) -> None:
    check(killed(tmp_path, 8, seed=1), 8)


def test_a_run_that_forgets_its_place_in_the_data_does_not(tmp_path: Path) -> None:
    result = killed(tmp_path, 6, 2, "forget")
    assert result["ended"] >= 1
    assert result["same"] < result["ended"]


def test_a_killed_language_model_goes_on_with_the_state_that_it_carried(tmp_path: Path) -> None:
    check(killed(tmp_path, 6, 1, "text"), 6)


@pytest.mark.slow
def test_fifty_random_kills(tmp_path: Path) -> None:
    result = killed(tmp_path, 50, seed=3)
    check(result, 50)
    assert {"batch_loss", "step"} & set(result["places"])
    assert {"_save_tensors", "fsync_file", "fsync_folder", "rename", "replace"} & set(result["places"])
