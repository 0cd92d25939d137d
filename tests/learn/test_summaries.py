"""The example of summaries, as it is: it learns to copy names that it has never seen, and says so when it didn't."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "summaries" / "summaries.py"


def run(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, EXAMPLE, "--folder", folder, *words], capture_output=True, text=True, check=False
    )


def test_the_example_learns(tmp_path: Path) -> None:
    ended = run(tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("ROUGE-L") == 2  # of the training and of the test
    assert len(list((tmp_path / "runs" / "mails" / "new").glob("*.subject"))) == 40


@pytest.mark.slow
def test_a_model_that_learnt_nothing_is_found_out(tmp_path: Path) -> None:
    ended = run(tmp_path, "--updates", "2")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "That is too few: it should have learnt at least 70%." in ended.stdout
