"""The Transformer's layers: against the paper's equations, whole or in pieces, alone or in a beam."""

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

import equations
from agreement import arrays, assert_agree, assert_close, assert_gradients, random_tensor, randomise
from seqloom.layers.transformer import (
    CausalLayer,
    FeedForward,
    Past,
    Residual,
    TransformerDecoderLayer,
    TransformerEncoderLayer,
    beside,
)

WIDTH, HEADS, INNER, MEMORY = 8, 2, 5, 6
LENGTHS = [4, 1, 3]
VISIBLE = torch.arange(4) < torch.tensor(LENGTHS)[:, None]
CLOSE = 1e-5  # rotary angles are float32

every_norm = pytest.mark.parametrize("norm", ["pre", "post"])
with_rotary = pytest.mark.parametrize("rotary", [False, True], ids=["plain", "rotary"])
# How a decoder's layer reads what is written: by self-attention, plain or rotary, or by a recurrence
LOOKING_BACK = [(False, False), (True, False), (False, True)]
every_way_back = pytest.mark.parametrize(
    ("rotary", "recurrent"), LOOKING_BACK, ids=["plain", "rotary", "ssru"]
)


def encoder_layer(norm: str, rotary: bool, dropout: float = 0.0) -> TransformerEncoderLayer:
    return randomise(
        TransformerEncoderLayer(
            WIDTH,
            heads=HEADS,
            feed_forward=INNER,
            norm=norm,
            rotary=rotary,
            dropout=dropout,
            attention_dropout=0.0,
        )
    )


def decoder_layer(norm: str, rotary: bool, recurrent: bool = False) -> TransformerDecoderLayer:
    return randomise(
        TransformerDecoderLayer(
            WIDTH,
            MEMORY,
            heads=HEADS,
            feed_forward=INNER,
            norm=norm,
            rotary=rotary,
            dropout=0.0,
            attention_dropout=0.0,
            recurrent=recurrent,
        )
    )


def within(outputs: Tensor) -> list[Tensor]:
    return [row[:length] for row, length in zip(outputs, LENGTHS, strict=True)]


# Parts


def test_the_feed_forward_part_is_the_paper_s() -> None:
    layer = randomise(FeedForward(WIDTH, INNER))
    inputs = random_tensor(2, 3, WIDTH, seed=1)
    outputs = layer(inputs).detach().numpy()
    for row, place in np.ndindex(2, 3):
        expected = equations.feed_forward(arrays(layer), inputs[row, place].detach().numpy())
        np.testing.assert_allclose(outputs[row, place], expected, rtol=0, atol=1e-13)
    assert_gradients(lambda: layer(inputs), [inputs, *layer.parameters()])


@every_norm
def test_residuals_normalise_where_they_should(norm: str) -> None:
    around = randomise(Residual(WIDTH, norm, 0.0))
    inputs = random_tensor(1, 3, WIDTH, seed=1)
    found = around.close(inputs, around.open(inputs) ** 2)
    xs = list(inputs[0].detach().numpy())
    weights = equations.part(arrays(around), "norm")
    expected = equations.around(weights, norm, xs, lambda read: [x**2 for x in read])
    np.testing.assert_allclose(found[0].detach().numpy(), expected, rtol=0, atol=1e-13)


def test_residual_dropout_falls_on_what_the_part_gives() -> None:
    around = Residual(WIDTH, "pre", 0.5).train()
    inputs, given = torch.randn(50, WIDTH), torch.ones(50, WIDTH)
    torch.manual_seed(0)
    added = around.close(inputs, given) - inputs
    kept = added > 1
    assert 0.3 < kept.double().mean() < 0.7
    torch.testing.assert_close(added, 2.0 * kept)


def test_an_unknown_norm_is_refused() -> None:
    with pytest.raises(ValueError, match=r'^norm = "rms"; expected pre or post\.$'):
        Residual(WIDTH, "rms", 0.0)


@pytest.mark.parametrize("positions", [1, 5])
def test_rows_of_a_sentence_are_laid_side_by_side(positions: int) -> None:
    query = random_tensor(6, HEADS, positions, 4, seed=1)  # two sentences, three rows each
    found = beside(query, 3)
    assert found.shape == (2, HEADS, 3 * positions, 4)
    for sentence, row in itertools.product(range(2), range(3)):
        own = slice(row * positions, (row + 1) * positions)
        assert torch.equal(found[sentence, :, own], query[3 * sentence + row])
    assert beside(query, 1) is query


# The encoder's layer


@every_norm
@with_rotary
def test_an_encoder_layer_is_the_paper_s(norm: str, rotary: bool) -> None:
    layer = encoder_layer(norm, rotary)
    inputs = random_tensor(3, 4, WIDTH, seed=1)
    outputs = within(layer(inputs, VISIBLE))
    for row, length in enumerate(LENGTHS):
        expected = equations.encoder_layer(
            arrays(layer), list(inputs[row, :length].detach().numpy()), heads=HEADS, norm=norm, rotary=rotary
        )
        tolerance = CLOSE if rotary else 1e-12
        np.testing.assert_allclose(outputs[row].detach().numpy(), expected, rtol=0, atol=tolerance)


