"""How far back gradients reach, as PNG or SVG: a curve a model, falling where they vanish, rising where they grow."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqloom.base.errors import UsageError
from seqloom.inspection.colours import INK, RULE
from seqloom.inspection.figures import (
    check_ending,
    line_style,
    new_figure,
    plain_axes,
    require_matplotlib,
    save_figure,
)
from seqloom.inspection.gradient_flow import GradientFlow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def write_flow_picture(flows: Sequence[GradientFlow], path: Path, *, title: str = "") -> None:
    """Write the curves, by the ending of the path, atomically.

    Raises   UsageError for another ending, or for no curve; MissingDependencyError without matplotlib
    """
    check_ending(path)
    save_figure(flow_figure(flows, title=title), path)


def flow_figure(flows: Sequence[GradientFlow], *, title: str = "") -> "Figure":
    """The curves as a matplotlib figure: of several models a panel for each label, with a curve a model.

    Raises   UsageError for no curve, MissingDependencyError without matplotlib
    """
    require_matplotlib()
    drawn = [flow for flow in flows if len(flow.by_distance())]
    if not drawn:
        raise UsageError("A gradient that flows back needs two symbols or more.")
    models = list(dict.fromkeys(flow.model for flow in drawn))
    panels = list(dict.fromkeys(flow.label for flow in drawn)) if len(models) > 1 else [""]
    figure = new_figure(6.4 if len(panels) == 1 else 4.6 * len(panels), 3.9)
    figure.set_layout_engine("constrained", h_pad=0.1, w_pad=0.1)
    for axes, label in zip(
        figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels, strict=True
    ):
        here = [flow for flow in drawn if not label or flow.label == label]
        for number, flow in enumerate(here):
            name = flow.model if label else flow.label
            _draw(axes, flow, line_style(models.index(flow.model) if label else number), name)
        _dress(axes, label)
        if label:  # below the curves, which are many
            axes.legend(
                frameon=False, fontsize=8.5, labelcolor=INK, loc="upper left", bbox_to_anchor=(0, -0.18)
            )
        else:
            axes.legend(frameon=False, fontsize=8.5, labelcolor=INK)
    figure.axes[0].set_ylabel("norm of the gradient", size=9)
    if title:
        figure.axes[0].set_title(title, size=11, loc="left", color=INK, parse_math=False)
    return figure


def _draw(axes: "Axes", flow: GradientFlow, look: dict[str, Any], name: str) -> None:
    """One curve, and what becomes of it in the legend."""
    means = flow.by_distance()
    distances = np.arange(1, len(means) + 1)
    arrives = means > 0
    axes.semilogy(
        distances[arrives],
        means[arrives],
        **look,
        markevery=max(1, len(means) // 20),
        label=f"{name}: {say_flow(flow)}",
    )


def _dress(axes: "Axes", label: str) -> None:
    """What all panels have."""
    from matplotlib.ticker import MaxNLocator

    plain_axes(axes)
    axes.set_xlabel("symbols between the loss and the state", size=9)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    if label:
        axes.set_title(label, size=10, loc="left", color=INK, parse_math=False)


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
