"""The cells: against the papers' equations, and the fused kernels against the readable steps."""

import shutil

import numpy as np
import pytest
import torch
from torch import Tensor

import equations
from agreement import arrays, assert_agree, assert_close, assert_gradients, random_tensor, randomise
from seqloom.base.errors import ShapeError
from seqloom.config.model import MEMORY_ALONE, NO_RECURRENT_WEIGHT, TWO_STATES
from seqloom.layers import kernels
from seqloom.layers.cells import Cell, CellState, StackedCell
from seqloom.layers.family import CELLS
from seqloom.layers.scan_cells import ScanCell

INPUT, HIDDEN = 3, 4
LENGTHS = [5, 1, 4]

every_cell = pytest.mark.parametrize("name", CELLS)


def made(name: str) -> Cell:
    return randomise(CELLS[name](INPUT, HIDDEN))


def state_of(cell: Cell, batch: int) -> CellState:
    return tuple(random_tensor(batch, HIDDEN, seed=10 + number) for number in range(cell.state_tensors))


def named(cell: Cell, inputs: Tensor, state: CellState) -> dict[str, Tensor]:
    """Everything that has a gradient."""
    states = {f"state {number}": tensor for number, tensor in enumerate(state)}
    return {"inputs": inputs, **states, **dict(cell.named_parameters())}


def idle(name: str) -> list[str]:
    """The output before, which cells that look at their memory only don't read."""
    return ["state 0"] if name in ("sru", "ssru") else []


def within(outputs: Tensor, lengths: list[int]) -> list[Tensor]:
    """The outputs that mean something."""
    return [row[:length] for row, length in zip(outputs, lengths, strict=True)]


@every_cell
def test_a_step_is_the_paper_s(name: str) -> None:
    cell = made(name)
    inputs, state = random_tensor(3, INPUT, seed=1), state_of(cell, 3)
    found = cell.step(inputs, state)
    for row in range(3):
        before = tuple(tensor[row].detach().numpy() for tensor in state)
        expected = equations.CELLS[name](arrays(cell), inputs[row].detach().numpy(), before)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one[row].detach().numpy(), other, rtol=0, atol=1e-14)


@every_cell
@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
@torch.no_grad()
def test_one_position_of_a_finished_cell_is_a_step(name: str, compiled: bool) -> None:
    if compiled and not any(shutil.which(compiler) for compiler in kernels.COMPILERS):
        pytest.skip("kernels need a compiler")
    cell = made(name).float()
    inputs = random_tensor(3, 1, INPUT, seed=1, dtype=torch.float32)
    state = tuple(tensor.float() for tensor in state_of(cell, 3))
    expected = cell.step(inputs[:, 0], state)
    if isinstance(cell, StackedCell):
        cell.lay_out_for_search()
    if compiled:
        assert kernels.load()
    try:
        outputs, after = cell.sequence(inputs, state)
        many, _ = cell.sequence(inputs.expand(-1, 4, -1), state)
    finally:
        kernels.unload()
    assert_close([outputs[:, 0], *after], [expected[0], *expected], 1e-6)
    assert_close(many[:, 0], expected[0], 1e-6)


@every_cell
def test_a_sequence_is_the_paper_s_and_ends_where_each_row_ends(name: str) -> None:
    cell = made(name)
    inputs, state = random_tensor(3, 5, INPUT, seed=1), state_of(cell, 3)
    outputs, after = cell.sequence(inputs, state, torch.tensor(LENGTHS))
    for row, length in enumerate(LENGTHS):
        before = tuple(tensor[row].detach().numpy() for tensor in state)
        xs = list(inputs[row, :length].detach().numpy())
        expected, last = equations.run(name, arrays(cell), xs, before)
        np.testing.assert_allclose(outputs[row, :length].detach().numpy(), expected, rtol=0, atol=1e-13)
        for one, other in zip(after, last, strict=True):
            np.testing.assert_allclose(one[row].detach().numpy(), other, rtol=0, atol=1e-13)


@every_cell
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full rows", "rows of different length"])
def test_the_fused_sequence_is_the_readable_one(
    name: str, dtype: torch.dtype, lengths: list[int] | None
) -> None:
    cell = made(name).to(dtype)
    inputs = random_tensor(3, 5, INPUT, seed=1, dtype=dtype)
    state = tuple(tensor.detach().to(dtype).requires_grad_() for tensor in state_of(cell, 3))
    until = None if lengths is None else torch.tensor(lengths)

    def run(way: str) -> tuple[list[Tensor], CellState]:
        outputs, after = getattr(cell, way)(inputs, state, until)
        return within(outputs, lengths or [5, 5, 5]), after

    assert_agree(
        lambda: run("sequence"),
        lambda: run("sequence_by_steps"),
        named(cell, inputs, state),
        tolerance=1e-12 if dtype == torch.float64 else 1e-5,
        idle=idle(name),
    )


