"""Encoders: the memory, its summary and final states, for each row as if it were alone."""

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
from equations import Vector, Weights, part
from kinds import CELLS, ENCODERS, SOURCES, TRANSFORMERS, WIDTH, batch, memory_width, model_of
from seqloom.data.batch import collate
from seqloom.layers.dropout import keep_mask
from seqloom.models.encoders import RecurrentEncoder, TransformerEncoder
from seqloom.models.state import Memory

LENGTHS = [4, 1, 3]
VISIBLE = torch.arange(4) < torch.tensor(LENGTHS)[:, None]

every_encoder = pytest.mark.parametrize("encoder", ENCODERS)


def rows_of(memory: Memory, lengths: list[int]) -> list[list[Tensor]]:
    """For each row: the visible values, the summary, the final states."""
    states = [tensor for layer in memory.final or () for tensor in layer]
    return [
        [memory.values[row, :length], memory.summary[row], *(tensor[row] for tensor in states)]
        for row, length in enumerate(lengths)
    ]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True], ids=["uni", "bi"])
def test_recurrent_layers_read_each_other_and_the_summary_is_the_last_output(
    cell: str, bidirectional: bool
) -> None:
    encoder = randomise(
        RecurrentEncoder(WIDTH, cell=cell, hidden=5, layers=2, bidirectional=bidirectional, dropout=0.3)
    )
    inputs = random_tensor(3, 4, WIDTH, seed=1)
    memory = encoder(inputs, torch.tensor(LENGTHS), VISIBLE)
    assert memory.visible is VISIBLE
    assert memory.final is not None
    for row, length in enumerate(LENGTHS):
        xs = list(inputs[row, :length].detach().numpy())
        for layer in range(2):
            xs, last = one_layer(cell, part(arrays(encoder), f"layers.{layer}"), xs, bidirectional)
            for found, expected in zip(memory.final[layer], last, strict=True):
                np.testing.assert_allclose(found[row].detach().numpy(), expected, rtol=0, atol=1e-13)
        np.testing.assert_allclose(memory.values[row, :length].detach().numpy(), xs, rtol=0, atol=1e-13)
        np.testing.assert_allclose(memory.summary[row].detach().numpy(), last[0], rtol=0, atol=1e-13)


def one_layer(
    cell: str, weights: Weights, xs: list[Vector], bidirectional: bool
) -> tuple[list[Vector], equations.State]:
    forward = part(weights, "forward_cell")
    if bidirectional:
        return equations.run_both_ways(cell, forward, part(weights, "backward_cell"), xs, 5)
    return equations.run(cell, forward, xs, equations.zeros(cell, 5))


@pytest.mark.parametrize("bidirectional", [False, True], ids=["uni", "bi"])
def test_a_residual_encoder_adds_inputs_and_its_summary_is_the_last_output(bidirectional: bool) -> None:
    encoder = randomise(
        RecurrentEncoder(
            WIDTH, cell="lstm", hidden=5, layers=3, bidirectional=bidirectional, dropout=0.3, residual=True
        )
    )
    inputs = random_tensor(3, 4, WIDTH, seed=1)
    memory = encoder(inputs, torch.tensor(LENGTHS), VISIBLE)
    for row, length in enumerate(LENGTHS):
        xs = list(inputs[row, :length].detach().numpy())
        for layer in range(3):
            made, last = one_layer("lstm", part(arrays(encoder), f"layers.{layer}"), xs, bidirectional)
            xs = made if layer == 0 else [x + y for x, y in zip(xs, made, strict=True)]
            for found, expected in zip(memory.final[layer], last, strict=True):
                np.testing.assert_allclose(found[row].detach().numpy(), expected, rtol=0, atol=1e-13)
        np.testing.assert_allclose(memory.values[row, :length].detach().numpy(), xs, rtol=0, atol=1e-13)
        forward, backward = xs[-1][:5], xs[0][5:]  # each direction's last
        summary = np.concatenate([forward, backward])
        np.testing.assert_allclose(memory.summary[row].detach().numpy(), summary, rtol=0, atol=1e-13)


