"""Recordings asked of a model, many of them together: what is said in each, or why it can't be used."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seqloom.base.errors import DataError, MissingDependencyError, ResourceError

if TYPE_CHECKING:
    from seqloom.pipeline import Transcriber, Transcript
    from seqloom.search.options import SearchOptions

PIECE = 4  # batches that are sorted by length together


def piece_size(model: "Transcriber") -> int:
    """Recordings that are asked together."""
    return PIECE * model.config.search.batch_sentences


def what_is_said(
    model: "Transcriber", options: "SearchOptions", paths: Sequence[Path], *, times: bool = False
) -> "Iterator[Transcript | DataError | ResourceError]":
    """For each recording in order, a piece read ahead: what is said there, or the error of one that can't be used.

    Raises   MissingDependencyError where no sound can be read
    """
    size = piece_size(model)
    for first in range(0, len(paths), size):
        yield from _asked_together(model, options, paths[first : first + size], times=times)


def _asked_together(
    model: "Transcriber", options: "SearchOptions", paths: Sequence[Path], *, times: bool
) -> "Iterator[Transcript | DataError | ResourceError]":
    heard, failed = [], {}
    for number, path in enumerate(paths):
        try:
            heard.append(model.hear(path))
        except MissingDependencyError:
            raise
        except (DataError, ResourceError) as error:
            failed[number] = error
    found = iter(model.write(heard, options, times=times))
    for number in range(len(paths)):
        yield failed[number] if number in failed else next(found)
