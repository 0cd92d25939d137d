"""Comparing two ways to compute the same thing: shape, dtype, values and gradients."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqloom.layers import dropout

Outputs = Tensor | Iterable["Outputs"] | None
Module = TypeVar("Module", bound=nn.Module)


@contextmanager
def one_thread_in_full_precision() -> Iterator[None]:
    """For tiny tensors: more threads would only wait for each other, float32 products are exact; all is set back."""
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.set_num_threads(1)
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(precision)
        torch.set_num_threads(threads)


def randomise(module: Module, seed: int = 0, dtype: torch.dtype = torch.float64) -> Module:
    """Give every parameter distinct random values, biases and norms too, and switch to evaluation."""
    generator = torch.Generator().manual_seed(seed)
    module.to(dtype).eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.empty_like(parameter).uniform_(-0.9, 0.9, generator=generator))
    return module


def draw_always(seed: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every dropout mask from now on is that of one seed; gives the list to which each draw adds."""
    drawn: list[int] = []

    def draw() -> int:
        drawn.append(seed)
        return seed

    monkeypatch.setattr(dropout, "draw_seed", draw)
    return drawn


def random_tensor(*shape: int, seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """A leaf that wants gradients."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=dtype).requires_grad_()


def arrays(module: nn.Module) -> dict[str, NDArray[np.float64]]:
    """A module's parameters by name, as numpy sees them."""
    return {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}


def flat(outputs: Outputs) -> list[Tensor]:
    """The tensors in nested tuples, in order; None is left out."""
    if outputs is None:
        return []
    if isinstance(outputs, Tensor):
        return [outputs]
    return [tensor for output in outputs for tensor in flat(output)]


def assert_close(found: Outputs, expected: Outputs, tolerance: float = 1e-10, name: str = "output") -> None:
    """Nested tuples of tensors have the same shapes, dtypes and values."""
    pairs = list(zip(flat(found), flat(expected), strict=True))
    assert pairs, f"{name}: nothing to compare"
    for number, (one, other) in enumerate(pairs):
        assert one.shape == other.shape, (
            f"{name} {number}: shape {tuple(one.shape)}, expected {tuple(other.shape)}"
        )
        assert one.dtype == other.dtype, f"{name} {number}: {one.dtype}, expected {other.dtype}"
        if one.numel() == 0 or torch.equal(one, other):
            continue
        apart = one != other  # equal infinities don't differ
        difference = (one - other)[apart].abs().max().item() if one.is_floating_point() else np.inf
        assert difference <= tolerance, f"{name} {number}: differs by {difference:.3g}, allowed {tolerance}"


def gradients(outputs: Outputs, leaves: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The gradient of each leaf under a fixed random weighting of all outputs."""
    tensors = [tensor for tensor in flat(outputs) if tensor.requires_grad]
    weightings = [
        torch.randn(tensor.shape, generator=torch.Generator().manual_seed(number), dtype=torch.float64).to(
            tensor.dtype
        )
        for number, tensor in enumerate(tensors)
    ]
    found = torch.autograd.grad(tensors, list(leaves.values()), weightings, materialize_grads=True)
    return dict(zip(leaves, found, strict=True))


def assert_agree(
    first: Callable[[], Outputs],
    second: Callable[[], Outputs],
    leaves: Mapping[str, Tensor],
    tolerance: float = 1e-10,
    *,
    idle: Iterable[str] = (),
) -> None:
    """Two computations give the same outputs, and the same gradients of the named leaves.

    A gradient of zeros would agree with anything, so it fails unless the leaf is among `idle`.
    """
    one, other = first(), second()
    assert_close(one, other, tolerance)
    one_gradients, other_gradients = gradients(one, leaves), gradients(other, leaves)
    for name in leaves:
        assert_close(one_gradients[name], other_gradients[name], tolerance, f"gradient of {name}")
        if name not in idle:
            assert other_gradients[name].abs().max() > 0, f"the gradient of {name} is zero everywhere"


def assert_gradients(function: Callable[[], Outputs], leaves: Iterable[Tensor]) -> None:
    """The analytic gradients of the leaves are those of finite differences (the leaves must be float64)."""
    tensors = tuple(leaves)
    assert tensors
    assert all(tensor.dtype == torch.float64 for tensor in tensors)
    # gradcheck moves each element of the leaves in place, so the function may close over them
    assert torch.autograd.gradcheck(lambda *_: tuple(flat(function())), tensors, fast_mode=True)
