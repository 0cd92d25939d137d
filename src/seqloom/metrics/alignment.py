"""How right word alignments are: precision, recall, F1 and the alignment error rate (Och and Ney 2003)."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from seqloom.base.errors import DataError

Links = AbstractSet[tuple[int, int]]  # of a source word and a target word


class AlignmentScore(NamedTuple):
    """Over all links of all sentences together, 0 to 1.

    precision   of the links found, how many are possible ones
    recall      of the sure links, how many were found
    f1          the harmonic mean of both
    error_rate  of Och and Ney; without possible links 1 - f1
    """

    precision: float
    recall: float
    f1: float
    error_rate: float


def alignment_score(
    found: Sequence[Links], sure: Sequence[Links], possible: Sequence[Links] | None = None
) -> AlignmentScore:
    """All four; arguments and errors as `alignment_error_rate` has them. Without links found, precision is 0."""
    error_rate = alignment_error_rate(found, sure, possible)
    allowed = sure if possible is None else possible
    rows = list(zip(found, sure, allowed, strict=True))
    right = sum(len(links & (may | must)) for links, must, may in rows)
    hit = sum(len(links & must) for links, must, _ in rows)
    precision = right / max(sum(map(len, found)), 1)
    recall = hit / max(sum(map(len, sure)), 1)
    f1 = 2 * precision * recall / (precision + recall) if right and hit else 0.0
    return AlignmentScore(precision, recall, f1, error_rate)


def alignment_error_rate(
    found: Sequence[Links], sure: Sequence[Links], possible: Sequence[Links] | None = None
) -> float:
    """1 - (|A and S| + |A and P|) / (|A| + |S|) over all sentences together: 0 is right, 1 all wrong.

    found     A, what is judged, a set of links a sentence
    sure      S, links that must be found
    possible  P, links that may be found beside the sure ones; None where people marked all as sure
    Raises    DataError when the numbers of sentences differ, or when there is no link at all
    Source    Och and Ney 2003, section 2.1. With all links sure it is 1 - F1.
    """
    allowed = sure if possible is None else possible
    if not len(found) == len(sure) == len(allowed):
        raise DataError(
            f"There are links of {len(found):,} sentences to judge, sure ones of {len(sure):,} and possible ones of "
            f"{len(allowed):,}; expected one set a sentence from each."
        )
    right = total = 0
    for links, must, may in zip(found, sure, allowed, strict=True):
        right += len(links & must) + len(links & (may | must))
        total += len(links) + len(must)
    if not total:
        raise DataError("There is no link in any sentence; an error rate needs at least one.")
    return 1 - right / total
