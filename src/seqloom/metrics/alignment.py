"""How right word alignments are: the alignment error rate (Och and Ney 2003)."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from seqloom.base.errors import DataError

Links = AbstractSet[tuple[int, int]]  # of a source word and a target word


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