@every_norm
@with_rotary
def test_padding_is_invisible_to_an_encoder_layer(norm: str, rotary: bool) -> None:
    layer = encoder_layer(norm, rotary)
    clean = random_tensor(3, 4, WIDTH, seed=1)
    dirty = torch.cat([torch.where(VISIBLE[:, :, None], clean, 1e4), torch.full((3, 2, WIDTH), -1e4)], 1)
    wider = torch.cat([VISIBLE, torch.zeros(3, 2, dtype=torch.bool)], -1)
    assert_agree(
        lambda: within(layer(dirty, wider)),
        lambda: within(layer(clean, VISIBLE)),
        {"inputs": clean, **dict(layer.named_parameters())},
        idle=["self_attention.key_layer.bias"],  # the softmax does not see it, unless it is turned
    )


@every_norm
@with_rotary
def test_gradients_of_an_encoder_layer(norm: str, rotary: bool) -> None:
    layer = encoder_layer(norm, rotary)
    inputs = random_tensor(3, 4, WIDTH, seed=1)
    assert_gradients(lambda: within(layer(inputs, VISIBLE)), [inputs, *layer.parameters()])


def test_an_encoder_layer_drops_out_after_attention_and_after_the_feed_forward_part() -> None:
    layer = encoder_layer("pre", rotary=False, dropout=0.5).train()
    inputs = random_tensor(3, 4, WIDTH, seed=1)
    calls: list[Tensor] = []
    for around in (layer.around_attention, layer.around_feed_forward):
        around.dropout.register_forward_hook(lambda _, given, __: calls.append(given[0]))
    layer(inputs, VISIBLE)
    assert [tuple(given.shape) for given in calls] == [(3, 4, WIDTH)] * 2


# The decoder's layer


def decode(
    layer: TransformerDecoderLayer,
    inputs: Tensor,
    memory: Tensor,
    past: Past | None = None,
    *,
    alignment: bool = True,
) -> tuple[Tensor, Past, Tensor | None]:
    source = layer.source_attention.keys_and_values(memory)
    found: tuple[Tensor, Past, Tensor | None] = layer(
        inputs,
        layer.start(source) if past is None else past,
        source,
        VISIBLE,
        alignment=alignment,
    )
    return found


@every_norm
@every_way_back
def test_a_decoder_layer_is_the_paper_s(norm: str, rotary: bool, recurrent: bool) -> None:
    layer = decoder_layer(norm, rotary, recurrent)
    inputs, memory = random_tensor(3, 3, WIDTH, seed=1), random_tensor(3, 4, MEMORY, seed=2)
    outputs, _, alignment = decode(layer, inputs, memory)
    assert alignment is not None
    for row, length in enumerate(LENGTHS):
        expected, shares = equations.decoder_layer(
            arrays(layer),
            list(inputs[row].detach().numpy()),
            list(memory[row, :length].detach().numpy()),
            heads=HEADS,
            norm=norm,
            rotary=rotary,
        )
        tolerance = CLOSE if rotary else 1e-12
        np.testing.assert_allclose(outputs[row].detach().numpy(), expected, rtol=0, atol=tolerance)
        np.testing.assert_allclose(
            alignment[row, :, :, :length].detach().numpy(), shares, rtol=0, atol=tolerance
        )
        assert (alignment[row, :, :, length:] == 0).all()


@every_norm
@every_way_back
@pytest.mark.parametrize("cuts", [[1, 2], [2], [1]], ids=str)
def test_pieces_are_the_whole_gradients_included(
    norm: str, rotary: bool, recurrent: bool, cuts: list[int]
) -> None:
    layer = decoder_layer(norm, rotary, recurrent)
    inputs, memory = random_tensor(3, 3, WIDTH, seed=1), random_tensor(3, 4, MEMORY, seed=2)

    def in_pieces() -> tuple[Tensor, Past, Tensor]:
        past: Past | None = None
        outputs, alignments = [], []
        for now in torch.tensor_split(inputs, cuts, dim=1):
            output, past, alignment = decode(layer, now, memory, past)
            outputs.append(output)
            assert alignment is not None
            alignments.append(alignment)
        assert past is not None
        return torch.cat(outputs, 1), past, torch.cat(alignments, 2)

    assert_agree(
        in_pieces,
        lambda: decode(layer, inputs, memory),
        {"inputs": inputs, "memory": memory, **dict(layer.named_parameters())},
        idle=["self_attention.key_layer.bias", "source_attention.key_layer.bias"],
    )


@every_norm
@every_way_back
def test_gradients_of_a_decoder_layer(norm: str, rotary: bool, recurrent: bool) -> None:
    layer = decoder_layer(norm, rotary, recurrent)
    inputs, memory = random_tensor(3, 3, WIDTH, seed=1), random_tensor(3, 4, MEMORY, seed=2)
    assert_gradients(lambda: decode(layer, inputs, memory)[::2], [inputs, memory, *layer.parameters()])


