"""The alignment error rate, by hand."""

import re

import pytest

from seqloom.base.errors import DataError
from seqloom.metrics.alignment import alignment_error_rate, alignment_score

SURE = [{(0, 0), (1, 2)}, {(0, 1)}]
POSSIBLE = [{(0, 0), (1, 2), (1, 1), (2, 1)}, {(0, 1)}]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (SURE, 0.0),
        ([{(0, 0), (1, 2), (1, 1)}, {(0, 1)}], 0.0),  # a possible link does no harm
        ([{(0, 0), (1, 1)}, {(0, 1)}], 1 - (2 + 3) / (3 + 3)),  # but leaves a sure one out
        ([{(0, 0), (5, 5)}, set()], 1 - (1 + 1) / (2 + 3)),
        ([set(), set()], 1.0),
        ([{(3, 3)}, {(3, 3)}], 1.0),
    ],
)
def test_by_hand(found: list[set[tuple[int, int]]], expected: float) -> None:
    assert alignment_error_rate(found, SURE, POSSIBLE) == pytest.approx(expected)


def test_sure_links_are_possible_whether_listed_or_not() -> None:
    found = [{(0, 0), (1, 1)}, {(0, 1)}]
    rest = [may - must for may, must in zip(POSSIBLE, SURE, strict=True)]
    assert alignment_error_rate(found, SURE, rest) == alignment_error_rate(found, SURE, POSSIBLE)


def test_with_all_links_sure_it_is_one_minus_f1() -> None:
    found = [{(0, 0), (1, 1), (2, 2)}, {(0, 1)}]
    precision, recall = 2 / 4, 2 / 3
    expected = 1 - 2 * precision * recall / (precision + recall)
    assert alignment_error_rate(found, SURE) == pytest.approx(expected)


def test_refusals() -> None:
    message = (
        "There are links of 1 sentences to judge, sure ones of 2 and possible ones of 2; expected one set a "
        "sentence from each."
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        alignment_error_rate(SURE[:1], SURE, POSSIBLE)
    with pytest.raises(
        DataError, match=r"^There is no link in any sentence; an error rate needs at least one\.$"
    ):
        alignment_error_rate([set()], [set()])


def test_precision_recall_and_f1() -> None:
    found = [{(0, 0), (1, 1), (2, 2)}, {(0, 1)}]
    sure = [{(0, 0), (1, 1), (3, 3)}, set()]
    score = alignment_score(found, sure)
    assert score == (2 / 4, 2 / 3, pytest.approx(2 * (1 / 2) * (2 / 3) / (1 / 2 + 2 / 3)), 1 - 4 / 7)
    assert score.error_rate == pytest.approx(1 - score.f1)
    possible = [{(2, 2)}, {(0, 1)}]
    assert alignment_score(found, sure, possible)[:2] == (1.0, 2 / 3)
    assert alignment_score([set(), set()], sure) == (0.0, 0.0, 0.0, 1.0)
