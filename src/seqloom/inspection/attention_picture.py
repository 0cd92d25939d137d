"""The attention map as a PNG or an SVG: rows are written words, columns are read words, darker is more weight.

Readable at 5 and at 40 words: cells keep their size and the figure grows, labels turn when they would touch,
small maps also carry the figures. A source that reads from right to left has its first word at the right, as
its reader expects.
"""

import textwrap
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqloom.inspection.attention import AttentionMap
from seqloom.inspection.colours import FAINT, INK, LIGHT_TEXT, PAPER, RULE, heat_colours, scale_top
from seqloom.inspection.figures import check_ending, new_figure, save_figure
from seqloom.inspection.fonts import Fonts, choose_fonts
from seqloom.inspection.lettering import direction, shorten, visible
from seqloom.inspection.moments import Mark, marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import XAxis, YAxis
    from matplotlib.collections import QuadMesh
    from matplotlib.figure import Figure

LONGEST_LABEL = 28  # characters; a longer one ends in …, the page shows it whole
WITH_FIGURES = 12  # at most so many rows and columns: each cell says its weight
FEW_COLUMNS = 8  # at most so many columns may widen much to hold their words
LARGEST_SIDE = 40.0  # inches; beyond it cells shrink and only every n-th word is named


def write_attention_picture(attention: AttentionMap, path: Path, *, title: str | None = None) -> str | None:
    """Write the map as PNG or SVG, by the ending of the path, atomically.

    Returns a sentence for the user when a font is missing (it is logged too), else None.
    Raises UsageError for another ending, MissingDependencyError without matplotlib, ResourceError when the
    file can't be written.
    """
    check_ending(path)
    figure, notice = attention_figure(attention, title=title)
    save_figure(figure, path)
    return notice


def attention_figure(attention: AttentionMap, *, title: str | None = None) -> tuple["Figure", str | None]:
    """The map as a matplotlib figure, and the sentence about missing fonts or None.

    title  stands above; None takes the map's label, "" shows none.
    """
    heading = attention.label if title is None else title
    source = [shorten(visible(symbol), LONGEST_LABEL) for symbol in attention.source]
    target = [shorten(visible(symbol), LONGEST_LABEL) for symbol in attention.target]
    (source_fonts, target_fonts, heading_fonts), notice = choose_fonts(source, target, [heading])
    rows, columns = len(target), len(source)
    heard, spoken = attention.source_seconds, attention.target_seconds
    cell = _cell_size(rows if heard else max(rows, columns))
    breadth = _moment_size(columns, cell) if heard else _column_breadth(source, cell)
    cell = _moment_size(rows, cell) if spoken else cell
    width, height = max(columns, 1) * breadth, max(rows, 1) * cell
    figure = new_figure(width, height)
    # The figure is exactly the cells; saving grows it around whatever stands outside (labels, title, scale).
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    mirrored = direction(attention.source) == "rtl"
    if rows and columns:
        mesh = _draw_cells(axes, attention, min(cell, breadth), mirrored=mirrored)
        _draw_scale(figure, mesh, width, height)
    else:
        axes.set_axis_off()
        heading = f"{heading} Nothing to show: no symbol was read or written.".lstrip()
    if heard:
        _mark_seconds(axes.xaxis, marks(columns, heard, round(width / 0.6)))
        axes.xaxis.tick_top()
    else:
        _name_columns(axes, source, source_fonts, breadth, _font_size(cell), mirrored=mirrored)
    if spoken:
        _mark_seconds(axes.yaxis, marks(rows, spoken, round(height / 0.4)))
    else:
        _name_rows(axes, target, target_fonts, cell, mirrored=mirrored)
    if attention.probabilities is not None and columns:
        _draw_probabilities(axes, attention.probabilities, cell, mirrored=mirrored)
    if heading:
        _draw_heading(axes, heading, heading_fonts, max(width, 4.0))
    return figure, notice


def _cell_size(longest: int) -> float:
    """Inches of a cell's side: 0.52 for a handful of words, 0.27 from 25 on, less for hundreds."""
    roomy = np.interp(longest, [6, 12, 25], [0.52, 0.44, 0.27])
    return float(min(roomy, LARGEST_SIDE / max(longest, 1)))


def _column_breadth(names: list[str], cell: float) -> float:
    """Inches of a column: the cell's side, or wider where that is little and lets the words lie flat above it."""
    longest = max((_label_width(name, _font_size(cell)) for name in names), default=0.0)
    return max(cell, longest) if longest <= (1.1 if len(names) <= FEW_COLUMNS else 1.4 * cell) else cell


def _moment_size(positions: int, cell: float) -> float:
    """Inches of a moment of a recording: together they take about the room of a page, however many there are."""
    return float(min(cell, max(9.0, 0.03 * positions) / max(positions, 1), LARGEST_SIDE / max(positions, 1)))


def _font_size(cell: float) -> float:
    return float(np.clip(cell * 72 * 0.42, 6.5, 11))


def _label_width(text: str, size: float) -> float:
    """About how many inches a label takes, with some air; East Asian wide characters count for 1.7 letters."""
    letters = sum(
        1.7 if unicodedata.east_asian_width(c) in "WF" else 1.0 for c in text if not unicodedata.combining(c)
    )
    return letters * size * 0.62 / 72 + 0.08


