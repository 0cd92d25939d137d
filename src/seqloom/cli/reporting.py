"""What a person is told while files are read and written, and what is refused before."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Literal

from seqloom.base.errors import UsageError
from seqloom.cli.many import STDIN

if TYPE_CHECKING:
    from seqloom.base.progress import Progress


def check_files(files: Sequence[Path], output: Path | None) -> None:
    """Refuse, before a model is loaded, what can't be read, and to write over what is being read."""
    from seqloom.data.lines import read_lines

    for path in files:
        if str(path) == STDIN:
            continue
        if not path.exists():
            next(read_lines(path))  # says so, and suggests a near name
    keep_inputs(files, output=output)


def keep_inputs(files: Iterable[Path | None], **outputs: Path | None) -> None:
    """Refuse to write over what is being read.

    outputs  by the names of their options; those that aren't asked for are None, as files may be
    """
    read = [path for path in files if path and str(path) != STDIN and path.is_file()]
    for option, output in outputs.items():
        if output and output.exists() and any(output.samefile(path) for path in read):
            raise UsageError(f"--{option} {output} is a file that is being read. Name another one.")


class Report:
    """What a person is told meanwhile, on stderr: notices, and how far it is where there is something to fill."""

    def __init__(self, bar: "Progress | None", unit: str = "lines") -> None:
        self.bar, self.unit = bar, unit
        self.lines = self.tokens = 0
        self.started = monotonic()

    def say(self, line: str) -> None:
        if self.bar:
            self.bar.say(line)
        else:
            print(line, file=sys.stderr)

    def went_on(self, lines: int, tokens: int) -> None:
        """So many lines, or whatever the units are, and target tokens more."""
        self.lines, self.tokens = self.lines + lines, self.tokens + tokens
        if self.bar:
            rate = self.tokens / max(monotonic() - self.started, 1e-9)
            self.bar.update(self.lines, f"{self.lines:,} {self.unit}  {rate:,.0f} tokens/s")


@contextmanager
def reporting(
    doing: str, paths: Sequence[Path], *, shown: bool, unit: Literal["lines", "files"] = "lines"
) -> Iterator[Report]:
    """With progress where the outputs go to files and nobody sees them come."""
    if not shown:
        yield Report(None)
        return
    from seqloom.base.progress import progress

    total = None
    if unit == "files":
        total = len(paths)
    elif paths and all(path.is_file() for path in paths):  # a pipe can be read but once
        total = sum(_count_lines(path) for path in paths)
    with progress(doing, total) as bar:
        yield Report(bar, unit)


def _count_lines(path: Path) -> int:
    with path.open("rb") as stream:
        return sum(1 for _ in stream)
