"""A signal asks a training to save and stop; the loop looks between two updates."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_on_signal() -> Iterator[Callable[[], bool]]:
    """Give a function that turns True once SIGTERM or Ctrl-C came; a second Ctrl-C stops at once."""
    came = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what signal.signal calls
        if came.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        came.set()

    if threading.current_thread() is not threading.main_thread():
        yield came.is_set
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield came.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
