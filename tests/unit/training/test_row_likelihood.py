"""The likelihood of each row: in chunks as at once, gradients included, however the rows are weighted."""

import pytest
import torch
from torch import Tensor

from agreement import assert_agree, assert_close, random_tensor, randomise
from seqloom.layers.embedding import Embedding, OutputLayer
from seqloom.training import loss as module
from seqloom.training.row_likelihood import row_likelihood, row_likelihood_plain

ROWS, WIDTH, SYMBOLS = 10, 4, 7
TARGETS = torch.tensor([0, 3, 6, 3, 1, 5, 2, 3, 4, 6])


def layer(dtype: torch.dtype = torch.float64) -> tuple[OutputLayer, dict[str, Tensor]]:
    output = randomise(OutputLayer(SYMBOLS, WIDTH), dtype=dtype)
    return output, {
        "features": random_tensor(ROWS, WIDTH, seed=1, dtype=dtype),
        **dict(output.named_parameters()),
    }


@pytest.mark.parametrize("chunk", [1, 3, 10, 1024])
def test_in_chunks_it_is_the_plain_one(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "chunk_rows", lambda *_: chunk)
    output, leaves = layer()
    assert_agree(
        lambda: row_likelihood(output, leaves["features"], TARGETS),
        lambda: row_likelihood_plain(output, leaves["features"], TARGETS),
        leaves,
    )


def test_a_factorised_table_narrows_the_features_first() -> None:
    embedding = randomise(Embedding(SYMBOLS, WIDTH, padding=0, rank=2))
    output = randomise(OutputLayer(SYMBOLS, WIDTH, embedding))
    leaves = {"features": random_tensor(ROWS, WIDTH, seed=1), **dict(output.named_parameters())}
    assert output.widening is not None
    assert_agree(
        lambda: row_likelihood(output, leaves["features"], TARGETS),
        lambda: row_likelihood_plain(output, leaves["features"], TARGETS),
        leaves,
    )


def test_autocast_computes_products_in_bfloat16_and_sums_in_float32() -> None:
    output, leaves = layer(torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        found = row_likelihood(output, leaves["features"], TARGETS)
    expected = row_likelihood_plain(output, leaves["features"], TARGETS)
    assert found.dtype == torch.float32
    assert_close(found, expected, 0.05)
    made = torch.autograd.grad(found.sum(), list(leaves.values()))
    wished = torch.autograd.grad(expected.sum(), list(leaves.values()))
    for one, other in zip(made, wished, strict=True):
        assert one.dtype == torch.float32
        assert (one - other).norm() < 0.05 * other.norm()


def test_no_rows_have_no_likelihood() -> None:
    output, leaves = layer()
    found = row_likelihood(output, leaves["features"][:0], TARGETS[:0])
    assert found.shape == (0,)
    (gradient,) = torch.autograd.grad(found.sum(), output.table)
    assert torch.equal(gradient, torch.zeros_like(gradient))


def test_the_logits_are_never_held_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what is kept for the way back nothing is as large as the logits."""
    monkeypatch.setattr(module, "chunk_rows", lambda *_: 2)
    output, leaves = layer()
    kept: list[int] = []

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        row_likelihood(output, leaves["features"], TARGETS)
    assert 0 < max(kept) < ROWS * SYMBOLS
