"""Unusual characters are found, and the usual ones of many scripts are not."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.data.characters import find_unusual, visible


@pytest.mark.parametrize(
    "text",
    [
        "„Viel Spaß“",
        "« café\xa0»",
        "« voilà\u202f»",
        "Ελλάδα",
        "नमस्ते\u200dजी",
        "می\u200cخواهم",
        "日本語",
        "Ø»",
        "à€€à€€",
        "👩\u200d👧",
        "e\u0301",
    ],
)
def test_usual_text_of_many_scripts_is_not_unusual(text: str) -> None:
    assert list(find_unusual(text)) == []


def test_visible_cuts_and_shows() -> None:
    assert visible("a\u200bb\nc") == "a‹U+200B›b‹U+000A›c"
    assert visible("x" * 200, 10) == "x" * 9 + "…"


@given(st.text(alphabet=string.printable + "éß“»\xa0Ãâ€\u200b\x85漢字", max_size=40))
def test_text_that_is_damaged_by_decoding_twice_is_seen(text: str) -> None:
    """é written as UTF-8 and read as Latin-1 is seen wherever it stands."""
    damaged = text + " " + "é".encode().decode("latin-1")
    assert any(found.kind.name == "text decoded twice" for found in find_unusual(damaged))
