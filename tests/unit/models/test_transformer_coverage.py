"""The attention above a Transformer decoder's layers, which knows what it has looked at before."""

import numpy as np
import pytest
import torch
from torch import Tensor

import equations
from agreement import arrays, assert_agree, assert_close, assert_gradients, random_tensor, randomise
from equations import part
from seqloom.models.state import Memory
from seqloom.models.transformer_decoder import TransformerDecoder, TransformerState

WIDTH, HEADS, MEMORY = 8, 2, 5
LENGTHS = [4, 1, 3]
VISIBLE = torch.arange(4) < torch.tensor(LENGTHS)[:, None]

recurrent_or_not = pytest.mark.parametrize("recurrent", [False, True], ids=["attention", "ssru"])


def made(recurrent: bool = False, coverage: bool = True) -> TransformerDecoder:
    return randomise(
        TransformerDecoder(
            WIDTH,
            MEMORY,
            layers=2,
            heads=HEADS,
            feed_forward=6,
            norm="pre",
            rotary=False,
            dropout=0.3,
            attention_dropout=0.3,
            recurrent=recurrent,
            coverage=coverage,
        )
    )


def memory() -> Memory:
    return Memory(random_tensor(3, 4, MEMORY, seed=2), VISIBLE, torch.zeros(3, MEMORY))


def carried(state: TransformerState) -> list[Tensor]:
    """What the state holds of the positions written."""
    assert state.coverage is not None
    return [*(tensor for layer in state.continued() for tensor in layer), state.coverage]


@recurrent_or_not
def test_it_is_the_papers_attention_over_what_the_layers_made(recurrent: bool) -> None:
    decoder, read, inputs = made(recurrent), memory(), random_tensor(3, 3, WIDTH, seed=1)
    features, alignment, state = decoder(inputs, decoder.start(read), alignment=True)
    layers = decoder.through_layers(inputs, decoder.start(read), alignment=False).features
    assert alignment is not None
    assert state.coverage is not None
    weights = arrays(decoder)
    for row, length in enumerate(LENGTHS):
        seen = list(read.values[row, :length].detach().numpy())
        coverage = np.zeros(length)
        for place, query in enumerate(layers[row].detach().numpy()):
            context, shares = equations.attend_covered(
                part(weights, "covered_attention"), query, seen, list(coverage)
            )
            coverage = coverage + shares
            expected = query + equations.linear(part(weights, "covered_layer"), context)
            np.testing.assert_allclose(features[row, place].detach().numpy(), expected, rtol=0, atol=1e-12)
            found = alignment[row, place].detach().numpy()
            np.testing.assert_allclose(found[:length], shares, rtol=0, atol=1e-12)
            assert (found[length:] == 0).all()
        np.testing.assert_allclose(state.coverage[row, :length].detach().numpy(), coverage, atol=1e-12)


@recurrent_or_not
def test_pieces_are_the_whole_gradients_included(recurrent: bool) -> None:
    decoder, read, inputs = made(recurrent), memory(), random_tensor(3, 4, WIDTH, seed=1)

    def in_pieces() -> list[Tensor]:
        state, features = decoder.start(read), []
        for now in torch.tensor_split(inputs, [2, 3], dim=1):
            decoded = decoder(now, state)
            state = decoded.state
            features.append(decoded.features)
        return [torch.cat(features, 1), *carried(state)]

    def whole() -> list[Tensor]:
        decoded = decoder(inputs, decoder.start(read))
        return [decoded.features, *carried(decoded.state)]

    leaves = {"inputs": inputs, "memory": read.values, **dict(decoder.named_parameters())}
    idle = [name for name in leaves if name.endswith("source_attention.key_layer.bias")]
    assert_agree(in_pieces, whole, leaves, idle=idle)


def test_gradients_pass_through_it() -> None:
    decoder, read, inputs = made(), memory(), random_tensor(3, 3, WIDTH, seed=1)
    own = [each for name, each in decoder.named_parameters() if name.startswith("covered")]
    assert len(own) == 7
    assert_gradients(
        lambda: decoder(inputs, decoder.start(read), alignment=True)[:2], [inputs, read.values, *own]
    )


def test_a_state_is_reordered_whole_and_rows_stand_beside_each_other() -> None:
    decoder = made()
    state = decoder(random_tensor(3, 2, WIDTH, seed=1), decoder.start(memory())).state
    rows = torch.tensor([0, 0, 1, 1, 2, 2])
    found = state.reorder(rows)
    assert_close(carried(found), [tensor[rows] for tensor in carried(state)])
    inputs = random_tensor(6, 1, WIDTH, seed=3)
    together = decoder(inputs, found, alignment=True)
    assert found.covering is not None
    assert found.covering.beam == 2  # of which each sentence's memory is kept once
    for row, own in enumerate(rows.tolist()):
        alone = decoder(inputs[row : row + 1], state.reorder(torch.tensor([own])), alignment=True)
        assert_close(alone.features[0], together.features[row])
        assert_close(alone.alignment[0], together.alignment[row])
        assert_close(alone.state.coverage[0], together.state.coverage[row])


def test_a_state_of_another_decoder_is_refused() -> None:
    with pytest.raises(ValueError, match="a state without coverage is none of this decoder's"):
        made()(random_tensor(3, 1, WIDTH, seed=1), made(coverage=False).start(memory()))
