"""Labels as targets of a corpus on disk."""

from pathlib import Path

import pytest

from seqloom.base.errors import DataError
from seqloom.data.corpus import Corpus, prepare_corpus
from seqloom.data.labelled import (
    TextLabels,
    TokenLabels,
    check_labels,
    label_counts,
    read_labels,
    token_places,
)
from seqloom.data.readers import PairFiles
from seqloom.text.labels import Labels
from seqloom.text.tokenizer import Tokenizer, train_tokenizer

ONE = Labels(("bad", "good"))
SEVERAL = Labels(("art", "law"), "|")
TAGS = Labels(("B", "O"))
TEXTS = ["Ann isn't in Paris .", "so it is , Ben"]
KINDS = ("word", "character", "byte", "bpe")


def tokenizer(kind: str) -> Tokenizer:
    return train_tokenizer(TEXTS * 20, kind=kind, size=300 if kind == "bpe" else 60)


def prepared(path: Path, labels: TextLabels | TokenLabels, words: Tokenizer, form: str = "auto") -> Corpus:
    cache = path.parent / "cache"
    return prepare_corpus(PairFiles((path,), form), words, words, cache, max_length=99, labels=labels)


def test_texts_keep_their_label_and_lose_their_place_without_one(tmp_path: Path):
    path = tmp_path / "x.tsv"
    path.write_text("so it is\tgood\nit is\t\nBen\t bad \n")
    corpus = prepared(path, TextLabels(ONE), tokenizer("word"))
    assert [corpus.target(row).tolist() for row in range(len(corpus))] == [[5], [4]]
    assert corpus.dropped["empty target"] == 1


def test_texts_that_may_have_several_may_have_none(tmp_path: Path):
    path = tmp_path / "x.tsv"
    path.write_text("so it is\tlaw|art\nit is\t\nBen\tlaw\n")
    corpus = prepared(path, TextLabels(SEVERAL), tokenizer("word"))
    assert [corpus.target(row).tolist() for row in range(len(corpus))] == [[4, 5], [], [5]]
    assert corpus.target_lengths.tolist() == [2, 0, 1]
    assert not corpus.notices


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_s_label_stands_at_its_first_symbol(kind: str, tmp_path: Path):
    path = tmp_path / "x.conll"
    path.write_text("Ann\tB\nisn't\tO\nin\tO\nParis\tB\n.\tO\n\nBen\tB\n")
    words = tokenizer(kind)
    corpus = prepared(path, TokenLabels(TAGS, words), words)
    for row, (text, tags) in enumerate([("Ann isn't in Paris .", [4, 5, 5, 4, 5]), ("Ben", [4])]):
        ids, target = corpus.source(row).tolist(), corpus.target(row).tolist()
        assert len(ids) == len(target)
        places = [place for place, label in enumerate(target) if label]
        assert [target[place] for place in places] == tags
        numbers = words.word_numbers(text, ids)
        assert places == [numbers.index(number) for number in range(len(tags))]


def test_a_token_without_symbols_shares_a_place():
    assert token_places([0, 0, 2, 2], 4) == [0, 2, 2, 3]
    assert token_places([], 2) == [0, 0]
    assert token_places([0, 1, 1], 2) == [0, 1]


def test_other_labels_make_another_corpus(tmp_path: Path):
    path = tmp_path / "x.tsv"
    path.write_text("so it is\tgood\nBen\tbad\n")
    words = tokenizer("word")
    keys = {
        prepared(path, TextLabels(labels), words).key for labels in (ONE, Labels(("bad", "fair", "good")))
    }
    assert len(keys) == 2
    assert TextLabels(ONE).fingerprint() != TokenLabels(ONE, words).fingerprint()


def test_labels_are_read_with_their_places(tmp_path: Path):
    path = tmp_path / "x.tsv"
    path.write_text("a\tgood\n\tbad\nb\t\nc\tbad\n")
    files = PairFiles((path,))
    assert list(read_labels(files)) == [(f"{path}:1", ("good",)), (f"{path}:4", ("bad",))]
    assert list(read_labels(files, "|"))[1:] == [(f"{path}:3", ()), (f"{path}:4", ("bad",))]
    assert label_counts(files, ONE) == ([1, 1], 2)
    source, target = tmp_path / "x.txt", tmp_path / "x.label"
    source.write_text("a\nb\n")
    target.write_text("good\nugly\n")
    with pytest.raises(
        DataError, match=rf"^{target}:2: the label 'ugly' is none of the training data's: 'bad', "
    ):
        check_labels(PairFiles((source, target)), ONE)


def test_an_unknown_label_is_refused_at_its_line(tmp_path: Path):
    path = tmp_path / "x.conll"
    path.write_text("a\tO\n\nb\tO\nc\tX\n")
    with pytest.raises(DataError) as caught:
        check_labels(PairFiles((path,)), TAGS)
    assert str(caught.value) == (
        f"{path}:4: the label 'X' is none of the training data's: 'B', 'O'. Mend the line, or add such texts to "
        "data.train."
    )


def test_the_labels_of_tokens_are_counted_token_by_token(tmp_path: Path):
    path = tmp_path / "x.conll"
    path.write_text("a\tO\n\nb\tO\nc\tB\n")
    assert label_counts(PairFiles((path,)), TAGS) == ([1, 2], 3)
