"""How far back gradients reach, as PNG or SVG: a curve a model, falling where they vanish, rising where they grow."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqloom.base.errors import UsageError
from seqloom.inspection.colours import INK, RULE
from seqloom.inspection.figures import (
    check_ending,
    inline_svg,
    line_style,
    new_figure,
    plain_axes,
    require_matplotlib,
    save_figure,
)
from seqloom.inspection.gradient_flow import GradientFlow

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_flow_picture(flows: Sequence[GradientFlow], path: Path, *, title: str = "") -> None:
    """Write the curves, by the ending of the path, atomically.

    Raises   UsageError for another ending, or for no curve; MissingDependencyError without matplotlib
    """
    check_ending(path)
    save_figure(flow_figure(flows, title=title), path)


def flow_fragment(flows: Sequence[GradientFlow]) -> str:
    """The curves within a cell of a notebook."""
    if not any(len(flow.by_distance()) for flow in flows):
        return "<p>A gradient that flows back needs two symbols or more.</p>"
    return f'<div style="max-width:40em">{inline_svg(flow_figure(flows), "flow", "How far back gradients reach")}</div>'


def flow_figure(flows: Sequence[GradientFlow], *, title: str = "") -> "Figure":
    """The curves as a matplotlib figure. Raises UsageError for no curve, MissingDependencyError without matplotlib."""
    require_matplotlib()
    from matplotlib.ticker import MaxNLocator

    drawn = [flow for flow in flows if len(flow.by_distance())]
    if not drawn:
        raise UsageError("A gradient that flows back needs two symbols or more.")
    figure = new_figure(6.4, 3.9)
    figure.set_layout_engine("constrained", h_pad=0.1, w_pad=0.1)
    axes = figure.add_subplot()
    plain_axes(axes)
    for number, flow in enumerate(drawn):
        means = flow.by_distance()
        distances = np.arange(1, len(means) + 1)
        arrives = means > 0
        axes.semilogy(
            distances[arrives],
            means[arrives],
            **line_style(number),
            markevery=max(1, len(means) // 20),
            label=f"{flow.label}: {say_flow(flow)}",
        )
    axes.set_xlabel("symbols between the loss and the state", size=9)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("norm of the gradient", size=9)
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=8.5, labelcolor=INK)
    if title:
        axes.set_title(title, size=11, loc="left", color=INK, parse_math=False)
    return figure


def say_flow(flow: GradientFlow) -> str:
    """What becomes of a gradient on its way back, in words."""
    reached = int((flow.by_distance() > 0).sum())
    if reached > 1:
        return say_half_life(flow.half_life)
    return "arrives one symbol back, the only one there is" if reached else "arrives nowhere"


def say_half_life(half_life: float) -> str:
    """In words: "halves in 3.2 symbols"."""
    if math.isnan(half_life):
        return "nothing arrives"
    if math.isinf(half_life):
        return "stays as it is"
    return f"{'halves' if half_life > 0 else 'doubles'} in {abs(half_life):.1f} symbols"
