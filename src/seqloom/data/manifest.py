"""Manifests: which recording says what. Lines of `path TAB text`, or JSON lines with named fields.

They are read as pairs of text are; a path is seen from its manifest's folder.
"""

from collections.abc import Iterator
from pathlib import Path

from seqloom.base.errors import DataError
from seqloom.data.pairs import Pair, PairSource


def read_manifest(files: PairSource) -> Iterator[Pair]:
    """The recordings' paths, seen from here, and their texts, in order.

    Raises   as read_pairs does; DataError for a line without a path
    """
    folder = files.paths[0].parent if files.paths else Path()
    for number, pair in enumerate(files.read(), start=1):
        path = pair.source.strip()
        if not path:
            raise DataError(
                f"{files.paths[0]}:{number}: no path; expected the path of a recording, a tab, its text."
            )
        yield Pair(str(folder / path), pair.target)
