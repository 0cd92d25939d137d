"""Quoted lines are found in the symbol that they stand in, and missed as soon as they are not there."""

from pathlib import Path

import pytest

from seqloom_docs.chapters import ChapterError, Fence
from seqloom_docs.quoting import Quote, find_quote

SOURCE = '''\
"""A layer."""


class Cell:
    def step(self, x):
        # why
        y = self.weight @ x
        return y.tanh()

    def twice(self, x):
        if x:
            return self.step(
                x,
            )
        x = 1
        x = 1
        return x


def step(x):
    return x
'''


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "src" / "seqloom" / "layers"
    folder.mkdir(parents=True)
    (folder / "cell.py").write_text(SOURCE, encoding="utf-8")
    return tmp_path


def fence(code: str, *arguments: str) -> Fence:
    return Fence("lines", arguments or ("layers/cell.py", "Cell.step"), code, 7, 9)


def test_the_lines_are_told_as_the_source_has_them(root: Path) -> None:
    quote = find_quote(root, fence("y = self.weight @ x\nreturn y.tanh()\n"), "a.md")
    assert quote == Quote("layers/cell.py", "Cell.step", 7, 8, "y = self.weight @ x\nreturn y.tanh()")
    assert quote.where == "layers/cell.py, lines 7–8"
    assert find_quote(root, fence("return y.tanh()"), "a.md").where == "layers/cell.py, line 8"


def test_lines_may_be_broken_otherwise_and_stand_in_any_block(root: Path) -> None:
    quote = find_quote(root, fence("return self.step(x)", "layers/cell.py", "Cell.twice"), "a.md")
    assert (quote.first, quote.last) == (12, 14)
    assert quote.text == "return self.step(\n    x,\n)"
    assert find_quote(root, fence("return x", "layers/cell.py", "step"), "a.md").first == 21


def test_they_follow_the_source_when_it_moves(root: Path) -> None:
    path = root / "src" / "seqloom" / "layers" / "cell.py"
    path.write_text("import math\n\n" + SOURCE, encoding="utf-8")
    assert find_quote(root, fence("return y.tanh()"), "a.md").first == 10


@pytest.mark.parametrize(
    ("quoted", "said"),
    [
        (
            fence("return y.relu()"),
            r"a.md, line 7: Cell.step in src/seqloom/layers/cell.py no longer has these lines:",
        ),
        (fence("return x", "layers/cell.py", "Cell.step"), "no longer has"),
        (fence("return y.tanh()\ny = self.weight @ x"), "no longer has"),
        (fence(""), "no longer has"),
        (fence("x = 1", "layers/cell.py", "Cell.twice"), "has more than once these lines"),
        (
            fence("x", "layers/cell.py", "Cell.stop"),
            r"a.md, line 7: src/seqloom/layers/cell.py has no Cell.stop.",
        ),
        (fence("x", "layers/cell.py", "step.inner"), "has no step.inner"),
        (fence("x", "layers/none.py", "f"), r"there is no src/seqloom/layers/none.py."),
        (fence("x", "layers/cell.py"), "expected a file and a symbol"),
    ],
)
def test_what_is_not_there_breaks_the_build(root: Path, quoted: Fence, said: str) -> None:
    with pytest.raises(ChapterError, match=said):
        find_quote(root, quoted, "a.md")
