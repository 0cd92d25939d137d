"""Layers of cells: both directions within each row's own length, and stacks with their states."""

import numpy as np
import pytest
import torch
from torch import Tensor

import equations
from agreement import arrays, assert_agree, assert_close, assert_gradients, random_tensor, randomise
from equations import part
from seqloom.layers.family import CELLS
from seqloom.layers.recurrent import (
    RecurrentLayer,
    RecurrentStack,
    StackState,
    reversing_index,
    take_positions,
)

INPUT, HIDDEN = 3, 4
LENGTHS = [5, 1, 4]

every_cell = pytest.mark.parametrize("cell", CELLS)
directions = pytest.mark.parametrize("bidirectional", [False, True], ids=["uni", "bi"])


def read(
    layer: RecurrentLayer, inputs: Tensor, lengths: list[int]
) -> tuple[list[Tensor], tuple[Tensor, ...]]:
    """The outputs that mean something, and the final states."""
    outputs, state = layer(inputs, torch.tensor(lengths))
    return [row[:length] for row, length in zip(outputs, lengths, strict=True)], state


def test_reversing_stays_within_each_row_s_length() -> None:
    found = reversing_index(torch.tensor([4, 1, 3]), 5)
    assert found.tolist() == [[3, 2, 1, 0, 4], [0, 1, 2, 3, 4], [2, 1, 0, 3, 4]]


def test_positions_are_taken_row_by_row() -> None:
    sequence = torch.arange(12).reshape(2, 3, 2)
    found = take_positions(sequence, torch.tensor([[2, 0], [1, 1]]))
    assert found.tolist() == [[[4, 5], [0, 1]], [[8, 9], [8, 9]]]


@every_cell
def test_one_direction_is_the_paper_s(cell: str) -> None:
    layer = randomise(RecurrentLayer(cell, INPUT, HIDDEN, bidirectional=False))
    inputs = random_tensor(3, 5, INPUT, seed=1)
    outputs, state = read(layer, inputs, LENGTHS)
    assert layer.output_size == HIDDEN
    for row, length in enumerate(LENGTHS):
        expected, last = equations.run(
            cell,
            part(arrays(layer), "forward_cell"),
            list(inputs[row, :length].detach().numpy()),
            equations.zeros(cell, HIDDEN),
        )
        np.testing.assert_allclose(outputs[row].detach().numpy(), expected, rtol=0, atol=1e-13)
        for one, other in zip(state, last, strict=True):
            np.testing.assert_allclose(one[row].detach().numpy(), other, rtol=0, atol=1e-13)


@every_cell
def test_two_directions_are_the_paper_s(cell: str) -> None:
    layer = randomise(RecurrentLayer(cell, INPUT, HIDDEN, bidirectional=True))
    inputs = random_tensor(3, 5, INPUT, seed=1)
    outputs, state = read(layer, inputs, LENGTHS)
    assert layer.output_size == 2 * HIDDEN
    for row, length in enumerate(LENGTHS):
        expected, last = equations.run_both_ways(
            cell,
            part(arrays(layer), "forward_cell"),
            part(arrays(layer), "backward_cell"),
            list(inputs[row, :length].detach().numpy()),
            HIDDEN,
        )
        np.testing.assert_allclose(outputs[row].detach().numpy(), expected, rtol=0, atol=1e-13)
        for one, other in zip(state, last, strict=True):
            np.testing.assert_allclose(one[row].detach().numpy(), other, rtol=0, atol=1e-13)


@every_cell
@directions
def test_a_batch_is_its_rows_one_by_one(cell: str, bidirectional: bool) -> None:
    layer = randomise(RecurrentLayer(cell, INPUT, HIDDEN, bidirectional=bidirectional))
    inputs = random_tensor(3, 5, INPUT, seed=1)
    outputs, state = read(layer, inputs, LENGTHS)
    for row, length in enumerate(LENGTHS):
        alone, last = layer(inputs[row : row + 1, :length], torch.tensor([length]))
        assert_close(outputs[row], alone[0])
        assert_close([tensor[row] for tensor in state], [tensor[0] for tensor in last])


