"""A chapter as the site shows it: output below the code that printed it, equations beside their lines of source."""

import re
from collections.abc import Sequence
from pathlib import Path

from seqloom_docs.chapters import CHECK, LINES, ChapterError, Fence, replace_fences
from seqloom_docs.quoting import Quote, find_quote
from seqloom_docs.running import Ran

EQUATION = re.compile(r"^\$\$\n(?:.+\n)+?\$\$\n\n*(?=```python lines )", re.MULTILINE)
LINKED = re.compile(r"\[[^\]]*\]\(([^)/:]+)\)")


def show_chapter(text: str, name: str, fences: Sequence[Fence], ran: Ran, root: Path) -> str:
    """The chapter's Markdown as the site has it.

    Raises  ChapterError for a quote that isn't in the source, or a picture that is made and not shown
    """
    shown_pictures = set(LINKED.findall(text))
    if unseen := sorted(set(ran.pictures) - shown_pictures):
        raise ChapterError(
            f"{name}: made but not shown: {', '.join(unseen)}. Show it: ![what it shows]({unseen[0]})"
        )
    shown = [_show(fence, name, ran, root) for fence in fences]
    return set_beside(text, fences, shown)


def _show(fence: Fence, name: str, ran: Ran, root: Path) -> str:
    if fence.kind == CHECK:
        return ""
    if fence.kind == LINES:
        return show_quote(find_quote(root, fence, name))
    code = f"```python\n{fence.code}```\n"
    printed = ran.printed.get(fence.first, "")
    return code + (f"\n``` {{ .text .printed }}\n{printed.rstrip()}\n```\n" if printed.strip() else "")


def show_quote(quote: Quote) -> str:
    """The lines as the source has them, under a link to where they stand."""
    link = f"../{source_page(quote.file)}#{line_anchor(quote.first)}"
    where = f"{quote.where}, in {quote.symbol}"
    return f'<div class="quoted" markdown>\n\n[{where}]({link}){{ .where }}\n\n```python\n{quote.text}\n```\n\n</div>\n'


def set_beside(text: str, fences: Sequence[Fence], shown: Sequence[str]) -> str:
    """The chapter with its fences replaced, each equation set beside the lines that follow it."""
    lines = text.splitlines()
    by_line = {fence.first: fence for fence in fences}
    begins, ends = {}, set()
    for match in EQUATION.finditer(text):
        first = text.count("\n", 0, match.start()) + 1
        fence = by_line[text.count("\n", 0, match.end()) + 1]
        begins[first] = fence
        ends.add(fence.first)
    replaced = [
        f"{instead}\n</div>\n" if fence.first in ends else instead
        for fence, instead in zip(fences, shown, strict=True)
    ]
    opened = '<div class="beside" markdown>'
    marked = [
        f"{opened}\x00{line}" if number in begins else line for number, line in enumerate(lines, start=1)
    ]
    return replace_fences("\n".join(marked), fences, replaced).replace("\x00", "\n\n")


def source_page(file: str) -> str:
    """The site's page of a source file: layers/cells.py -> reference/source/layers-cells.md."""
    return f"reference/source/{file.removesuffix('.py').replace('/', '-')}.md"


def line_anchor(line: int) -> str:
    """What pymdownx.highlight calls a line of a page's first numbered block."""
    return f"__codelineno-0-{line}"


def show_source(file: str, text: str) -> str:
    """The page of a source file, its lines numbered."""
    return f'# {file}\n\n``` {{ .python linenums="1" }}\n{text.rstrip()}\n```\n'
