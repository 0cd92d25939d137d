"""How many outputs are right as a whole, and how far the others are off: exact match, and edits by jiwer.

A word here is one output: the pronunciation of a word, an inflected form, a name. Its symbols are phones where white
space separates them, else characters.
"""

from collections.abc import Callable, Sequence
from typing import Any

from seqloom.base.errors import DataError, MissingDependencyError
from seqloom.metrics.overlap import Score, check_counts

Split = Callable[[str], Sequence[str]]


def is_right(output: str, reference: str) -> bool:
    """Whether they are the same text, whatever white space stands between words and around them."""
    return output.split() == reference.split()


def output_error_rate(outputs: Sequence[str], references: Sequence[str]) -> Score:
    """Outputs that are not exactly right, in per cent: the "word error rate" of SIGMORPHON's tasks (Ashby et al. 2021).

    That of speech, which counts edits, is another one (metrics/error_rates.py).
    """
    check_counts(outputs, references)
    return _share(
        "output_error_rate", [not is_right(*pair) for pair in zip(outputs, references, strict=True)]
    )


def symbol_error_rate(outputs: Sequence[str], references: Sequence[str], split: Split = list) -> Score:
    """Symbols to be changed, put in or taken out for each 100 symbols of the references: phone or character error rate.

    split   a text's symbols: `str.split` for phones, `list` for characters
    Raises  DataError for sides of different length or references without any symbol; MissingDependencyError
    """
    check_counts(outputs, references)
    try:
        import jiwer
    except ImportError as error:
        raise MissingDependencyError(
            "The symbol error rate needs jiwer, which is not installed. Run: pip install 'seqloom[train]'"
        ) from error

    class Cut(jiwer.AbstractTransform):  # type: ignore[misc, unused-ignore]
        """Cuts each text into its symbols."""

        def __call__(self, sentences: Any) -> Any:
            return [list(split(text.strip())) for text in sentences]

    if not any(split(reference.strip()) for reference in references):
        raise DataError("The references are all empty; a symbol error rate needs at least one symbol.")
    found = jiwer.process_words(list(references), list(outputs), Cut(), Cut())
    unit = "characters" if split is list else "symbols"
    signature = f"edits:{unit}|n:{len(references)}|jiwer:{_version('jiwer')}"
    return Score("symbol_error_rate", 100 * float(found.wer), signature)


def response_accuracy(outputs: Sequence[str], references: Sequence[str]) -> Score:
    """Answers of a dialogue that are exactly right, in per cent (Bordes et al. 2017)."""
    check_counts(outputs, references)
    return _share("response_accuracy", list(map(is_right, outputs, references)))


def dialogue_accuracy(
    outputs: Sequence[str], references: Sequence[str], groups: Sequence[int] | None = None
) -> Score:
    """Dialogues of which every answer is exactly right, in per cent (Bordes et al. 2017).

    groups  for each output the number of its dialogue; None where each output is one of its own
    Raises  DataError for sides of different length, or none
    """
    check_counts(outputs, references)
    numbers = range(len(outputs)) if groups is None else groups
    if len(numbers) != len(outputs):
        raise DataError(
            f"There are {len(outputs):,} outputs and the dialogues of {len(numbers):,}; expected one each."
        )
    right: dict[int, bool] = {}
    for number, output, reference in zip(numbers, outputs, references, strict=True):
        right[number] = right.get(number, True) and is_right(output, reference)
    return _share("dialogue_accuracy", list(right.values()))


def _share(name: str, counted: Sequence[bool]) -> Score:
    return Score(name, 100 * sum(counted) / len(counted), f"exact|n:{len(counted)}")


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)
