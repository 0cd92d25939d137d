"""Recurrent decoders: who asks, who reads the answer, and what is fed back, as loops over the papers' equations."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

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
from equations import State, Vector, Weights, part
from seqloom.layers.cells import LSTMCell
from seqloom.layers.dropout import keep_mask
from seqloom.layers.family import CELLS, AttentionSizes, recurrent_attention
from seqloom.models.bridge import ProjectionBridge
from seqloom.models.recurrent_decoders import (
    AttendAfterDecoder,
    AttendBeforeDecoder,
    AttendBetweenDecoder,
    AttentiveDecoder,
    CellLayers,
    FixedContextDecoder,
    RecurrentState,
)
from seqloom.models.state import Memory

WIDTH, HIDDEN, MEMORY, SUMMARY, LAYERS = 4, 3, 5, 6, 3
LENGTHS = [4, 1, 3]
VISIBLE = torch.arange(4) < torch.tensor(LENGTHS)[:, None]
ATTENTION = "general"


def made(
    kind: str, cell: str = "lstm", dropout: float = 0.0, **options: Any
) -> FixedContextDecoder | AttentiveDecoder:
    """A decoder of three layers with distinct random weights."""
    bridge = ProjectionBridge(SUMMARY, HIDDEN, LAYERS, CELLS[cell])
    cells = CellLayers(cell, HIDDEN, LAYERS, dropout, readout=WIDTH, **options)
    if kind.startswith("fixed"):
        fed = kind == "fixed, fed"
        return randomise(FixedContextDecoder(WIDTH, SUMMARY, bridge, cells, feed_context=fed))
    kind, _, covered = kind.partition(" + ")
    attention = recurrent_attention(covered or ATTENTION, AttentionSizes(HIDDEN, MEMORY))
    if kind == "between":
        return randomise(AttendBetweenDecoder(WIDTH, MEMORY, bridge, attention, cells))
    if kind == "before":
        return randomise(AttendBeforeDecoder(WIDTH, MEMORY, bridge, attention, cells))
    feeding = kind == "after, feeding"
    return randomise(AttendAfterDecoder(WIDTH, MEMORY, bridge, attention, cells, input_feeding=feeding))


def memory() -> Memory:
    return Memory(random_tensor(3, 4, MEMORY, seed=2), VISIBLE, random_tensor(3, SUMMARY, seed=3))


# The same by hand: a loop over positions, over layers, over memory positions


class ByHand:
    """One row's decoder: `read(x)` gives the features and the alignment of the next position.

    residual: layers within a stack add their input · masks: what multiplies the input of a stack's upper layers, and
    the features
    """

    def __init__(
        self,
        weights: Weights,
        cell: str,
        memory: list[Vector],
        summary: Vector,
        *,
        residual: bool = False,
        masks: tuple[Vector, Vector] | None = None,
    ) -> None:
        self.weights, self.cell, self.memory, self.summary = weights, cell, memory, summary
        self.residual, self.masks = residual, masks or (np.ones(HIDDEN), np.ones(WIDTH))
        shown = equations.SHOWN_AT_FIRST.get(cell)
        count = 1 if shown else equations.STATE_TENSORS[cell]
        start = [
            np.tanh(equations.linear(part(weights, f"bridge.projections.{number}"), summary))
            for number in range(LAYERS * count)
        ]
        self.states: list[State] = [
            (shown(start[layer]), start[layer]) if shown else tuple(start[count * layer :][:count])
            for layer in range(LAYERS)
        ]
        self.fed = np.zeros(WIDTH)
        hidden = [state[0] for state in self.states]
        self.top: Vector = np.sum(hidden, axis=0) if residual else hidden[-1]
        self.coverage = np.zeros(len(memory))

    def stack(self, name: str, x: Vector, first: int = 0) -> Vector:
        """A stack one position further; its layers' states are those from `first` on."""
        index = 0
        while weights := part(self.weights, f"{name}.cells.{index}"):
            read = x * self.masks[0] if index else x
            state = equations.CELLS[self.cell](weights, read, self.states[first + index])
            self.states[first + index] = state
            x = x + state[0] if self.residual and index else state[0]
            index += 1
        self.top = x
        return x

    def ask(self, query: Vector) -> tuple[Vector, Vector]:
        weights = part(self.weights, "attention")
        if "coverage_layer.weight" not in weights:
            return equations.attend(ATTENTION, weights, query, self.memory)
        context, alignment = equations.attend_covered(weights, query, self.memory, list(self.coverage))
        self.coverage = self.coverage + alignment
        return context, alignment

    def readout(self, *parts: Vector) -> Vector:
        features = np.tanh(equations.linear(part(self.weights, "readout.layer"), np.concatenate(parts)))
        masked: Vector = features * self.masks[1]
        return masked

    def fixed(self, x: Vector) -> tuple[Vector, None]:
        """Sutskever et al. 2014."""
        return self.readout(self.stack("stack", x)), None

    def fixed_fed(self, x: Vector) -> tuple[Vector, None]:
        """Cho et al. 2014."""
        h = self.stack("stack", np.concatenate([x, self.summary]))
        return self.readout(h, self.summary), None

    def between(self, x: Vector) -> tuple[Vector, Vector]:
        """The first layer asks, the others read the answer."""
        h = self.stack("first", x)
        context, alignment = self.ask(h)
        h = self.stack("upper", np.concatenate([h, context]), first=1)
        return self.readout(h, context), alignment

    def before(self, x: Vector) -> tuple[Vector, Vector]:
        """Bahdanau et al. 2015: the state so far asks, the cell reads the answer."""
        context, alignment = self.ask(self.top)
        h = self.stack("stack", np.concatenate([x, context]))
        return self.readout(h, x, context), alignment

    def after(self, x: Vector) -> tuple[Vector, Vector]:
        """Luong et al. 2015: the cell reads, the new state asks."""
        h = self.stack("stack", x)
        context, alignment = self.ask(h)
        return self.readout(h, context), alignment

    def after_feeding(self, x: Vector) -> tuple[Vector, Vector]:
        """Luong et al. 2015, section 3.3: and reads the features of the position before."""
        self.fed, alignment = self.after(np.concatenate([x, self.fed]))
        return self.fed, alignment


