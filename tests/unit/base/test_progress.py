"""A bar on a terminal, plain lines elsewhere, and times as people say them."""

import io

import pytest

from seqloom.base import progress as module
from seqloom.base.progress import duration, progress


class Clock:
    """Stands in for the clock; a test moves it."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (-3, "0 s"),
        (41.6, "42 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3599, "59 min 59 s"),
        (3599.7, "1 h 00 min"),
        (7800, "2 h 10 min"),
        (360_000, "100 h 00 min"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_plain_lines_come_at_intervals_with_share_note_and_time_left(clock: Clock) -> None:
    stream = io.StringIO()
    with progress("Training", 200, stream=stream, interval=10) as shown:
        clock.now += 9
        shown.update(20, "loss 4.20")  # too early for a line
        assert stream.getvalue() == ""
        clock.now += 1
        shown.update(40, "loss 4.10")
        clock.now += 9
        shown.update(60, "loss 4.00")
        clock.now += 31
        shown.update(100, "loss 3.90", left=125)
    assert stream.getvalue().splitlines() == [
        "Training  20 %  loss 4.10  40 s left",
        "Training  50 %  loss 3.90  2 min 05 s left",
    ]


def test_plain_lines_without_a_total_count(clock: Clock) -> None:
    stream = io.StringIO()
    with progress("Reading", stream=stream, interval=1) as shown:
        clock.now += 2
        shown.update(1_234_567)
        shown.say("a line of its own")
    assert stream.getvalue().splitlines() == ["Reading 1,234,567", "a line of its own"]


def test_nothing_done_gives_no_estimate(clock: Clock) -> None:
    stream = io.StringIO()
    with progress("Reading", 10, stream=stream, interval=1) as shown:
        clock.now += 2
        shown.update(0, "opening")
    assert stream.getvalue() == "Reading   0 %  opening\n"


def test_a_terminal_gets_a_bar_and_lines_above_it() -> None:
    stream = Terminal()
    with progress("Training", 4, stream=stream) as shown:
        assert shown.bar is not None
        shown.update(2, "loss 4.20", left=61)
        shown.bar[0].refresh()
        shown.say("[bold] is no markup here")
    text = stream.getvalue()
    assert "Training" in text
    assert " 50 %" in text
    assert "loss 4.20" in text
    assert "1 min 01 s left" in text
    assert "[bold] is no markup here\n" in text
    assert shown.bar is None


def test_the_standard_stream_is_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Reading", 2, interval=0) as shown:
        shown.update(1, left=3)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "Reading  50 %  3 s left\n"
