"""The course as it stands: its lines are still in the source, its exercises have answers that hold."""

import ast
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from seqloom.cli.main import app
from seqloom.cli.views import VIEWS
from seqloom_docs.chapters import ANSWER, CHECK, LINES, RUN, chapter_paths, read_fences
from seqloom_docs.equations import draw_equations
from seqloom_docs.quoting import find_quote
from seqloom_docs.running import in_empty_folder, run_code

ROOT = Path(__file__).resolve().parents[3]
CHAPTERS = chapter_paths(ROOT / "docs" / "concepts")
each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def test_there_are_eight_in_the_order_of_a_course() -> None:
    assert [path.name for path in CHAPTERS] == [
        "1-sequences.md",
        "2-rnn.md",
        "3-lstm.md",
        "4-gru.md",
        "5-encoder-decoder.md",
        "6-attention.md",
        "7-transformer.md",
        "8-choosing.md",
    ]


@each_chapter
def test_quoted_lines_are_where_the_chapter_says(path: Path) -> None:
    fences = read_fences(path.read_text(encoding="utf-8"), path.name)
    quoted = [find_quote(ROOT, fence, path.name) for fence in fences if fence.kind == LINES]
    assert quoted
    for quote in quoted:
        source = (ROOT / "src" / "seqloom" / quote.file).read_text(encoding="utf-8").splitlines()
        lines = quote.text.splitlines()
        assert [line.strip() for line in source[quote.first - 1 : quote.last]] == [
            line.strip() for line in lines
        ]


@each_chapter
def test_its_exercise_has_one_answer_which_is_checked_and_holds(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    (answer,) = [fence for fence in read_fences(text, path.name) if fence.kind == ANSWER]
    assert "\n## Exercise\n" in text[: text.index(answer.code)]
    assert any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(answer.code)))
    with in_empty_folder():
        assert run_code(answer, path.name, {"__name__": "__main__"}).strip()


@each_chapter
def test_its_code_can_be_read_and_makes_each_picture_that_it_shows(path: Path) -> None:
    """That the code runs, and that what is made is shown, is found out by `make docs`."""
    text = path.read_text(encoding="utf-8")
    code = [fence.code for fence in read_fences(text, path.name) if fence.kind in (RUN, CHECK)]
    assert code
    for block in code:
        ast.parse(block)
    shown = [
        line.rpartition("](")[2].removesuffix(")") for line in text.splitlines() if line.startswith("![")
    ]
    assert all(f'Path("{name}")' in "".join(code) for name in shown)


@each_chapter
def test_every_equation_is_understood(path: Path) -> None:
    prose, inside = [], False
    for line in path.read_text(encoding="utf-8").splitlines():
        inside ^= line.startswith("```")
        prose.append("" if inside else line)
    pieces = "\n".join(prose).split("$$")
    assert len(pieces) % 2 == 1
    inline = [piece for text in pieces[::2] for piece in text.split("$")[1::2]]
    page = "".join(f'<div class="arithmatex">\\[{tex}\\]</div>' for tex in pieces[1::2])
    page += "".join(f'<span class="arithmatex">\\({tex}\\)</span>' for tex in inline)
    drawn = draw_equations(page)
    assert drawn.count("<math") == len(pieces[1::2]) + len(inline) > 0
    assert "arithmatex" not in drawn


def test_every_command_that_a_chapter_names_is_there() -> None:
    group: Any = get_command(app)
    named = [
        line
        for path in CHAPTERS
        for line in re.findall(r"`seqloom ([a-z][^`]*)`", path.read_text(encoding="utf-8"))
    ]
    assert any(line.startswith("inspect RUN") for line in named)
    for line in named:
        verb, *words = shlex.split(line)
        assert verb in group.commands
        options = {option for parameter in group.commands[verb].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options
        if "--show" in words:
            assert words[words.index("--show") + 1] in VIEWS
