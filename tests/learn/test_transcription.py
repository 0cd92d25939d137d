"""The example of transcription learns what it says it does; it ends with an error if it didn't."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "transcription" / "tones.py"


def run(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, EXAMPLE, "--folder", folder / "tones", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_example_learns(tmp_path: Path) -> None:
    ended = run(tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "% of the words of 30 new recordings are wrong." in ended.stdout


@pytest.mark.slow
def test_a_model_that_learnt_nothing_is_found_out(tmp_path: Path) -> None:
    ended = run(tmp_path, "--updates", "1")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert ended.stderr.endswith("It should have been at most 10: it hasn't learnt.\n")
