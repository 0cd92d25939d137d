"""Whatever a training set before: tensors here are tiny, float32 products exact, and all is set back."""

from collections.abc import Iterator

import pytest

from agreement import one_thread_in_full_precision


@pytest.fixture(autouse=True)
def _one_thread_in_full_precision(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "1024")  # set back, whatever a test sets
    with one_thread_in_full_precision():
        yield
