"""The metrics of all tasks by name, as literal tables."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from seqloom.base.errors import UsageError
from seqloom.metrics import rouge
from seqloom.metrics.classes import accuracy, macro_f1, span_f1, token_accuracy
from seqloom.metrics.overlap import Score, bleu, bleu_of_several, chrf, chrf_of_several

METRICS: Mapping[str, Callable[[Sequence[str], Sequence[str]], Score]] = {
    "bleu": bleu,
    "chrf": chrf,
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "span_f1": span_f1,
    "token_accuracy": token_accuracy,
}
"""Against one reference for each output."""

OF_SEVERAL: Mapping[str, Callable[[Sequence[str], Sequence[Sequence[str]]], Score]] = {
    "bleu": bleu_of_several,
    "chrf": chrf_of_several,
    **{name: partial(rouge.rouge, name) for name in rouge.NAMES},
}
"""Against one reference or several for each output."""

TITLES: Mapping[str, str] = {
    "bleu": "BLEU",
    "chrf": "chrF",
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "span_f1": "span F1",
    "token_accuracy": "token accuracy",
    "bits_per_character": "bits a character",
}
"""How a metric's name is written for people."""

PLACES: Mapping[str, int] = {"bits_per_character": 3}
"""Decimal places of metrics that are small."""


def require_metrics(names: Sequence[str]) -> None:
    """Raise MissingDependencyError for a metric whose library isn't installed, before there is anything to measure."""
    for name in names:
        if name in rouge.NAMES:
            rouge.require_library()


def measure(
    names: Sequence[str],
    outputs: Sequence[str],
    references: Sequence[str],
    further: Sequence[Sequence[str]] = (),
) -> list[Score]:
    """Each metric of the outputs, in the order of the names.

    references  one for each output
    further     more of them for each output, if there are any
    Raises      DataError; UsageError for several references where a metric knows only one
    """
    several = any(further)
    found = []
    for name in names:
        if name in METRICS and not several:
            found.append(METRICS[name](outputs, references))
        elif name in OF_SEVERAL:
            rest = further or [()] * len(references)
            found.append(
                OF_SEVERAL[name](
                    outputs, [(one, *others) for one, others in zip(references, rest, strict=True)]
                )
            )
        else:
            raise UsageError(
                f"{TITLES.get(name, name)} compares with one reference for each output, and there are several. "
                "Name one field: data.reference_fields, or --reference."
            )
    return found
