"""What every test shares: property tests that never judge by the clock, and layers that begin on their plain paths."""

import signal
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

# No deadline: a slow or busy machine must not fail a test. print_blob: a failure in CI can be repeated.
settings.register_profile("seqloom", deadline=None, print_blob=True)
settings.load_profile("seqloom")


# Begun in the background of a shell, a process ignores Ctrl-C, and so would those that the tests start.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_kernels_left_loaded() -> Iterator[None]:
    """A training run loads compiled kernels into its process; the next test begins without."""
    yield
    loaded = sys.modules.get("seqloom.layers.kernels")
    if loaded:
        loaded.unload()
