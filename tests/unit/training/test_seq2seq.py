"""Prepared corpora and their batches."""

from pathlib import Path

import pytest
import torch

from commands import WORDS, write_project
from seqloom.base.errors import DataError
from seqloom.config.read import read_config
from seqloom.config.schema import Config
from seqloom.data.batch import Batch
from seqloom.data.pairs import Pair
from seqloom.text.vocabulary import BOS
from seqloom.training import corpus_batches as preparation
from seqloom.training.corpus_batches import CorpusBatches
from seqloom.training.seq2seq import PreparedPairs, prepare
from seqloom.training.vocabularies import train_tokenizers


def config(folder: Path, *overrides: str) -> Config:
    return read_config(write_project(folder), overrides)


def prepared(folder: Path, settings: Config) -> PreparedPairs:
    return prepare(settings, train_tokenizers(settings), folder / "cache", lambda _: None)


def ids(batch: Batch) -> list[list[int]]:
    assert batch.target_output is not None
    return torch.cat([batch.source, batch.target_output], 1).tolist()  # type: ignore[no-any-return]


def test_corpora_and_the_pairs_to_translate(tmp_path: Path) -> None:
    seen: list[int] = []
    settings = config(tmp_path, "training.validation_sentences=3")
    ready = prepare(settings, train_tokenizers(settings), tmp_path / "cache", seen.append)
    assert len(ready.train) == 200
    assert ready.valid is not None
    assert len(ready.valid) == 10  # the loss is that of all, whatever is translated
    assert seen == [200, 10]
    assert ready.valid_pairs == [
        Pair(*lines)
        for lines in zip(
            (tmp_path / "valid.en").read_text().splitlines()[:3],
            (tmp_path / "valid.fr").read_text().splitlines()[:3],
            strict=True,
        )
    ]
    assert not ready.train.keeps_text
    tokens = ready.tokenizers.target.encode(ready.valid_pairs[0].target)
    assert ready.valid.target(0).tolist() == tokens


def test_all_validation_pairs_are_translated_when_asked(tmp_path: Path) -> None:
    assert len(prepared(tmp_path, config(tmp_path, "training.validation_sentences=0")).valid_pairs) == 10


def test_there_may_be_no_validation(tmp_path: Path) -> None:
    ready = prepared(tmp_path, config(tmp_path, "data.valid=none"))
    assert (ready.valid, ready.valid_pairs) == (None, [])


def test_validation_files_without_text_are_refused(tmp_path: Path) -> None:
    settings = config(tmp_path)
    for name in ("valid.en", "valid.fr"):
        (tmp_path / name).write_text("\n")
    with pytest.raises(DataError, match=r"valid\.en and .*valid\.fr: no pair with text on both sides"):
        prepared(tmp_path, settings)


def test_an_epoch_may_be_begun_anywhere_and_has_as_many_batches_as_counted(tmp_path: Path) -> None:
    settings = config(tmp_path)
    for name in ("train.en", "train.fr"):
        lines = (tmp_path / name).read_text().splitlines()
        (tmp_path / name).write_text("".join(f"{line} {line * (n % 3)}\n" for n, line in enumerate(lines)))
    ready = prepared(tmp_path, settings)
    source = CorpusBatches(ready.train, ready.tokenizers, settings)
    first, second = ([ids(batch) for batch in source.batches(epoch, 0)] for epoch in (0, 1))
    assert first != second
    rows = [
        sorted([number for number in row if number] for batch in epoch for row in batch)  # without padding
        for epoch in (first, second)
    ]
    assert rows[0] == rows[1]
    for epoch, whole in ((0, first), (1, second), (0, first)):
        assert source.count(epoch) == len(whole) > 3
        assert [ids(batch) for batch in source.batches(epoch, 2)] == whole[2:]
    assert list(source.batches(0, len(first))) == []


def test_each_epoch_is_counted_once_since_large_corpora_differ_from_epoch_to_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = prepared(tmp_path, settings := config(tmp_path, "training.max_sentences=9"))
    counted: list[tuple[int, int, int, int]] = []

    def count(
        *lengths: object,  # noqa: ARG001
        seed: int,
        epoch: int,
        tokens_per_batch: int,
        max_sentences: int,
    ) -> int:
        counted.append((seed, epoch, tokens_per_batch, max_sentences))
        return 70 + epoch

    monkeypatch.setattr(preparation, "count_batches", count)
    source = CorpusBatches(ready.train, ready.tokenizers, settings)
    assert [source.count(epoch) for epoch in (0, 0, 3, 3)] == [70, 70, 73, 73]
    assert counted == [(1, 0, 200, 9), (1, 3, 200, 9)]


