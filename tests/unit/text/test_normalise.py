import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.base.errors import ConfigError, EncodingFault
from seqloom.text.normalise import FORMS, MAX_MARKS, Normaliser, cap_marks, normalise

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=14)


def test_forms() -> None:
    assert normalise("e\u0301 ﬁ") == "é ﬁ"
    assert normalise("e\u0301 ﬁ", "NFKC") == "é fi"
    assert normalise("e\u0301 ﬁ", "none") == "e\u0301 ﬁ"


def test_lowercase_stays_in_the_form() -> None:
    assert normalise("Die ÄRZTE", lowercase=True) == "die ärzte"
    assert normalise("HOW ARE YOU?", lowercase=True) == "how are you?"
    assert (
        normalise("\U0001d400\U0001d401", "NFKC", lowercase=True) == "ab"
    )  # bold capitals have no lower case
    assert Normaliser("NFC", lowercase=True)("İ") == "i\u0307"


def test_a_text_is_one_line_and_keeps_everything_else() -> None:
    assert normalise("a\nb") == "a b"
    kept = "a\r\tb\0c\v\f\x85\u2028d  e \u200f\u05d0 👨\u200d👩\u200d👧"
    assert normalise(kept) == kept


@pytest.mark.parametrize(
    ("letter", "run", "left"),
    [
        ("a", "\u0301\u0323" * 50_000, 30),
        ("", "\u0323\u0301" * 50_000, 30),
        ("x", "\u0344" * 100_000, 30),  # each decomposes to two marks
        ("\u0f40", "\u0f73" * 100_000, 30),  # of class 0 itself, decomposes to two marks of other classes
        ("ế", "\u0301\u0323" * 50_000, 28),  # the letter brings two marks of its own
    ],
)
def test_runs_of_marks_are_capped_before_normalising(letter: str, run: str, left: int) -> None:
    text = normalise(letter + run)
    marks = unicodedata.normalize("NFD", text)[len(unicodedata.normalize("NFD", letter)[:1]) :]
    assert len(marks) == MAX_MARKS
    assert len(cap_marks(letter + run)) == len(letter) + left
    assert normalise(text) == text


def test_marks_that_only_compatibility_makes_are_capped_there() -> None:
    run = "\uff9e\uff9f" * 1000  # halfwidth voicing marks, letters under NFC
    assert normalise("か" + run) == "か" + run
    assert len(unicodedata.normalize("NFD", normalise("か" + run, "NFKC"))) == 1 + MAX_MARKS


def test_ordinary_marks_are_kept() -> None:
    vietnamese, thai, hindi, hebrew = "Việt Nam", "ที่นี่", "हिन्दी", "שָׁלוֹם"
    for text in (vietnamese, thai, hindi, hebrew, "z" + "\u0301" * MAX_MARKS):
        assert cap_marks(text) == text
    assert len(cap_marks("q" + "\u0316" * 9, max_marks=6)) == 7


@settings(deadline=None, max_examples=150)
@given(texts, st.sampled_from(FORMS), st.booleans())
def test_idempotent(text: str, form: str, lowercase: bool) -> None:
    once = normalise(text, form, lowercase=lowercase)
    assert normalise(once, form, lowercase=lowercase) == once


@settings(deadline=None, max_examples=150)
@given(texts, st.sampled_from(["NFC", "NFKC"]))
def test_agrees_with_unicodedata_where_no_run_is_long(text: str, form: str) -> None:
    assert normalise(text, form) == unicodedata.normalize(form, text.replace("\n", " "))  # type: ignore[arg-type]


@settings(deadline=None, max_examples=60)
@given(st.text(st.sampled_from("aếǖ\u0301\u0323\u0344\u0f73\u0316한"), max_size=30))
def test_no_run_exceeds_the_cap_and_capping_is_idempotent(text: str) -> None:
    capped = normalise(text, max_marks=6)
    run = longest = 0
    for character in unicodedata.normalize("NFD", capped):
        run = run + 1 if unicodedata.combining(character) else 0
        longest = max(longest, run)
    assert longest <= 6
    assert normalise(capped, max_marks=6) == capped


@pytest.mark.parametrize("form", FORMS)
def test_a_lone_surrogate_is_refused(form: str) -> None:
    with pytest.raises(EncodingFault, match=r"Character 3 of the text is the lone surrogate U\+D83D"):
        normalise("ab\ud83d", form)


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"'nfkc' is unknown; use one of NFC, NFKC, none. Did you mean 'NFKC'\?"
    ):
        normalise("a", "nfkc")
    with pytest.raises(ConfigError, match="max_marks is 2; expected 6 or more"):
        normalise("ä", max_marks=2)
