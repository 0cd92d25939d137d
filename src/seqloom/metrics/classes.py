"""How well labels are told: accuracy, macro-F1, the confusion of each with each, and whether probabilities hold.

F1 of spans is seqeval's; the rest is counted here, in the definitions of scikit-learn, which tests compare with.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata

import numpy as np
from numpy.typing import NDArray

from seqloom.base.errors import MissingDependencyError
from seqloom.metrics.edits import is_right
from seqloom.metrics.overlap import Score, check_counts

PLACES = {"B": "B", "I": "I", "E": "E", "S": "S", "U": "S", "L": "E", "M": "I"}
"""Where in a span a token stands, by the letters of BIO, BIOES, BILOU and BMES -> by those that seqeval knows."""
PLACED = re.compile(f"[{''.join(PLACES)}]-")
BINS = 15  # of calibration, as in Guo et al. 2017


def accuracy(outputs: Sequence[str], references: Sequence[str]) -> Score:
    """The share of outputs that are their reference, whatever white space. Raises DataError as check_counts does."""
    check_counts(outputs, references)
    right = sum(map(is_right, outputs, references))
    return Score("accuracy", 100 * right / len(outputs), f"exact|n:{len(outputs)}")


def macro_f1(outputs: Sequence[str], references: Sequence[str], separator: str | None = None) -> Score:
    """The mean over the references' and outputs' labels of each one's F1; 0 for a label that is never right.

    separator  between the labels of one text, where it may have several
    Raises     DataError as check_counts does
    """
    check_counts(outputs, references)
    tables = [table_of(*pair) for pair in _by_label(outputs, references, separator)]
    value = 100 * float(np.mean([table.f1 for table in tables])) if tables else 0.0
    return Score("macro_f1", value, f"macro|labels:{len(tables)}|n:{len(outputs)}")


def span_f1(outputs: Sequence[str], references: Sequence[str]) -> Score:
    """F1 of the spans that tags such as B-LOC, I-LOC and O mark, each right from end to end and by its kind.

    outputs, references   the tags of a sentence with blanks between them, as many in both
    Raises                DataError as check_counts does; MissingDependencyError without seqeval
    """
    check_counts(outputs, references)
    try:
        from seqeval.metrics import f1_score
    except ImportError as error:
        raise MissingDependencyError(
            "F1 of spans needs seqeval, which is not installed. Install it by: pip install 'seqloom[train]'"
        ) from error
    bare = {tag for line in references for tag in line.split()} <= {*PLACES, "O"}
    given, wanted = ([_spelled(line, bare) for line in side] for side in (outputs, references))
    value = 100 * float(f1_score(wanted, given, zero_division=0))
    return Score("span_f1", value, f"seqeval:{metadata.version('seqeval')}|default|micro")


def _spelled(line: str, bare: bool) -> list[str]:
    """The tags of a sentence as seqeval knows them; one that says no place in a span, as NOUN, is a span of one token.

    bare  whether a place may stand alone, as in B I O, where spans are of one kind only
    """
    return [_tag(tag, bare) for tag in line.split()]


def _tag(tag: str, bare: bool) -> str:
    if PLACED.match(tag) or (bare and tag in PLACES):
        return PLACES[tag[0]] + tag[1:]
    return tag if tag == "O" else f"B-{tag}"


def token_accuracy(outputs: Sequence[str], references: Sequence[str]) -> Score:
    """The share of tags, with blanks between them, that are as in the reference. Raises as accuracy does."""
    check_counts(outputs, references)
    pairs = [
        pair
        for output, reference in zip(outputs, references, strict=True)
        for pair in zip(output.split(), reference.split(), strict=True)
    ]
    right = sum(given == wanted for given, wanted in pairs)
    return Score("token_accuracy", 100 * right / max(len(pairs), 1), f"tokens:{len(pairs)}")


@dataclass(frozen=True)
class LabelTable:
    """How often one label was right, given wrongly, and missed."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """How many of those given were right; 0 where none was given."""
        return self.right / max(self.right + self.wrong, 1)

    @property
    def recall(self) -> float:
        """How many of those there are were found; 0 where there is none."""
        return self.right / max(self.right + self.missed, 1)

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.right / max(2 * self.right + self.wrong + self.missed, 1)


def table_of(given: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> LabelTable:
    """given, wanted (N,): whether each text was said to have the label, and has it."""
    right = int((given & wanted).sum())
    return LabelTable(right, int(given.sum()) - right, int(wanted.sum()) - right)


def _by_label(
    outputs: Sequence[str], references: Sequence[str], separator: str | None
) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """For each label that occurs, which outputs and which references have it."""

    def names(text: str) -> set[str]:
        parts = [text] if separator is None else text.split(separator)
        return {name for part in parts if (name := part.strip())}

    sides = [[names(text) for text in side] for side in (outputs, references)]
    found = sorted(set().union(*sides[0], *sides[1]))
    return [
        (
            np.array([name in own for own in sides[0]], np.bool_),
            np.array([name in own for own in sides[1]], np.bool_),
        )
        for name in found
    ]


def calibration_error(confidences: NDArray[np.float64], right: NDArray[np.bool_], bins: int = BINS) -> float:
    """Expected calibration error, 0 to 1: how far probability and share of right ones lie apart, in the mean.

    confidences   (N,) the probability that was given to what was said
    right         (N,) whether it was right
    Source        Guo et al. 2017, equation 3, bins of equal width
    """
    if not len(confidences):
        return 0.0
    places = np.minimum((confidences * bins).astype(np.int64), bins - 1)
    counts = np.bincount(places, minlength=bins)
    gaps = np.bincount(places, confidences - right, minlength=bins)  # sums of differences, a bin each
    return float(np.abs(gaps[counts > 0]).sum() / len(confidences))
