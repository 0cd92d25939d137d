"""From a text to its sentences and back: nothing between them is lost."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.text.sentences import Sentences, split_sentences

LETTER_TEXTS = st.text(alphabet="aB. !?\n\r\t\u00a0\u2028ß1-«»“”。？中\U0001f600", max_size=60)


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", ["Dr. Smith met Mr. Jones at 5 p.m. on Friday.", "They left!", "Really?"]),
        ("de", ["Herr Dr. Müller kam ca. um 8 Uhr.", "Frau Klein nicht.", "Gut?"]),
        ("fr", ["Voir art. 3, p. 5.", "Est-ce vrai ?", "Oui."]),
        ("hi", ["यह एक वाक्य है।", "यह दूसरा है।"]),
        ("xx", ["No such language.", "It is split all the same."]),
    ],
)
def test_abbreviations_end_no_sentence(language: str, sentences: list[str]) -> None:
    assert list(split_sentences(" ".join(sentences), language).texts) == sentences


def test_scripts_without_spaces() -> None:
    assert split_sentences("你好。我很好！你呢？", "zh").texts == ("你好。", "我很好！", "你呢？")


def test_what_stands_between_is_kept() -> None:
    found = split_sentences("  One.  Two.\t\r\n\n-----\n 3.14\n   Last one \n\n")
    assert found.texts == ("One.", "Two.", "Last one")
    assert found.before == ("  ", "  ", "\t\r\n\n-----\n 3.14\n   ")
    assert found.after == " \n\n"
    assert found.joined(["Eins.", "Zwei.", "Das letzte"]) == (
        "  Eins.  Zwei.\t\r\n\n-----\n 3.14\n   Das letzte \n\n"
    )


def test_a_sentence_never_reaches_beyond_its_line() -> None:
    assert split_sentences("it goes on\nin the next line").texts == ("it goes on", "in the next line")


@pytest.mark.parametrize("text", ["", " ", "\n\n", "...", "12\n---"])
def test_where_there_is_nothing_to_translate(text: str) -> None:
    assert split_sentences(text) == Sentences((), (), text)


@given(text=st.one_of(st.text(max_size=60), LETTER_TEXTS), language=st.sampled_from(["en", "de", "zh", "xx"]))
def test_its_own_sentences_give_the_text_itself(text: str, language: str) -> None:
    found = split_sentences(text, language)
    assert found.joined(found.texts) == text
    assert all(sentence == sentence.strip() and "\n" not in sentence for sentence in found.texts)
    assert all(any(map(str.isalpha, sentence)) for sentence in found.texts)


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u2009", "\u3000", "\u2028", "\u0085", "\u2003"])
def test_a_capital_a_space_of_another_kind_and_a_full_stop(space: str) -> None:
    """sentencex 1.0.32 itself panics there."""
    first, second = f"Prenez la vitamine C{space}. Merci{space}!", "Au revoir."
    assert split_sentences(f"{first}{space}{second}", "fr") == Sentences(("", space), (first, second), "")


class PanicException(BaseException):
    """What pyo3 raises for a fault of Rust code, which can't be imported."""


@pytest.mark.parametrize("error", [PanicException, KeyboardInterrupt])
def test_where_the_splitter_fails_a_line_is_one_sentence(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_language: str, _line: str) -> list[dict[str, str]]:
        raise error("byte index 3 is not a char boundary")

    monkeypatch.setattr("sentencex.get_sentence_boundaries", fails)
    if error is PanicException:
        assert split_sentences(" One. Two.\n").texts == ("One. Two.",)
    else:
        with pytest.raises(KeyboardInterrupt):
            split_sentences("One. Two.")


def test_as_many_sentences_are_expected_as_there_were() -> None:
    with pytest.raises(ValueError, match="zip"):
        split_sentences("One. Two.").joined(["Eins."])


@pytest.mark.parametrize(
    "text", ["a." * 50_000, "((" * 50_000, '"' * 100_000, "A. " * 30_000, "..[111 111" * 9_000]
)
def test_hostile_text_takes_no_long_time(text: str) -> None:
    begun = time.process_time()
    found = split_sentences(text)
    assert found.joined(found.texts) == text
    assert time.process_time() - begun < 20
