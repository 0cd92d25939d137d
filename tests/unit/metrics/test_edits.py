"""Exact matches and edits: against counts by hand, and edits against a table filled in by the textbook."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.base.errors import DataError
from seqloom.metrics.classes import accuracy
from seqloom.metrics.edits import (
    dialogue_accuracy,
    output_error_rate,
    response_accuracy,
    symbol_error_rate,
)
from seqloom.metrics.measure import IN_CONTEXT, LOWER_IS_BETTER, METRICS, TITLES, Context, measure


def distance(one: str, other: str) -> int:
    """Levenshtein's distance, by his recurrence."""
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, start=1):
        before, row = row, [place]
        for column, symbol in enumerate(other, start=1):
            row.append(min(before[column] + 1, row[-1] + 1, before[column - 1] + (letter != symbol)))
    return row[-1]


def test_what_is_right_is_right_as_a_whole() -> None:
    outputs, references = ["a b", "a  c ", "d", ""], ["a b", "a c", "e", ""]
    assert accuracy(outputs, references).value == 75.0
    assert output_error_rate(outputs, references).value == 25.0
    assert response_accuracy(outputs, references).value == 75.0
    assert str(accuracy(outputs, references)) == "accuracy 75.00  (exact|n:4)"


@given(
    st.lists(
        st.tuples(st.text("abc", max_size=6), st.text("abc", min_size=1, max_size=6)), min_size=1, max_size=6
    )
)
def test_edits_are_levenshtein_s_over_all_symbols(pairs: list[tuple[str, str]]) -> None:
    outputs, references = [output for output, _ in pairs], [reference for _, reference in pairs]
    expected = 100 * sum(map(distance, outputs, references)) / sum(map(len, references))
    assert symbol_error_rate(outputs, references).value == pytest.approx(expected)
    spaced = [[" ".join(text) for text in texts] for texts in (outputs, references)]
    assert symbol_error_rate(spaced[0], spaced[1], str.split).value == pytest.approx(expected)


def test_a_reference_may_be_empty_beside_others() -> None:
    assert symbol_error_rate(["x", "ab"], ["", "ab"]).value == 50.0
    with pytest.raises(DataError, match="The references are all empty; a symbol error rate needs"):
        symbol_error_rate(["x"], [" "])


def test_the_unit_stands_in_the_signature() -> None:
    assert symbol_error_rate(["a"], ["a"]).signature.startswith("edits:characters|n:1|jiwer:")
    assert symbol_error_rate(["a"], ["a"], str.split).signature.startswith("edits:symbols|n:1|jiwer:")


def test_a_dialogue_is_right_if_all_its_answers_are() -> None:
    outputs, references = ["a", "b", "c", "d", "e"], ["a", "x", "c", "d", "e"]
    assert dialogue_accuracy(outputs, references, [0, 0, 1, 1, 2]).value == pytest.approx(200 / 3)
    assert dialogue_accuracy(outputs, references).value == 80.0
    with pytest.raises(DataError, match="There are 5 outputs and the dialogues of 2; expected one each"):
        dialogue_accuracy(outputs, references, [0, 1])


@pytest.mark.parametrize(
    "metric", [accuracy, output_error_rate, response_accuracy, symbol_error_rate, dialogue_accuracy]
)
def test_sides_of_different_length_are_refused(metric) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DataError, match="1 outputs and 2 references"):
        metric(["a"], ["a", "b"])
    with pytest.raises(DataError, match="a score needs at least one"):
        metric([], [])


def test_metrics_by_name_get_what_they_need_to_know() -> None:
    context = Context([0, 0], str.split)
    scores = measure(
        ["dialogue_accuracy", "symbol_error_rate", "accuracy"], ["a b", "c"], ["a b", "d"], context=context
    )
    assert [score.name for score in scores] == ["dialogue_accuracy", "symbol_error_rate", "accuracy"]
    assert [score.value for score in scores] == [0.0, pytest.approx(100 / 3), 50.0]


def test_every_metric_has_a_name_for_people() -> None:
    assert {*METRICS, *IN_CONTEXT} <= TITLES.keys()
    assert TITLES.keys() >= LOWER_IS_BETTER - {"loss", "perplexity"}
