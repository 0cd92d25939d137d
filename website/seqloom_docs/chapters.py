"""A chapter's fences: which code runs, which is an answer, which is quoted from the source.

A chapter is Markdown that reads well as it is. The word after a fence's language says what the fence is:

    python run       runs when the site is built, after those above it; what it prints follows it
    python check     runs as well, and isn't shown: it holds what the text around it says
    python answer    an exercise's answer; runs by itself, from nothing
    python lines FILE SYMBOL    lines of src/seqloom/FILE, within that class or function
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

RUN, CHECK, ANSWER, LINES = "run", "check", "answer", "lines"
KINDS = (RUN, CHECK, ANSWER, LINES)


class ChapterError(Exception):
    """What is wrong with a chapter, in a sentence that names the chapter and the line."""


@dataclass(frozen=True)
class Fence:
    """A fenced block of Python.

    kind         one of KINDS; "" for one that is only shown
    arguments    the words after the kind
    code         without the fences
    first, last  lines of the chapter that the fences stand on, counted from 1
    """

    kind: str
    arguments: tuple[str, ...]
    code: str
    first: int
    last: int


def read_fences(text: str, name: str) -> list[Fence]:
    """The blocks of Python in a chapter, in order.

    name    of the chapter, for errors
    Raises  ChapterError for a fence that doesn't end, or of an unknown kind
    """
    fences = []
    lines = enumerate(text.splitlines(), start=1)
    for number, line in lines:
        if not line.startswith("```"):
            continue
        language, _, rest = line[3:].strip().partition(" ")
        code, last = _until_closed(lines, name, number)
        if language != "python":
            continue
        kind, *arguments = rest.split() or [""]
        if kind and kind not in KINDS:
            raise ChapterError(f'{name}, line {number}: unknown kind of code "{kind}"; expected {KINDS}.')
        fences.append(Fence(kind, tuple(arguments), code, number, last))
    return fences


def _until_closed(lines: Iterator[tuple[int, str]], name: str, opened: int) -> tuple[str, int]:
    code: list[str] = []
    for number, line in lines:
        if line.rstrip() == "```":
            return "".join(f"{each}\n" for each in code), number
        code.append(line)
    raise ChapterError(f"{name}, line {opened}: the code that begins here never ends.")


def replace_fences(text: str, fences: Sequence[Fence], shown: Sequence[str]) -> str:
    """The chapter with each of these fences replaced by what is shown in its place."""
    lines = text.splitlines()
    for fence, instead in reversed(list(zip(fences, shown, strict=True))):
        lines[fence.first - 1 : fence.last] = instead.splitlines()
    return "\n".join(lines) + "\n"


def chapter_paths(folder: Path) -> list[Path]:
    """The course's chapters, in order: the files whose names begin with a digit."""
    return sorted(folder.glob("[0-9]*.md"))
