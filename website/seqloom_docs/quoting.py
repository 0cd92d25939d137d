"""Lines of the source beside the equations that they compute: found by what they say, told by where they stand."""

import ast
import textwrap
from dataclasses import dataclass
from pathlib import Path

from seqloom_docs.chapters import ChapterError, Fence

PACKAGE = Path("src/seqloom")


@dataclass(frozen=True)
class Quote:
    """Lines of a file.

    file         below src/seqloom
    symbol       the class or function that they stand in: "GRUCell.step"
    first, last  counted from 1
    text         as the file has them, without their common indentation
    """

    file: str
    symbol: str
    first: int
    last: int
    text: str

    @property
    def where(self) -> str:
        """In words: "layers/cells.py, lines 232–236"."""
        lines = f"line {self.first}" if self.first == self.last else f"lines {self.first}–{self.last}"
        return f"{self.file}, {lines}"


def find_quote(root: Path, fence: Fence, name: str) -> Quote:
    """Where the source has the lines of a fence, and how it has them.

    root    of the repository
    name    of the chapter, for errors
    Raises  ChapterError when the file, the symbol or the lines aren't there, or the lines are there twice
    """
    place = f"{name}, line {fence.first}"
    if len(fence.arguments) != 2:
        raise ChapterError(f"{place}: expected a file and a symbol, as in: python lines layers/cells.py GRUCell.step")
    file, symbol = fence.arguments
    path = root / PACKAGE / file
    if not path.is_file():
        raise ChapterError(f"{place}: there is no {PACKAGE / file}.")
    text = path.read_text(encoding="utf-8")
    start, stop = symbol_lines(text, symbol, f"{place}: {PACKAGE / file}")
    source, wanted = text.splitlines(), textwrap.dedent(fence.code).splitlines()
    count = len(wanted)
    found = [
        first
        for first in range(start, stop - count + 2)
        if textwrap.dedent("\n".join(source[first - 1 : first - 1 + count])).splitlines() == wanted
    ]
    if len(found) != 1 or not wanted:
        how = "no longer has" if not found else "has more than once"
        raise ChapterError(f"{place}: {symbol} in {PACKAGE / file} {how} these lines:\n{fence.code}")
    first = found[0]
    quoted = textwrap.dedent("\n".join(source[first - 1 : first - 1 + count]))
    return Quote(file, symbol, first, first + count - 1, quoted)


def symbol_lines(text: str, symbol: str, where: str) -> tuple[int, int]:
    """First and last line of a class or function, by its dotted name. Raises ChapterError."""
    nodes: list[ast.stmt] = ast.parse(text).body
    found: ast.stmt | None = None
    for part in symbol.split("."):
        found = next((node for node in nodes if _name(node) == part), None)
        if found is None:
            raise ChapterError(f"{where} has no {symbol}.")
        nodes = found.body if isinstance(found, ast.ClassDef) else []
    assert found is not None and found.end_lineno is not None
    return found.lineno, found.end_lineno


def _name(node: ast.stmt) -> str:
    return node.name if isinstance(node, ast.ClassDef | ast.FunctionDef) else ""
