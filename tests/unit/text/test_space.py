"""Symbols that white space separates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.base.errors import DataError
from seqloom.text.space import SpaceTokenizer
from seqloom.text.tokenizer import Tokenizer, train_tokenizer
from seqloom.text.vocabulary import UNK

PHONES = ["aː t", "aː l s t", "ɪ ⁿ tʃ"]


@pytest.fixture(scope="module")
def phones() -> Tokenizer:
    return train_tokenizer(PHONES, kind="space", size=100)


@given(st.lists(st.sampled_from("aː t l s ɪ ⁿ tʃ".split()), max_size=9), st.sampled_from([" ", "  ", "\t"]))
def test_decoding_gives_the_normalised_text(symbols: list[str], blank: str) -> None:
    tokenizer = train_tokenizer(PHONES, kind="space", size=100)
    text = blank.join(symbols)
    assert tokenizer.decode(tokenizer.encode(text)) == tokenizer.normalise(text) == " ".join(symbols)


def test_nothing_is_split_but_at_white_space(phones: Tokenizer) -> None:
    names = train_tokenizer(["resto_rome_8stars it's <SILENCE>"], kind="space", size=10)
    assert names.pieces(names.encode("<SILENCE> it's resto_rome_8stars")) == [
        "<SILENCE>",
        "it's",
        "resto_rome_8stars",
    ]
    assert phones.encode("aːt") == [UNK]
    assert phones.decode(phones.encode("aː x")) == "aː <unk>"


def test_the_most_frequent_are_kept() -> None:
    tokenizer = train_tokenizer(["a a b"], kind="space", size=5)
    assert isinstance(tokenizer, SpaceTokenizer)
    assert tokenizer.vocabulary.symbols[4:] == ("a",)


def test_empty_lines_have_no_symbols() -> None:
    with pytest.raises(DataError, match="There is no text to take symbols from: every line is empty"):
        train_tokenizer(["", "  "], kind="space", size=10)
