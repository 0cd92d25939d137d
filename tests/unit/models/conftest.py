"""Whatever a training run set before: tensors here are tiny, and float32 products exact."""

from collections.abc import Iterator

import pytest

from agreement import one_thread_in_full_precision


@pytest.fixture(autouse=True)
def _one_thread_in_full_precision() -> Iterator[None]:
    with one_thread_in_full_precision():
        yield
