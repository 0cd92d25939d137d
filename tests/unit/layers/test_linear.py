"""Linear maps: few rows are multiplied as many are, however the weight lies."""

import shutil
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from agreement import assert_close, random_tensor, randomise
from seqloom.layers import kernels
from seqloom.layers.linear import Linear, linear

needs_compiler = pytest.mark.skipif(
    not any(shutil.which(name) for name in kernels.COMPILERS), reason="kernels need a compiler"
)


@pytest.fixture(params=[False, pytest.param(True, marks=needs_compiler)], ids=["plain", "compiled"])
def _kernels(request: pytest.FixtureRequest) -> Iterator[None]:
    assert kernels.load() if request.param else not kernels.ready(torch.ones(1))
    yield
    kernels.unload()


@pytest.mark.usefixtures("_kernels")
@pytest.mark.parametrize("shape", [(1,), (5,), (2, 3), (64,), (65,), (0,), (3, 1)], ids=str)
@pytest.mark.parametrize("columns", [1, 15, 16, 37, 300])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@torch.inference_mode()
def test_a_product_is_torch_s(shape: tuple[int, ...], columns: int, bias: bool) -> None:
    layer = randomise(Linear(6, columns, bias=bias), dtype=torch.float32)
    inputs = random_tensor(*shape, 6, seed=1, dtype=torch.float32)
    expected = functional.linear(inputs, layer.weight, layer.bias)
    layer.lay_out_for_search()
    assert_close(layer(inputs), expected, 1e-6)
    assert_close(layer(inputs.transpose(0, -1).contiguous().transpose(0, -1)), expected, 1e-6)


@needs_compiler
@torch.inference_mode()
def test_threads_change_no_bit() -> None:
    assert kernels.load()
    layer = randomise(Linear(300, 1000), dtype=torch.float32)
    layer.lay_out_for_search()
    inputs = random_tensor(7, 300, seed=1, dtype=torch.float32)
    threads = torch.get_num_threads()
    outputs = []
    for count in (1, 2):
        torch.set_num_threads(count)
        outputs.append(layer(inputs))
    torch.set_num_threads(threads)
    assert torch.equal(*outputs)


@needs_compiler
@pytest.mark.parametrize(
    ("case", "compiled"),
    [("few rows", True), ("many rows", False), ("gradients", False), ("rows apart", False)],
)
def test_the_loop_is_for_few_rows_of_a_finished_model(
    case: str, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kernels.load()
    called: list[str] = []
    call = kernels.call

    def noted(name: str, number: torch.dtype, *arguments: Tensor | float | None) -> None:
        called.append(name)
        call(name, number, *arguments)

    monkeypatch.setattr(kernels, "call", noted)
    layer = Linear(6, 4)
    if case != "rows apart":
        layer.lay_out_for_search()
    inputs = torch.ones(65 if case == "many rows" else 2, layer.in_features)
    with torch.set_grad_enabled(case == "gradients"):
        assert layer(inputs).shape == (len(inputs), 4)
    assert called == (["few_rows"] if compiled else [])


@needs_compiler
def test_other_formats_and_autocast_are_torch_s() -> None:
    assert kernels.load()
    layer = randomise(Linear(6, 4))
    layer.lay_out_for_search()
    inputs = random_tensor(2, 6, seed=1)
    with torch.no_grad():
        assert layer(inputs).dtype == torch.float64
        with torch.autocast("cpu", torch.bfloat16):
            assert linear(inputs.float(), layer.weight.float().t().contiguous().t()).dtype == torch.bfloat16
