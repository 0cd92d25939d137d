"""The loss: the smoothed likelihood as the paper has it, and the fused one as the readable one, gradients included."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from agreement import assert_agree, assert_close, assert_gradients, random_tensor
from seqloom.training import loss as module
from seqloom.training.loss import fused_smoothed_loss, smoothed_loss

ROWS, WIDTH, SYMBOLS = 10, 4, 7
TARGETS = torch.tensor([0, 3, 6, 3, 1, 5, 2, 3, 4, 6])

smoothings = pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
chunks = pytest.mark.parametrize("chunk", [1, 3, 5, 10, 1024])


@pytest.fixture(autouse=True)
def _full_precision() -> Iterator[None]:
    """Whatever a training run set before, float32 products are exact here."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    yield
    torch.set_float32_matmul_precision(before)


def layer(dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    """Features, table and bias, large enough for a lopsided softmax."""
    sizes = {"features": (ROWS, WIDTH), "table": (SYMBOLS, WIDTH), "bias": (SYMBOLS,)}
    return {
        name: (2 * random_tensor(*shape, seed=number)).detach().to(dtype).requires_grad_()
        for number, (name, shape) in enumerate(sizes.items())
    }


def fused(leaves: dict[str, Tensor], smoothing: float) -> tuple[Tensor, Tensor]:
    return fused_smoothed_loss(leaves["features"], leaves["table"], leaves["bias"], TARGETS, smoothing)


def readable(leaves: dict[str, Tensor], smoothing: float) -> tuple[Tensor, Tensor]:
    return smoothed_loss(leaves["features"] @ leaves["table"].T + leaves["bias"], TARGETS, smoothing)


@smoothings
def test_the_loss_is_the_paper_s(smoothing: float) -> None:
    leaves = layer()
    features, table, bias = (leaves[name].detach().numpy() for name in ("features", "table", "bias"))
    loss = likelihood = 0.0
    for row, target in enumerate(TARGETS.tolist()):
        logits = [float(features[row] @ table[symbol] + bias[symbol]) for symbol in range(SYMBOLS)]
        total = sum(math.exp(logit) for logit in logits)
        for symbol in range(SYMBOLS):
            wanted = smoothing / SYMBOLS + (1 - smoothing) * (symbol == target)
            loss -= wanted * math.log(math.exp(logits[symbol]) / total)
        likelihood -= math.log(math.exp(logits[target]) / total)
    for found in (readable(leaves, smoothing), fused(leaves, smoothing)):
        np.testing.assert_allclose([tensor.item() for tensor in found], [loss, likelihood], rtol=1e-12)


@smoothings
@chunks
def test_the_fused_loss_is_the_readable_one(
    smoothing: float, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "chunk_rows", lambda *_: chunk)
    leaves = layer()
    assert_agree(lambda: fused(leaves, smoothing), lambda: readable(leaves, smoothing), leaves)


@smoothings
def test_float32_agrees_too(smoothing: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "chunk_rows", lambda *_: 4)
    leaves = layer(torch.float32)
    assert_agree(lambda: fused(leaves, smoothing), lambda: readable(leaves, smoothing), leaves, 2e-5)


@smoothings
def test_gradients_are_those_of_finite_differences(smoothing: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "chunk_rows", lambda *_: 4)
    leaves = layer()
    assert_gradients(lambda: fused(leaves, smoothing)[0], leaves.values())
    assert_gradients(lambda: readable(leaves, smoothing)[0], leaves.values())


@pytest.mark.parametrize("wanted", ["features", "table", "bias"])
def test_each_gradient_alone_is_what_it_is_among_the_others(wanted: str) -> None:
    leaves = layer()
    (expected,) = torch.autograd.grad(readable(leaves, 0.1)[0], leaves[wanted])
    alone = {name: tensor if name == wanted else tensor.detach() for name, tensor in leaves.items()}
    (found,) = torch.autograd.grad(fused(alone, 0.1)[0], leaves[wanted])
    assert_close(found, expected)


def test_gradients_follow_what_is_done_with_the_loss() -> None:
    leaves = layer()
    assert_agree(
        lambda: fused(leaves, 0.1)[0] * -0.25 + 1, lambda: readable(leaves, 0.1)[0] * -0.25 + 1, leaves
    )


def test_one_table_for_embedding_and_output_gathers_both_gradients() -> None:
    leaves = layer()
    table = leaves["table"]

    def through(function: object) -> Tensor:
        features = torch.tanh(table[TARGETS])
        found: Tensor = function({**leaves, "features": features}, 0.1)[0]  # type: ignore[operator]
        return found

    assert_agree(lambda: through(fused), lambda: through(readable), {"table": table, "bias": leaves["bias"]})


@smoothings
def test_with_nothing_to_differentiate_the_values_are_the_same(smoothing: float) -> None:
    leaves = layer()
    frozen = {name: tensor.detach() for name, tensor in leaves.items()}
    found = fused(frozen, smoothing)
    assert not any(tensor.requires_grad for tensor in found)
    assert_close(found, [tensor.detach() for tensor in fused(leaves, smoothing)])
    with torch.no_grad():
        assert_close(fused(leaves, smoothing), found)


def test_the_likelihood_is_for_showing_only() -> None:
    loss, likelihood = fused(layer(), 0.1)
    assert loss.requires_grad
    assert not likelihood.requires_grad
    assert not readable(layer(), 0.1)[1].requires_grad


def test_without_smoothing_loss_and_likelihood_are_one() -> None:
    loss, likelihood = fused(layer(), 0.0)
    assert loss.item() == pytest.approx(likelihood.item(), abs=1e-12)


def test_the_same_gradients_come_twice() -> None:
    """Going back through the graph again must not find what the first way back has altered."""
    leaves = layer()
    loss, _ = fused(leaves, 0.1)
    first = torch.autograd.grad(loss, list(leaves.values()), retain_graph=True)
    second = torch.autograd.grad(loss, list(leaves.values()))
    assert_close(second, first)


def test_second_derivatives_are_refused_instead_of_wrong() -> None:
    leaves = layer()
    loss, _ = fused(leaves, 0.1)
    (gradient,) = torch.autograd.grad(loss**2, leaves["features"], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()  # type: ignore[no-untyped-call]


def test_no_positions_cost_nothing() -> None:
    leaves = layer()
    nothing = leaves["features"][:0]
    loss, likelihood = fused_smoothed_loss(nothing, leaves["table"], leaves["bias"], TARGETS[:0], 0.1)
    assert loss.item() == likelihood.item() == 0
    (gradient,) = torch.autograd.grad(loss, leaves["table"])
    assert torch.equal(gradient, torch.zeros_like(gradient))


@smoothings
def test_far_off_logits_stay_finite(smoothing: float) -> None:
    leaves = {name: (1000 * tensor).detach().float().requires_grad_() for name, tensor in layer().items()}
    loss, likelihood = fused(leaves, smoothing)
    assert loss.isfinite()
    assert likelihood.isfinite()
    for gradient in torch.autograd.grad(loss, list(leaves.values())):
        assert gradient.isfinite().all()


def test_inputs_stay_as_they_are() -> None:
    leaves = layer()
    before = {name: tensor.detach().clone() for name, tensor in leaves.items()}
    fused(leaves, 0.1)[0].backward()  # type: ignore[no-untyped-call]
    assert all(torch.equal(leaves[name], before[name]) for name in before)


def test_autocast_computes_products_in_bfloat16_and_sums_in_float32() -> None:
    leaves = layer(torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        found = fused(leaves, 0.1)
    expected = readable(leaves, 0.1)
    assert found[0].dtype == found[1].dtype == torch.float32
    assert found[0].item() != expected[0].item()
    assert found[0].item() == pytest.approx(expected[0].item(), rel=0.02)
    for tensor, one, other in zip(
        leaves.values(),
        torch.autograd.grad(found[0], list(leaves.values())),
        torch.autograd.grad(expected[0], list(leaves.values())),
        strict=True,
    ):
        assert one.dtype == tensor.dtype == torch.float32
        assert (one - other).norm() < 0.05 * other.norm()
