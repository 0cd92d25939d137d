"""Attention: against the papers' scores, blind to padding, and the fused kernel against the written-out one."""

import re
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

import equations
from agreement import arrays, assert_agree, assert_close, assert_gradients, random_tensor, randomise
from seqloom.base.errors import EmptyMemoryError, ShapeError
from seqloom.layers.attention import (
    AdditiveAttention,
    DotAttention,
    GeneralAttention,
    MultiHeadAttention,
    causal_mask,
    join_heads,
    read_by_heads,
    split_heads,
)
from seqloom.layers.dropout import Dropout
from seqloom.layers.family import AttentionSizes, recurrent_attention
from seqloom.layers.further_attention import (
    CoverageAttention,
    HeadsAttention,
    LocalAttention,
    LocationAttention,
)
from seqloom.layers.reading import normalise_scores

KINDS = ["dot", "general", "additive"]
MEMORY, HEADS = 4, 2
LENGTHS = [5, 1, 3]
VISIBLE = torch.arange(5) < torch.tensor(LENGTHS)[:, None]

EVERY_NAME = {
    "additive": AdditiveAttention,
    "coverage": CoverageAttention,
    "dot": DotAttention,
    "general": GeneralAttention,
    "multi_head": HeadsAttention,
    "location": LocationAttention,
    "local": LocalAttention,
}

every_kind = pytest.mark.parametrize("kind", KINDS)