def _draw_cells(axes: "Axes", attention: AttentionMap, cell: float, *, mirrored: bool) -> "QuadMesh":
    from matplotlib.colors import ListedColormap

    rows, columns = attention.weights.shape
    top = scale_top(attention.weights)
    mesh = axes.pcolormesh(
        np.arange(columns + 1) - 0.5,
        np.arange(rows + 1) - 0.5,
        attention.weights,
        cmap=ListedColormap(heat_colours()),
        vmin=0.0,
        vmax=top,
        edgecolors=RULE,
        linewidth=0.4 if cell > 0.2 else 0.0,
        rasterized=rows * columns > 10_000,
    )
    axes.set_xlim((columns - 0.5, -0.5) if mirrored else (-0.5, columns - 0.5))
    axes.set_ylim(rows - 0.5, -0.5)
    for spine in axes.spines.values():
        spine.set_color(RULE)
    if max(rows, columns) <= WITH_FIGURES:
        for (row, column), weight in np.ndenumerate(attention.weights):
            if weight >= 0.005:
                shade = PAPER if weight > LIGHT_TEXT * top else INK
                text = "1" if weight >= 0.995 else f"{weight:.2f}"[1:]
                axes.text(column, row, text, ha="center", va="center", size=8, color=shade, clip_on=True)
    return mesh


def _name_columns(
    axes: "Axes", names: list[str], fonts: Fonts, breadth: float, size: float, *, mirrored: bool
) -> None:
    """Source words along the top; flat when they fit their columns, else rising away from them."""
    flat = all(_label_width(name, size) <= breadth + 1e-6 for name in names)
    turn = 0 if flat else (-50 if mirrored else 50)
    side = "center" if flat else ("right" if mirrored else "left")
    axes.xaxis.tick_top()
    places = range(0, len(names), _every(breadth))
    axes.set_xticks(places)
    axes.set_xticklabels([fonts.drawable(names[place]) for place in places], parse_math=False)
    for place, label in zip(places, axes.get_xticklabels(), strict=True):
        label.set(fontfamily=fonts.families(names[place]), size=size, color=INK, rotation=turn, ha=side)
        label.set_rotation_mode("anchor")
    axes.tick_params(axis="x", length=0, pad=5 if flat else 4)


def _mark_seconds(axis: "XAxis | YAxis", times: "list[Mark]") -> None:
    """Round times where positions are moments; the first one says what they are."""
    axis.set_ticks([mark.place - 0.5 for mark in times])
    texts = [f"{mark.text} s" if number == 0 else mark.text for number, mark in enumerate(times)]
    axis.set_ticklabels(texts, size=8, color=INK)
    axis.set_tick_params(length=3, color=RULE, pad=3)


def _name_rows(axes: "Axes", names: list[str], fonts: Fonts, cell: float, *, mirrored: bool) -> None:
    """Target words down the side where reading starts."""
    size = _font_size(cell)
    if mirrored:
        axes.yaxis.tick_right()
    places = range(0, len(names), _every(cell))
    axes.set_yticks(places)
    axes.set_yticklabels([fonts.drawable(names[place]) for place in places], parse_math=False)
    for place, label in zip(places, axes.get_yticklabels(), strict=True):
        label.set(fontfamily=fonts.families(names[place]), size=size, color=INK)
    axes.tick_params(axis="y", length=0, pad=5)


def _draw_probabilities(
    axes: "Axes", probabilities: tuple[float, ...], cell: float, *, mirrored: bool
) -> None:
    """How sure the model was of each word, in small figures at the row's far end."""
    place, side, shift = (0.0, "right", (-6, 0)) if mirrored else (1.0, "left", (6, 0))
    notes = [(f"{probabilities[row]:.0%}", float(row)) for row in range(0, len(probabilities), _every(cell))]
    for text, height in [*notes, ("probability", len(probabilities) - 0.5 + 0.1 / cell)]:
        axes.annotate(
            text,
            (place, height),
            xycoords=("axes fraction", "data"),
            xytext=shift,
            textcoords="offset points",
            ha=side,
            va="center",
            size=min(_font_size(cell), 8) if text[-1] == "%" else 7,
            color=FAINT,
            annotation_clip=False,
        )


def _draw_scale(figure: "Figure", mesh: "QuadMesh", width: float, height: float) -> None:
    """The colour scale, below the cells, at least 1.5 inches long."""
    from matplotlib.ticker import MaxNLocator

    long, thick = max(min(width, 3.0), 1.5), 0.11
    scale = figure.add_axes((0.0, -(0.22 + thick) / height, long / width, thick / height))
    few = MaxNLocator(nbins=4, steps=[1, 2, 5, 10])  # more would touch below a small map
    bar = figure.colorbar(mesh, cax=scale, orientation="horizontal", ticks=few)
    bar.outline.set_edgecolor(RULE)
    bar.ax.tick_params(labelsize=8, colors=INK, color=RULE, length=2)
    bar.ax.set_xlabel("share of attention", size=8, color=FAINT)


def _draw_heading(axes: "Axes", heading: str, fonts: Fonts, width: float) -> None:
    shown = " ".join(visible(word) for word in heading.split())
    text = fonts.drawable("\n".join(textwrap.wrap(shown, max(24, int(width * 11)))))
    axes.set_title(text, size=11, color=INK, pad=12, parse_math=False, fontfamily=fonts.families(heading))


def _every(cell: float) -> int:
    """Name every n-th symbol, so that names of 6.5 points don't touch in cells that shrank."""
    return max(1, round(0.105 / cell + 0.49))