@every_cell
@pytest.mark.parametrize("way", ["sequence", "sequence_by_steps"])
def test_gradients_of_sequences(name: str, way: str) -> None:
    cell = made(name)
    inputs, state = random_tensor(2, 3, INPUT, seed=1), state_of(cell, 2)

    def run() -> tuple[list[Tensor], CellState]:
        outputs, after = getattr(cell, way)(inputs, state, torch.tensor([3, 2]))
        return within(outputs, [3, 2]), after

    assert_gradients(run, named(cell, inputs, state).values())


@every_cell
def test_a_batch_is_its_rows_one_by_one(name: str) -> None:
    cell = made(name)
    inputs, state = random_tensor(3, 5, INPUT, seed=1), state_of(cell, 3)
    outputs, after = cell.sequence(inputs, state, torch.tensor(LENGTHS))
    for row, length in enumerate(LENGTHS):
        alone = tuple(tensor[row : row + 1] for tensor in state)
        expected, last = cell.sequence(inputs[row : row + 1, :length], alone)
        assert_close(outputs[row, :length], expected[0])
        assert_close([tensor[row] for tensor in after], [tensor[0] for tensor in last])


@every_cell
@pytest.mark.parametrize("way", ["sequence", "sequence_by_steps"])
def test_padding_is_invisible(name: str, way: str) -> None:
    cell = made(name)
    state = state_of(cell, 3)
    clean = random_tensor(3, 5, INPUT, seed=1)
    padding = torch.arange(5) >= torch.tensor(LENGTHS)[:, None]
    dirty = torch.where(padding[:, :, None], 1e6, clean)

    def run(inputs: Tensor) -> tuple[list[Tensor], CellState]:
        outputs, after = getattr(cell, way)(inputs, state, torch.tensor(LENGTHS))
        return within(outputs, LENGTHS), after

    assert_agree(lambda: run(dirty), lambda: run(clean), named(cell, clean, state), idle=idle(name))


def test_the_lstm_s_final_memory_is_each_row_s_own() -> None:
    cell = made("lstm")
    inputs, state = random_tensor(3, 5, INPUT, seed=1), state_of(cell, 3)
    _, (_, memory) = cell.sequence(inputs, state, torch.tensor(LENGTHS))
    _, (_, memory_of_all) = cell.sequence(inputs, state)
    for row, length in enumerate(LENGTHS):
        alone = tuple(tensor[row : row + 1] for tensor in state)
        _, (_, expected) = cell.sequence(inputs[row : row + 1, :length], alone)
        assert_close(memory[row], expected[0])
        if length < 5:  # the state after all positions would have read the padding
            assert (memory[row] - memory_of_all[row]).abs().min() > 0.01


@every_cell
def test_two_halves_are_the_whole(name: str) -> None:
    cell = made(name)
    inputs, state = random_tensor(2, 5, INPUT, seed=1), state_of(cell, 2)
    whole, after = cell.sequence(inputs, state)
    first, between = cell.sequence(inputs[:, :2], state)
    second, last = cell.sequence(inputs[:, 2:], between)
    assert_close(torch.cat([first, second], 1), whole)
    assert_close(last, after)


@every_cell
def test_the_empty_state_is_zeros_of_the_parameters_type(name: str) -> None:
    cell = made(name)
    state = cell.start(2)
    assert_close(state, [torch.zeros(2, HIDDEN, dtype=torch.float64)] * equations.STATE_TENSORS[name])


@pytest.mark.parametrize("name", [name for name, kind in CELLS.items() if issubclass(kind, StackedCell)])
def test_parameters_start_as_stated(name: str) -> None:
    torch.manual_seed(0)
    cell = CELLS[name](6, 5)
    assert isinstance(cell, StackedCell)
    bound = 5**-0.5
    for weight in (cell.input_weight, cell.recurrent_weight):
        largest = weight.detach().abs().amax().item()
        if name.startswith("elman") and weight is cell.recurrent_weight:
            assert_close(weight @ weight.T, torch.eye(5), 1e-6)
        else:
            assert 0.8 * bound < largest <= bound
    expected = torch.zeros(cell.stacked * 5)
    if name.startswith("lstm"):
        expected[5:10] = 1.0  # the forget gate's
    assert torch.equal(cell.input_bias.detach(), expected)
    assert torch.equal(cell.recurrent_bias.detach(), torch.zeros(cell.stacked * 5))


