"""The example of transcription learns what it says it does; it ends with an error if it didn't."""

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "transcription" / "tones.py"


def test_the_example_learns(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, EXAMPLE, "--folder", tmp_path / "tones"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "% of the words of 30 new recordings are wrong." in ended.stdout
