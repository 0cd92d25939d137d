"""Memory span as a table for a terminal, as one self-contained HTML page, and as a piece for a notebook."""

from collections.abc import Sequence
from pathlib import Path

from seqloom.base.files import atomic_write, make_folder
from seqloom.inspection.figures import inline_svg
from seqloom.inspection.memory_span import HOLDS, MemorySpan
from seqloom.inspection.memory_span_picture import span_figure
from seqloom.inspection.plain_page import figure, plain_page, table

TITLE = "Memory span"
BEYOND = "never seen in training"


def write_span_page(spans: Sequence[MemorySpan], path: Path) -> None:
    """Write the page, atomically. Raises ResourceError when it can't be written."""
    make_folder(path.parent)
    atomic_write(path, span_page(spans))


def span_page(spans: Sequence[MemorySpan]) -> str:
    """The whole page: the curves, and the share of right answers by distance."""
    return plain_page(TITLE, said(spans), _body(spans))


def span_fragment(spans: Sequence[MemorySpan]) -> str:
    """The curves and the table within a cell of a notebook."""
    return f'<div style="max-width:44em">{"".join(_body(spans))}</div>'


def said(spans: Sequence[MemorySpan]) -> list[str]:
    """What was done, and what the span of each task is, in words."""
    first = spans[0]
    farthest = max(max(span.accuracy) for span in spans)
    return [
        f"Trained from nothing at distances of 1 to {first.seen} symbols, asked at up to {farthest}. Remembered is "
        f"what {HOLDS:.0%} of the answers get right, at every distance that was asked up to there.",
        *(_span_said(span) for span in spans),
    ]


def _span_said(span: MemorySpan) -> str:
    """The span of one task."""
    longest = span.span()
    if not longest:
        nearest = min(span.accuracy)
        return (
            f"{span.task}: not learnt. Only {span.accuracy[nearest]:.0%} of the answers at a distance of {nearest} are "
            "right, which tells nothing of its memory."
        )
    if longest <= span.seen:
        return f"{span.task}: remembered up to a distance of {longest}."
    return (
        f"{span.task}: remembered up to a distance of {longest}, {BEYOND}; there it saw {span.seen} at most."
    )


def columns(spans: Sequence[MemorySpan]) -> tuple[list[str], list[list[str]]]:
    """The head of the table and its rows: each distance, each task's share of right answers, and whether training had
    none as far."""
    distances = sorted({distance for span in spans for distance in span.accuracy})
    seen = spans[0].seen
    rows = []
    for distance in distances:
        shares = [f"{span.accuracy[distance]:.0%}" if distance in span.accuracy else "" for span in spans]
        rows.append([str(distance), *shares, "unseen" if distance > seen else ""])
    return ["distance", *(span.task for span in spans), ""], rows


def _body(spans: Sequence[MemorySpan]) -> list[str]:
    head, rows = columns(spans)
    first = next((number for number, row in enumerate(rows) if row[-1]), None)
    drawn = inline_svg(span_figure(spans), "span", "Right answers by distance: " + " ".join(said(spans)[1:]))
    return [figure(drawn), table(head, rows, apart=first)]
