"""The linear maps of a loop: the same values and gradients, with one product for each weight's gradient."""

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
import torch
from torch import Tensor

from agreement import assert_agree, assert_close, assert_gradients, random_tensor
from seqloom.layers.linear import Linear, linear
from seqloom.layers.one_gradient import Gathered, loop_around, one_gradient

LEAVES = {
    "inputs": random_tensor(3, 4, 6, seed=1),
    "weight": random_tensor(5, 6, seed=2),
    "bias": random_tensor(5, seed=3),
    "back": random_tensor(6, 5, seed=4),
}


def looped(leaves: dict[str, Tensor], *, gathered: bool) -> Tensor:
    """h = tanh(V tanh(W (x + h') + b)), one weight with a bias and one without."""
    hidden = torch.zeros_like(leaves["inputs"][:, 0])
    states = []
    with one_gradient() if gathered else nullcontext():
        for now in leaves["inputs"].unbind(1):
            between = linear(now + hidden, leaves["weight"], leaves["bias"]).tanh()
            hidden = linear(between, leaves["back"]).tanh()
            states.append(hidden)
    return torch.stack(states, 1)


def test_a_loop_has_the_gradients_of_its_positions() -> None:
    assert_agree(lambda: looped(LEAVES, gathered=True), lambda: looped(LEAVES, gathered=False), LEAVES)


def test_the_gradients_of_a_loop_are_those_of_finite_differences() -> None:
    assert_gradients(lambda: looped(LEAVES, gathered=True), LEAVES.values())


def test_bfloat16_products_are_those_of_autocast() -> None:
    leaves = {name: leaf.detach().float().requires_grad_() for name, leaf in LEAVES.items()}

    def computed(gathered: bool) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return looped(leaves, gathered=gathered)

    assert computed(True).dtype == computed(False).dtype
    assert_agree(lambda: computed(True), lambda: computed(False), leaves, 0.1)


@contextmanager
def gathering_counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many rows each product for a weight's gradient has."""
    rows: list[int] = []
    backward = Gathered.backward

    def counted(ctx: object, *gradients: Tensor | None) -> object:
        rows.append(sum(len(read) for read, _ in ctx.positions.left.values()))  # type: ignore[attr-defined]
        return backward(ctx, *gradients)

    with monkeypatch.context() as patched:
        patched.setattr(Gathered, "backward", staticmethod(counted))
        yield rows


def test_each_weight_has_one_product_for_all_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    with gathering_counted(monkeypatch) as rows:
        looped(LEAVES, gathered=True).sum().backward()  # type: ignore[no-untyped-call]
    assert rows == [12, 12]  # four positions of three rows, for two weights
    for leaf in LEAVES.values():
        leaf.grad = None


def test_positions_that_the_loss_leaves_out_count_nothing() -> None:
    def until(gathered: bool) -> Tensor:
        return looped(LEAVES, gathered=gathered)[:, :2]

    assert_agree(lambda: until(True), lambda: until(False), LEAVES)


def test_a_loss_of_no_position_has_no_gradient() -> None:
    with one_gradient():
        linear(LEAVES["inputs"], LEAVES["weight"], LEAVES["bias"])
    assert LEAVES["weight"].grad is None


def test_going_back_again_gives_the_same() -> None:
    states = looped(LEAVES, gathered=True)
    weights = [LEAVES["weight"], LEAVES["bias"], LEAVES["back"]]
    torch.autograd.grad(states.sum(), LEAVES["inputs"], retain_graph=True)  # weights are not asked for
    first = torch.autograd.grad(states.sum(), weights, retain_graph=True)
    assert_close(torch.autograd.grad(states.sum(), weights), first)
    assert_close(torch.autograd.grad(looped(LEAVES, gathered=False).sum(), weights), first)


def test_second_derivatives_are_refused_instead_of_wrong() -> None:
    (gradient,) = torch.autograd.grad(
        looped(LEAVES, gathered=True).sum(), LEAVES["inputs"], create_graph=True
    )
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()  # type: ignore[no-untyped-call]


def test_what_has_no_gradient_gets_none() -> None:
    inputs, weight = LEAVES["inputs"].detach(), LEAVES["weight"]
    with one_gradient():
        outputs = [linear(now, weight, LEAVES["bias"].detach()) for now in inputs.unbind(1)]
    (gradient,) = torch.autograd.grad(torch.stack(outputs).sum(), weight)
    assert_close(gradient, inputs.sum((0, 1)).expand(5, 6))


def test_a_loop_ends_where_it_ends() -> None:
    assert loop_around() is None
    with one_gradient():
        outer = loop_around()
        with one_gradient():
            assert loop_around() not in (None, outer)
        assert loop_around() is outer
        with torch.no_grad():
            assert loop_around() is None
    assert loop_around() is None
    with torch.no_grad(), one_gradient():
        assert loop_around() is None
    with pytest.raises(ZeroDivisionError), one_gradient():
        _ = 1 / 0
    assert loop_around() is None


def test_a_loop_that_never_goes_back_is_let_go() -> None:
    layer = Linear(6, 5)
    with one_gradient():
        outputs = layer(torch.zeros(2, 6))
        kept = weakref.ref(next(iter(loop_around().met.values()))[2])  # type: ignore[union-attr]
    assert kept() is not None
    gc.disable()  # by counting references alone: a cycle through PyTorch's graph would never be found
    try:
        del outputs
        assert kept() is None
    finally:
        gc.enable()