@pytest.mark.parametrize("cell", CELLS)
def test_in_training_all_positions_share_locked_masks_and_thinned_weights(
    cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = draw_always(7, monkeypatch)
    options = {"locked": True, "residual": True, "bidirectional": True}
    encoder = randomise(
        RecurrentEncoder(WIDTH, cell=cell, hidden=5, layers=2, dropout=0.5, recurrent_dropout=0.5, **options)
    ).train()
    inputs = random_tensor(3, 4, WIDTH, seed=1)
    memory = encoder(inputs, torch.tensor(LENGTHS), VISIBLE)
    assert len(drawn) == 1 + 2 * 2  # between the layers, and of each direction's weights
    weights = arrays(encoder)
    for name in weights:
        if name.endswith("recurrent_weight"):
            weights[name] = weights[name] * keep_mask(torch.Size(weights[name].shape), 128, 7).numpy() * 2.0
    mask = keep_mask(torch.Size([3, 1, 10]), 128, 7).numpy()
    for row, length in enumerate(LENGTHS):
        xs, _ = one_layer(cell, part(weights, "layers.0"), list(inputs[row, :length].detach().numpy()), True)
        made, _ = one_layer(cell, part(weights, "layers.1"), [x * mask[row, 0] * 2.0 for x in xs], True)
        expected = [x + y for x, y in zip(xs, made, strict=True)]
        np.testing.assert_allclose(memory.values[row, :length].detach().numpy(), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("rotary", [False, True], ids=["plain", "rotary"])
def test_transformer_layers_read_each_other_and_the_summary_is_the_visible_mean(
    norm: str, rotary: bool
) -> None:
    encoder = randomise(
        TransformerEncoder(
            WIDTH,
            layers=2,
            heads=2,
            feed_forward=12,
            norm=norm,
            rotary=rotary,
            dropout=0.3,
            attention_dropout=0.3,
        )
    )
    inputs = random_tensor(3, 4, WIDTH, seed=1)
    memory = encoder(inputs, torch.tensor(LENGTHS), VISIBLE)
    assert memory.visible is VISIBLE
    assert memory.final is None
    weights = arrays(encoder)
    for row, length in enumerate(LENGTHS):
        xs = list(inputs[row, :length].detach().numpy())
        for layer in range(2):
            xs = equations.encoder_layer(
                part(weights, f"layers.{layer}"), xs, heads=2, norm=norm, rotary=rotary
            )
        if norm == "pre":
            xs = [equations.layer_norm(part(weights, "last_norm"), x) for x in xs]
        tolerance = 1e-5 if rotary else 1e-12  # rotary angles are float32
        np.testing.assert_allclose(memory.values[row, :length].detach().numpy(), xs, rtol=0, atol=tolerance)
        mean = sum(xs) / length
        np.testing.assert_allclose(memory.summary[row].detach().numpy(), mean, rtol=0, atol=tolerance)


@every_encoder
@torch.inference_mode()
def test_a_batch_is_its_rows_one_by_one(encoder: str) -> None:
    model = model_of(encoder, "gru-fixed", torch.float64)
    together = rows_of(model.encode(batch()), batch().source_lengths.tolist())
    for row, source in enumerate(SOURCES):
        alone = rows_of(model.encode(collate([source])), [len(source) + 1])
        assert_close(together[row], alone[0])


@every_encoder
def test_padding_is_invisible(encoder: str) -> None:
    model = model_of(encoder, "gru-fixed", torch.float64)
    lengths = torch.tensor(LENGTHS)
    clean = random_tensor(3, 4, WIDTH, seed=1)
    more = torch.full((3, 2, WIDTH), -1e3, dtype=torch.float64)
    dirty = torch.cat([torch.where(VISIBLE[:, :, None], clean, 1e3), more], 1)
    wider = torch.cat([VISIBLE, torch.zeros(3, 2, dtype=torch.bool)], 1)
    parameters = {"inputs": clean, **dict(model.encoder.named_parameters())}
    assert_agree(
        lambda: rows_of(model.encoder(dirty, lengths, wider), LENGTHS),
        lambda: rows_of(model.encoder(clean, lengths, VISIBLE), LENGTHS),
        parameters,
        1e-9,
        idle=[name for name in parameters if name.endswith("key_layer.bias")],
    )


@pytest.mark.parametrize("encoder", ["lstm-bi-2", "transformer-pre-sinusoidal"])
def test_gradients_pass_through_all_layers(encoder: str) -> None:
    model = model_of(encoder, "gru-fixed", torch.float64)
    inputs = random_tensor(3, 4, WIDTH, seed=1)
    assert_gradients(
        lambda: rows_of(model.encoder(inputs, torch.tensor(LENGTHS), VISIBLE), LENGTHS),
        [inputs, *model.encoder.parameters()],
    )


@every_encoder
@torch.inference_mode()
def test_sizes_are_as_announced(encoder: str) -> None:
    model = model_of(encoder, "gru-fixed")
    memory = model.encode(batch())
    width = memory_width(ENCODERS[encoder])
    assert model.encoder.memory_width == model.encoder.summary_width == width
    assert memory.values.shape == (3, 5, width)
    assert memory.summary.shape == (3, width)
    assert torch.equal(memory.visible, batch().source_mask)
    assert (memory.final is None) == (encoder in TRANSFORMERS)
    if memory.final is not None:
        assert len(memory.final) == ENCODERS[encoder]["layers"]
        assert {tuple(tensor.shape) for layer in memory.final for tensor in layer} == {(3, width)}


@pytest.mark.parametrize("cell", CELLS)
def test_dropout_falls_between_layers_and_not_on_states_or_the_memory(cell: str) -> None:
    encoder = RecurrentEncoder(WIDTH, cell=cell, hidden=5, layers=2, bidirectional=True, dropout=0.5)
    inputs, lengths = random_tensor(3, 4, WIDTH, seed=1).float(), torch.tensor(LENGTHS)
    torch.manual_seed(0)
    noisy = encoder.train()(inputs, lengths, VISIBLE)
    quiet = encoder.eval()(inputs, lengths, VISIBLE)
    lower, upper = zip(noisy.final, quiet.final, strict=True)
    assert_close(lower[0], lower[1], 1e-6)
    assert (upper[0][0] - upper[1][0]).abs().max() > 1e-3
    assert (noisy.values[VISIBLE] != 0).all()