def test_alignment_is_given_only_if_asked() -> None:
    layer = decoder_layer("pre", rotary=False)
    inputs, memory = random_tensor(3, 3, WIDTH, seed=1), random_tensor(3, 4, MEMORY, seed=2)
    asked, _, alignment = decode(layer, inputs, memory)
    unasked, _, nothing = decode(layer, inputs, memory, alignment=False)
    assert nothing is None
    assert alignment is not None
    assert_close(asked, unasked)
    assert_close(alignment.sum(-1), torch.ones(3, HEADS, 3, dtype=torch.float64))


@pytest.mark.parametrize("alignment", [False, True], ids=["fused", "written out"])
@every_way_back
def test_a_beam_reads_one_memory_as_if_each_row_had_its_own(
    rotary: bool, recurrent: bool, alignment: bool
) -> None:
    layer = decoder_layer("pre", rotary, recurrent)
    inputs, memory = random_tensor(6, 1, WIDTH, seed=1), random_tensor(3, 4, MEMORY, seed=2)
    shape = (6, WIDTH) if recurrent else (6, HEADS, 2, 4)
    past = random_tensor(*shape, seed=3), random_tensor(*shape, seed=4)
    source = layer.source_attention.keys_and_values(memory)
    shared = layer(inputs, past, source, VISIBLE, beam=2, alignment=alignment)
    own = tuple(tensor.repeat_interleave(2, dim=0) for tensor in source)
    apart = layer(inputs, past, own, VISIBLE.repeat_interleave(2, dim=0), alignment=alignment)
    assert_close(shared, apart)
    assert (shared[2] is not None) == alignment


def test_nothing_is_written_at_the_start() -> None:
    source = random_tensor(3, HEADS, 4, 4, seed=1), random_tensor(3, HEADS, 4, 4, seed=2)
    past = decoder_layer("pre", rotary=False).start(source)
    assert [tuple(tensor.shape) for tensor in past] == [(3, HEADS, 0, 4)] * 2
    state = decoder_layer("pre", rotary=False, recurrent=True).start(source)
    assert_close(state, [torch.zeros(3, WIDTH, dtype=torch.float64)] * 2)


def test_a_recurrence_remembers_the_rows_before_it_and_nothing_after() -> None:
    layer, memory = decoder_layer("pre", rotary=False, recurrent=True), random_tensor(3, 4, MEMORY, seed=2)
    inputs = random_tensor(3, 4, WIDTH, seed=1)
    outputs, (_, memorised), _ = decode(layer, inputs, memory)
    changed = torch.cat([inputs[:, :2], -inputs[:, 2:]], 1)
    others, _, _ = decode(layer, changed, memory)
    assert_close(others[:, :2], outputs[:, :2])
    assert (others[:, 2:] - outputs[:, 2:]).abs().min() > 1e-6
    assert memorised.shape == (3, WIDTH)  # however much is written


def test_a_recurrent_layer_has_nothing_to_turn() -> None:
    message = r"^rotary positions turn queries and keys, of which a recurrent layer has none\.$"
    with pytest.raises(ValueError, match=message):
        decoder_layer("pre", rotary=True, recurrent=True)


# The layer without a source


def causal_layer(norm: str, rotary: bool, recurrent: bool = False) -> CausalLayer:
    return randomise(
        CausalLayer(
            WIDTH,
            heads=HEADS,
            feed_forward=INNER,
            norm=norm,
            rotary=rotary,
            dropout=0.0,
            attention_dropout=0.0,
            recurrent=recurrent,
        )
    )


@every_norm
@every_way_back
def test_a_causal_layer_is_a_decoder_s_without_its_source(norm: str, rotary: bool, recurrent: bool) -> None:
    layer = causal_layer(norm, rotary, recurrent)
    inputs = random_tensor(2, 5, WIDTH, seed=1)
    outputs, _ = layer(inputs, layer.start(2))
    for row in range(2):
        xs = list(inputs[row].detach().numpy())
        expected = equations.causal_layer(arrays(layer), xs, heads=HEADS, norm=norm, rotary=rotary)
        np.testing.assert_allclose(outputs[row].detach().numpy(), expected, rtol=0, atol=CLOSE)


@every_norm
@every_way_back
def test_a_causal_layer_reads_in_pieces_what_it_reads_whole(norm: str, rotary: bool, recurrent: bool) -> None:
    layer = causal_layer(norm, rotary, recurrent)
    inputs = random_tensor(2, 5, WIDTH, seed=1)

    def in_pieces() -> Tensor:
        past, outputs = layer.start(2), []
        for piece in inputs.split([1, 3, 1], dim=1):
            read, past = layer(piece, past)
            outputs.append(read)
        return torch.cat(outputs, 1)

    leaves = {"inputs": inputs, **dict(layer.named_parameters())}
    idle = [name for name in leaves if "key_layer.bias" in name]  # a key's bias moves all scores alike
    assert_agree(lambda: layer(inputs, layer.start(2))[0], in_pieces, leaves, CLOSE, idle=idle)
    assert_gradients(lambda: layer(inputs[:1, :2], layer.start(1))[0], layer.parameters())


def test_a_causal_recurrence_has_nothing_to_turn() -> None:
    with pytest.raises(ValueError, match="rotary positions turn queries and keys"):
        causal_layer("pre", True, True)
