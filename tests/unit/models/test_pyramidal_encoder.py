"""The pyramid: each upper layer reads pairs; padding is invisible, a batch is its rows."""

import pytest
import torch

from agreement import random_tensor, randomise
from seqloom.data.batch import visible
from seqloom.layers.subsampling import joined_pairs
from seqloom.models.pyramidal_encoder import PyramidalEncoder


def encoder(cell: str = "lstm", layers: int = 3, pyramid: int = 2) -> PyramidalEncoder:
    return randomise(
        PyramidalEncoder(
            4, cell=cell, hidden=3, layers=layers, pyramid=pyramid, bidirectional=True, dropout=0.0
        )
    )


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_batch_is_its_rows_and_the_memory_is_a_quarter_as_long(cell: str) -> None:
    made, inputs, lengths = encoder(cell), random_tensor(3, 9, 4, seed=1), torch.tensor([9, 6, 1])
    memory = made(inputs, lengths, visible(lengths, 9))
    assert memory.visible.sum(1).tolist() == [3, 2, 1]
    assert memory.values.shape == (3, 3, 6)
    for row, length in enumerate(lengths.tolist()):
        alone = made(
            inputs[row : row + 1, :length], lengths[row : row + 1], torch.ones(1, length, dtype=torch.bool)
        )
        there = memory.visible[row]
        assert torch.allclose(memory.values[row, there], alone.values[0])
        assert torch.allclose(memory.summary[row], alone.summary[0])
    assert len(memory.final) == 3


def test_an_upper_layer_reads_two_positions_of_the_one_below() -> None:
    made, inputs, lengths = (
        encoder("gru", layers=2, pyramid=1),
        random_tensor(1, 5, 4, seed=2),
        torch.tensor([5]),
    )
    below, _ = made.layers[0](inputs, lengths)
    above, _ = made.layers[1](*joined_pairs(below, lengths))
    assert torch.equal(made(inputs, lengths, visible(lengths, 5)).values, above)


def test_a_pyramid_needs_a_layer_to_stand_on() -> None:
    with pytest.raises(ValueError, match="a pyramid of 2 needs at least 3 layers, not 2"):
        encoder(layers=2)
