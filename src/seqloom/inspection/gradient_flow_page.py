"""How far back gradients reach, as one self-contained HTML page and as a piece for a notebook."""

from collections.abc import Sequence
from pathlib import Path

from seqloom.base.files import atomic_write, make_folder
from seqloom.inspection.figures import inline_svg
from seqloom.inspection.gradient_flow import GradientFlow
from seqloom.inspection.gradient_flow_picture import flow_figure, say_flow
from seqloom.inspection.plain_page import figure, plain_page, table

TITLE = "How far back gradients reach"
MEANING = (
    "The norm of the gradient of the loss at one symbol by the state so many symbols before it: the mean over all "
    "places of the text. Where it falls, what was read long ago teaches little; where it grows, training may run away."
)


def write_flow_page(flows: Sequence[GradientFlow], path: Path) -> None:
    """Write the page, atomically. Raises UsageError for no curve; ResourceError when it can't be written."""
    make_folder(path.parent)
    atomic_write(path, flow_page(flows))


def flow_page(flows: Sequence[GradientFlow]) -> str:
    """The whole page: the curves, and the norm by distance."""
    longest = max(len(flow.by_distance()) for flow in flows)
    rows = [[str(distance + 1), *(_norm(flow, distance) for flow in flows)] for distance in range(longest)]
    halves = [[named(flow), say_flow(flow)] for flow in flows]
    return plain_page(
        TITLE,
        [MEANING],
        [
            figure(_drawn(flows)),
            table(["", "the gradient"], halves),
            table(["symbols", *map(named, flows)], rows),
        ],
    )


def flow_fragment(flows: Sequence[GradientFlow]) -> str:
    """The curves within a cell of a notebook."""
    if not any(len(flow.by_distance()) for flow in flows):
        return "<p>A gradient that flows back needs two symbols or more.</p>"
    wide = "40em" if len({flow.model for flow in flows}) == 1 else "60em"
    return f'<div style="max-width:{wide}">{_drawn(flows)}</div>'


def named(flow: GradientFlow) -> str:
    """The model, where there are several, and which weights."""
    return f"{flow.model}, {flow.label}" if flow.model else flow.label


def _drawn(flows: Sequence[GradientFlow]) -> str:
    told = "; ".join(f"{named(flow)}: the gradient {say_flow(flow)}" for flow in flows)
    return inline_svg(flow_figure(flows), "flow", f"{TITLE}. {told}.")


def _norm(flow: GradientFlow, distance: int) -> str:
    means = flow.by_distance()
    return f"{means[distance]:.3g}" if distance < len(means) else ""
