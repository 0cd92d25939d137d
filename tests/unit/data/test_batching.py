"""Each row once an epoch, within the budget, as a pure function of (seed, epoch)."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seqloom.base.errors import ShapeError, UsageError
from seqloom.data.batching import count_batches, cut, cut_evenly, plan_epoch

LENGTHS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=200)


def lengths_of(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    both = np.array(pairs, np.int32).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def captions(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Lengths such as those of real captions: two sides that go together loosely."""
    generator = np.random.default_rng(seed)
    source = generator.gamma(9.0, 1.5, rows).astype(np.int32) + 2
    target = np.maximum(2, source + generator.normal(0, 2.5, rows)).astype(np.int32)
    return source, target


def plan(lengths: tuple[np.ndarray, np.ndarray], **options: int) -> list[list[int]]:
    options = {"seed": 1, "epoch": 1, "tokens_per_batch": 64} | options
    return [rows.tolist() for rows in plan_epoch(*lengths, **options)]


@given(
    pairs=LENGTHS,
    budget=st.integers(1, 200),
    max_sentences=st.integers(0, 5),
    window=st.sampled_from([1, 7, 64, 1000]),
)
def test_every_row_once_within_the_budget(
    pairs: list[tuple[int, int]], budget: int, max_sentences: int, window: int
) -> None:
    source, target = lengths_of(pairs)
    batches = plan((source, target), tokens_per_batch=budget, max_sentences=max_sentences, window=window)
    assert sorted(row for batch in batches for row in batch) == list(range(len(pairs)))
    for batch in batches:
        widest = max(source[batch].max(), target[batch].max()) + 1
        assert len(batch) == 1 or len(batch) * widest <= budget
        assert max_sentences == 0 or len(batch) <= max_sentences


def cut_slowly(widths: list[int], budget: int, max_sentences: int) -> list[int]:
    """The twin of cut: from each batch's first row, as many rows as fit, rounded down to a multiple of eight."""
    cuts: list[int] = []
    first = 0
    while True:
        left = widths[first:]
        fits = [
            n for n in range(2, len(left) + 1) if n * max(left[:n]) <= budget and not n > max_sentences > 0
        ]
        rows = max(fits, default=1)
        if rows >= len(left):
            return cuts
        first += rows - rows % 8 if rows > 8 else rows
        cuts.append(first)


@given(
    widths=st.lists(st.integers(1, 9) | st.integers(1, 40), min_size=1, max_size=80),
    budget=st.integers(1, 200),
    max_sentences=st.integers(0, 12),
)
@example(
    widths=[6] * 15 + [20] + [6], budget=100, max_sentences=0
)  # a wide row after rows that are left over
def test_cut_fills_each_batch(widths: list[int], budget: int, max_sentences: int) -> None:
    assert cut(np.array(widths, np.int32), budget, max_sentences) == cut_slowly(widths, budget, max_sentences)


def test_a_row_above_the_budget_stands_alone() -> None:
    batches = plan(lengths_of([(3, 3), (200, 3), (3, 3), (3, 500)]), tokens_per_batch=20)
    assert sorted(map(sorted, batches)) == [[0, 2], [1], [3]]
    crowded = plan(lengths_of([(9, 9)] * 2000 + [(255, 9)]), tokens_per_batch=256)
    assert [batch for batch in crowded if len(batch) > 1 and 2000 in batch] == []
    assert max(len(batch) * (256 if 2000 in batch else 10) for batch in crowded) <= 256


def test_the_longer_side_counts() -> None:
    assert sorted(map(len, plan(lengths_of([(9, 1)] * 4), tokens_per_batch=20))) == [2, 2]
    assert sorted(map(len, plan(lengths_of([(1, 9)] * 4), tokens_per_batch=20))) == [2, 2]


def test_pure_function_of_seed_and_epoch() -> None:
    lengths = captions(5000)
    places = ((3, 2), (3, 2), (3, 3), (2, 3), (4, 2))
    first, *plans = [plan(lengths, seed=seed, epoch=epoch, tokens_per_batch=256) for seed, epoch in places]
    assert first == plans[0]
    for other in plans[1:]:
        assert other != first
        shared = {frozenset(batch) for batch in first} & {frozenset(batch) for batch in other}
        assert len(shared) < len(other) / 10  # not the same batches in another order


