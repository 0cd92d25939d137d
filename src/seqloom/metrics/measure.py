"""The metrics of all tasks by name, as one literal table."""

from collections.abc import Callable, Mapping, Sequence

from seqloom.metrics.error_rates import character_error_rate, word_error_rate
from seqloom.metrics.overlap import Score, bleu, chrf

METRICS: Mapping[str, Callable[[Sequence[str], Sequence[str]], Score]] = {
    "bleu": bleu,
    "chrf": chrf,
    "wer": word_error_rate,
    "cer": character_error_rate,
}
LOWER_IS_BETTER = frozenset({"loss", "wer", "cer"})
"""What is better the smaller it is, by the names that training.best_by has; all else the larger."""


def measure(names: Sequence[str], outputs: Sequence[str], references: Sequence[str]) -> list[Score]:
    """Each metric of the outputs against one reference each, in the order of the names. Raises DataError."""
    return [METRICS[name](outputs, references) for name in names]
