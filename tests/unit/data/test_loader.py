"""Any rank can start anywhere and finds the batches that one process alone would make."""

from pathlib import Path

import numpy as np
import pytest
import torch

from seqloom.base.errors import UsageError
from seqloom.data import loader
from seqloom.data.batch import Batch, collate
from seqloom.data.batching import plan_epoch
from seqloom.data.corpus import Corpus, prepare_corpus
from seqloom.data.loader import iterate_batches, subword_sampler
from seqloom.data.readers import PairFiles


@pytest.fixture
def corpus(tmp_path: Path, tokenizer) -> Corpus:
    generator = np.random.default_rng(0)

    def sentence() -> str:
        return " ".join("x" * generator.integers(1, 9) for _ in range(generator.integers(1, 9)))

    path = tmp_path / "pairs.tsv"
    path.write_text("".join(f"{sentence()}\t{sentence()}\n" for _ in range(150)))
    return prepare_corpus(
        PairFiles((path,)), tokenizer, tokenizer, tmp_path / "cache", max_length=50, keep_text=True
    )


def batches(corpus: Corpus, **options) -> list[Batch]:
    return list(iterate_batches(corpus, **{"seed": 1, "epoch": 1, "tokens_per_batch": 40} | options))


def same(ones: list[Batch], others: list[Batch]) -> bool:
    return len(ones) == len(others) and all(
        tensor is getattr(other, name) or tensor.equal(getattr(other, name))  # None or equal
        for one, other in zip(ones, others, strict=True)
        for name, tensor in vars(one).items()
    )


def test_batch_k_holds_the_rows_of_plan_k(corpus: Corpus) -> None:
    plan = plan_epoch(corpus.source_lengths, corpus.target_lengths, seed=1, epoch=1, tokens_per_batch=40)
    expected = [
        collate([corpus.source(row) for row in rows], [corpus.target(row) for row in rows]) for rows in plan
    ]
    assert len(expected) > 20
    assert same(batches(corpus), expected)


def test_a_batch_keeps_the_budget(corpus: Corpus) -> None:
    for batch in batches(corpus):
        assert batch.source.numel() <= 40
        assert batch.target_output.numel() <= 40
    assert max(map(len, batches(corpus, max_sentences=2))) == 2


@pytest.mark.parametrize("start", [0, 1, 7, 1000])
def test_starting_later_gives_the_tail(corpus: Corpus, start: int) -> None:
    assert same(batches(corpus, start=start), batches(corpus)[start:])


@pytest.mark.parametrize(("world", "start"), [(2, 0), (3, 0), (3, 5)])
def test_ranks_share_the_epoch(corpus: Corpus, world: int, start: int) -> None:
    ranks = [batches(corpus, rank=rank, world=world, start=start) for rank in range(world)]
    whole = batches(corpus)[start:]
    for rank, own in enumerate(ranks):
        assert same(own, whole[rank::world])
    assert sum(map(len, ranks)) == len(whole)


def test_epochs_and_seeds_differ(corpus: Corpus) -> None:
    assert same(batches(corpus), batches(corpus))
    assert not same(batches(corpus), batches(corpus, epoch=2))
    assert not same(batches(corpus), batches(corpus, seed=2))


def test_windows_are_passed_on(corpus: Corpus) -> None:
    assert max(map(len, batches(corpus, window=1))) == 1


@pytest.fixture
def sampled(corpus: Corpus, tokenizer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loader, "BATCHES_A_GROUP", 8)

    def sampled(seed: int = 1, epoch: int = 1, strength: float = 0.5, **options) -> list[Batch]:
        place = {"seed": seed, "epoch": epoch}
        sampler = subword_sampler(corpus, tokenizer, tokenizer, strength=strength, **place)
        return batches(corpus, sampler=sampler, **place, **options)

    return sampled


def sentences(batches: list[Batch]) -> list[tuple[list[int], list[int]]]:
    return sorted(
        (source[: length - 1].tolist(), target[: target_length - 1].tolist())
        for batch in batches
        for source, length, target, target_length in zip(
            batch.source, batch.source_lengths, batch.target_output, batch.target_lengths, strict=True
        )
    )


