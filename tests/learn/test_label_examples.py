"""The examples of labels: each command works, and the models learn what no untrained one knows."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


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
    command = [sys.executable, EXAMPLES / script, "--folder", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2000:]
    assert said in done.stdout
    for name in files:
        assert (tmp_path / "runs" / name).is_file()
