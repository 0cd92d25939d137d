"""Padding, begin and end symbols, lengths and masks."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from seqloom.base.errors import ShapeError
from seqloom.data.batch import Batch, collate, collate_frames, visible
from seqloom.data.links import Span
from seqloom.text.vocabulary import BOS, EOS, PAD


def test_collate() -> None:
    batch = collate([[7, 8], [9]], [[5], [6, 5, 4]])
    assert batch.source.tolist() == [[7, 8, EOS], [9, EOS, PAD]]
    assert batch.source_lengths.tolist() == [3, 2]
    assert batch.target_input.tolist() == [[BOS, 5, PAD, PAD], [BOS, 6, 5, 4]]
    assert batch.target_output.tolist() == [[5, EOS, PAD, PAD], [6, 5, 4, EOS]]
    assert batch.target_lengths.tolist() == [2, 4]
    assert batch.target_tokens == 6
    assert len(batch) == 2
    assert batch.alignment is None
    assert {value.dtype for value in vars(batch).values() if isinstance(value, torch.Tensor)} == {torch.int64}


def test_masks_are_true_where_there_is_something_to_see() -> None:
    batch = collate([[7, 8], []], [[5], [6, 5]])
    assert batch.source_mask.tolist() == [[True, True, True], [True, False, False]]
    assert batch.target_mask.tolist() == [[True, True, False], [True, True, True]]
    assert batch.source_mask.equal(batch.source != PAD)
    assert visible(torch.tensor([0, 2]), 2).tolist() == [[False, False], [True, True]]


def test_places_index_as_the_mask_does() -> None:
    batch = collate([[4], [5, 6], [7]], [[7, 8], [], [9]])
    assert batch.written is not None
    assert batch.target_output is not None
    assert batch.written.tolist() == [0, 1, 2, 3, 6, 7]
    for given in (batch, batch.repeated(3), replace(batch, written=None)):
        assert given.target_output is not None
        rows, columns = given.target_places
        assert torch.equal(given.target_output[rows, columns], given.target_output[given.target_mask])
    with pytest.raises(ShapeError, match="no targets"):
        _ = replace(batch, target_output=None).target_places


def test_the_largest_id_of_the_source() -> None:
    assert collate([[4, 12, 5], [6]]).largest == collate([[4, 12, 5]], [[40]]).largest == 12
    assert collate([[4, 12, 5], [6]]).repeated(2).largest == 12
    frames = [np.zeros((2, 3), np.float32)]
    assert collate_frames(frames).largest is None
    assert collate_frames(frames, [[4]]).largest is None


def test_target_positions_look_alike_at_all_that_they_are_linked_with() -> None:
    batch = collate([[7, 8, 9], [7]], [[5, 6], [4]], [[Span(0, 2, 0, 2), Span(1, 3, 1, 2)], []])
    assert batch.alignment is not None
    assert batch.alignment.dtype == torch.float32
    third = 1 / 3
    # EOS is linked with nothing, on either side
    expected = [[[0.5, 0.5, 0, 0], [third, third, third, 0], [0] * 4], [[0] * 4] * 3]
    assert batch.alignment.equal(torch.tensor(expected))


def test_without_targets() -> None:
    batch = collate([[7]])
    assert (batch.target_input, batch.target_output, batch.target_lengths) == (None, None, None)
    assert batch.target_tokens == 0
    assert batch.to("cpu").target_input is None
    with pytest.raises(ShapeError, match="no targets"):
        _ = batch.target_mask


def test_special_ids_inside_a_sentence_are_kept() -> None:
    batch = collate([[EOS, PAD]], [[EOS, 5]])
    assert batch.source.tolist() == [[EOS, PAD, EOS]]
    assert batch.target_input.tolist() == [[BOS, EOS, 5]]


def test_empty_sentences_are_the_end_symbol_alone() -> None:
    batch = collate([[]], [[]])
    assert batch.source.tolist() == [[EOS]]
    assert batch.target_input.tolist() == [[BOS]]
    assert batch.target_output.tolist() == [[EOS]]


def test_arrays_are_taken_like_lists() -> None:
    given = collate([np.array([7, 8])], [np.array([5])], [[]])
    for name, value in vars(collate([[7, 8]], [[5]], [[]])).items():
        found = getattr(given, name)
        assert found == value if name == "largest" else found.equal(value)


def test_to_moves_every_tensor() -> None:
    moved = collate([[7]], [[5]], [[]]).to("meta")
    assert isinstance(moved, Batch)
    assert {value.device.type for name, value in vars(moved).items() if name != "largest"} == {"meta"}


def test_refusals() -> None:
    with pytest.raises(ShapeError, match="at least one sentence"):
        collate([])
    with pytest.raises(ShapeError, match="2 sources and 1 targets"):
        collate([[5], [6]], [[5]])
    with pytest.raises(ShapeError, match="2 sources and 1 alignments"):
        collate([[5], [6]], [[5], [6]], [[]])
