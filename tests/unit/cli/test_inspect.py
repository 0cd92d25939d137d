"""What `seqloom inspect` prints and draws of models that the tiny run isn't."""

import re
from collections.abc import Callable

import pytest

import inspected
from commands import Answer

Here = Callable[..., Answer]


@pytest.fixture
def transformer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run that is loaded is a Transformer over words."""
    model = inspected.translator("transformer-pre-sinusoidal", "transformer-pre-sinusoidal")
    monkeypatch.setattr("seqloom.pipeline.load", lambda *_: model)


@pytest.mark.usefixtures("transformer")
def test_the_parts_of_a_score_are_printed(here: Here) -> None:
    answer = here("inspect", "runs/mine", "one red cat", "--show", "beam")
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    start = lines.index("  score    model  length  coverage  text")
    rows = [line for line in lines[start + 1 :] if re.match(r" *-\d", line)]
    assert len(rows) == 3
    for row in rows:
        score, model, length, coverage = map(float, row.split()[:4])
        assert score == pytest.approx(model / length + coverage, abs=2e-3)
    assert "score = model / length + coverage" in answer.out
