import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.base.errors import DataError
from seqloom.text.character import train_character_tokenizer
from seqloom.text.normalise import Normaliser
from seqloom.text.tokenizer import Tokenizer
from seqloom.text.vocabulary import EOS, UNK


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_round_trip_over_the_alphabet(
    tokenizers: dict[str, Tokenizer], corpus: list[str], data: st.DataObject
) -> None:
    tokenizer = tokenizers["character"]
    text = data.draw(st.text(st.sampled_from(sorted(set("".join(corpus)))), max_size=30))
    assert tokenizer.decode(tokenizer.encode(text)) == tokenizer.normalise(text)


def test_unseen_characters_are_unk_and_decode_to_one_character_each() -> None:
    tokenizer = train_character_tokenizer(["ab b"], size=10, normaliser=Normaliser())
    assert tokenizer.encode("a日b") == [6, UNK, 4]
    assert tokenizer.decode([6, UNK, 4, EOS]) == "a\ufffdb"


def test_pieces_are_printable_and_groups_are_words() -> None:
    tokenizer = train_character_tokenizer(["Hi\tyou? l'a"], size=30, normaliser=Normaliser())
    ids = [*tokenizer.encode(" Hi\tyou?"), EOS]
    assert "".join(tokenizer.pieces(ids)) == "▁Hi<U+0009>you?</s>"
    assert [tuple(group) for group in tokenizer.word_groups(ids)] == [
        ("Hi", 0, 3),
        ("you", 3, 7),
        ("?", 7, 8),
        ("</s>", 8, 9),
    ]


def test_the_most_frequent_characters_are_kept() -> None:
    tokenizer = train_character_tokenizer(["aaabbc"], size=6, normaliser=Normaliser())
    assert tokenizer.vocabulary.symbols[4:] == ("a", "b")


def test_no_characters_is_an_error() -> None:
    with pytest.raises(DataError, match="no text to take characters from"):
        train_character_tokenizer([""], size=10, normaliser=Normaliser())
