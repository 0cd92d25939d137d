"""The textbook's comparison, on a short budget: every step of it works, whatever the models have learnt by then."""

import subprocess
import sys
from pathlib import Path

import pytest

from comparisons import quoted
from seqloom.base.files import read_json
from seqloom.comparison.quoting import FORMATS, find

TEXTBOOK = Path(__file__).resolve().parents[2] / "examples" / "textbook" / "textbook.py"


@pytest.mark.slow
def test_the_textbook_is_compared(tmp_path: Path) -> None:
    command = [sys.executable, TEXTBOOK, "--folder", tmp_path, "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "runs" / "textbook"
    record = read_json(folder / "comparison.json")
    assert [model["name"] for model in record["models"]] == [
        "Elman",
        "LSTM",
        "GRU",
        "GRU with attention",
        "Transformer",
    ]
    assert all(abs(model["apart"]) <= 0.02 for model in record["models"])
    assert len(record["claims"]) == 9
    assert "not measured" not in [claim["verdict"] for claim in record["claims"]]
    for place, form, text in quoted((folder / "report.html").read_text(encoding="utf-8")):
        value = find(record, place)
        assert text == ("–" if value is None else FORMATS[form](value)), place
