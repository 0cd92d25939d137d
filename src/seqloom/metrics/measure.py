"""The metrics of all tasks by name, as literal tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from seqloom.base.errors import UsageError
from seqloom.metrics import rouge
from seqloom.metrics.classes import accuracy, macro_f1, span_f1, token_accuracy
from seqloom.metrics.edits import (
    Split,
    dialogue_accuracy,
    is_right,
    output_error_rate,
    response_accuracy,
    symbol_error_rate,
)
from seqloom.metrics.error_rates import character_error_rate, word_error_rate
from seqloom.metrics.overlap import Score, bleu, bleu_of_several, chrf, chrf_of_several


@dataclass(frozen=True)
class Context:
    """What some metrics know beside outputs and references.

    groups  for each output the number of the dialogue that it belongs to
    split   a text's symbols
    """

    groups: Sequence[int] | None = None
    split: Split = list


METRICS: Mapping[str, Callable[[Sequence[str], Sequence[str]], Score]] = {
    "bleu": bleu,
    "chrf": chrf,
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "span_f1": span_f1,
    "token_accuracy": token_accuracy,
    "wer": word_error_rate,
    "cer": character_error_rate,
    "response_accuracy": response_accuracy,
    "output_error_rate": output_error_rate,
}
"""Against one reference for each output."""

OF_SEVERAL: Mapping[str, Callable[[Sequence[str], Sequence[Sequence[str]]], Score]] = {
    "bleu": bleu_of_several,
    "chrf": chrf_of_several,
    **{name: partial(rouge.rouge, name) for name in rouge.NAMES},
}
"""Against one reference or several for each output."""

IN_CONTEXT: Mapping[str, Callable[[Sequence[str], Sequence[str], Context], Score]] = {
    "symbol_error_rate": lambda outputs, references, context: symbol_error_rate(
        outputs, references, context.split
    ),
    "dialogue_accuracy": lambda outputs, references, context: dialogue_accuracy(
        outputs, references, context.groups
    ),
}
"""Against one reference for each output, by something that is known besides."""

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
    "wer": "WER",
    "cer": "CER",
    "response_accuracy": "right responses",
    "dialogue_accuracy": "right dialogues",
    "output_error_rate": "output error rate",
    "symbol_error_rate": "symbol error rate",
    "bits_per_character": "bits a character",
}
"""How a metric's name is written for people."""

PLACES: Mapping[str, int] = {"symbol_error_rate": 2, "bits_per_character": 3}
"""Decimal places of metrics that are small."""

LOWER_IS_BETTER = frozenset(
    {"loss", "wer", "cer", "output_error_rate", "symbol_error_rate", "perplexity", "bits_per_character"}
)
"""Of what training.best_by may name, and of the metrics: what is better the smaller it is."""


def score_of_each(name: str, outputs: Sequence[str], references: Sequence[str]) -> list[float] | None:
    """A number for each output, 0 to 100, whose mean is the metric; None for a metric that is no such mean."""
    if name in rouge.NAMES:
        return [100 * value for value in rouge.rouge_of_each(name, outputs, [(one,) for one in references])]
    if name in ("accuracy", "response_accuracy"):
        return [100.0 * is_right(*pair) for pair in zip(outputs, references, strict=True)]
    return None


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
    context: Context = Context(),
) -> list[Score]:
    """Each metric of the outputs, in the order of the names.

    references  one for each output
    further     more of them for each output, if there are any
    context     what some metrics know besides
    Raises      DataError; UsageError for several references where a metric knows only one
    """
    several = any(further)
    found = []
    for name in names:
        if name in IN_CONTEXT and not several:
            found.append(IN_CONTEXT[name](outputs, references, context))
        elif name in METRICS and not several:
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
