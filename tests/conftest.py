"""What every test shares: property tests that never judge by the clock, and layers that begin on their plain paths."""

import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

# No deadline: a slow or busy machine must not fail a test. print_blob: a failure in CI can be repeated.
settings.register_profile("seqloom", deadline=None, print_blob=True)
settings.load_profile("seqloom")


@pytest.fixture(autouse=True)
def _no_kernels_left_loaded() -> Iterator[None]:
    """A training run loads compiled kernels into its process; the next test begins without."""
    yield
    loaded = sys.modules.get("seqloom.layers.kernels")
    if loaded:
        loaded.unload()
