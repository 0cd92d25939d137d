"""The tree of a beam search as one self-contained HTML page: a column a step, the ways to the best drawn strong."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seqloom.base.files import atomic_write, make_folder
from seqloom.inspection.beam_tree import BEST, ON, BeamTree, Node
from seqloom.inspection.lettering import shorten, visible
from seqloom.inspection.page import escape, page, text_line

BOX, HIGH, ACROSS, DOWN = 128, 30, 166, 40  # pixels: a node, and from one to the next
LONGEST = 12  # characters of a symbol


@dataclass(frozen=True)
class Place:
    """A node, its column and row, and the row of the node before it."""

    node: Node
    column: int
    row: int
    parent_row: int


def write_tree_page(tree: BeamTree, path: Path, *, title: str = "How the beam grew") -> None:
    """Write the page, atomically. Raises ResourceError when it can't be written."""
    make_folder(path.parent)
    atomic_write(path, tree_page(tree, title=title))


def tree_page(tree: BeamTree, *, title: str = "How the beam grew") -> str:
    """The whole page; it needs no script."""
    return page(
        "beam_tree_page.html",
        title=title,
        texts=f"<p>{text_line(tree.source_text)}</p>" if tree.source_text else "",
        best="".join(_row(rank, tree) for rank in range(len(tree.best))),
        tree=_drawing(tree),
        counts="".join(f"<li>{escape(why)}: {count}</li>" for why, count in sorted(tree.counts().items())),
    )


def _row(rank: int, tree: BeamTree) -> str:
    parts = tree.best[rank]
    return (
        f'<tr><td>{rank + 1}</td><th scope="row">{text_line(parts.text)}</th><td>{parts.score:.3f}</td>'
        f"<td>{parts.log_probability:.3f}</td><td>{parts.length:.3f}</td><td>{parts.coverage:.3f}</td></tr>"
    )


def places(tree: BeamTree) -> list[Place]:
    """Where each node stands: step by step, the children of a node together, in the order of their scores."""
    found: list[Place] = []
    column, before = 0, [(tree.root, 0)]
    while before:
        here = [(child, row) for node, row in before for child in node.children]
        found += [Place(child, column, row, parent) for row, (child, parent) in enumerate(here)]
        before = [(child, row) for row, (child, _) in enumerate(here)]
        column += 1
    return found


def _drawing(tree: BeamTree) -> str:
    placed = places(tree)
    if not placed:
        return "<p>Nothing was written.</p>"
    width = ACROSS * max(place.column for place in placed) + BOX + 8
    height = DOWN * max(place.row for place in placed) + HIGH + 8
    lines = "".join(_line(place) for place in sorted(placed, key=lambda place: place.node.rank > 0))
    boxes = "".join(_box(place) for place in placed)
    return (
        f'<svg width="{width}" height="{height}" viewBox="-4 -4 {width} {height}" role="img" '
        f'aria-label="The tree of the search, {len(placed)} nodes">{lines}{boxes}</svg>'
    )


def _line(place: Place) -> str:
    if not place.column:
        return ""
    x, y = place.column * ACROSS, place.row * DOWN + HIGH / 2
    before_x, before_y = x - ACROSS + BOX, place.parent_row * DOWN + HIGH / 2
    middle = (before_x + x) / 2
    return f'<path class="{_kind(place.node)}" d="M{before_x} {before_y}C{middle} {before_y} {middle} {y} {x} {y}"/>'


def _box(place: Place) -> str:
    node = place.node
    x, y = place.column * ACROSS, place.row * DOWN
    rank = f", best number {node.rank}" if node.rank else ""
    hint = f"{visible(node.symbol)}: {node.log_probability:.3f} nats so far, score {node.score:.3f}; {node.why}{rank}"
    return (
        f'<g class="{_kind(node)}" transform="translate({x} {y})"><title>{escape(hint)}</title>'
        f'<rect width="{BOX}" height="{HIGH}" rx="6"/>'
        f'<text x="8" y="20">{escape(shorten(visible(node.symbol), LONGEST))}</text>'
        f'<text class="figure" x="{BOX - 6}" y="20">{node.score:.2f}</text></g>'
    )


def _kind(node: Node) -> str:
    """How a node is drawn: on the way to the first of the best, to another one, still written on, or not."""
    kinds: Iterator[str] = iter(
        kind
        for kind, holds in (
            ("first", node.rank == 1),
            ("best", node.rank > 1 or node.why == BEST),
            ("on", node.why == ON),
        )
        if holds
    )
    return next(kinds, "pruned")