def test_the_batches_options_are_kept(tmp_path: Path) -> None:
    ready = prepared(tmp_path, config(tmp_path))
    small = config(tmp_path, "training.batch_tokens=40")
    few = config(tmp_path, "training.max_sentences=3")
    other = config(tmp_path, "seed=5")
    for settings in (small, few):
        rows = [len(batch) for batch in CorpusBatches(ready.train, ready.tokenizers, settings).batches(0, 0)]
        assert max(rows) == (
            8 if settings is small else 3
        )  # 8 rows of 4 symbols: a multiple of eight within 40
        assert sum(rows) == 200
    orders = [
        [ids(b) for b in CorpusBatches(ready.train, ready.tokenizers, settings).batches(0, 0)]
        for settings in (config(tmp_path), other)
    ]
    assert orders[0] != orders[1]


def test_back_translated_pairs_come_after_those_of_people_and_their_words_are_known(tmp_path: Path) -> None:
    made = tmp_path / "made.tsv"
    made.write_text("zebra zebra\tzèbre zèbre\n" * 5, encoding="utf-8")
    ready = prepared(tmp_path, config(tmp_path, f"data.back_translated={made}"))
    plain = prepared(tmp_path, config(tmp_path))
    assert len(ready.train) == len(plain.train) + 5
    tokenizer = ready.tokenizers.source
    zebra = tokenizer.encode("zebra zebra")
    assert tokenizer.decode(zebra) == "zebra zebra"
    assert ready.train.source(len(plain.train)).tolist() == [BOS, *zebra]
    assert ready.train.key != plain.train.key


def test_subwords_are_sampled_anew_in_each_epoch(tmp_path: Path) -> None:
    settings = config(
        tmp_path,
        "text.tokenizer=bpe",
        "text.vocabulary_size=290",
        "text.sampling=0.5",
        "training.batch_tokens=2000",
    )
    ready = prepared(tmp_path, settings)
    assert ready.train.keeps_text
    assert ready.valid is not None
    assert not ready.valid.keeps_text
    source = CorpusBatches(ready.train, ready.tokenizers, settings)
    epochs = [
        sorted(tuple(row) for batch in source.batches(epoch, 0) for row in batch.source.tolist())
        for epoch in (0, 0, 1)
    ]
    assert epochs[0] == epochs[1]
    assert epochs[0] != epochs[2]
    decode = ready.tokenizers.source.decode
    texts = [sorted(decode(row) for row in epoch) for epoch in epochs]
    assert texts[0] == texts[2] == sorted((tmp_path / "train.en").read_text().splitlines())


@pytest.mark.parametrize("sampling", ["0.0", "0.5"])
def test_word_alignments_come_with_the_batches_whatever_the_pieces(tmp_path: Path, sampling: str) -> None:
    """A pair's words stand in the same order on both sides: the pieces of a word look at those of its translation."""
    settings = config(
        tmp_path,
        "text.tokenizer=bpe",
        "text.vocabulary_size=290",
        f"text.sampling={sampling}",
        f"data.alignments={tmp_path / 'links.txt'}",
        "training.guided_alignment=0.1",
    )
    (tmp_path / "links.txt").write_text("0-0 1-1 2-2\n" * 200)
    ready = prepared(tmp_path, settings)
    assert ready.train.aligned
    assert ready.valid is not None
    assert not ready.valid.aligned
    source, target = ready.tokenizers.source, ready.tokenizers.target
    seen = 0
    for batch in CorpusBatches(ready.train, ready.tokenizers, settings).batches(0, 0):
        assert batch.alignment is not None
        assert batch.target_output is not None
        for read, written, shares in zip(
            batch.source.tolist(), batch.target_output.tolist(), batch.alignment, strict=True
        ):
            words = target.decode(written).split()
            number, spelled = 0, ""
            for place, piece in enumerate(written):
                looked = [read[at] for at in shares[place].nonzero().flatten().tolist()]
                if piece <= 3:  # the end and padding look nowhere
                    assert looked == []
                    continue
                if spelled == words[number]:
                    number, spelled = number + 1, ""
                spelled += target.decode([piece]).strip()
                assert WORDS[source.decode(looked).strip()] == words[number]
                assert shares[place].sum().item() == pytest.approx(1)
                seen += 1
    assert seen > 600
