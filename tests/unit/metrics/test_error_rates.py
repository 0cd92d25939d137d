"""Word and character error rates: counted by hand, and what is refused."""

import pytest

from seqloom.base.errors import DataError
from seqloom.metrics.error_rates import character_error_rate, word_error_rate
from seqloom.metrics.measure import LOWER_IS_BETTER, TITLES


def test_words_replaced_added_and_left_out_count() -> None:
    score = word_error_rate(["a x c", "d", ""], ["a b c", "d e f", "g"])
    assert score.value == pytest.approx(100 * 4 / 7)  # one replaced, two and one left out
    assert word_error_rate(["a b b b"], ["a"]).value == 300.0
    assert word_error_rate(["same  words "], ["same words"]).value == 0.0
    assert word_error_rate(["a"], [" a"]).name == "wer"


def test_characters_count_with_their_blanks() -> None:
    score = character_error_rate(["ab c", "x"], ["abc", "xyz"])
    assert score.value == pytest.approx(100 * 3 / 6)
    assert score.signature.startswith("cer|case:mixed|punctuation:kept|jiwer:")


@pytest.mark.parametrize("rate", [word_error_rate, character_error_rate])
def test_sides_that_don_t_fit_are_refused(rate) -> None:
    with pytest.raises(DataError, match="There are 1 outputs and 2 references"):
        rate(["a"], ["a", "b"])
    with pytest.raises(DataError, match=r"No reference has a (word|character)"):
        rate(["a", ""], ["", " "])


def test_lower_is_better_for_those_that_are_in_the_table() -> None:
    assert LOWER_IS_BETTER - {"loss", "perplexity"} <= TITLES.keys()
    assert {"wer", "cer"} <= LOWER_IS_BETTER