@pytest.mark.parametrize("name", [name for name, kind in CELLS.items() if issubclass(kind, ScanCell)])
def test_parameters_of_scanned_cells_start_as_stated(name: str) -> None:
    torch.manual_seed(0)
    cell = CELLS[name](6, 5)
    assert isinstance(cell, ScanCell)
    bound = (6 / (6 + 5)) ** 0.5  # Glorot, of one gate's block
    largest = cell.input_weight.detach().abs().amax().item()
    assert 0.8 * bound < largest <= bound
    expected = torch.zeros(cell.biases * 5)
    if name == "min_lstm":
        expected[:5] = 1.0  # the forget gate's
    assert torch.equal(cell.input_bias.detach(), expected)


def test_a_highway_as_wide_as_the_state_carries_the_scaled_input_itself() -> None:
    cell = randomise(CELLS["sru"](HIDDEN, HIDDEN))
    inputs, state = random_tensor(1, HIDDEN, seed=1), state_of(cell, 1)
    before = tuple(tensor[0].detach().numpy() for tensor in state)
    expected = equations.sru(arrays(cell), inputs[0].detach().numpy(), before)
    for found, other in zip(cell.step(inputs, state), expected, strict=True):
        np.testing.assert_allclose(found[0].detach().numpy(), other, rtol=0, atol=1e-14)
    assert len(cell.input_weight) == 3 * HIDDEN
    sequence = random_tensor(2, 5, HIDDEN, seed=2)
    leaves = named(cell, sequence, state_of(cell, 2))
    state = tuple(tensor for name, tensor in leaves.items() if name.startswith("state"))
    assert_agree(
        lambda: cell.sequence(sequence, state),
        lambda: cell.sequence_by_steps(sequence, state),
        leaves,
        idle=["state 0"],
    )


@pytest.mark.parametrize("width", [64, 48])
def test_an_sru_s_layers_hand_on_what_varies_as_their_input_does(width: int) -> None:
    """Lei et al. 2018, section 3.2: without the correction a third of the variance is left after each layer."""
    torch.manual_seed(0)
    outputs = torch.randn(64, 20, width)
    for size in (width, 64, 64, 64):
        cell = CELLS["sru"](size, 64)
        outputs, _ = cell.sequence(outputs, cell.start(64))
    assert 0.4 < outputs.var().item() < 1.6


def test_a_forget_gate_far_from_one_divides_by_no_zero() -> None:
    cell = CELLS["min_lstm"](1, 1).double()
    with torch.no_grad():
        cell.input_weight.zero_()
        cell.input_bias.copy_(torch.tensor([-2000.0, -2001.0, 3.0]))
    (state,) = cell.step(torch.zeros(1, 1, dtype=torch.float64), (torch.ones(1, 1, dtype=torch.float64),))
    share = 1 / (1 + np.exp(-1.0))  # of what is kept
    assert state.item() == pytest.approx(share + (1 - share) * 3, abs=1e-12)


@every_cell
def test_a_wrong_shape_is_named(name: str) -> None:
    cell = made(name)
    state = cell.start(2)
    with pytest.raises(
        ShapeError, match=r"^inputs has 4 along D \(model width\); expected 3 \(shape \(2, 5, 4\)"
    ):
        cell.sequence(torch.zeros(2, 5, 4), state)
    with pytest.raises(ShapeError, match=r"^inputs has shape \(2, 3\); expected 3 axes \(B T D\)\.$"):
        cell.sequence(torch.zeros(2, 3), state)
    with pytest.raises(ShapeError, match=r"^state has 2 along B \(batch\); expected 3"):
        cell.sequence(torch.zeros(3, 5, INPUT), state)
    with pytest.raises(ShapeError, match=r"^state has 5 along H"):
        cell.sequence(torch.zeros(2, 5, INPUT), (torch.zeros(2, 5),) * cell.state_tensors)


def test_cells_with_a_recurrent_weight_matrix_are_those_that_the_configuration_knows() -> None:
    without = [name for name, kind in CELLS.items() if not issubclass(kind, StackedCell)]
    assert tuple(without) == NO_RECURRENT_WEIGHT


