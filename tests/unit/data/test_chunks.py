"""Where chunks lie: every symbol once, the state's text unbroken, windows as a reader meets them."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqloom.base.errors import DataError
from seqloom.data.chunks import ConsecutiveChunks, RandomChunks, windows
from seqloom.data.text_batch import chunk_batch, text_batch, window_batch
from seqloom.training.text_likelihood import HeldText

EOS, PAD = 3, 0


def text(count: int) -> HeldText:
    return HeldText(np.arange(10, 10 + count))


@given(symbols=st.integers(1, 300), rows=st.integers(1, 9), chunk=st.integers(1, 40), epoch=st.integers(0, 3))
def test_rows_are_unbroken_streams_and_little_is_left_out(
    symbols: int, rows: int, chunk: int, epoch: int
) -> None:
    plan = ConsecutiveChunks.fitting(symbols, rows, chunk, seed=1)
    batches = [plan.batch(epoch, index) for index in range(plan.count(epoch))]
    assert [batch.fresh for batch in batches] == [index == 0 for index in range(len(batches))]
    seen: list[int] = []
    for row in range(plan.rows):
        for before, batch in pairwise(batches):
            assert batch.starts[row] == before.starts[row] + before.length  # goes on where it ended
        for batch in batches:
            assert 1 <= batch.length <= chunk
            seen += range(batch.starts[row], batch.starts[row] + batch.length)
    assert len(set(seen)) == len(seen)
    assert 0 <= min(seen) <= max(seen) < symbols
    assert symbols - len(seen) < plan.rows + (plan.chunk if epoch else 0)


def test_the_boundaries_move_from_epoch_to_epoch() -> None:
    plan = ConsecutiveChunks.fitting(1000, 4, 16, seed=1)
    assert plan.batch(0, 0).starts == (0, 250, 500, 750)
    assert len({plan.batch(epoch, 0).starts[0] for epoch in range(6)}) > 2
    assert plan.batch(3, 1) == ConsecutiveChunks.fitting(1000, 4, 16, seed=1).batch(3, 1)


@given(symbols=st.integers(1, 300), chunk=st.integers(1, 40), index=st.integers(0, 5))
def test_random_chunks_lie_within_the_text(symbols: int, chunk: int, index: int) -> None:
    plan = RandomChunks.fitting(symbols, 5, chunk, seed=2)
    batch = plan.batch(1, index)
    assert batch.fresh
    assert len(batch.starts) == 5
    assert all(0 <= start <= symbols - batch.length for start in batch.starts)
    assert batch == RandomChunks.fitting(symbols, 5, chunk, seed=2).batch(1, index)


def test_random_chunks_are_drawn_anew_and_reach_both_ends() -> None:
    plan = RandomChunks.fitting(12, 12, 4, seed=2)
    drawn = [plan.batch(epoch, index).starts for epoch in range(4) for index in range(4)]
    assert len(set(drawn)) == len(drawn)
    assert {0, 8} <= {start for starts in drawn for start in starts}
    assert RandomChunks.fitting(1000, 5, 10, seed=2).count(0) == 20


@pytest.mark.parametrize("plan", [ConsecutiveChunks, RandomChunks])
def test_no_symbols_are_refused(plan: type[ConsecutiveChunks] | type[RandomChunks]) -> None:
    with pytest.raises(DataError, match=r"^There are no symbols to learn from\.$"):
        plan.fitting(0, 3, 4, seed=1)


@given(first=st.integers(0, 60), count=st.integers(0, 60), size=st.integers(1, 13))
def test_windows_count_every_symbol_once_from_half_a_window_on(first: int, count: int, size: int) -> None:
    found = windows(first, first + count, size)
    assert [symbol for window in found for symbol in range(window.start, window.stop)] == list(
        range(first, first + count)
    )
    stride = size - size // 2
    for window in found:
        assert window.read_from % stride == 0
        assert window.read_from <= window.start < window.stop <= window.read_from + size
        assert window.read_from == 0 or window.start - window.read_from >= size // 2
    if count:  # the same windows, wherever one begins to read
        whole = {(window.read_from, symbol) for window in windows(0, first + count, size)
                 for symbol in range(window.start, window.stop)}  # fmt: skip
        assert {(window.read_from, symbol) for window in found
                for symbol in range(window.start, window.stop)} <= whole  # fmt: skip


def test_a_chunk_is_predicted_from_the_symbols_before() -> None:
    plan = ConsecutiveChunks.fitting(10, 2, 3, seed=1)
    first, second = (chunk_batch(text(10), plan.batch(0, index)) for index in range(2))
    assert first.inputs.tolist() == [[EOS, 10, 11], [14, 15, 16]]
    assert first.outputs.tolist() == [[10, 11, 12], [15, 16, 17]]
    assert second.inputs.tolist() == [[12, 13], [17, 18]]
    assert (first.fresh, second.fresh) == (True, False)
    assert (len(first), first.target_tokens, second.target_tokens) == (2, 6, 4)


def test_the_beginning_of_a_window_does_not_count() -> None:
    batch = window_batch(text(6), windows(0, 6, 4))
    assert batch.inputs.tolist() == [[EOS, 10, 11, 12], [11, 12, 13, 14]]
    assert batch.outputs.tolist() == [[10, 11, 12, 13], [PAD, PAD, 14, 15]]
    assert batch.target_tokens == 6
    assert batch.fresh


def test_texts_side_by_side_are_padded() -> None:
    batch = text_batch([np.array([7, 8, 9]), np.array([5])])
    assert batch.inputs.tolist() == [[EOS, 7, 8], [EOS, 5, PAD]]
    assert batch.outputs.tolist() == [[7, 8, 9], [5, PAD, PAD]]
    assert batch.counted.tolist() == [[True, True, True], [True, False, False]]


def test_places_that_count_are_known_before_a_batch_moves() -> None:
    batch = text_batch([np.array([7, 8, 9]), np.array([5])])
    rows, columns = batch.counted_places
    assert (rows.tolist(), columns.tolist()) == ([0, 0, 0, 1], [0, 1, 2, 0])
    assert torch.equal(batch.outputs[rows, columns], batch.outputs[batch.counted])
    moved = batch.to("meta")
    assert moved.written is not None
    assert moved.written.shape == (4,)
    assert moved.counted_places[0].is_meta