BY_HAND: dict[str, Callable[[ByHand, Vector], tuple[Vector, Vector | None]]] = {
    "fixed": ByHand.fixed,
    "fixed, fed": ByHand.fixed_fed,
    "between": ByHand.between,
    "before": ByHand.before,
    "after": ByHand.after,
    "after, feeding": ByHand.after_feeding,
    "between + coverage": ByHand.between,
    "before + coverage": ByHand.before,
    "after + coverage": ByHand.after,
    "after, feeding + coverage": ByHand.after_feeding,
}

every_kind = pytest.mark.parametrize("kind", BY_HAND)
every_cell = pytest.mark.parametrize("cell", equations.CELLS)


@every_kind
@every_cell
def test_a_decoder_is_the_paper_s(kind: str, cell: str) -> None:
    decoder = made(kind, cell)
    read, inputs = memory(), random_tensor(3, 3, WIDTH, seed=1)
    features, alignment, state = decoder(inputs, decoder.start(read), alignment=True)
    for row, length in enumerate(LENGTHS):
        hand = ByHand(
            arrays(decoder),
            cell,
            list(read.values[row, :length].detach().numpy()),
            read.summary[row].detach().numpy(),
        )
        for place in range(3):
            expected, shares = BY_HAND[kind](hand, inputs[row, place].detach().numpy())
            np.testing.assert_allclose(features[row, place].detach().numpy(), expected, rtol=0, atol=1e-13)
            if shares is not None:
                found = alignment[row, place].detach().numpy()
                np.testing.assert_allclose(found[:length], shares, rtol=0, atol=1e-13)
                assert (found[length:] == 0).all()
        for ended, last in zip(state.cells, hand.states, strict=True):
            for one, other in zip(ended, last, strict=True):
                np.testing.assert_allclose(one[row].detach().numpy(), other, rtol=0, atol=1e-13)
        assert (state.coverage is not None) == kind.endswith("coverage")
        if state.coverage is not None:
            covered = state.coverage[row].detach().numpy()
            np.testing.assert_allclose(covered[:length], hand.coverage, rtol=0, atol=1e-13)
            assert (covered[length:] == 0).all()


SEED, THRESHOLD = 7, 128


def mask(*shape: int) -> Vector:
    """The seed's mask, which doubles what it keeps."""
    drawn: Vector = keep_mask(torch.Size(shape), THRESHOLD, SEED).double().numpy() * 2.0
    assert 0 < (drawn > 0).sum() < drawn.size
    return drawn


