"""Word and character error rates by jiwer: how much of the references would have to be mended."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from seqloom.base.errors import DataError, MissingDependencyError
from seqloom.metrics.overlap import Score, check_counts


def word_error_rate(outputs: Sequence[str], references: Sequence[str]) -> Score:
    """Words to be replaced, inserted or removed, for each hundred of the references: 0 is right, above 100 is possible.

    Words are what white space separates; case and punctuation count.
    Raises  DataError when the sides differ in length or are empty, or when no reference has a word
    """
    jiwer = _jiwer()
    _check(outputs, references, "word")
    found = jiwer.process_words(_plain(references), _plain(outputs))
    return Score("wer", 100 * float(found.wer), _signature("wer"))


def character_error_rate(outputs: Sequence[str], references: Sequence[str]) -> Score:
    """The same in characters, blanks included: runs of white space count as one blank, those at the ends as none."""
    jiwer = _jiwer()
    _check(outputs, references, "character")
    found = jiwer.process_characters(_plain(references), _plain(outputs))
    return Score("cer", 100 * float(found.cer), _signature("cer"))


def _plain(texts: Sequence[str]) -> list[str]:
    return [" ".join(text.split()) for text in texts]


def _check(outputs: Sequence[str], references: Sequence[str], unit: str) -> None:
    check_counts(outputs, references)
    if not any(reference.split() for reference in references):
        raise DataError(f"No reference has a {unit}; an error rate needs at least one.")


def _signature(name: str) -> str:
    return f"{name}|case:mixed|punctuation:kept|jiwer:{version('jiwer')}"


def _jiwer() -> Any:
    try:
        import jiwer
    except ImportError as error:
        raise MissingDependencyError(
            "Error rates need jiwer, which is not installed. Install it with: pip install 'seqloom[train]'"
        ) from error
    return jiwer