def test_the_plan_is_the_same_on_every_machine() -> None:
    """Resuming elsewhere must find the same batches, so this order must never change."""
    pairs = lengths_of([(n % 5, n % 3) for n in range(12)])
    expected = [[5, 11, 2], [6, 9], [4, 10], [8], [1], [0, 3, 7]]
    assert plan(pairs, seed=1, epoch=1, tokens_per_batch=12, window=8) == expected


def test_lengths_are_in_mixed_order() -> None:
    """Sorted inside, shuffled outside: an update must not see only short sentences for long."""
    source, target = captions(4000)
    means = [target[batch].mean() for batch in plan((source, target), tokens_per_batch=512)]
    rises = np.diff(means) > 0
    assert 0.3 < rises.mean() < 0.7


def test_padding_is_small() -> None:
    source, target = captions(20_000)
    symbols = padded = 0
    for batch in plan((source, target), tokens_per_batch=2048):
        sources, targets = source[batch] + 1, target[batch] + 1
        symbols += int(sources.sum() + targets.sum())
        padded += len(batch) * int(sources.max() + targets.max())
    assert 1 - symbols / padded < 0.10


def test_windows_bound_what_is_sorted_together() -> None:
    lengths = captions(300)
    batches = plan(lengths, window=100, tokens_per_batch=10**6)
    assert [len(batch) for batch in batches] == [100, 100, 100]


def test_the_plan_is_made_window_by_window() -> None:
    """Only as many lengths are read as the batches asked for need."""
    read = []

    class Watched(np.ndarray):
        def __getitem__(self, rows: object) -> object:
            read.append(rows)
            return super().__getitem__(rows)

    source, target = (side.view(Watched) for side in captions(1000))
    batches = plan_epoch(source, target, seed=1, epoch=1, tokens_per_batch=64, window=100)
    next(batches)
    assert max(np.size(rows) for rows in read) == 100


def test_count_batches_counts_the_plan() -> None:
    lengths = captions(300)
    options = {"seed": 5, "epoch": 4, "tokens_per_batch": 100, "max_sentences": 4, "window": 50}
    assert count_batches(*lengths, **options) == len(plan(lengths, **options))
    assert count_batches(*lengths_of([]), seed=1, epoch=1, tokens_per_batch=10) == 0


def test_refusals_come_at_once() -> None:
    lengths = captions(3)
    with pytest.raises(ShapeError, match="3 source lengths and 2 target lengths"):
        plan_epoch(lengths[0], lengths[1][:2], seed=1, epoch=1, tokens_per_batch=10)
    for wrong in ({"tokens_per_batch": 0}, {"window": 0}, {"max_sentences": -1}):
        with pytest.raises(UsageError, match="must be"):
            plan_epoch(*lengths, **({"seed": 1, "epoch": 1, "tokens_per_batch": 10} | wrong))


@given(widths=st.lists(st.integers(1, 30), min_size=1, max_size=40), data=st.data())
def test_cut_evenly_is_as_even_as_can_be(widths: list[int], data: st.DataObject) -> None:
    """Against the best of all divisions, found by trying the budgets one by one."""
    count = data.draw(st.integers(1, len(widths)))
    max_sentences = data.draw(st.sampled_from([0, -(-len(widths) // count)]))
    array = np.array(widths, np.int32)
    cuts = cut_evenly(array, count, max_sentences)
    batches = np.split(array, cuts)
    assert len(batches) == count
    assert all(len(batch) for batch in batches)
    assert max_sentences == 0 or max(map(len, batches)) <= max_sentences
    needed = next(budget for budget in range(1, 1201) if len(cut(array, budget, max_sentences)) < count)
    assert max(len(batch) * batch.max() for batch in batches) <= max(needed, array.max())


def test_cut_evenly_refuses_what_cannot_be() -> None:
    for rows, count, max_sentences in ((3, 4, 0), (3, 0, 0), (9, 2, 4)):
        with pytest.raises(UsageError, match=f"{rows} rows can't make {count} batches"):
            cut_evenly(np.ones(rows, np.int32), count, max_sentences)