@every_kind
@pytest.mark.parametrize("cell", ["elman", "lstm", "lstm_layer_norm", "gru", "gru_reset_before"])
def test_in_training_all_positions_share_locked_masks_and_thinned_weights(
    kind: str, cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With residuals, and with every mask that of one seed, so that a loop over positions can't draw unseen."""
    drawn = draw_always(SEED, monkeypatch)
    decoder = made(kind, cell, 0.5, locked=True, recurrent_dropout=0.5, residual=True).train()
    read, inputs = memory(), random_tensor(3, 3, WIDTH, seed=1)
    features = decoder(inputs, decoder.start(read)).features
    between = LAYERS - (2 if kind.startswith("between") else 1)
    assert len(drawn) == between + LAYERS + 1  # between layers, of weights, of the readout
    weights = arrays(decoder)
    for name in weights:
        if name.endswith("recurrent_weight"):
            weights[name] = weights[name] * mask(*weights[name].shape)
    layers, readout = mask(3, 1, HIDDEN), mask(3, 1, WIDTH)
    for row, length in enumerate(LENGTHS):
        hand = ByHand(
            weights,
            cell,
            list(read.values[row, :length].detach().numpy()),
            read.summary[row].detach().numpy(),
            residual=True,
            masks=(layers[row, 0], readout[row, 0]),
        )
        for place in range(3):
            expected, _ = BY_HAND[kind](hand, inputs[row, place].detach().numpy())
            np.testing.assert_allclose(features[row, place].detach().numpy(), expected, rtol=0, atol=1e-13)


@every_kind
@pytest.mark.parametrize("residual", [False, True], ids=["plain", "residual"])
def test_pieces_are_the_whole_gradients_included(kind: str, residual: bool) -> None:
    decoder = made(kind, residual=residual)
    read, inputs = memory(), random_tensor(3, 4, WIDTH, seed=1)

    def in_pieces() -> list[Tensor]:
        state, features = decoder.start(read), []
        for now in torch.tensor_split(inputs, [2, 3], dim=1):
            decoded = decoder(now, state)
            state = decoded.state
            features.append(decoded.features)
        return [torch.cat(features, 1), *flat_cells(state)]

    def whole() -> list[Tensor]:
        decoded = decoder(inputs, decoder.start(read))
        return [decoded.features, *flat_cells(decoded.state)]

    leaves = {"inputs": inputs, "summary": read.summary, **dict(decoder.named_parameters())}
    if not kind.startswith("fixed"):
        leaves["memory"] = read.values
    assert_agree(in_pieces, whole, leaves)


@every_kind
def test_gradients_pass_from_position_to_position(kind: str) -> None:
    decoder = made(kind, "gru")
    read, inputs = memory(), random_tensor(3, 3, WIDTH, seed=1)
    leaves = [inputs, read.summary, *decoder.parameters()]
    if not kind.startswith("fixed"):
        leaves.append(read.values)
    # The last position alone, whose features have come all the way
    assert_gradients(lambda: decoder(inputs, decoder.start(read)).features[:, -1], leaves)


def flat_cells(state: RecurrentState) -> list[Tensor]:
    """And what is covered."""
    cells = [tensor for layer in state.cells for tensor in layer]
    return cells if state.coverage is None else [*cells, state.coverage]


@every_kind
def test_a_state_is_reordered_whole(kind: str) -> None:
    decoder = made(kind)
    state = decoder(random_tensor(3, 2, WIDTH, seed=1), decoder.start(memory())).state
    rows = torch.tensor([2, 2, 0])
    found = state.reorder(rows)
    assert_close(flat_cells(found), [tensor[rows] for tensor in flat_cells(state)])
    assert (found.fed is None) == ("feeding" not in kind)
    assert (found.coverage is None) == (not kind.endswith("coverage"))
    if found.coverage is not None:
        assert_close(found.coverage, state.coverage[rows])
    if found.fed is not None:
        assert_close(found.fed, state.fed[rows])
    assert torch.equal(found.source.visible, VISIBLE[rows])
    assert found.position == 0


def test_feeding_starts_from_zeros() -> None:
    decoder = made("after, feeding")
    assert_close(decoder.start(memory()).fed, torch.zeros(3, WIDTH, dtype=torch.float64))


@every_kind
def test_features_are_dropped_out_in_training(kind: str) -> None:
    decoder = made(kind, dropout=0.5)
    inputs = random_tensor(3, 8, WIDTH, seed=1)
    torch.manual_seed(0)
    features = decoder.train()(inputs, decoder.start(memory())).features
    assert 0.3 < (features != 0).double().mean() < 0.7
    assert features.abs().max() > 1  # a tanh, doubled


@pytest.mark.parametrize("kind", ["between + coverage", "after + coverage"])
def test_cells_that_do_not_wait_for_the_coverage_run_over_all_positions_at_once(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = made(kind)
    met: list[int] = []
    whole = LSTMCell.sequence

    def noted(cell: LSTMCell, inputs: Tensor, *more: object) -> object:
        met.append(inputs.shape[1])
        return whole(cell, inputs, *more)

    monkeypatch.setattr(LSTMCell, "sequence", noted)
    decoder(random_tensor(3, 5, WIDTH, seed=1), decoder.start(memory()))
    assert met == [5] * LAYERS


def test_the_coverage_of_a_bfloat16_memory_is_summed_in_float32() -> None:
    decoder = randomise(made("before + coverage"), dtype=torch.bfloat16)
    read = Memory(memory().values.bfloat16(), VISIBLE, memory().summary.bfloat16())
    assert decoder.start(read).coverage.dtype == torch.float32


def test_a_state_without_coverage_is_refused() -> None:
    decoder, read = made("after + coverage"), memory()
    state = replace(decoder.start(read), coverage=None)
    with pytest.raises(ValueError, match=r"^a state without coverage is none of this decoder's$"):
        decoder(random_tensor(3, 1, WIDTH, seed=1), state)
