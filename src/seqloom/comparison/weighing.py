"""How measurements are weighed: which models a claim is about, how two means lie to each other, what that comes to.

Nothing is assumed: the same code says that a claim is borne out, isn't, or can't be told, by what was measured.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from seqloom.comparison.quoting import find, quote
from seqloom.comparison.statistics import difference

Record = Mapping[str, Any]
Outcome = Literal["above", "below", "unsure", "alone", "ceiling", "unlearnt", "missing"]
BORNE_OUT, IN_PART, NOT, UNTOLD, UNMEASURED = (
    "borne out",
    "borne out in part",
    "not borne out",
    "can't be told",
    "not measured",
)
GATED = ("lstm", "lstm_layer_norm", "gru", "gru_reset_before")


@dataclass(frozen=True)
class Weighed:
    """verdict: one of the five · templates: sentences in which figures are quoted"""

    verdict: str
    templates: tuple[str, ...]


def outcome(record: Record, one: str, other: str) -> Outcome:
    """Whether the mean at one place is surely above or below that at another, by the interval of their difference.

    "alone" where a single seed gave no interval.
    """
    first, second = find(record, one), find(record, other)
    if first is None or second is None:
        return "missing"
    if first["low"] is None or second["low"] is None:
        return "alone"
    apart = difference(first["values"], second["values"], (first["step"], second["step"]))
    return "above" if apart.low > 0 else "below" if apart.high < 0 else "unsure"


def learnt(record: Record, model: int, task: str) -> bool:
    """Whether a model holds at least the nearest distance: one that doesn't has shown nothing of its memory."""
    nearest: float = find(record, f"/models/{model}/memory/{task}/accuracy/0")
    return bool(nearest >= find(record, "/holds"))


def span_outcome(record: Record, one: int, other: int, task: str) -> Outcome:
    """How the memory spans of two models lie to each other.

    "unlearnt" where one has not learnt the task at all, "ceiling" where both hold as far as was asked.
    """
    if not (learnt(record, one, task) and learnt(record, other, task)):
        return "unlearnt"
    farthest = find(record, f"/models/{one}/memory/{task}/distances")[-1]
    spans = [find(record, span_place(model, task)) for model in (one, other)]
    if all(found is not None and min(found["values"]) >= farthest for found in spans):
        return "ceiling"
    return outcome(record, span_place(one, task), span_place(other, task))


def verdict(outcomes: Sequence[Outcome], wanted: Outcome) -> str:
    """What several comparisons come to, each of which was to be "above", or "below"."""
    measured = [each for each in outcomes if each != "missing"]
    known = [each for each in measured if each not in ("ceiling", "unlearnt")]
    against = "below" if wanted == "above" else "above"
    if not measured:
        return UNMEASURED
    if not known:
        return UNTOLD
    if all(each == wanted for each in known):
        return BORNE_OUT
    if wanted in known:
        return IN_PART
    return NOT if against in known else UNTOLD


SAID: Mapping[Outcome, str] = {
    "above": "a sure difference",
    "below": "a sure difference",
    "unsure": "which may be chance",
    "alone": "one seed gives no interval",
    "ceiling": "both hold as far as was asked",
    "unlearnt": "not both have learnt the task",
    "missing": "not every seed gave a figure",
}
"""An outcome as the end of a sentence."""


def said(record: Record, one: str, other: str) -> str:
    """How two means lie to each other, as the end of a sentence."""
    return SAID[outcome(record, one, other)]


def name_of(model: int) -> str:
    """A model's name, quoted."""
    return quote(f"/models/{model}/name", "text")


def models_where(record: Record, holds: Callable[[Mapping[str, Any]], bool]) -> list[int]:
    """The numbers of the models of which something holds."""
    return [number for number, model in enumerate(record["models"]) if holds(model)]


def plain(model: Mapping[str, Any]) -> bool:
    """A plain RNN without attention."""
    return bool(model["decoder"].startswith("elman") and model["attends"] == "none")


def gated(model: Mapping[str, Any]) -> bool:
    """Gates on both sides, no attention."""
    return model["decoder"] in GATED and model["encoder"] in GATED and model["attends"] == "none"


def of_cell(cell: str) -> Callable[[Mapping[str, Any]], bool]:
    """Gated, of this kind of cell, no attention."""
    return lambda model: gated(model) and model["decoder"].startswith(cell)


def without_attention(model: Mapping[str, Any]) -> bool:
    """All that its decoder knows of the source is one vector."""
    return bool(model["attends"] == "none")


def tasks_of(record: Record, *models: int) -> list[str]:
    """The memory tasks that all these models did."""
    first, *others = (record["models"][model]["memory"] for model in models)
    return [task for task in first if all(task in other for other in others)]


def unmeasured(what: str) -> Weighed:
    """For a claim that these models, or these measurements, say nothing of."""
    return Weighed(UNMEASURED, (f"This comparison says nothing of it: {what}.",))


def span_place(model: int, task: str, which: str = "all") -> str:
    """Where a memory span stands."""
    return f"/models/{model}/memory/{task}/{which}"


def exactly(one: float, other: float, better: Literal["above", "below"]) -> Outcome:
    """Of numbers that need no interval: "above" where the first is on the better side."""
    if one == other:
        return "unsure"
    return "above" if (one > other) == (better == "above") else "below"
