import json
import subprocess
import sys

import pytest

from seqloom.base.errors import DataError
from seqloom.text.normalise import Normaliser
from seqloom.text.subword_training import SubwordKind, train_sentencepiece

KINDS = ["unigram", "bpe"]


def train(lines: list[str], kind: SubwordKind, size: int) -> bytes:
    return train_sentencepiece(lines, kind=kind, size=size, normaliser=Normaliser())


@pytest.mark.parametrize("kind", KINDS)
def test_training_is_repeatable_in_another_process(kind: SubwordKind, corpus: list[str]) -> None:
    program = (
        "import sys, json; from seqloom.text.normalise import Normaliser;"
        "from seqloom.text.subword_training import train_sentencepiece as train;"
        f"sys.stdout.buffer.write(train(json.load(sys.stdin), kind={kind!r}, size=320, normaliser=Normaliser()))"
    )
    other = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(corpus).encode(), capture_output=True, check=True
    )
    assert other.stderr == b""  # no training log, of C++ either
    assert other.stdout == train(corpus, kind, 320)


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_possible_size_is_named_and_possible(kind: SubwordKind, corpus: list[str]) -> None:
    with pytest.raises(DataError, match=rf"A {kind} vocabulary of 9,000 symbols is too large") as caught:
        train(corpus, kind, 9_000)
    largest = int(str(caught.value).split("largest possible size is ")[1].rstrip(".").replace(",", ""))
    assert len(train(corpus, kind, largest)) > 0
    with pytest.raises(DataError, match=f"largest possible size is {largest}"):
        train(corpus, kind, largest + 1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_smallest_possible_size_is_named_and_possible(kind: SubwordKind, corpus: list[str]) -> None:
    with pytest.raises(DataError, match=rf"A {kind} vocabulary of 261 symbols is too small") as caught:
        train(corpus, kind, 261)
    smallest = int(str(caught.value).split("smallest possible size is ")[1].split(" ")[0])
    assert len(train(corpus, kind, smallest)) > 0


@pytest.mark.parametrize("lines", [[], [""], ["  ", "▅▁"]])
def test_nothing_to_train_on(lines: list[str]) -> None:
    with pytest.raises(DataError, match="no text to take subwords from: every line is empty"):
        train(lines, "bpe", 300)


def test_reserved_characters_in_a_corpus_do_no_harm(corpus: list[str]) -> None:
    hostile = [f"{line} ▅ \0 ▁ \t <s> <unk> <0x41>" for line in corpus]
    assert len(train(hostile, "unigram", 320)) > 0
    assert len(train(hostile, "bpe", 330)) > 0
