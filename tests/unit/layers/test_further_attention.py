"""Attention in heads, by location, within a window and with coverage: against loops written from the papers."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import equations
from agreement import arrays, assert_agree, assert_close, assert_gradients, random_tensor, randomise
from seqloom.base.errors import EmptyMemoryError, ShapeError
from seqloom.layers.attention import DotAttention
from seqloom.layers.further_attention import (
    CoverageAttention,
    HeadsAttention,
    LocalAttention,
    LocationAttention,
)

QUERY, MEMORY, POSITIONS, WINDOW = 3, 4, 6, 2
LENGTHS = [5, 1, 3]
VISIBLE = torch.arange(5) < torch.tensor(LENGTHS)[:, None]
MADE: dict[str, Any] = {
    "heads": lambda: HeadsAttention(QUERY, MEMORY, 2),
    "location": lambda: LocationAttention(QUERY, POSITIONS),
    "local": lambda: LocalAttention(QUERY, MEMORY, WINDOW),
}
every_kind = pytest.mark.parametrize("kind", MADE)


def made(kind: str) -> tuple[DotAttention, Tensor, Tensor]:
    attention: DotAttention = randomise(MADE[kind]())
    return attention, random_tensor(3, 2, QUERY, seed=1), random_tensor(3, 5, MEMORY, seed=2)


def read(attention: DotAttention, query: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    found: tuple[Tensor, Tensor] = attention(query, attention.prepare(memory), memory, VISIBLE)
    return found


def by_hand(kind: str, weights: Any, query: Any, memory: list[Any]) -> tuple[Any, Any]:
    """Context and alignment of one question."""
    if kind == "heads":
        outputs, alignment = equations.multi_head(weights, 2, [query], memory)
        return outputs[0], alignment[:, 0].mean(0)
    if kind == "location":
        shares = equations.softmax(
            [weights["position_weight"][place] @ query for place in range(len(memory))]
        )
        return sum(share * vector for share, vector in zip(shares, memory, strict=True)), shares
    inner = np.tanh(weights["position_layer.weight"] @ query)
    centre = len(memory) * equations.sigmoid(weights["position_vector"] @ inner)
    near = [place for place in range(len(memory)) if abs(place - centre) <= WINDOW]
    shares = equations.softmax([query @ weights["key_weight"] @ memory[place] for place in near])
    alignment = np.zeros(len(memory))
    for share, place in zip(shares, near, strict=True):
        alignment[place] = share * np.exp(-((place - centre) ** 2) / (2 * (WINDOW / 2) ** 2))
    return sum(share * vector for share, vector in zip(alignment, memory, strict=True)), alignment


@every_kind
def test_contexts_and_alignments_are_the_paper_s(kind: str) -> None:
    attention, query, memory = made(kind)
    context, alignment = read(attention, query, memory)
    for row, place in np.ndindex(3, 2):
        length = LENGTHS[row]
        expected, shares = by_hand(
            kind,
            arrays(attention),
            query[row, place].detach().numpy(),
            list(memory[row, :length].detach().numpy()),
        )
        np.testing.assert_allclose(context[row, place].detach().numpy(), expected, rtol=0, atol=1e-13)
        found = alignment[row, place].detach().numpy()
        np.testing.assert_allclose(found[:length], shares, rtol=0, atol=1e-13)
        assert (found[length:] == 0).all()


@every_kind
def test_gradients(kind: str) -> None:
    attention, query, memory = made(kind)
    assert_gradients(lambda: read(attention, query, memory), [query, memory, *attention.parameters()])


@every_kind
def test_padding_is_invisible(kind: str) -> None:
    attention, query, memory = made(kind)
    dirty = torch.where(VISIBLE[:, :, None], memory, 1e6)
    leaves = {"query": query, "memory": memory, **dict(attention.named_parameters())}
    idle = ("key_layer.bias",) if kind == "heads" else ()  # it moves all scores of a question alike
    assert_agree(
        lambda: read(attention, query, dirty), lambda: read(attention, query, memory), leaves, idle=idle
    )


@every_kind
def test_a_batch_is_its_rows_one_by_one(kind: str) -> None:
    attention, query, memory = made(kind)
    context, alignment = read(attention, query, memory)
    for row, length in enumerate(LENGTHS):
        own = memory[row : row + 1, :length]
        seen = VISIBLE[row : row + 1, :length]
        alone = attention(query[row : row + 1], attention.prepare(own), own, seen)
        assert_close((context[row], alignment[row, :, :length]), [tensor[0] for tensor in alone])


@every_kind
def test_a_row_with_nothing_to_see_is_an_error(kind: str) -> None:
    attention, query, memory = made(kind)
    with pytest.raises(EmptyMemoryError, match="row 0 of the memory has no visible position"):
        attention(query, attention.prepare(memory), memory, torch.zeros_like(VISIBLE))


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match="heads = 3 does not divide the memory's width 4"):
        HeadsAttention(QUERY, MEMORY, 3)


def test_positions_beyond_the_known_are_not_seen() -> None:
    attention, query, _ = made("location")
    memory = random_tensor(3, 9, MEMORY, seed=4)
    _, alignment = attention(query, memory, memory, torch.ones(3, 9, dtype=torch.bool))
    assert (alignment[:, :, POSITIONS:] == 0).all()
    assert_close(alignment.sum(-1), torch.ones(3, 2, dtype=torch.float64))


def test_a_window_is_centred_within_the_row_s_own_length() -> None:
    attention, query, _ = made("local")
    assert isinstance(attention, LocalAttention)
    centres = attention.centres(query, VISIBLE).detach()
    assert (centres > 0).all()
    assert (centres < torch.tensor(LENGTHS)[:, None]).all()


def test_in_bfloat16_a_window_stays_where_it_was() -> None:
    size, positions = 64, 1000
    attention = LocalAttention(size, size, window=10)
    query, memory = (
        random_tensor(2, count, size, seed=count, dtype=torch.float32) for count in (50, positions)
    )
    memory = memory / 8  # so that scores are near one
    visible = torch.arange(positions) < torch.tensor([[positions], [777]])
    middles = []
    for enabled in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            keys = attention.prepare(memory)
            assert keys.dtype == (torch.bfloat16 if enabled else torch.float32)
            context, alignment = attention(query, keys, memory, visible)
        assert context.dtype == keys.dtype
        assert alignment.dtype == torch.float32
        middles.append((alignment * torch.arange(positions)).sum(-1) / alignment.sum(-1))
    assert (middles[1] - middles[0]).abs().max() < 0.1
    (gradient,) = torch.autograd.grad(context.float().sum(), attention.position_vector)
    assert gradient.dtype == torch.float32
    assert gradient.abs().max() > 0


def test_a_model_in_bfloat16_reads_a_window_too() -> None:
    attention, query, memory = made("local")
    attention.bfloat16()
    context, alignment = read(attention, query.bfloat16(), memory.bfloat16())
    assert context.dtype == torch.bfloat16
    assert alignment.dtype == torch.float32


# Coverage: two rows stand beside each other, each with what it has looked at so far


def covering() -> tuple[CoverageAttention, dict[str, Tensor]]:
    """The attention, and what it is given to read: query, memory, coverage."""
    looked = random_tensor(3, 2, 5, seed=3).detach().abs().masked_fill(~VISIBLE[:, None], 0.0)
    given = {"query": random_tensor(3, 2, QUERY, seed=1), "memory": random_tensor(3, 5, MEMORY, seed=2)}
    return randomise(CoverageAttention(QUERY, MEMORY, 6)), {**given, "coverage": looked.requires_grad_()}


def read_on(
    attention: CoverageAttention, given: dict[str, Tensor], visible: Tensor = VISIBLE
) -> tuple[Tensor, ...]:
    query, memory, coverage = given["query"], given["memory"], given["coverage"]
    return attention.read(query, attention.prepare(memory), memory, visible, coverage)


def test_scores_read_the_coverage_as_in_the_paper() -> None:
    attention, given = covering()
    context, alignment, coverage = read_on(attention, given)
    for row, place in np.ndindex(3, 2):
        length = LENGTHS[row]
        before = given["coverage"][row, place, :length].detach().numpy()
        expected, shares = equations.attend_covered(
            arrays(attention),
            given["query"][row, place].detach().numpy(),
            list(given["memory"][row, :length].detach().numpy()),
            list(before),
        )
        np.testing.assert_allclose(context[row, place].detach().numpy(), expected, rtol=0, atol=1e-13)
        found = alignment[row, place].detach().numpy()
        np.testing.assert_allclose(found[:length], shares, rtol=0, atol=1e-13)
        assert (found[length:] == 0).all()
        after = coverage[row, place, :length].detach().numpy()
        np.testing.assert_allclose(after, before + shares, rtol=0, atol=1e-13)


def test_gradients_pass_through_the_coverage() -> None:
    attention, given = covering()
    assert_gradients(lambda: read_on(attention, given), [*given.values(), *attention.parameters()])


def test_padding_is_invisible_with_coverage() -> None:
    attention, given = covering()
    dirty = {
        **given,
        "memory": torch.where(VISIBLE[:, :, None], given["memory"], 1e6),
        "coverage": torch.where(VISIBLE[:, None], given["coverage"], 1e6),
    }
    leaves = {**given, **dict(attention.named_parameters())}
    assert_agree(lambda: read_on(attention, dirty)[:2], lambda: read_on(attention, given)[:2], leaves)


def test_a_batch_is_its_rows_one_by_one_with_coverage() -> None:
    attention, given = covering()
    together = read_on(attention, given)
    for row, length in enumerate(LENGTHS):
        own = {
            "query": given["query"][row : row + 1],
            "memory": given["memory"][row : row + 1, :length],
            "coverage": given["coverage"][row : row + 1, :, :length],
        }
        alone = read_on(attention, own, VISIBLE[row : row + 1, :length])
        assert_close(
            (together[0][row], *(tensor[row, :, :length] for tensor in together[1:])),
            [tensor[0] for tensor in alone],
        )


def test_rows_beside_each_other_do_not_hear_each_other() -> None:
    attention, given = covering()
    apart = []
    for place in range(2):
        one = {name: tensor[:, place : place + 1] for name, tensor in given.items() if name != "memory"}
        apart.append(read_on(attention, {**one, "memory": given["memory"]}))
    assert_close(read_on(attention, given), [torch.cat(pieces, 1) for pieces in zip(*apart, strict=True)])


def test_before_anything_is_covered_it_is_additive_attention() -> None:
    attention, given = covering()
    fresh = read_on(attention, {**given, "coverage": torch.zeros(3, 2, 5, dtype=torch.float64)})
    assert_close(fresh[:2], read(attention, given["query"], given["memory"]))


def test_a_coverage_of_other_rows_is_refused() -> None:
    attention, given = covering()
    with pytest.raises(ShapeError, match=r"^coverage has 1 along W \(beam\); expected 2"):
        read_on(attention, {**given, "coverage": given["coverage"][:, :1]})
