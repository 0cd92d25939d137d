"""Signals ask for an end; a second Ctrl-C doesn't wait for it."""

import signal
import threading

import pytest

from seqloom.training.signals import stop_on_signal

send = signal.raise_signal  # to this thread, so that it has come when the call is over


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_noted_and_nothing_else_happens(number: signal.Signals) -> None:
    with stop_on_signal() as stopped:
        assert not stopped()
        send(number)
        assert stopped()
        assert stopped()  # it stays asked for
    with stop_on_signal() as stopped:
        assert not stopped()  # each run has its own


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
def test_a_second_ctrl_c_ends_at_once(first: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), stop_on_signal():  # noqa: PT012 - the second one raises
        send(first)
        send(signal.SIGINT)


def test_a_repeated_sigterm_asks_for_the_same_again() -> None:
    """Job schedulers send it several times; what is being saved must be saved."""
    with stop_on_signal() as stopped:
        send(signal.SIGTERM)
        send(signal.SIGTERM)
        assert stopped()


def test_handlers_are_put_back_even_after_an_error() -> None:
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    with stop_on_signal():
        assert [signal.getsignal(number) for number in numbers] != before
    assert [signal.getsignal(number) for number in numbers] == before
    with pytest.raises(RuntimeError, match="broken"), stop_on_signal():
        raise RuntimeError("broken")
    assert [signal.getsignal(number) for number in numbers] == before


def test_a_thread_trains_without_signals_which_only_the_main_thread_may_handle() -> None:
    before = signal.getsignal(signal.SIGTERM)
    answers: list[object] = []

    def work() -> None:
        with stop_on_signal() as stopped:
            answers.extend([stopped(), signal.getsignal(signal.SIGTERM)])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert answers == [False, before]