def test_cells_with_two_states_and_with_one_of_them_read_are_those_that_the_configuration_knows() -> None:
    assert tuple(name for name, kind in CELLS.items() if kind.state_tensors == 2) == TWO_STATES
    assert (
        tuple(name for name, kind in CELLS.items() if kind.read_tensors < kind.state_tensors) == MEMORY_ALONE
    )


@pytest.mark.parametrize("name", CELLS)
def test_a_state_is_made_of_what_a_step_reads_and_that_is_all_that_it_reads(name: str) -> None:
    cell = made(name)
    read = tuple(random_tensor(2, HIDDEN, seed=number) for number in range(cell.read_tensors))
    state = cell.state_of(read)
    assert len(state) == cell.state_tensors
    assert_close(state[-len(read) :], read, 0.0)
    assert_close(cell.state_of(cell.start(2)[-len(read) :]), cell.start(2), 0.0)
    if name == "ssru":
        assert_close(state[0], read[0].relu(), 0.0)
    inputs = random_tensor(2, INPUT, seed=9)
    others = tuple(tensor + 1 for tensor in state[: -len(read)])
    assert_close(cell.step(inputs, (*others, *read)), cell.step(inputs, state), 0.0)
    for number in range(len(read)):
        changed = tuple(tensor + (at == number) for at, tensor in enumerate(read))
        assert not torch.equal(cell.step(inputs, cell.state_of(changed))[-1], cell.step(inputs, state)[-1])


def test_a_cell_is_called_as_its_sequence() -> None:
    cell = made("lstm")
    inputs, state, lengths = random_tensor(3, 5, INPUT, seed=1), state_of(cell, 3), torch.tensor(LENGTHS)
    assert_close(cell(inputs, state, lengths), cell.sequence(inputs, state, lengths), 0.0)


def test_a_cell_prints_its_sizes() -> None:
    assert str(CELLS["gru"](3, 4)) == "GRUCell(3 -> 4)"


@every_cell
def test_the_gates_of_a_step_are_those_that_it_goes_through(name: str) -> None:
    """They lie between 0 and 1, and the memory after the step is what the equations make of them."""
    cell = made(name)
    inputs, state = random_tensor(3, INPUT, seed=1), state_of(cell, 3)
    gates = cell.gates(inputs, state)
    assert set(gates) == GATES[name]
    for gate in gates.values():
        assert gate.shape == (3, HIDDEN)
        assert ((gate > 0) & (gate < 1)).all()
    if "elman" not in name:
        assert_close(remembered(name, cell, inputs, state, gates), cell.step(inputs, state)[-1])


GATES = {
    "elman": set(),
    "elman_relu": set(),
    "lstm": {"input", "forget", "output"},
    "lstm_layer_norm": {"input", "forget", "output"},
    "gru": {"reset", "update"},
    "gru_reset_before": {"reset", "update"},
    "sru": {"forget", "reset"},
    "ssru": {"forget"},
    "min_gru": {"update"},
    "min_lstm": {"forget", "input"},
}


def remembered(name: str, cell: Cell, inputs: Tensor, state: CellState, gates: dict[str, Tensor]) -> Tensor:
    """The memory after a step by its gates, its candidate solved for from a state of zeros in the memory's place."""
    share = gates.get("update", gates.get("forget"))
    assert share is not None
    empty = (*state[:-1], torch.zeros_like(state[-1]))
    if name in ("gru", "gru_reset_before", "sru"):  # whose gates see the memory, and so must be asked again
        written = {
            "gru": lambda: gru_candidate(cell, inputs, state, gates),
            "gru_reset_before": lambda: gru_candidate(cell, inputs, state, gates, before=True),
            "sru": lambda: inputs @ cell.input_weight[:HIDDEN].T,
        }[name]()
        return share * state[-1] + (1 - share) * written
    return (1 - share if name == "min_gru" else share) * state[-1] + cell.step(inputs, empty)[-1]


def gru_candidate(
    cell: Cell, inputs: Tensor, state: CellState, gates: dict[str, Tensor], *, before: bool = False
) -> Tensor:
    size = 2 * HIDDEN
    read = inputs @ cell.input_weight[size:].T + cell.input_bias[size:]
    weight, bias = cell.recurrent_weight[size:], cell.recurrent_bias[size:]
    if before:
        return torch.tanh(read + (gates["reset"] * state[0]) @ weight.T + bias)
    return torch.tanh(read + gates["reset"] * (state[0] @ weight.T + bias))
