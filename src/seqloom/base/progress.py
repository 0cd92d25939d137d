"""Progress that a person can read: a bar on a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


def duration(seconds: float) -> str:
    """Seconds as a person says them: 42 s, 3 min 05 s, 2 h 10 min."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class Progress:
    """One running activity. `update` says how far it is; `say` prints a line above the bar."""

    def __init__(self, title: str, total: float | None, stream: TextIO, interval: float) -> None:
        self.title = title
        self.total = total
        self.stream = stream
        self.interval = interval  # seconds between plain lines
        self.bar: tuple[RichProgress, TaskID] | None = None
        self.started = self.last_line = time.monotonic()

    def update(self, completed: float, note: str = "", left: float | None = None) -> None:
        """Show the work done so far (in the unit of `total`), a note, and the seconds left if known."""
        if left is None and self.total and completed > 0:
            left = (time.monotonic() - self.started) * (self.total / completed - 1)
        tail = f"{duration(left)} left" if left is not None else ""
        if self.bar:
            progress, task = self.bar
            progress.update(task, completed=completed, note=note, tail=tail)
        elif time.monotonic() - self.last_line >= self.interval:
            self.last_line = time.monotonic()
            share = f"{100 * completed / self.total:3.0f} %" if self.total else f"{completed:,.0f}"
            self.say("  ".join(part for part in (f"{self.title} {share}", note, tail) if part))

    def say(self, line: str) -> None:
        """Print a line of its own, above the bar when there is one."""
        if self.bar:
            self.bar[0].console.print(line, highlight=False, markup=False, soft_wrap=True)
        else:
            print(line, file=self.stream, flush=True)


@contextmanager
def progress(
    title: str, total: float | None = None, *, stream: TextIO | None = None, interval: float = 10.0
) -> Iterator[Progress]:
    """Show progress on `stream` while the body runs; `interval` seconds between plain lines."""
    stream = stream or sys.stderr
    shown = Progress(title, total, stream, interval)
    if not stream.isatty():
        yield shown
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:3.0f} %"),
        TextColumn("{task.fields[note]}", markup=False),
        TextColumn("[dim]{task.fields[tail]}"),
    )
    with RichProgress(*columns, console=Console(file=stream), transient=True) as bar:
        shown.bar = (bar, bar.add_task(title, total=total, note="", tail=""))
        yield shown
        shown.bar = None
