"""Which words carried a decision, as a PNG or an SVG: a row a word, bars for its weight and for what it spoke for."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqloom.inspection.colours import BLUE, FAINT, INK, ORANGE, RULE
from seqloom.inspection.explanation import Explanation
from seqloom.inspection.figures import check_ending, new_figure, plain_axes, save_figure
from seqloom.inspection.fonts import choose_fonts
from seqloom.inspection.lettering import shorten, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONGEST_LABEL = 28  # characters
ROW = 0.24  # inches of a word's row
LARGEST = 60.0  # inches; beyond, rows become thinner


def write_explanation_picture(explanation: Explanation, path: Path) -> str | None:
    """Write it as PNG or SVG, by the ending of the path, atomically.

    Returns a sentence for the user when a font is missing, else None.
    Raises  UsageError for another ending, MissingDependencyError without matplotlib, ResourceError
    """
    check_ending(path)
    figure, notice = explanation_figure(explanation)
    save_figure(figure, path)
    return notice


def explanation_figure(explanation: Explanation) -> tuple["Figure", str | None]:
    """The matplotlib figure, and the sentence about missing fonts or None."""
    names = [shorten(visible(symbol), LONGEST_LABEL) for symbol in explanation.symbols]
    heading = f"{explanation.label}  {explanation.probabilities.get(explanation.label, 0.0):.0%}"
    (fonts, heading_fonts), notice = choose_fonts(names, [heading])
    row = min(ROW, LARGEST / len(names))
    weighted = explanation.weights is not None
    figure = new_figure(7.0 if weighted else 4.5, row * len(names) + 0.7)
    figure.set_layout_engine("constrained")
    panels = figure.subplots(1, 1 + weighted, sharey=True, squeeze=False)[0]
    places = np.arange(len(names))
    if explanation.weights is not None:
        _bars(panels[0], explanation.weights, f"weight ({explanation.pooling} pooling)")
    _bars(panels[-1], explanation.contributions, "gradient times input, nats")
    first = panels[0]
    first.set_ylim(len(names) - 0.5, -0.5)
    first.set_yticks(places)
    labels = first.set_yticklabels([fonts.drawable(name) for name in names], parse_math=False)
    for name, label in zip(names, labels, strict=True):
        label.set(fontfamily=fonts.families(name), size=float(np.clip(row * 38, 5.0, 9.0)), color=INK)
    figure.suptitle(
        heading_fonts.drawable(visible(heading)),
        size=11,
        color=INK,
        parse_math=False,
        fontfamily=heading_fonts.families(heading),
    )
    return figure, notice


def _bars(axes: "Axes", values: "np.ndarray[tuple[int], np.dtype[np.float64]]", title: str) -> None:
    from matplotlib.ticker import MaxNLocator

    plain_axes(axes)
    colours = [BLUE if value >= 0 else ORANGE for value in values]
    axes.barh(np.arange(len(values)), values, height=0.7, color=colours)
    axes.axvline(0.0, color=RULE, linewidth=0.8)
    axes.set_xlabel(title, size=8, color=FAINT)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=RULE, linewidth=0.5)
    axes.set_axisbelow(True)
