"""Gates as a PNG or an SVG: a row of heatmaps for each layer, a row of each for a unit, a column for a symbol.

Gates go from white, shut, to blue, open; what is kept goes from orange, negative, over white to blue, and the largest
of its numbers look alike, so that a few don't pale all others.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqloom.base.errors import UsageError
from seqloom.inspection.colours import INK, RULE, heat_colours, signed_colours
from seqloom.inspection.figures import check_ending, new_figure, save_figure
from seqloom.inspection.fonts import Fonts, choose_fonts
from seqloom.inspection.gates import STATE, GateTrace, Values
from seqloom.inspection.lettering import direction, shorten, visible
from seqloom.inspection.moments import Mark, marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ORDERS = ("mean", "change", "index")
"""How units may be sorted: by their mean, by how much they change from symbol to symbol, or not."""
LONGEST_LABEL = 14
COLUMN, TALLEST = 0.3, 2.6  # inches: a symbol's width, a panel's height
WIDEST, NARROWEST = 8.0, 0.02  # inches of a panel; of a symbol where even that isn't enough
TITLE = 2.1  # inches that a gate's title takes
EDGE, GAP, HEAD, FOOT = 0.15, 0.35, 0.55, 0.75  # inches around the panels


def unit_order(trace: GateTrace, order: str) -> NDArray[np.intp]:
    """The units of a layer, first the one that comes first: by its leading gate, or by its state if it has none.

    The leading gate says how much is kept: forget, or else update. Raises UsageError for an unknown order.
    """
    if order not in ORDERS:
        raise UsageError(f'Units can\'t be sorted by "{order}"; expected one of: {", ".join(ORDERS)}.')
    leading = trace.gates.get("forget", trace.gates.get("update", trace.state))
    if order == "index":
        return np.arange(leading.shape[1])
    if order == "mean":
        return np.argsort(-leading.mean(axis=0), kind="stable")
    return np.argsort(-np.abs(np.diff(leading, axis=0)).sum(axis=0), kind="stable")


def write_gates_picture(traces: Sequence[GateTrace], path: Path, *, order: str = "mean") -> str | None:
    """Write the layers below each other as PNG or SVG, by the ending of the path, atomically.

    order    of the units, one of ORDERS
    Returns  a sentence for the user when a font is missing, else None
    Raises   UsageError for another ending or order, or for no layers; MissingDependencyError without matplotlib
    """
    check_ending(path)
    figure, notice = gates_figure(traces, order=order)
    save_figure(figure, path)
    return notice


def gates_figure(traces: Sequence[GateTrace], *, order: str = "mean") -> tuple["Figure", str | None]:
    """The layers as a matplotlib figure, and the sentence about missing fonts or None. Raises UsageError for none."""
    if not traces:
        raise UsageError("There are no gates to draw.")
    labels = [[shorten(visible(symbol), LONGEST_LABEL) for symbol in trace.symbols] for trace in traces]
    fonts, notice = choose_fonts(*labels)
    columns = max(len(trace.gates) for trace in traces) + 1
    widths = [_breadth(trace) for trace in traces]
    breadth = max(*widths, TITLE)
    heights = [float(np.clip(0.03 * trace.state.shape[1], 1.0, TALLEST)) for trace in traces]
    width = EDGE + columns * (breadth + GAP)
    height = sum(heights) + len(traces) * (HEAD + FOOT)
    figure = new_figure(width, height)
    top = height
    for trace, names, own_fonts, high, wide in zip(traces, labels, fonts, heights, widths, strict=True):
        order_of_units = unit_order(trace, order)
        top -= HEAD + high
        panels: list[tuple[str, Values]] = [*trace.gates.items(), (STATE, trace.state)]
        for place, (name, values) in enumerate(panels):
            left = EDGE + place * (breadth + GAP)
            axes = figure.add_axes((left / width, top / height, wide / width, high / height))
            _draw(axes, values[:, order_of_units], signed=name == STATE)
            if trace.seconds is None:
                _name_columns(axes, names, own_fonts, wide / max(len(names), 1))
            else:
                _mark_seconds(axes, marks(len(names), trace.seconds, round(wide / 0.6)))
            axes.set_title(_title(trace, name), size=9, color=INK, loc="left", pad=5, parse_math=False)
        figure.text(
            EDGE / width, (top + high + 0.32) / height, trace.label, size=10.5, weight="bold", color=INK
        )
        top -= FOOT
    return figure, notice


def _breadth(trace: GateTrace) -> float:
    """Inches of a panel: of many symbols, or of moments of a recording, no more than fit beside each other."""
    symbols = len(trace.symbols)
    if trace.seconds is not None:
        return float(np.clip(0.1 * symbols, 1.6, WIDEST / 2))
    return float(np.clip(COLUMN * symbols, 1.6, max(WIDEST, NARROWEST * symbols)))


def _mark_seconds(axes: "Axes", times: Sequence[Mark]) -> None:
    """Round times below; the first one says what they are."""
    axes.set_xticks([mark.place - 0.5 for mark in times])
    axes.set_xticklabels(
        [f"{mark.text} s" if number == 0 else mark.text for number, mark in enumerate(times)],
        size=8,
        color=INK,
    )
    axes.tick_params(axis="x", length=3, color=RULE, pad=3)


def _title(trace: GateTrace, name: str) -> str:
    if name == STATE:
        return f"what is kept, {trace.state.min():.1f} to {trace.state.max():.1f}"
    found = trace.saturation()[name]
    return f"{name} gate: {found.shut:.0%} shut, {found.open:.0%} open"


def signed_top(values: Values) -> float:
    """The number from which on a state has the strongest colour: all but one in fifty lie below."""
    return max(float(np.quantile(np.abs(values), 0.98)), 1e-9)


def _draw(axes: "Axes", values: Values, *, signed: bool) -> None:
    """values (T, H): a column a symbol, a row a unit."""
    from matplotlib.colors import ListedColormap

    top = signed_top(values) if signed else 1.0
    axes.imshow(
        values.T,
        aspect="auto",
        interpolation="nearest",
        cmap=ListedColormap(signed_colours() if signed else heat_colours()),
        vmin=-top if signed else 0.0,
        vmax=top,
    )
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(RULE)


def _name_columns(axes: "Axes", names: Sequence[str], fonts: Fonts, column: float) -> None:
    """column: inches of a symbol; where names would touch, every n-th stands."""
    if direction(names) == "rtl":
        axes.invert_xaxis()
    every = max(1, int(np.ceil(0.16 / column)))
    axes.set_xticks(range(0, len(names), every))
    names = names[::every]
    axes.set_xticklabels([fonts.drawable(name) for name in names], parse_math=False)
    for name, label in zip(names, axes.get_xticklabels(), strict=True):
        label.set(fontfamily=fonts.families(name), size=8, color=INK, rotation=60, ha="right")
        label.set_rotation_mode("anchor")
    axes.tick_params(axis="x", length=0, pad=3)
