"""Memory span as PNG or SVG: the share of right answers against the distance, what training never had set apart."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seqloom.base.errors import UsageError
from seqloom.inspection.colours import FAINT, INK, PAPER, RULE
from seqloom.inspection.figures import (
    check_ending,
    legend_below,
    line_style,
    new_figure,
    plain_axes,
    save_figure,
)
from seqloom.inspection.memory_span import HOLDS, MemorySpan

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_span_picture(spans: Sequence[MemorySpan], path: Path) -> None:
    """Write the curves, by the ending of the path, atomically.

    Raises   UsageError for another ending, or for no span; MissingDependencyError without matplotlib
    """
    check_ending(path)
    save_figure(span_figure(spans), path)


def span_figure(spans: Sequence[MemorySpan]) -> "Figure":
    """A curve a task, its marks hollow at distances that no training had.

    Raises   UsageError for no span, MissingDependencyError without matplotlib
    """
    if not spans:
        raise UsageError("There is no memory span to be drawn.")
    figure = new_figure(6.4, 4.2)
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    figure.set_layout_engine("constrained", h_pad=0.1, w_pad=0.1)
    axes = figure.add_subplot()
    plain_axes(axes)
    for number, span in enumerate(spans):
        look = line_style(number)
        distances = sorted(span.accuracy)
        shares = [span.accuracy[distance] for distance in distances]
        axes.plot(distances, shares, **look, label=f"{span.task}: span {span.span()}")
        beyond = [place for place, distance in enumerate(distances) if distance > span.seen]
        axes.plot(
            [distances[place] for place in beyond],
            [shares[place] for place in beyond],
            **{**look, "linestyle": "none", "markerfacecolor": PAPER},
        )
    seen, farthest = max(span.seen for span in spans), max(max(span.accuracy) for span in spans)
    axes.axhline(HOLDS, color=FAINT, linewidth=0.9, zorder=1)
    axes.axvline(seen, color=FAINT, linewidth=0.9, zorder=1)
    if farthest > seen:
        axes.text(seen, 1.06, " never seen in training", size=8.5, color=FAINT, va="bottom", ha="left")
    axes.set_xlabel("distance, in symbols", size=9)
    axes.set_ylabel("right answers", size=9)
    axes.set_xlim(0, 1.02 * farthest)
    axes.set_ylim(-0.03, 1.05)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelcolor=INK)
    legend_below(figure, axes)
    return figure
