"""Lines as they arrive: what a pipe has brought so far at once, a big file in big pieces."""

import itertools
import queue
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

WAITING = 4  # pieces that may lie ready; reading waits when there are more
STDIN = "-"


class Line(NamedTuple):
    """A line of input, where it stood, for what there is to say about it, and what ended it."""

    text: str
    where: str
    end: str = "\n"


def read_inputs(paths: Sequence[Path]) -> Iterator[Line]:
    """The lines of files one after the other; of stdin for none, and for "-".

    Raises   EncodingFault, DataError at the line in question, as seqloom.data.lines does
    """
    from seqloom.data.lines import read_ended_lines, read_stream

    for path in paths or [Path(STDIN)]:
        if str(path) == STDIN:
            # Opened anew: a thread that still waits for input would hold the lock of sys.stdin at the end.
            stream = open(sys.stdin.fileno(), "rb", closefd=False)  # noqa: SIM115
            lines, name = read_stream(stream, "stdin"), "line "
        else:
            lines, name = read_ended_lines(path), f"{path}:"
        for number, (text, end) in enumerate(lines, start=1):
            yield Line(text, f"{name}{number}", end)


Item = TypeVar("Item", bound=tuple[Any, ...])


def in_pieces(lines: Iterable[Item], most: int) -> Iterator[list[Item]]:
    """Lists of 1 to `most` lines, or of what is made of them: those that have arrived while the list before was
    worked on.

    A fault while reading is raised after the lines before it were given.
    """
    arrived: queue.Queue[Item | BaseException | None] = queue.Queue(WAITING * most)
    threading.Thread(target=_read_ahead, args=(lines, arrived.put), daemon=True).start()
    end: BaseException | None = None
    ended = False
    while not ended:
        piece: list[Item] = []
        for item in itertools.chain([arrived.get()], _ready(arrived)):
            if item is None or isinstance(item, BaseException):
                ended, end = True, item
                break
            piece.append(item)
            if len(piece) == most:
                break
        if piece:
            yield piece
    if end is not None:
        raise end


def _read_ahead(lines: Iterable[Item], put: Callable[[Item | BaseException | None], None]) -> None:
    """Read to the end; None says that it was reached, an exception that it was not."""
    try:
        for line in lines:
            put(line)
    except BaseException as error:  # handed over to whoever waits
        put(error)
    else:
        put(None)


def _ready(
    arrived: "queue.Queue[Item | BaseException | None]",
) -> Iterator[Item | BaseException | None]:
    while True:
        try:
            yield arrived.get_nowait()
        except queue.Empty:
            return
