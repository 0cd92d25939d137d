"""What the log of a training tells a comparison: its curve, its speed, when it was how good."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from seqloom.inspection.run_log import Row, number, series

Point = Mapping[str, Any]


def curve_of(rows: Sequence[Row], metric: str) -> list[dict[str, Any]]:
    """A point for each validation: update, seconds of training, quality, loss; the last one of an update holds."""
    found: dict[float, dict[str, Any]] = {}
    for row in rows:
        update = number(row.get("update"))
        if row.get("event") == "validation" and update is not None:
            found[update] = {
                "update": update,
                "seconds": number(row.get("seconds")),
                "quality": number(row.get(metric)),
                "loss": number(row.get("loss")),
            }
    return [found[update] for update in sorted(found)]


def training_figures(rows: Sequence[Row]) -> dict[str, Any]:
    """Updates, passes, target tokens and seconds at the end, and the median of target tokens a second.

    The median, because what else runs on a machine slows stretches of a training and not all of it.
    """
    steps = [row for row in rows if row.get("event") == "step"]
    speeds = series(rows, "step", "tokens_per_second").values.tolist()
    last = steps[-1] if steps else {}
    return {
        "updates": number(last.get("update")),
        "epochs": number(last.get("epoch")),
        "tokens": number(last.get("tokens")),
        "seconds": number(last.get("seconds")),
        "train_tokens_per_second": median(speeds) if speeds else None,
    }


def seconds_to(curve: Sequence[Point], quality: float | None) -> float | None:
    """Seconds of training at the first validation that reaches a quality; None where none does."""
    if quality is None:
        return None
    reached = [
        point["seconds"] for point in curve if point["quality"] is not None and point["quality"] >= quality
    ]
    return reached[0] if reached else None