def test_sampled_batches_hold_each_row_once(corpus: Corpus, sampled, tokenizer) -> None:
    sampler = subword_sampler(corpus, tokenizer, tokenizer, strength=0.5, seed=1, epoch=1)
    assert sentences(sampled()) == sorted(sampler(row)[:2] for row in range(len(corpus)))
    assert sentences(sampled(strength=0.0)) == sentences(batches(corpus))
    assert len(sampled()) == len(batches(corpus))
    assert max(map(len, sampled(max_sentences=2))) == 2


@pytest.mark.parametrize("start", [0, 6, 8, 21, 1000])
def test_sampled_batches_start_anywhere(sampled, start: int) -> None:
    whole = sampled()
    assert same(sampled(start=start), whole[start:])
    assert same(sampled(start=start, rank=1, world=3), whole[start + 1 :: 3])


def test_sampling_differs_by_seed_and_epoch(sampled) -> None:
    assert same(sampled(), sampled())
    assert sentences(sampled()) != sentences(sampled(epoch=2))
    assert sentences(sampled()) != sentences(sampled(seed=2))


def test_a_row_is_sampled_alike_whenever_it_is_read(corpus: Corpus, tokenizer) -> None:
    sampler, again, other = (
        subword_sampler(corpus, tokenizer, tokenizer, strength=0.5, seed=1, epoch=epoch)
        for epoch in (1, 1, 2)
    )
    drawn = [sampler(row) for row in range(20)]
    assert [again(row) for row in reversed(range(20))][::-1] == drawn
    assert [other(row) for row in range(20)] != drawn


def test_a_sample_longer_than_the_corpus_allows_is_not_taken(tmp_path: Path, tokenizer) -> None:
    class Wordy(type(tokenizer)):
        def sample(self, text, *_):
            return [*self.encode(text)] * 9

    path = tmp_path / "pairs.tsv"
    path.write_text("x x\tx\nx x x x\tx x\n")
    both = (tokenizer, tokenizer)
    corpus = prepare_corpus(PairFiles((path,)), *both, tmp_path / "cache", max_length=20, keep_text=True)
    sample = subword_sampler(corpus, Wordy(), Wordy(), strength=0.5, seed=1, epoch=1)
    lengths = [[len(side) for side in sample(row)[:2]] for row in range(2)]
    assert lengths == [[18, 9], [4, 18]]


def test_sampled_batches_are_sorted_anew(sampled, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the sampled lengths: fewer blanks than in the batches that were planned by the lengths on disk."""

    def padding(batches: list[Batch]) -> int:
        return sum(int((~batch.source_mask).sum() + (~batch.target_mask).sum()) for batch in batches)

    alone, together = (
        (monkeypatch.setattr(loader, "BATCHES_A_GROUP", size), padding(sampled()))[1] for size in (1, 1000)
    )
    assert together < 0.8 * alone


def test_mapped_memory_is_given_back_on_the_way(corpus: Corpus, tokenizer, monkeypatch) -> None:
    released = []
    monkeypatch.setattr(loader, "BATCHES_A_RELEASE", 10)
    monkeypatch.setattr(corpus, "release", lambda: released.append(True))
    sampler = subword_sampler(corpus, tokenizer, tokenizer, strength=0.5, seed=1, epoch=1)
    for options in ({}, {"sampler": sampler}):
        released.clear()
        assert len(batches(corpus, **options)) // 10 <= len(released) - 1


def test_no_global_generator_is_touched(corpus: Corpus, tokenizer) -> None:
    np.random.seed(0)
    torch.manual_seed(0)
    before = np.random.get_state()[1].tolist(), torch.get_rng_state()
    batches(corpus, sampler=subword_sampler(corpus, tokenizer, tokenizer, strength=0.5, seed=1, epoch=1))
    assert np.random.get_state()[1].tolist() == before[0]
    assert torch.get_rng_state().equal(before[1])


@pytest.mark.parametrize("wrong", [{"rank": 2, "world": 2}, {"rank": -1}, {"start": -1}, {"world": 0}])
def test_refusals_come_at_once(corpus: Corpus, wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=r"expected 0 <= rank < world"):
        iterate_batches(corpus, seed=1, epoch=1, tokens_per_batch=40, **wrong)
