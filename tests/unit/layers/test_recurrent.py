"""Layers of cells: both directions within each row's own length, and stacks with their states."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

import equations
from agreement import (
    arrays,
    assert_agree,
    assert_close,
    assert_gradients,
    draw_always,
    random_tensor,
    randomise,
)
from equations import Weights, part
from seqloom.layers.cells import StackedCell
from seqloom.layers.dropout import keep_mask
from seqloom.layers.family import CELLS
from seqloom.layers.recurrent import (
    RecurrentLayer,
    RecurrentStack,
    StackState,
    reversing_index,
    take_positions,
    top_output,
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


# Residuals


@every_cell
def test_from_the_second_layer_on_the_input_is_added_to_the_output(cell: str) -> None:
    stack = randomise(RecurrentStack(cell, INPUT, HIDDEN, 3, dropout=0.5, residual=True))
    inputs, state = random_tensor(2, 4, INPUT, seed=1), stack_state(cell, 2, 3)
    outputs, after = stack(inputs, state)
    for row in range(2):
        xs = list(inputs[row].detach().numpy())
        for layer in range(3):
            before = tuple(tensor[row].detach().numpy() for tensor in state[layer])
            made, last = equations.run(cell, part(arrays(stack), f"cells.{layer}"), xs, before)
            xs = made if layer == 0 else [x + y for x, y in zip(xs, made, strict=True)]
            for one, other in zip(after[layer], last, strict=True):
                np.testing.assert_allclose(one[row].detach().numpy(), other, rtol=0, atol=1e-12)
        np.testing.assert_allclose(outputs[row].detach().numpy(), xs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("residual", [False, True], ids=["plain", "residual"])
def test_the_states_tell_what_the_top_layer_gave(residual: bool) -> None:
    stack = randomise(RecurrentStack("lstm", INPUT, HIDDEN, 3, dropout=0.5, residual=residual)).train()
    outputs, after = stack(random_tensor(2, 4, INPUT, seed=1), stack_state("lstm", 2, 3))
    assert_close(stack.output_at(after), outputs[:, -1])
    assert_close(top_output(after, residual=residual), outputs[:, -1])


def test_gradients_of_a_residual_stack() -> None:
    stack = randomise(RecurrentStack("gru", INPUT, HIDDEN, 3, dropout=0.0, residual=True))
    inputs, state = random_tensor(2, 3, INPUT, seed=1), stack_state("gru", 2, 3)
    assert_gradients(lambda: stack(inputs, state), [inputs, *stack.parameters()])


# Dropout of recurrent weights, and locked dropout between layers


SEED, THRESHOLD = 7, 128
WITH_RECURRENT_WEIGHT = [name for name, kind in CELLS.items() if issubclass(kind, StackedCell)]
every_stacked_cell = pytest.mark.parametrize("cell", WITH_RECURRENT_WEIGHT)


@pytest.fixture
def one_seed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    return draw_always(SEED, monkeypatch)


def thinned(weights: Weights) -> Weights:
    """Half of the recurrent weights are zero, the others doubled."""
    whole = weights["recurrent_weight"]
    mask = keep_mask(torch.Size(whole.shape), THRESHOLD, SEED).numpy()
    assert 0 < mask.sum() < mask.size
    return {**weights, "recurrent_weight": whole * mask * 2.0}


@every_stacked_cell
def test_a_layer_in_training_has_thinned_recurrent_weights_in_both_directions(
    cell: str, one_seed: list[int]
) -> None:
    layer = randomise(RecurrentLayer(cell, INPUT, HIDDEN, bidirectional=True, recurrent_dropout=0.5)).train()
    inputs = random_tensor(3, 5, INPUT, seed=1)
    outputs, state = read(layer, inputs, LENGTHS)
    assert len(one_seed) == 2  # once a direction, however many positions
    for row, length in enumerate(LENGTHS):
        expected, last = equations.run_both_ways(
            cell,
            thinned(part(arrays(layer), "forward_cell")),
            thinned(part(arrays(layer), "backward_cell")),
            list(inputs[row, :length].detach().numpy()),
            HIDDEN,
        )
        np.testing.assert_allclose(outputs[row].detach().numpy(), expected, rtol=0, atol=1e-13)
        for one, other in zip(state, last, strict=True):
            np.testing.assert_allclose(one[row].detach().numpy(), other, rtol=0, atol=1e-13)


def regularised(cell: str, layers: int = 3) -> RecurrentStack:
    options = {"locked": True, "residual": True}
    return randomise(
        RecurrentStack(cell, INPUT, HIDDEN, layers, dropout=0.5, recurrent_dropout=0.5, **options)
    )


@every_stacked_cell
def test_a_stack_in_training_has_thinned_weights_and_one_mask_a_sequence(
    cell: str, one_seed: list[int]
) -> None:
    stack = regularised(cell).train()
    inputs, state = random_tensor(2, 4, INPUT, seed=1), stack_state(cell, 2, 3)
    outputs, _ = stack(inputs, state)
    assert len(one_seed) == 2 + 3  # between layers, and a weight each
    masks = keep_mask(torch.Size([2, 1, HIDDEN]), THRESHOLD, SEED).numpy()
    for row in range(2):
        xs = list(inputs[row].detach().numpy())
        for layer in range(3):
            before = tuple(tensor[row].detach().numpy() for tensor in state[layer])
            reads = xs if layer == 0 else [x * masks[row, 0] * 2.0 for x in xs]
            made, _ = equations.run(cell, thinned(part(arrays(stack), f"cells.{layer}")), reads, before)
            xs = made if layer == 0 else [x + y for x, y in zip(xs, made, strict=True)]
        np.testing.assert_allclose(outputs[row].detach().numpy(), xs, rtol=0, atol=1e-12)


@every_stacked_cell
@pytest.mark.usefixtures("one_seed")
def test_gradients_of_a_stack_in_training(cell: str) -> None:
    stack = regularised(cell, 2).train()
    inputs, state = random_tensor(2, 3, INPUT, seed=1), stack_state(cell, 2, 2)
    assert_gradients(lambda: stack(inputs, state), [inputs, *stack.parameters()])
    outputs, _ = stack(inputs, state)
    (gradient,) = torch.autograd.grad(outputs.sum(), stack.cells[1].recurrent_weight)
    kept = keep_mask(gradient.shape, THRESHOLD, SEED)
    assert (gradient[~kept] == 0).all()
    assert (gradient[kept] != 0).any()


@every_stacked_cell
def test_position_by_position_with_one_draw_is_all_at_once(cell: str) -> None:
    stack = regularised(cell).train()
    inputs, start = random_tensor(2, 4, INPUT, seed=1), stack_state(cell, 2, 3)

    def by_steps() -> tuple[Tensor, StackState]:
        torch.manual_seed(3)
        draws, state, outputs = stack.draw(), start, []
        for now in inputs.unbind(1):
            output, state = stack(now[:, None], state, draws)
            outputs.append(output)
        return torch.cat(outputs, 1), state

    def at_once() -> tuple[Tensor, StackState]:
        torch.manual_seed(3)
        found: tuple[Tensor, StackState] = stack(inputs, start)
        return found

    assert_agree(by_steps, at_once, {"inputs": inputs, **dict(stack.named_parameters())})


@every_stacked_cell
def test_each_pass_draws_anew_and_none_is_drawn_outside_training(cell: str) -> None:
    stack = regularised(cell)
    quiet = randomise(RecurrentStack(cell, INPUT, HIDDEN, 3, dropout=0.5, residual=True))
    inputs, state = random_tensor(2, 4, INPUT, seed=1), stack_state(cell, 2, 3)
    noisy = [stack.train()(inputs, state)[0] for _ in range(2)]
    assert (noisy[0] - noisy[1]).abs().max() > 1e-3
    before = torch.get_rng_state()
    assert stack.eval().draw() == ((None, None), (None, None, None))
    assert torch.equal(stack(inputs, state)[0], quiet(inputs, state)[0])
    assert torch.equal(torch.get_rng_state(), before)


@every_stacked_cell
def test_parameters_are_themselves_again_after_a_thinned_pass(cell: str) -> None:
    layer = RecurrentLayer(cell, INPUT, HIDDEN, bidirectional=False, recurrent_dropout=0.5).train()
    names, weight = list(layer.state_dict()), dict(layer.named_parameters())["forward_cell.recurrent_weight"]
    values = weight.detach().clone()
    layer(torch.ones(2, 3, INPUT), torch.tensor([3, 2]))[0].sum().backward()
    assert dict(layer.named_parameters())["forward_cell.recurrent_weight"] is weight
    assert torch.equal(weight.detach(), values)
    assert list(layer.state_dict()) == names
    assert weight.grad is not None


makers: list[Callable[[str], object]] = [
    lambda cell: RecurrentStack(cell, INPUT, HIDDEN, 2, dropout=0.0, recurrent_dropout=0.5),
    lambda cell: RecurrentLayer(cell, INPUT, HIDDEN, bidirectional=True, recurrent_dropout=0.5),
]


@pytest.mark.parametrize("cell", [name for name in CELLS if name not in WITH_RECURRENT_WEIGHT])
@pytest.mark.parametrize("make", makers, ids=["stack", "layer"])
def test_a_cell_without_recurrent_weights_has_none_to_drop(make: Callable[[str], object], cell: str) -> None:
    message = rf'^recurrent_dropout = 0\.5, but the cell "{cell}" has no recurrent weight matrix\.$'
    with pytest.raises(ValueError, match=message):
        make(cell)
