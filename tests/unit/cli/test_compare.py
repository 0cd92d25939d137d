"""`seqloom compare` in this process: what it says, and its mistakes; tests/learn runs it for real."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commands import Answer
from comparisons import made_up
from plans import PLAN, write_plan
from seqloom.pipeline import comparing

Here = Callable[..., Answer]


def test_it_tells_quality_claims_and_where_the_report_lies(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def compare(plan: Any, folder: Path) -> Path:
        asked.append((plan, folder))
        return folder / "report.html"

    monkeypatch.setattr(comparing, "compare", compare)
    monkeypatch.setattr(comparing, "read_comparison", lambda _folder: made_up())
    plan = write_plan(tmp_path / "tiny")
    answer = here("compare", plan.parent, "comparison.seeds=[5]", "--folder", tmp_path / "out")
    assert answer.code == 0, answer.err
    ((read, folder),) = asked
    assert read.comparison.seeds == (5,)
    assert folder == tmp_path / "out"
    assert "  Elman               18.0 (17.6 to 18.4)\n" in answer.out
    assert "borne out: A plain RNN forgets.\n" in answer.out
    assert str(tmp_path / "out" / "report.html") in answer.out
    assert str(tmp_path / "out" / "comparison.json") in answer.out


@pytest.mark.parametrize(
    ("before", "after", "code", "sentence"),
    [
        ("seeds = [1, 2]", "seeds = 1", 2, "comparison.seeds must be a list of whole numbers"),
        ('name = "GRU"', 'name = "Elman"', 2, "two models whose runs would lie in one folder"),
        ("train.en", "trian.en", 3, "does not exist. Did you mean"),
        ("40_000", "40", 2, 'Model "Elman": No width gives this model 40 parameters'),
    ],
)
def test_a_mistake_is_one_sentence_and_a_code(
    here: Here, tmp_path: Path, before: str, after: str, code: int, sentence: str
) -> None:
    plan = write_plan(tmp_path / "tiny", PLAN.replace(before, after))
    answer = here("compare", plan, "--folder", tmp_path / "out")
    assert answer.code == code
    assert sentence in answer.sentence
