"""Sentences of labelled tokens: a token and its label a line, an empty line between sentences."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from seqloom.base.errors import DataError
from seqloom.data.lines import read_lines
from seqloom.data.pairs import Pair


class Block(NamedTuple):
    """A sentence of labelled tokens, and the line (from 1) of its first one; the others follow line by line."""

    line: int
    tokens: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def pair(self) -> Pair:
        """Tokens and labels, each separated by blanks; white space within a token is left out, so that they count."""
        return Pair(" ".join("".join(token.split()) for token in self.tokens), " ".join(self.labels))


def read_blocks(path: Path) -> Iterator[Block]:
    """Sentences of a file that has a token, a tab and its label in a line, and an empty line between sentences.

    Raises   DataError at the line that is otherwise
    """
    rows: list[tuple[str, str]] = []
    first = 0
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            if rows:
                yield _block(first, rows)
            rows = []
            continue
        first = first if rows else number
        found = labelled_token(line)
        if isinstance(found, str):
            raise DataError(f"{path}:{number}: {found}.")
        rows.append(found)
    if rows:
        yield _block(first, rows)


def _block(line: int, rows: Sequence[tuple[str, str]]) -> Block:
    return Block(line, tuple(token for token, _ in rows), tuple(label for _, label in rows))


def labelled_token(line: str) -> tuple[str, str] | str:
    """The token and the label of a line; or what is wrong with it."""
    cells = line.split("\t")
    if len(cells) != 2:
        found = "no tab in the line" if len(cells) == 1 else f"{len(cells)} columns"
        return f"{found}; expected a token, a tab, its label, and an empty line between sentences"
    token, label = cells[0].strip(), cells[1].strip()
    if not token or not label:
        return f"no {'label' if token else 'token'}; expected a token, a tab, its label"
    if len(label.split()) > 1:
        return f"the label {label!r} has white space inside; write it as one word"
    return token, label
