"""Lines of the source beside the equations that they compute: found by what they say, told by where they stand.

What a chapter says is compared statement by statement, so that a formatter may break its lines otherwise; what the
site shows is the source itself, comments included.
"""

import ast
import textwrap
from collections.abc import Iterator
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
        raise ChapterError(
            f"{place}: expected a file and a symbol, as in: python lines layers/cells.py GRUCell.step"
        )
    file, symbol = fence.arguments
    path = root / PACKAGE / file
    if not path.is_file():
        raise ChapterError(f"{place}: there is no {PACKAGE / file}.")
    text = path.read_text(encoding="utf-8")
    found = list(matches(find_symbol(text, symbol, f"{place}: {PACKAGE / file}"), fence.code))
    if len(found) != 1:
        how = "has more than once" if found else "no longer has"
        raise ChapterError(f"{place}: {symbol} in {PACKAGE / file} {how} these lines:\n{fence.code}")
    first, last = found[0]
    quoted = textwrap.dedent("\n".join(text.splitlines()[first - 1 : last]))
    return Quote(file, symbol, first, last, quoted)


def find_symbol(text: str, symbol: str, where: str) -> ast.stmt:
    """A class or function, by its dotted name. Raises ChapterError."""
    nodes, found = ast.parse(text).body, None
    for part in symbol.split("."):
        found = next((node for node in nodes if _name(node) == part), None)
        if found is None:
            break
        nodes = found.body if isinstance(found, ast.ClassDef) else []
    if found is None:
        raise ChapterError(f"{where} has no {symbol}.")
    return found


def matches(node: ast.stmt, code: str) -> Iterator[tuple[int, int]]:
    """First and last line of each place below a node where these statements stand, however their lines are broken."""
    wanted = [ast.dump(each) for each in ast.parse(textwrap.dedent(code)).body]
    for part in ast.walk(node):
        for _, statements in ast.iter_fields(part):
            if not (
                wanted
                and isinstance(statements, list)
                and all(isinstance(each, ast.stmt) for each in statements)
            ):
                continue
            dumped = [ast.dump(each) for each in statements]
            for start in range(len(dumped) - len(wanted) + 1):
                if dumped[start : start + len(wanted)] == wanted:
                    last = statements[start + len(wanted) - 1]
                    yield statements[start].lineno, last.end_lineno or last.lineno


def _name(node: ast.stmt) -> str:
    return node.name if isinstance(node, ast.ClassDef | ast.FunctionDef) else ""