@every_cell
@directions
def test_padding_is_invisible(cell: str, bidirectional: bool) -> None:
    layer = randomise(RecurrentLayer(cell, INPUT, HIDDEN, bidirectional=bidirectional))
    clean = random_tensor(3, 5, INPUT, seed=1)
    padding = torch.arange(5) >= torch.tensor(LENGTHS)[:, None]
    dirty = torch.cat([torch.where(padding[:, :, None], 1e6, clean), torch.full((3, 2, INPUT), -1e6)], 1)
    assert_agree(
        lambda: read(layer, dirty, LENGTHS),
        lambda: read(layer, clean, LENGTHS),
        {"inputs": clean, **dict(layer.named_parameters())},
    )


@every_cell
def test_gradients_of_a_layer(cell: str) -> None:
    layer = randomise(RecurrentLayer(cell, 2, 2, bidirectional=True))
    inputs = random_tensor(2, 3, 2, seed=1)
    assert_gradients(lambda: read(layer, inputs, [3, 2]), [inputs, *layer.parameters()])


# Stacks


def stack_state(cell: str, batch: int, layers: int) -> StackState:
    count = equations.STATE_TENSORS[cell]
    return tuple(
        tuple(random_tensor(batch, HIDDEN, seed=10 * layer + number) for number in range(count))
        for layer in range(layers)
    )


@every_cell
def test_a_stack_reads_layer_by_layer(cell: str) -> None:
    stack = randomise(RecurrentStack(cell, INPUT, HIDDEN, 2, dropout=0.5))
    inputs, state = random_tensor(2, 4, INPUT, seed=1), stack_state(cell, 2, 2)
    outputs, after = stack(inputs, state)
    assert len(after) == 2
    for row in range(2):
        xs = list(inputs[row].detach().numpy())
        for layer in range(2):
            before = tuple(tensor[row].detach().numpy() for tensor in state[layer])
            xs, last = equations.run(cell, part(arrays(stack), f"cells.{layer}"), xs, before)
            for one, other in zip(after[layer], last, strict=True):
                np.testing.assert_allclose(one[row].detach().numpy(), other, rtol=0, atol=1e-13)
        np.testing.assert_allclose(outputs[row].detach().numpy(), xs, rtol=0, atol=1e-13)


@every_cell
def test_a_stack_goes_on_from_its_state(cell: str) -> None:
    stack = randomise(RecurrentStack(cell, INPUT, HIDDEN, 2, dropout=0.5))
    inputs, state = random_tensor(2, 4, INPUT, seed=1), stack_state(cell, 2, 2)
    whole, after = stack(inputs, state)
    pieces = []
    for now in torch.tensor_split(inputs, [1, 3], dim=1):
        outputs, state = stack(now, state)
        pieces.append(outputs)
    assert_close(torch.cat(pieces, 1), whole)
    assert_close(state, after)


def test_a_stack_refuses_a_state_of_another_height() -> None:
    stack = randomise(RecurrentStack("gru", INPUT, HIDDEN, 2, dropout=0.0))
    with pytest.raises(ValueError, match="shorter"):
        stack(random_tensor(2, 4, INPUT, seed=1), stack_state("gru", 2, 1))


def test_dropout_falls_between_layers_only() -> None:
    inputs = random_tensor(2, 4, INPUT, seed=1)
    single = randomise(RecurrentStack("gru", INPUT, HIDDEN, 1, dropout=0.5))
    state = stack_state("gru", 2, 1)
    assert_close(single.train()(inputs, state), single.eval()(inputs, state))

    double = randomise(RecurrentStack("gru", INPUT, HIDDEN, 2, dropout=0.5))
    state = stack_state("gru", 2, 2)
    torch.manual_seed(0)
    outputs, (first, second) = double.train()(inputs, state)
    expected, (expected_first, expected_second) = double.eval()(inputs, state)
    assert_close(first, expected_first)  # below any dropout
    assert (second[0] - expected_second[0]).abs().min() > 0
    assert (outputs - expected).abs().min() > 0
    assert outputs.abs().min() > 0  # not dropped themselves
