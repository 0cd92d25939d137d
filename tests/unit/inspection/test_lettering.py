"""Direction of a text, and what stands for what can't be seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.inspection.lettering import direction, shorten, visible


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], "ltr"),
        (["12", "."], "ltr"),
        (["Hello"], "ltr"),
        (["你好"], "ltr"),
        (["שלום", "</s>"], "rtl"),
        (["OK", "مرحبا بالعالم"], "rtl"),
        (["The", "word", "שלום"], "ltr"),
    ],
)
def test_the_direction_is_that_of_most_letters(texts: list[str], expected: str) -> None:
    assert direction(texts) == expected


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("word", "word"),
        ("", "∅"),
        (" ", "␣"),
        ("\u3000\u00a0", "␣␣"),
        ("\n", "\\n"),
        ("a\x00b", "a\\x00b"),
        ("\u2028", "\\u2028"),
        ("\ud800", "\\ud800"),
        ("\u202eabc", "abc"),
        ("\u200f", "\\u200f"),
        ("co\u00adop", "coop"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # the joiner belongs to the spelling
        ("▁un", "▁un"),
    ],
)
def test_what_stands_for_what(symbol: str, expected: str) -> None:
    assert visible(symbol) == expected


@given(st.text())
def test_something_can_always_be_seen(symbol: str) -> None:
    shown = visible(symbol)
    assert shown.strip()
    assert not set(shown) & set("\x00\n\r\t\u202e\u2066\ud800")


def test_long_labels_are_cut_and_marks_stay_with_their_letter() -> None:
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefg", 6) == "abcde…"
    assert shorten("abe\u0301\u0323fgh", 5) == "ab…"
