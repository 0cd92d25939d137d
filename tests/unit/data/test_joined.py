"""Two corpora as one, the sources of the second tagged."""

from pathlib import Path

import numpy as np
import pytest

from seqloom.data.corpus import Corpus, prepare_corpus
from seqloom.data.joined import JoinedCorpus
from seqloom.data.loader import iterate_batches, subword_sampler
from seqloom.data.readers import PairFiles
from seqloom.text.vocabulary import BOS


def made(folder: Path, name: str, text: str, tokenizer) -> Corpus:
    (folder / name).write_text(text, encoding="utf-8")
    files = PairFiles((folder / name,))
    return prepare_corpus(files, tokenizer, tokenizer, folder / "cache", max_length=9, keep_text=True)


@pytest.fixture
def parts(tmp_path: Path, tokenizer) -> tuple[Corpus, Corpus]:
    written = made(tmp_path, "written.tsv", "a bb\tccc\ndddd\te\n\tlost\n", tokenizer)
    return written, made(tmp_path, "made.tsv", "aa bb cc\tdd\n\tlost\n" + "x " * 12 + "\tlost\n", tokenizer)


def test_the_sources_of_the_second_begin_with_the_tag(parts: tuple[Corpus, Corpus]) -> None:
    joined = JoinedCorpus(*parts)
    assert len(joined) == 3
    assert [joined.source(row).tolist() for row in range(3)] == [[5, 6], [8], [BOS, 6, 6, 6]]
    assert [joined.target(row).tolist() for row in range(3)] == [[7], [5], [6]]
    assert joined.source_lengths.tolist() == [2, 1, 4]
    assert joined.target_lengths.tolist() == [1, 1, 1]
    assert joined.text(2) == ("aa bb cc", "dd")
    assert (joined.pairs_read, dict(joined.dropped)) == (
        6,
        {"empty source": 2, "empty target": 0, "too long": 1},
    )
    assert len(joined.notices) == 2
    assert parts[0].key in joined.key
    assert parts[1].key in joined.key
    with pytest.raises(IndexError):
        joined.source(3)


def test_only_the_first_has_word_alignments(parts: tuple[Corpus, Corpus], tmp_path: Path, tokenizer) -> None:
    links = tmp_path / "links.txt"
    links.write_text("0-0\n0-0\n\n")
    written = prepare_corpus(
        PairFiles((tmp_path / "written.tsv",)),
        tokenizer,
        tokenizer,
        tmp_path / "cache",
        max_length=9,
        keep_text=True,
        alignments=links,
    )
    joined = JoinedCorpus(written, parts[1])
    assert joined.aligned
    assert not JoinedCorpus(*parts).aligned
    assert [joined.spans(row) for row in range(3)] == [[(0, 1, 0, 1)], [(0, 1, 0, 1)], []]
    assert [joined.links(row) for row in range(3)] == [[(0, 0)], [(0, 0)], []]
    sampler = subword_sampler(joined, tokenizer, tokenizer, strength=0.0, seed=1, epoch=1)
    for options in ({}, {"sampler": sampler}):
        (batch,) = iterate_batches(joined, seed=1, epoch=1, tokens_per_batch=100, **options)
        assert batch.alignment.sum() == 2
        assert batch.alignment[batch.source[:, 0] == BOS].sum() == 0


def test_batches_hold_rows_of_both(parts: tuple[Corpus, Corpus], tokenizer) -> None:
    joined = JoinedCorpus(*parts)
    sampler = subword_sampler(joined, tokenizer, tokenizer, strength=0.0, seed=1, epoch=1)
    for options in ({}, {"sampler": sampler}):
        batches = list(iterate_batches(joined, seed=1, epoch=1, tokens_per_batch=100, **options))
        sources = sorted(
            tuple(row[: length - 1])
            for b in batches
            for row, length in zip(b.source.tolist(), b.source_lengths.tolist(), strict=True)
        )
        assert sources == [(BOS, 6, 6, 6), (5, 6), (8,)]
    assert np.array_equal(joined.source_lengths, [2, 1, 4])
