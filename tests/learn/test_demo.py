"""The demo, on a short budget: every step of it works, whatever the model has learnt by then."""

import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo" / "demo.py"


@pytest.mark.slow
def test_the_demo_goes_through_and_doesnt_train_twice(tmp_path: Path) -> None:
    command = [sys.executable, DEMO, "--folder", tmp_path, "--minutes", "0.05"]
    first = subprocess.run(command, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stderr
    assert "    How are you?  →  " in first.stdout
    assert first.stdout.count("BLEU") == 3  # of the training, the test, the combinations
    assert first.stdout.count("      ≠ ") + first.stdout.count("      = ") == 12
    for name in ("attention.html", "attention.png", "run/report.html", "run/best", "config.toml"):
        assert (tmp_path / "runs" / "demo" / name).exists()
        assert f"runs/demo/{name}" in first.stdout or name == "run/best"
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "runs/demo/run was finished already" in again.stdout
