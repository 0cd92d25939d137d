"""Whatever a training run set before: tensors here are tiny, and float32 products exact."""

from collections.abc import Iterator

import pytest
import torch

from seqloom.layers import attention


@pytest.fixture(autouse=True)
def _one_thread_in_full_precision() -> Iterator[None]:
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.set_num_threads(1)  # more would only wait for each other
    torch.set_float32_matmul_precision("highest")
    yield
    torch.set_float32_matmul_precision(precision)
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def _fused_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fused kernel, where alignments are not asked for, even on a CPU where it would not pay."""
    monkeypatch.setattr(attention, "fused_pays", lambda query: query is not None)
