"""The examples of labels: each command works, and the models learn what no untrained one knows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(script: str, folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, EXAMPLES / script, "--folder", folder, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("script", "said", "files"),
    [
        ("classification/reviews.py", "negative\tnegative=", ("reviews/confusion.png", "reviews/why.html")),
        ("tagging/places.py", "O B-PER O B-PER I-PER O B-LOC O", ("places/why.png",)),
    ],
)
def test_an_example_goes_through_and_its_model_learns(
    script: str, said: str, files: tuple[str, ...], tmp_path: Path
) -> None:
    done = run(script, tmp_path)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2000:]
    assert said in done.stdout
    for name in files:
        assert (tmp_path / "runs" / name).is_file()


@pytest.mark.slow
@pytest.mark.parametrize("script", ["classification/reviews.py", "tagging/places.py"])
def test_an_example_fails_on_a_model_that_has_learnt_nothing(script: str, tmp_path: Path) -> None:
    done = run(script, tmp_path, "--updates", "1")
    assert done.returncode == 1, done.stderr[-2000:]
    assert re.search(r"expected \d\d or more\.$", done.stdout.strip())
