import numpy as np
import pytest

from seqloom.base.errors import DataError
from seqloom.text.normalise import Normaliser
from seqloom.text.tokenizer import Tokenizer
from seqloom.text.vocabulary import EOS, PAD, UNK
from seqloom.text.word import WordTokenizer, train_word_tokenizer


@pytest.fixture
def tokenizer(tokenizers: dict[str, Tokenizer]) -> Tokenizer:
    return tokenizers["word"]


def test_sentences_of_known_words_come_back(tokenizer: Tokenizer, corpus: list[str]) -> None:
    assert len(corpus) > 60
    for line in corpus:
        assert tokenizer.decode(tokenizer.encode(line)) == line


def test_french_and_english_question_marks_differ(tokenizer: Tokenizer) -> None:
    french, english = tokenizer.encode("Elle aime ça ?"), tokenizer.encode("We walk ça?")
    assert french[-1] != english[-1]
    assert tokenizer.pieces([french[-1], english[-1]]) == ["?", "?"]


def test_unseen_words_are_unk(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("We walk the xylophone.")
    assert ids.count(UNK) == 1
    assert tokenizer.decode(ids) == "We walk the <unk>."


def test_specials_are_dropped_in_text_and_named_in_pieces(tokenizer: Tokenizer) -> None:
    ids = [*tokenizer.encode("We walk."), EOS, PAD]
    assert tokenizer.decode(ids) == "We walk."
    assert tokenizer.pieces(ids) == ["We", "walk", ".", "</s>", "<pad>"]


def test_each_token_is_a_group(tokenizer: Tokenizer) -> None:
    ids = [*tokenizer.encode("They don't walk l'école."), EOS]
    assert [tuple(group) for group in tokenizer.word_groups(ids)] == [
        (text, index, index + 1)
        for index, text in enumerate(["They", "do", "n't", "walk", "l'", "école", ".", "</s>"])
    ]


def test_the_most_frequent_words_are_kept() -> None:
    tokenizer = train_word_tokenizer(["b a a", "c a b"], size=6, normaliser=Normaliser())
    assert tokenizer.vocabulary.symbols[4:] == ("a", "b")
    assert tokenizer.encode("a b c") == [4, 5, UNK]


def test_lowercase() -> None:
    tokenizer = train_word_tokenizer(["Hello Ärzte"], size=10, normaliser=Normaliser(lowercase=True))
    assert tokenizer.decode(tokenizer.encode("HELLO ärzte")) == "hello ärzte"
    assert isinstance(tokenizer, WordTokenizer)


def test_sampling_is_encoding(tokenizer: Tokenizer) -> None:
    assert tokenizer.sample("We walk.", 0.5, np.random.default_rng(0)) == tokenizer.encode("We walk.")


def test_no_words_is_an_error() -> None:
    with pytest.raises(DataError, match="no text to take words from"):
        train_word_tokenizer([" "], size=10, normaliser=Normaliser())
