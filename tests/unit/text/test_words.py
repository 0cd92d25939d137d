import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.text.normalise import Normaliser
from seqloom.text.words import (
    bare,
    byte_owners,
    character_owners,
    join_words,
    split_words,
    stretch_owners,
    word_starts,
)

SENTENCES = {
    "How are you?": "How are you ￭?",
    "Comment ça va ?": "Comment ça va ?",
    "L'ami (de Paul) n’est pas là !": "L'￭ ami (￭ de Paul ￭) n’￭ est pas là !",
    "Aujourd'hui, qu'il s'en aille": "Aujourd'￭ hui ￭, qu'￭ il s'￭ en aille",
    "I don't know; it's John's, they'll see.": "I do ￭n't know ￭; it ￭'s John ￭'s ￭, they ￭'ll see ￭.",
    "Geht's gut? Die Straße kostet 1.000,50 €.": "Geht ￭'s gut ￭? Die Straße kostet 1.000,50 € ￭.",
    "Est-ce que c'est peut-être à 10:30 ?": "Est-ce que c'￭ est peut-être à 10:30 ?",
    "« Oui », dit-elle...": "« Oui » ￭, dit-elle ￭...",
    "„Ja“, sagte er – schnell.": "„￭ Ja ￭“ ￭, sagte er – schnell ￭.",
    'It costs $5 and/or 20%: "no"?!': 'It costs $￭ 5 and ￭/￭ or 20 ￭% ￭: "￭ no ￭" ￭? ￭!',
    "20h30 chez l'oncle": "20h30 chez l'￭ oncle",
    "हिन्दी में": "हिन्दी में",
    "ok👨‍👩‍👧👍🏽 🇫🇷": "ok ￭👨‍👩‍👧👍🏽 🇫🇷",
    "rock'n'roll o'clock": "rock'￭ n'￭ roll o'￭ clock",
    "🙂hello🙂": "🙂￭ hello ￭🙂",
    "1.2.3x": "1 ￭.￭ 2 ￭.￭ 3x",
}


@pytest.mark.parametrize(("text", "tokens"), SENTENCES.items())
def test_split_and_join(text: str, tokens: str) -> None:
    assert split_words(text) == tokens.split(" ")
    assert join_words(split_words(text)) == text


def test_white_space_counts_as_one_space() -> None:
    assert split_words("  a\t b\u00a0?\u2028c ") == ["a", "b", "?", "c"]
    assert split_words("") == []
    assert join_words([]) == ""


def test_a_word_has_one_token_wherever_it_stands() -> None:
    tokens = split_words("ami l'ami (ami) 'ami' ami. /ami")
    assert {token for token in tokens if "ami" in token} == {"ami"}


def test_the_joiner_in_a_text_is_replaced() -> None:
    assert join_words(split_words("a￭b ￭")) == "a■b ■"


def test_join_of_what_a_model_made_up() -> None:
    assert join_words(["￭?", "a", "<unk>", "￭!", "(￭"]) == "? a <unk>! ("


def test_bare() -> None:
    assert [bare(token) for token in ("￭?", "l'￭", "￭/￭", "a", "￭")] == ["?", "l'", "/", "a", "￭"]


def test_word_starts_take_the_space_before() -> None:
    assert word_starts("  How are  you? ") == {0, 5, 9, 14}
    assert word_starts("l'ami") == {0, 2}
    assert word_starts("   ") == set()


def test_long_texts_of_one_word_are_linear() -> None:
    for text in ("a" * 100_000, "1." * 50_000 + "x", "a-" * 50_000 + "'", "'" * 100_000, "don't-" * 20_000):
        assert join_words(split_words(text)) == text
    assert word_starts(" " * 100_000) == set()


@settings(deadline=None, max_examples=200)
@given(
    st.one_of(
        st.text(st.sampled_from("ab'’nNtTs.-,?(é1 👍\u200d\u0301/:"), max_size=25),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="￭"), max_size=25),
    )
)
def test_join_gives_back_any_single_spaced_text(text: str) -> None:
    single = " ".join(text.split())
    assert join_words(split_words(single)) == single


def test_each_character_belongs_to_a_stretch_and_white_space_to_the_one_after() -> None:
    assert character_owners("  ab c\u3000d  ", str) == [0, 0, 0, 0, 1, 1, 2, 2, 2, 2]
    assert character_owners("a", str) == [0]
    assert character_owners("", str) == []
    assert character_owners(" \t", str) == [0, 0]


def test_what_normalising_cuts_in_two_is_still_one_stretch() -> None:
    normalise = Normaliser("NFKC", lowercase=True)
    assert normalise("A\u00a8B \u00b4 C") == "a \u0308b  \u0301 c"  # both accents are spelled with a space
    assert stretch_owners("A\u00a8B \u00b4 C", normalise) == [0, 0, 1, 2]
    assert character_owners("A\u00a8B \u00b4 C", normalise) == [0, 0, 0, 0, 1, 1, 1, 2, 2]


def test_bytes_belong_where_their_character_does() -> None:
    assert byte_owners("aé b", [0, 0, 1, 1]) == [0, 0, 0, 1, 1]
