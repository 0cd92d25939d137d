"""The Transformer decoder: its layers in order, its cache, and the alignment it shows."""

import shutil
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

import equations
from agreement import arrays, assert_agree, assert_close, assert_gradients, random_tensor, randomise
from equations import part
from seqloom.layers import kernels
from seqloom.layers.linear import Linear
from seqloom.models.state import Decoded, Memory
from seqloom.models.transformer_decoder import TransformerDecoder, TransformerState

WIDTH, HEADS, MEMORY = 8, 2, 5
LENGTHS = [4, 1, 3]
VISIBLE = torch.arange(4) < torch.tensor(LENGTHS)[:, None]

every_norm = pytest.mark.parametrize("norm", ["pre", "post"])
WAYS_BACK = [(False, False), (True, False), (False, True)]
every_way_back = pytest.mark.parametrize(("rotary", "recurrent"), WAYS_BACK, ids=["plain", "rotary", "ssru"])
recurrent_or_not = pytest.mark.parametrize("recurrent", [False, True], ids=["attention", "ssru"])


def made(norm: str = "pre", rotary: bool = False, recurrent: bool = False) -> TransformerDecoder:
    return randomise(
        TransformerDecoder(
            WIDTH,
            MEMORY,
            layers=2,
            heads=HEADS,
            feed_forward=6,
            norm=norm,
            rotary=rotary,
            dropout=0.3,
            attention_dropout=0.3,
            recurrent=recurrent,
        )
    )


def memory() -> Memory:
    return Memory(random_tensor(3, 4, MEMORY, seed=2), VISIBLE, torch.zeros(3, MEMORY))


def cache(state: TransformerState) -> list[Tensor]:
    return [tensor for layer in state.continued() for tensor in layer]


@every_norm
@every_way_back
def test_layers_read_each_other_and_the_last_one_shows_its_alignment(
    norm: str, rotary: bool, recurrent: bool
) -> None:
    decoder, read, inputs = made(norm, rotary, recurrent), memory(), random_tensor(3, 3, WIDTH, seed=1)
    features, alignment, state = decoder(inputs, decoder.start(read), alignment=True)
    assert state.position == 3
    assert alignment is not None
    weights = arrays(decoder)
    tolerance = 1e-5 if rotary else 1e-12  # rotary angles are float32
    for row, length in enumerate(LENGTHS):
        xs = list(inputs[row].detach().numpy())
        seen = list(read.values[row, :length].detach().numpy())
        for layer in range(2):
            xs, shares = equations.decoder_layer(
                part(weights, f"layers.{layer}"), xs, seen, heads=HEADS, norm=norm, rotary=rotary
            )
        if norm == "pre":
            xs = [equations.layer_norm(part(weights, "last_norm"), x) for x in xs]
        np.testing.assert_allclose(features[row].detach().numpy(), xs, rtol=0, atol=tolerance)
        found = alignment[row].detach().numpy()
        np.testing.assert_allclose(found[:, :length], sum(shares) / HEADS, rtol=0, atol=tolerance)
        assert (found[:, length:] == 0).all()


@every_norm
@every_way_back
def test_pieces_are_the_whole_gradients_included(norm: str, rotary: bool, recurrent: bool) -> None:
    decoder, read, inputs = made(norm, rotary, recurrent), memory(), random_tensor(3, 4, WIDTH, seed=1)

    def in_pieces() -> list[Tensor]:
        state, features = decoder.start(read), []
        for now in torch.tensor_split(inputs, [2, 3], dim=1):
            decoded = decoder(now, state)
            state = decoded.state
            features.append(decoded.features)
        return [torch.cat(features, 1), *cache(state)]

    def whole() -> list[Tensor]:
        decoded = decoder(inputs, decoder.start(read))
        return [decoded.features, *cache(decoded.state)]

    leaves = {"inputs": inputs, "memory": read.values, **dict(decoder.named_parameters())}
    idle = [name for name in leaves if name.endswith("source_attention.key_layer.bias")]
    assert_agree(in_pieces, whole, leaves, idle=idle)


@every_norm
@recurrent_or_not
def test_gradients_pass_through_all_layers(norm: str, recurrent: bool) -> None:
    decoder, read, inputs = made(norm, recurrent=recurrent), memory(), random_tensor(3, 3, WIDTH, seed=1)
    assert_gradients(
        lambda: decoder(inputs, decoder.start(read), alignment=True)[:2],
        [inputs, read.values, *decoder.parameters()],
    )


@recurrent_or_not
def test_later_symbols_change_nothing_earlier(recurrent: bool) -> None:
    decoder, inputs = made(recurrent=recurrent), random_tensor(3, 4, WIDTH, seed=1)
    features = decoder(inputs, decoder.start(memory())).features
    changed = torch.cat([inputs[:, :2], -inputs[:, 2:]], 1)
    others = decoder(changed, decoder.start(memory())).features
    assert_close(others[:, :2], features[:, :2])
    assert (others[:, 2:] - features[:, 2:]).abs().min() > 1e-6


