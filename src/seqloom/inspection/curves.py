"""Curves of a run: loss, quality by the task's metrics, learning rate, speed, over the updates.

Readable at 3 points and at a million: a few points are marked one by one, many are drawn as the mean of each
stretch with the range they covered behind it. Training and validation differ in colour, in line and in mark.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqloom.inspection.colours import BLUE, FAINT, INK, ORANGE, RULE
from seqloom.inspection.figures import check_ending, inline_svg, new_figure, plain_axes, save_figure
from seqloom.inspection.run_log import Row, Series, best_validation, main_metric, number, series
from seqloom.metrics.measure import TITLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STRETCHES = 150  # a longer series is drawn as so many means
STEPS = [1, 2, 2.5, 5, 10]  # what the axes count in
MARKED = 40  # at most so many points carry a mark each


@dataclass(frozen=True)
class _Curve:
    label: str
    event: str
    name: str
    colour: str
    dashed: bool = False


@dataclass(frozen=True)
class _Panel:
    title: str
    unit: str
    curves: tuple[_Curve, ...]
    from_zero: bool = False


QUALITY = "Quality"
PANELS = (
    _Panel(
        "Loss",
        "nats a token",
        (  # both without label smoothing; training has dropout
            _Curve("training", "step", "likelihood", BLUE),
            _Curve("validation", "validation", "loss", ORANGE, True),
        ),
    ),
    _Panel(
        QUALITY,
        "points",
        tuple(
            _Curve(TITLES[name], "validation", name, colour, dashed)  # of which a run has its task's
            for name, colour, dashed in (
                ("bleu", BLUE, False),
                ("chrf", ORANGE, True),
                ("rouge1", BLUE, False),
                ("rouge2", ORANGE, True),
                ("rougeL", INK, True),
            )
        ),
        True,
    ),
    _Panel(
        "Labels that are right",
        "per cent",
        (
            _Curve("accuracy", "validation", "accuracy", BLUE),
            _Curve("macro-F1", "validation", "macro_f1", ORANGE, True),
            _Curve("tokens", "validation", "token_accuracy", BLUE),
            _Curve("span F1", "validation", "span_f1", ORANGE, True),
        ),
        True,
    ),
    _Panel("Learning rate", "", (_Curve("learning rate", "step", "learning_rate", BLUE),), True),
    _Panel("Speed", "target tokens a second", (_Curve("speed", "step", "tokens_per_second", BLUE),), True),
)


def write_curves(rows: Sequence[Row], path: Path, *, title: str = "") -> None:
    """Write the curves as PNG or SVG, by the ending of the path, atomically.

    rows    the rows of metrics.jsonl (`read_log(path).rows`)
    Raises  UsageError for another ending, MissingDependencyError without matplotlib.
    """
    check_ending(path)
    save_figure(curves_figure(rows, title=title), path)


def panels_svg(rows: Sequence[Row]) -> list[str]:
    """Each panel that has values as an <svg> element for a page, described for a screen reader.

    Raises MissingDependencyError without matplotlib.
    """
    pictures = []
    for panel in _filled(rows):
        figure = new_figure(5, 2.9)
        figure.set_layout_engine("constrained")
        _draw_panel(figure.add_subplot(), panel, rows)
        name = "curves-" + panel.title.lower().replace(" ", "-")
        pictures.append(inline_svg(figure, name, _describe(panel, rows)))
    return pictures


def curves_figure(rows: Sequence[Row], *, title: str = "") -> "Figure":
    """The curves as a matplotlib figure: a panel for each of the four kinds that has values, two beside each other."""
    panels = _filled(rows)
    high = max(1, (len(panels) + 1) // 2)
    figure = new_figure(10 if len(panels) > 1 else 5, 2.9 * high + 0.2)
    figure.set_layout_engine("constrained", h_pad=0.12, w_pad=0.12)
    if title:
        figure.suptitle(title, size=12, color=INK, parse_math=False)
    if not panels:
        figure.text(
            0.5, 0.5, "No update has been logged yet.", ha="center", va="center", size=11, color=FAINT
        )
    for place, panel in enumerate(panels, start=1):
        _draw_panel(figure.add_subplot(high, min(2, len(panels)), place), panel, rows)
    return figure


def _filled(rows: Sequence[Row]) -> list[_Panel]:
    """The panels that have something to draw."""
    return [panel for panel in PANELS if any(len(series(rows, c.event, c.name)) for c in panel.curves)]


def _describe(panel: _Panel, rows: Sequence[Row]) -> str:
    """What a panel shows, in words."""
    parts = []
    for curve in panel.curves:
        points = series(rows, curve.event, curve.name)
        if len(points):
            parts.append(f"{curve.label} from {points.values[0]:.4g} to {points.values[-1]:.4g}")
    return f"{panel.title} over the updates: {', '.join(parts)}."


def _draw_panel(axes: "Axes", panel: _Panel, rows: Sequence[Row]) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    plain_axes(axes)
    drawn = 0
    for curve in panel.curves:
        points = series(rows, curve.event, curve.name)
        if len(points):
            _draw_curve(axes, curve, points)
            drawn += 1
    axes.set_title(panel.title, size=11, loc="left", color=INK)
    axes.set_xlabel("updates", size=9)
    axes.set_ylabel(panel.unit, size=9)
    axes.set_xlim(
        0, max(update for row in rows if (update := number(row.get("update"))) is not None) * 1.02 or 1
    )
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, steps=STEPS))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=STEPS))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    if panel.from_zero:
        axes.set_ylim(0, max(axes.dataLim.y1 * 1.08, 1e-9))
    if drawn > 1:
        axes.legend(frameon=False, fontsize=9, labelcolor=INK)
    if panel.title == QUALITY:
        _mark_best(axes, rows)


def _draw_curve(axes: "Axes", curve: _Curve, points: Series) -> None:
    style = "--" if curve.dashed else "-"
    mark = "s" if curve.dashed else "o"
    if len(points) <= STRETCHES:
        marker = mark if len(points) <= MARKED else None
        axes.plot(
            points.updates,
            points.values,
            style,
            color=curve.colour,
            marker=marker,
            markersize=3.5,
            linewidth=1.5,
            label=curve.label,
        )
        return
    updates, means, lows, highs = stretches(points)
    axes.fill_between(updates, lows, highs, color=curve.colour, alpha=0.18, linewidth=0)
    axes.plot(updates, means, style, color=curve.colour, linewidth=1.5, label=curve.label)


def stretches(points: Series, count: int = STRETCHES) -> tuple[NDArray[np.float64], ...]:
    """Cut a series into `count` stretches of equally many points.

    Returns (count,) each: the mean update, the mean value, the lowest and the highest value of every stretch.
    """
    edges = np.linspace(0, len(points), count + 1).astype(np.int64)[:-1]
    sizes = np.diff(np.append(edges, len(points)))
    return (
        np.add.reduceat(points.updates, edges) / sizes,
        np.add.reduceat(points.values, edges) / sizes,
        np.minimum.reduceat(points.values, edges),
        np.maximum.reduceat(points.values, edges),
    )


def _mark_best(axes: "Axes", rows: Sequence[Row]) -> None:
    """A ring around the best score, with its value."""
    best, name = best_validation(rows), main_metric(rows)
    if best is None or name is None:
        return
    update, score = number(best.get("update")), number(best.get(name))
    if update is None or score is None:
        return
    axes.plot(
        [update], [score], "o", markersize=9, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=1.2
    )
    axes.annotate(
        f"best {score:.1f}",
        (update, score),
        xytext=(0, -15),
        textcoords="offset points",
        ha="right" if update > 0.6 * axes.get_xlim()[1] else "left",
        size=9,
        color=INK,
    )
