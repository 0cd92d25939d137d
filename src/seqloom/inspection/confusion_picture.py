"""What was taken for what, as a PNG or an SVG: rows are the right labels, columns what was said, darker is more.

Colours go by the share of a row, so that a rare label's mistakes are seen as well as a frequent one's; figures are
counts.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqloom.base.errors import UsageError
from seqloom.inspection.colours import FAINT, INK, LIGHT_TEXT, PAPER, RULE, heat_colours
from seqloom.inspection.figures import check_ending, new_figure, save_figure
from seqloom.inspection.fonts import choose_fonts
from seqloom.inspection.lettering import shorten, visible
from seqloom.metrics.label_report import LabelReport

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LONGEST_LABEL = 24  # characters
LARGEST_SIDE = 30.0  # inches
WITH_FIGURES = 30  # at most so many labels: each cell says its count


def write_confusion_picture(report: LabelReport, path: Path, *, title: str = "") -> str | None:
    """Write the matrix as PNG or SVG, by the ending of the path, atomically.

    Returns a sentence for the user when a font is missing, else None.
    Raises  UsageError for another ending, and where a text may have several labels; MissingDependencyError without
            matplotlib; ResourceError
    """
    check_ending(path)
    matrix = report.matrix
    if matrix is None:
        raise UsageError(
            "There is no picture of confusions where a text may have several labels: none is taken for another. The "
            "table of labels says what was found, missed and wrong."
        )
    figure, notice = confusion_figure(matrix, report.names, title=title)
    save_figure(figure, path)
    return notice


def confusion_figure(
    matrix: NDArray[np.int64], names: tuple[str, ...], *, title: str = ""
) -> tuple["Figure", str | None]:
    """The matrix (L, L) as a matplotlib figure, and the sentence about missing fonts or None."""
    from matplotlib.colors import ListedColormap

    shown = [shorten(visible(name), LONGEST_LABEL) for name in names]
    (fonts, heading_fonts), notice = choose_fonts(shown, [title])
    side = float(min(np.interp(len(names), [3, 10, 30], [0.8, 0.5, 0.32]), LARGEST_SIDE / len(names)))
    figure = new_figure(side * len(names), side * len(names))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    edges = np.arange(len(names) + 1) - 0.5
    axes.pcolormesh(
        edges,
        edges,
        shares,
        cmap=ListedColormap(heat_colours()),
        vmin=0.0,
        vmax=1.0,
        edgecolors=RULE,
        linewidth=0.4,
        rasterized=len(names) > 100,
    )
    axes.set_ylim(len(names) - 0.5, -0.5)
    for spine in axes.spines.values():
        spine.set_color(RULE)
    size = float(np.clip(side * 72 * 0.3, 6.0, 11.0))
    if len(names) <= WITH_FIGURES:
        for (row, column), count in np.ndenumerate(matrix):
            shade = PAPER if shares[row, column] > LIGHT_TEXT else INK if count else FAINT
            axes.text(column, row, f"{count:,}", ha="center", va="center", size=size * 0.85, color=shade)
    places = range(len(names))
    axes.xaxis.tick_top()
    axes.set_xticks(places)
    axes.set_yticks(places)
    for labels, turn, at in (
        (axes.set_xticklabels([fonts.drawable(name) for name in shown], parse_math=False), 50, "left"),
        (axes.set_yticklabels([fonts.drawable(name) for name in shown], parse_math=False), 0, "right"),
    ):
        for name, label in zip(shown, labels, strict=True):
            label.set(fontfamily=fonts.families(name), size=size, color=INK, rotation=turn, ha=at)
            label.set_rotation_mode("anchor")
    axes.tick_params(length=0, pad=5)
    axes.set_xlabel("said to be", size=9, color=FAINT)
    axes.set_ylabel("is", size=9, color=FAINT)
    if title:
        axes.set_title(
            heading_fonts.drawable(visible(title)),
            size=11,
            color=INK,
            pad=12,
            parse_math=False,
            fontfamily=heading_fonts.families(title),
        )
    return figure, notice