@recurrent_or_not
def test_a_state_is_reordered_whole(recurrent: bool) -> None:
    decoder = made(recurrent=recurrent)
    state = decoder(random_tensor(3, 2, WIDTH, seed=1), decoder.start(memory())).state
    rows = torch.tensor([2, 2, 0])
    found = state.reorder(rows)
    assert_close(cache(found), [tensor[rows] for tensor in cache(state)])
    assert_close(found.source.tensors, [tensor[rows] for tensor in state.source.tensors])
    assert torch.equal(found.source.visible, VISIBLE[rows])
    assert found.position == state.position == 2


def test_nothing_is_written_at_the_start() -> None:
    state = made().start(memory())
    assert state.position == 0
    assert [tuple(tensor.shape) for tensor in cache(state)] == [(3, HEADS, 0, WIDTH // HEADS)] * 4
    assert [tuple(tensor.shape) for tensor in state.source.tensors] == [(3, HEADS, 4, WIDTH // HEADS)] * 4


def test_a_recurrent_state_counts_positions_and_does_not_grow() -> None:
    decoder = made(recurrent=True)
    state, sizes = decoder.start(memory()), []
    for now in random_tensor(3, 4, WIDTH, seed=1).unbind(1):
        sizes.append((state.position, [tuple(tensor.shape) for tensor in cache(state)]))
        state = decoder(now[:, None], state).state
    assert sizes == [(position, [(3, WIDTH)] * 4) for position in range(4)]


# -- one position of all layers in one compiled call ---------------------------------------------------------------


@pytest.fixture
def _compiled() -> Iterator[None]:
    if not any(shutil.which(name) for name in kernels.COMPILERS):
        pytest.skip("kernels need a compiler")
    assert kernels.load()
    yield
    kernels.unload()


def finished(decoder: TransformerDecoder) -> TransformerDecoder:
    """A decoder in float32, laid out as that of a finished model."""
    decoder.float()
    for module in decoder.modules():
        if isinstance(module, Linear):
            module.lay_out_for_search()
    decoder.lay_out_for_search()
    return decoder


def searched(decoder: TransformerDecoder, alignment: bool) -> tuple[list[Tensor | None], TransformerState]:
    """Some steps of a search whose rows are exchanged, repeated, and leave."""
    read = Memory(memory().values.float(), VISIBLE, torch.zeros(3, MEMORY))
    state, found = decoder.start(read), []
    for step, rows in enumerate([[0, 1, 2], [0, 0, 1, 1, 2, 2], [1, 0, 2, 2, 5, 4], [5, 4, 0, 1], [3]]):
        state = state.reorder(torch.tensor(rows))
        inputs = random_tensor(len(rows), 1, WIDTH, seed=step, dtype=torch.float32)
        decoded: Decoded[TransformerState] = decoder(inputs, state, alignment=alignment)
        state = decoded.state
        found += [decoded.features, decoded.alignment]
    return found, state


@pytest.mark.usefixtures("_compiled")
@every_norm
@every_way_back
@pytest.mark.parametrize("alignment", [False, True], ids=["no alignment", "alignment"])
@torch.no_grad()
def test_a_compiled_step_is_the_layers(
    norm: str, rotary: bool, recurrent: bool, alignment: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    call = kernels.call

    def noted(name: str, number: torch.dtype, *arguments: kernels.Argument) -> None:
        called.append(name)
        call(name, number, *arguments)

    monkeypatch.setattr(kernels, "call", noted)
    found, state = searched(finished(made(norm, rotary, recurrent)), alignment)
    assert called.count("decoder_step") == (0 if rotary or recurrent else 5)
    kernels.unload()
    expected, after = searched(made(norm, rotary, recurrent).float(), alignment)
    assert_close(found, expected, 2e-5)
    assert_close(cache(state), cache(after), 2e-5)
    assert state.position == after.position == 5


@pytest.mark.usefixtures("_compiled")
@torch.no_grad()
def test_a_compiled_step_leaves_the_state_before_it_as_it_was() -> None:
    decoder = finished(made())
    read = Memory(memory().values.float(), VISIBLE, torch.zeros(3, MEMORY))
    inputs = random_tensor(3, 1, WIDTH, seed=1, dtype=torch.float32)
    state = decoder(inputs, decoder.start(read)).state
    kept = [tensor.clone() for tensor in cache(state)]
    once = decoder(inputs, state)
    decoder(-inputs, state)
    assert_close(cache(state), kept)
    assert_close(cache(decoder(inputs, state).state), cache(once.state))


@pytest.mark.usefixtures("_compiled")
def test_a_finished_decoder_still_takes_many_positions_and_gives_gradients() -> None:
    decoder = finished(made())
    read = Memory(memory().values.float(), VISIBLE, torch.zeros(3, MEMORY))
    inputs = random_tensor(3, 3, WIDTH, seed=1, dtype=torch.float32)
    whole = decoder(inputs, decoder.start(read)).features
    with torch.no_grad():
        pieces = decoder(inputs[:, :2], decoder.start(read))
        last = decoder(inputs[:, 2:], pieces.state).features
    assert_close(last, whole[:, 2:], 2e-5)
    (gradient,) = torch.autograd.grad(decoder(inputs[:, :1], decoder.start(read)).features.sum(), inputs)
    assert gradient.abs().max() > 0
