"""The pictures of a comparison, drawn from its record alone: a line a model, told apart by colour, dash and mark."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from seqloom.inspection.attention import AttentionMap
from seqloom.inspection.attention_picture import attention_figure
from seqloom.inspection.colours import FAINT, RULE
from seqloom.inspection.figures import inline_svg, legend_below, line_style, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Record = Mapping[str, Any]
WIDE, HIGH = 4.7, 3.8  # inches of a panel
TICKS = [1, 2, 2.5, 5, 10]


def pictures(record: Record) -> list[tuple[str, str, str]]:
    """Each picture that there is something to draw for: title, note, <svg>. Raises MissingDependencyError."""
    metric = record["metric_name"]
    part = "validation"
    found = []
    for name, title, note, draws, draw in (
        (
            "updates",
            f"Learning curves: {metric} over updates",
            f"On the {part} pairs. The line is the mean over seeds, the band their range.",
            _has_curves(record),
            lambda axes: _draw_curves(axes, record, "update", "updates", 1.0),
        ),
        (
            "time",
            f"{metric} against time",
            f"On the {part} pairs, by minutes of training, validations included; band: the range over seeds.",
            _has_curves(record),
            lambda axes: _draw_curves(axes, record, "seconds", "minutes of training", 60.0),
        ),
        (
            "parameters",
            f"{metric} against parameters",
            "A mark for each model: the mean over seeds, the bar their range.",
            True,
            lambda axes: _draw_parameters(axes, record),
        ),
        (
            "length",
            f"{metric} against the length of the source",
            "In groups of sentences of like length; band: the range over seeds.",
            len(record["groups"]) > 1,
            lambda axes: _draw_lengths(axes, record),
        ),
        *(
            (
                f"gradient-{label}",
                f"Gradient flow, {label}",
                "Norm of the gradient of a loss by a state so many symbols before, relative to the nearest; the mean "
                "over sentences and seeds.",
                any(row["gradients"].get(label) for model in record["models"] for row in model["seeds"]),
                lambda axes, label=label: _draw_gradients(axes, record, label),
            )
            for label in ("trained", "fresh")
        ),
        *(
            (
                f"span-{number}",
                f"Memory span: {task}",
                "Share of right answers by distance; the horizontal rule is what counts as remembered, right of the "
                "vertical one lie distances that no training had. Band: the range over seeds.",
                True,
                lambda axes, task=task: _draw_span(axes, record, task),
            )
            for number, task in enumerate(record["models"][0]["memory"])
        ),
    ):
        if draws:
            found.append((title, note, _panel(record, f"plot-{name}", title, draw)))
    return found


def attention_pictures(record: Record) -> list[tuple[int, str | None]]:
    """For each model its number and the map of the sentence, None for one without attention."""
    found: list[tuple[int, str | None]] = []
    for number, model in enumerate(record["models"]):
        if model["attention"] is None:
            found.append((number, None))
            continue
        figure, _ = attention_figure(AttentionMap.from_record(model["attention"]), title="")
        found.append((number, inline_svg(figure, f"attention-{number}", f"Attention of {model['name']}.")))
    return found


def _panel(record: Record, name: str, title: str, draw: Callable[["Axes"], None]) -> str:
    """One plot with the legend of all models below it, as an <svg>."""
    figure = new_figure(WIDE, HIGH)
    figure.set_layout_engine("constrained", h_pad=0.06, w_pad=0.06)
    axes = figure.add_subplot()
    plain_axes(axes)
    draw(axes)
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    legend_below(figure, axes)
    names = ", ".join(model["name"] for model in record["models"])
    return inline_svg(figure, name, f"{title}, for {names}. The figures are in the JSON file.")


def _line(
    axes: "Axes",
    record: Record,
    number: int,
    places: Sequence[float],
    rows: np.ndarray[Any, Any],
) -> None:
    """The mean of rows (R, N) at places (N,), with their range behind it."""
    if not rows.size:
        return
    look = line_style(number)
    axes.fill_between(
        places, rows.min(axis=0), rows.max(axis=0), color=look["color"], alpha=0.15, linewidth=0
    )
    axes.plot(
        places,
        rows.mean(axis=0),
        **look,
        markevery=max(1, len(places) // 12),
        label=record["models"][number]["name"],
    )


def _has_curves(record: Record) -> bool:
    return any(
        point["quality"] is not None
        for model in record["models"]
        for row in model["seeds"]
        for point in row["curve"]
    )


def _draw_curves(axes: "Axes", record: Record, over: str, label: str, unit: float) -> None:
    """At the updates that every seed has validated at; over time, at the means of their seconds."""
    for number, model in enumerate(record["models"]):
        curves = [
            {point["update"]: point for point in row["curve"] if point["quality"] is not None}
            for row in model["seeds"]
        ]
        updates = sorted(set.intersection(*(set(curve) for curve in curves)))
        if not updates:
            continue
        places = [float(np.mean([curve[update][over] for curve in curves])) / unit for update in updates]
        rows = np.array([[curve[update]["quality"] for update in updates] for curve in curves])
        _line(axes, record, number, places, rows)
    axes.set_xlabel(label, size=9)
    axes.set_ylabel(record["metric_name"], size=9)
    axes.set_xlim(left=0)
    _from_zero(axes)
    _plain_numbers(axes, "xy")


def _draw_parameters(axes: "Axes", record: Record) -> None:
    for number, model in enumerate(record["models"]):
        values = [row["quality"] for row in model["seeds"]]
        mean = float(np.mean(values))
        look = {**line_style(number), "linestyle": "none", "markersize": 8}
        axes.errorbar(
            [model["parameters"] / 1e6],
            [mean],
            yerr=[[mean - min(values)], [max(values) - mean]] if max(values) > min(values) else None,
            **look,
            markerfacecolor="none",  # so that models of one size and quality are seen through each other
            markeredgewidth=1.8,
            label=model["name"],
        )
    sizes = [model["parameters"] / 1e6 for model in record["models"]]
    axes.set_xlim(0.6 * min(sizes), 1.4 * max(sizes))
    _from_zero(axes)
    axes.set_xlabel("millions of parameters", size=9)
    axes.set_ylabel(record["metric_name"], size=9)
    _plain_numbers(axes, "xy")


def _draw_lengths(axes: "Axes", record: Record) -> None:
    groups = record["groups"]
    places = list(range(len(groups)))
    for number, model in enumerate(record["models"]):
        _line(axes, record, number, places, np.array([row["by_length"] for row in model["seeds"]]))
    axes.set_xticks(places)
    axes.set_xticklabels(
        [
            f"{group['shortest']}–{group['longest']}"
            if group["shortest"] < group["longest"]
            else str(group["longest"])
            for group in groups
        ]
    )
    axes.set_xlabel("words of the source", size=9)
    axes.set_ylabel(record["metric_name"], size=9)
    _from_zero(axes)
    _plain_numbers(axes, "y")


def _draw_gradients(axes: "Axes", record: Record, label: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_yscale("log")
    for number, model in enumerate(record["models"]):
        flows = [row["gradients"].get(label, []) for row in model["seeds"]]
        shortest = min(map(len, flows))
        rows = np.array([flow[:shortest] for flow in flows])
        if rows.size:
            reached = (rows > 0).all(axis=0)
            _line(axes, record, number, (np.arange(shortest)[reached] + 1).tolist(), rows[:, reached])
    axes.tick_params(which="minor", length=0)
    axes.set_xlabel("symbols between the loss and the state", size=9)
    axes.set_ylabel("norm, relative to the nearest", size=9)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True, steps=TICKS))


def _draw_span(axes: "Axes", record: Record, task: str) -> None:
    for number, model in enumerate(record["models"]):
        found = model["memory"][task]
        rows = np.array([found["accuracy"], found["lowest"], found["highest"]])
        look = line_style(number)
        axes.fill_between(found["distances"], rows[1], rows[2], color=look["color"], alpha=0.15, linewidth=0)
        axes.plot(found["distances"], rows[0], **look, label=model["name"])
    axes.axhline(record["holds"], color=FAINT, linewidth=0.9)
    axes.axvline(record["memory_distance"], color=FAINT, linewidth=0.9)
    axes.set_xlabel("distance", size=9)
    axes.set_ylabel("share of right answers", size=9)
    axes.set_xlim(left=0)
    axes.set_ylim(-0.03, 1.05)
    _plain_numbers(axes, "x")


def _from_zero(axes: "Axes") -> None:
    """From a little below 0, so that marks which lie there are seen whole."""
    top = max(axes.get_ylim()[1], 1e-9)
    axes.set_ylim(-0.03 * top, top)


def _plain_numbers(axes: "Axes", which: str) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for name in which:
        axis = axes.xaxis if name == "x" else axes.yaxis
        axis.set_major_locator(MaxNLocator(nbins=6, steps=TICKS))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