class Read(NamedTuple):
    """An attention with a query and a memory for it."""

    attention: DotAttention
    query: Tensor
    memory: Tensor

    def over(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Context and alignment."""
        found: tuple[Tensor, Tensor] = self.attention(
            self.query, self.attention.prepare(memory), memory, VISIBLE
        )
        return found

    @property
    def leaves(self) -> dict[str, Tensor]:
        return {"query": self.query, "memory": self.memory, **dict(self.attention.named_parameters())}


def reading(kind: str) -> Read:
    query_size = MEMORY if kind == "dot" else 3
    attention = randomise(recurrent_attention(kind, AttentionSizes(query_size, MEMORY, 6)))
    return Read(attention, random_tensor(3, 2, query_size, seed=1), random_tensor(3, 5, MEMORY, seed=2))


# The attentions of recurrent decoders


@every_kind
def test_contexts_and_alignments_are_the_paper_s(kind: str) -> None:
    read = reading(kind)
    context, alignment = read.over(read.memory)
    for row, place in np.ndindex(3, 2):
        length = LENGTHS[row]
        expected, shares = equations.attend(
            kind,
            arrays(read.attention),
            read.query[row, place].detach().numpy(),
            list(read.memory[row, :length].detach().numpy()),
        )
        np.testing.assert_allclose(context[row, place].detach().numpy(), expected, rtol=0, atol=1e-13)
        np.testing.assert_allclose(
            alignment[row, place, :length].detach().numpy(), shares, rtol=0, atol=1e-13
        )


@every_kind
def test_alignments_sum_to_one_and_are_zero_at_padding(kind: str) -> None:
    read = reading(kind)
    _, alignment = read.over(read.memory)
    assert_close(alignment.sum(-1), torch.ones(3, 2, dtype=torch.float64))
    assert (alignment[~VISIBLE[:, None].expand_as(alignment)] == 0).all()
    assert (alignment[VISIBLE[:, None].expand_as(alignment)] > 0).all()


@every_kind
def test_gradients_of_attention(kind: str) -> None:
    read = reading(kind)
    assert_gradients(lambda: read.over(read.memory), read.leaves.values())


@every_kind
def test_padding_is_invisible(kind: str) -> None:
    read = reading(kind)
    dirty = torch.where(VISIBLE[:, :, None], read.memory, 1e6)
    assert_agree(lambda: read.over(dirty), lambda: read.over(read.memory), read.leaves)


@every_kind
def test_a_batch_is_its_rows_one_by_one(kind: str) -> None:
    read = reading(kind)
    context, alignment = read.over(read.memory)
    for row, length in enumerate(LENGTHS):
        memory = read.memory[row : row + 1, :length]
        alone = read.attention(
            read.query[row : row + 1], read.attention.prepare(memory), memory, VISIBLE[row : row + 1, :length]
        )
        assert_close((context[row], alignment[row, :, :length]), [tensor[0] for tensor in alone])


@every_kind
def test_questions_do_not_hear_each_other(kind: str) -> None:
    read = reading(kind)
    both = read.over(read.memory)
    apart = [read._replace(query=read.query[:, place : place + 1]).over(read.memory) for place in range(2)]
    assert_close(both, [torch.cat(pieces, 1) for pieces in zip(*apart, strict=True)])


def test_large_scores_do_not_overflow() -> None:
    scores = torch.tensor([[[1e30, -1e30, 1e30, 5.0]]])
    found = normalise_scores(scores, torch.tensor([[True, True, True, False]]))
    assert found.tolist() == [[[0.5, 0.0, 0.5, 0.0]]]


@every_kind
def test_a_row_with_nothing_to_see_is_an_error(kind: str) -> None:
    read = reading(kind)
    visible = VISIBLE.clone()
    visible[1:] = False
    message = "row 1 of the memory has no visible position; expected at least one."
    with pytest.raises(EmptyMemoryError, match=f"^{re.escape(message)}$"):
        read.attention(read.query, read.attention.prepare(read.memory), read.memory, visible)


@every_kind
def test_a_memory_of_another_batch_or_length_is_an_error(kind: str) -> None:
    read = reading(kind)
    keys = read.attention.prepare(read.memory)
    with pytest.raises(ShapeError, match=r"^memory has 2 along B \(batch\); expected 3 \(shape \(2, 5, 4\)"):
        read.attention(read.query, keys, read.memory[:2], VISIBLE)
    with pytest.raises(ShapeError, match=r"^memory has 4 along S \(source positions\); expected 5"):
        read.attention(read.query, keys, read.memory[:, :4], VISIBLE)
    with pytest.raises(ShapeError, match=r"^memory has shape \(3, 5\); expected 3 axes \(B S D\)\.$"):
        read.attention(read.query, keys, read.memory[..., 0], VISIBLE)


def test_attentions_by_name() -> None:
    additive = recurrent_attention("additive", AttentionSizes(3, 4))
    assert isinstance(additive, AdditiveAttention)
    assert additive.score_vector.shape == (3,)  # as wide as the query unless told
    found = {kind: type(recurrent_attention(kind, AttentionSizes(4, 4))) for kind in EVERY_NAME}
    assert found == EVERY_NAME
    with pytest.raises(ValueError, match=r'^"dot" compares equal widths; found query 3, memory 4\.$'):
        recurrent_attention("dot", AttentionSizes(3, 4))
    with pytest.raises(
        ValueError, match=r'^unknown attention "cosine"; expected additive, coverage, dot, .* or local\.$'
    ):
        recurrent_attention("cosine", AttentionSizes(3, 4))


# Several heads


class Spy:
    """PyTorch's fused kernel, counting its calls."""

    def __init__(self) -> None:
        self.calls, self.kernel = 0, functional.scaled_dot_product_attention

    def __call__(
        self, query: Tensor, key: Tensor, value: Tensor, *, attn_mask: Tensor | None, dropout_p: float
    ) -> Tensor:
        self.calls += 1
        return self.kernel(query, key, value, attn_mask=attn_mask, dropout_p=dropout_p)


WIDTH = 4


def test_heads_split_and_join() -> None:
    tensor = torch.arange(12).reshape(1, 2, 6)
    split = split_heads(tensor, 3)
    assert split.tolist() == [[[[0, 1], [6, 7]], [[2, 3], [8, 9]], [[4, 5], [10, 11]]]]
    assert torch.equal(join_heads(split), tensor)


def self_attention(
    attention: MultiHeadAttention,
    inputs: Tensor,
    visible: Tensor | None,
    *,
    causal: int | None = None,
    alignment: bool = False,
) -> tuple[Tensor, Tensor | None]:
    found: tuple[Tensor, Tensor | None] = attention(
        attention.query(inputs),
        *attention.keys_and_values(inputs),
        visible,
        causal=causal,
        alignment=alignment,
    )
    return found


@pytest.mark.parametrize("alignment", [False, True], ids=["fused", "written out"])
def test_heads_over_a_padded_memory_are_the_paper_s(alignment: bool) -> None:
    attention = randomise(MultiHeadAttention(WIDTH, 6, HEADS, 0.0))
    inputs, memory = random_tensor(3, 2, WIDTH, seed=1), random_tensor(3, 5, 6, seed=2)
    outputs, looked = attention(
        attention.query(inputs), *attention.keys_and_values(memory), VISIBLE, alignment=alignment
    )
    for row, length in enumerate(LENGTHS):
        expected, shares = equations.multi_head(
            arrays(attention),
            HEADS,
            list(inputs[row].detach().numpy()),
            list(memory[row, :length].detach().numpy()),
        )
        np.testing.assert_allclose(outputs[row].detach().numpy(), expected, rtol=0, atol=1e-13)
        if alignment:
            np.testing.assert_allclose(
                looked[row, :, :, :length].detach().numpy(), shares, rtol=0, atol=1e-13
            )
            assert (looked[row, :, :, length:] == 0).all()
    assert (looked is not None) == alignment


@pytest.mark.parametrize("alignment", [False, True], ids=["fused", "written out"])
def test_heads_over_what_came_before_are_the_paper_s(alignment: bool) -> None:
    attention = randomise(MultiHeadAttention(WIDTH, WIDTH, HEADS, 0.0))
    inputs = random_tensor(3, 5, WIDTH, seed=1)
    outputs, _ = self_attention(attention, inputs, None, causal=0, alignment=alignment)
    for row in range(3):
        xs = list(inputs[row].detach().numpy())
        expected, _ = equations.multi_head(arrays(attention), HEADS, xs, xs, causal=True)
        np.testing.assert_allclose(outputs[row].detach().numpy(), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("visible", "causal"),
    [(None, None), (VISIBLE, None), (None, 0), (VISIBLE, 0)],
    ids=["sees all", "padding", "causal", "both"],
)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
def test_the_fused_kernel_is_the_written_out_attention(
    visible: Tensor | None, causal: int | None, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(functional, "scaled_dot_product_attention", kernel := Spy())
    attention = randomise(MultiHeadAttention(WIDTH, WIDTH, HEADS, 0.0), dtype=dtype)
    inputs = random_tensor(3, 5, WIDTH, seed=1, dtype=dtype)
    assert_agree(
        lambda: self_attention(attention, inputs, visible, causal=causal)[0],
        lambda: self_attention(attention, inputs, visible, causal=causal, alignment=True)[0],
        {"inputs": inputs, **dict(attention.named_parameters())},
        tolerance=1e-12 if dtype == torch.float64 else 1e-5,
        # a bias of all keys moves every score of a query alike, and the softmax does not see it
        idle=["key_layer.bias"],
    )
    assert kernel.calls == 1


def test_on_a_cpu_attention_is_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = random_tensor(3, 5, WIDTH, seed=1)
    attention = randomise(MultiHeadAttention(WIDTH, WIDTH, HEADS, 0.0))
    fused, _ = self_attention(attention, inputs, VISIBLE)
    monkeypatch.undo()
    monkeypatch.setattr(functional, "scaled_dot_product_attention", kernel := Spy())
    written_out, _ = self_attention(attention, inputs, VISIBLE)
    assert kernel.calls == 0
    assert_close(written_out, fused)


@pytest.mark.parametrize("alignment", [False, True], ids=["fused", "written out"])
def test_gradients_of_heads(alignment: bool) -> None:
    attention = randomise(MultiHeadAttention(WIDTH, 3, HEADS, 0.0))
    inputs, memory = random_tensor(3, 2, WIDTH, seed=1), random_tensor(3, 5, 3, seed=2)

    def read() -> tuple[Tensor, Tensor | None]:
        found: tuple[Tensor, Tensor | None] = attention(
            attention.query(inputs), *attention.keys_and_values(memory), VISIBLE, alignment=alignment
        )
        return found

    assert_gradients(read, [inputs, memory, *attention.parameters()])


@pytest.mark.parametrize("alignment", [False, True], ids=["fused", "written out"])
def test_padding_is_invisible_to_heads(alignment: bool) -> None:
    attention = randomise(MultiHeadAttention(WIDTH, 3, HEADS, 0.0))
    inputs, clean = random_tensor(3, 2, WIDTH, seed=1), random_tensor(3, 5, 3, seed=2)
    dirty = torch.where(VISIBLE[:, :, None], clean, 1e4)

    def read(memory: Tensor) -> tuple[Tensor, Tensor | None]:
        found: tuple[Tensor, Tensor | None] = attention(
            attention.query(inputs), *attention.keys_and_values(memory), VISIBLE, alignment=alignment
        )
        return found

    leaves = {"inputs": inputs, "memory": clean, **dict(attention.named_parameters())}
    assert_agree(lambda: read(dirty), lambda: read(clean), leaves, idle=["key_layer.bias"])


def test_a_batch_is_its_rows_one_by_one_with_heads() -> None:
    attention = randomise(MultiHeadAttention(WIDTH, WIDTH, HEADS, 0.0))
    inputs = random_tensor(3, 5, WIDTH, seed=1)
    outputs, _ = self_attention(attention, inputs, VISIBLE)
    for row, length in enumerate(LENGTHS):
        alone, _ = self_attention(attention, inputs[row : row + 1, :length], None)
        assert_close(outputs[row, :length], alone[0])


def test_dropout_falls_on_the_weights_and_not_on_the_alignment() -> None:
    query, keys = random_tensor(1, 1, 200, 4, seed=1), random_tensor(1, 1, 5, 4, seed=2)
    values = torch.eye(5, dtype=torch.float64)[None, None]  # what is read is then the weights themselves
    torch.manual_seed(0)
    weights, alignment = read_by_heads(query, keys, values, None, dropout=Dropout(0.5).train())
    _, expected = read_by_heads(query, keys, values, None)
    assert_close(alignment, expected)
    kept = weights != 0  # (1, 200, 5): one head
    assert 0.4 < kept.double().mean() < 0.6
    assert_close(weights[kept], 2 * alignment[:, 0][kept])


def test_dropout_works_in_training_only() -> None:
    attention = randomise(MultiHeadAttention(WIDTH, WIDTH, HEADS, 0.5))
    inputs = random_tensor(3, 5, WIDTH, seed=1)
    quiet, _ = self_attention(attention, inputs, VISIBLE)
    torch.manual_seed(0)
    noisy, nothing = self_attention(attention.train(), inputs, VISIBLE)
    assert nothing is None
    assert (noisy - quiet).abs().max() > 0.1
    attention.dropout = Dropout(0.0).train()
    assert_close(self_attention(attention, inputs, VISIBLE)[0], quiet)


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match=r"^heads = 3 does not divide the width 4\.$"):
        MultiHeadAttention(4, 4, 3, 0.0)


def test_a_position_sees_itself_and_what_came_before() -> None:
    mask = causal_mask(2, 1, torch.device("cpu"))
    assert mask.tolist() == [[True, True, False], [True, True, True]]
