"""The metrics of all tasks by name, as one literal table."""

from collections.abc import Callable, Mapping, Sequence

from seqloom.metrics.classes import accuracy, macro_f1, span_f1, token_accuracy
from seqloom.metrics.overlap import Score, bleu, chrf

METRICS: Mapping[str, Callable[[Sequence[str], Sequence[str]], Score]] = {
    "bleu": bleu,
    "chrf": chrf,
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "span_f1": span_f1,
    "token_accuracy": token_accuracy,
}
SHOWN_NAMES: Mapping[str, str] = {
    "bleu": "BLEU",
    "chrf": "chrF",
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "span_f1": "span F1",
    "token_accuracy": "token accuracy",
    "bits_per_character": "bits a character",
}
"""How a person writes them."""


def measure(names: Sequence[str], outputs: Sequence[str], references: Sequence[str]) -> list[Score]:
    """Each metric of the outputs against one reference each, in the order of the names. Raises DataError."""
    return [METRICS[name](outputs, references) for name in names]
