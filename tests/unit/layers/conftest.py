"""Whatever a training run set before: tensors here are tiny, and float32 products exact."""

from collections.abc import Iterator

import pytest

from agreement import one_thread_in_full_precision
from seqloom.layers import attention


@pytest.fixture(autouse=True)
def _one_thread_in_full_precision() -> Iterator[None]:
    with one_thread_in_full_precision():
        yield


@pytest.fixture(autouse=True)
def _fused_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fused kernel, where alignments are not asked for, even on a CPU where it would not pay."""
    monkeypatch.setattr(attention, "fused_pays", lambda query: query is not None)
