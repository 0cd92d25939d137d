"""Word links from attention: which word of the source each word of the target belongs to, in one direction or both.

Links are (source word, target word), counted from 0; a line of them in Pharaoh's format is "0-0 1-2".
"""

from collections.abc import Iterable
from itertools import product

import numpy as np
from numpy.typing import NDArray

from seqloom.base.errors import ShapeError, UsageError
from seqloom.data.links import Link
from seqloom.inspection.head_choice import row_entropies

Weights = NDArray[np.float64]
Links = frozenset[Link]
SYMMETRISATIONS = ("intersection", "union", "grow-diag", "grow-diag-final", "grow-diag-final-and")
SIDES = ((-1, 0), (0, -1), (1, 0), (0, 1))
DIAGONALS = ((-1, -1), (-1, 1), (1, -1), (1, 1))


def links_by_argmax(weights: Weights, source_words: int, target_words: int) -> Links:
    """Link each target word with the source word it looks at most, unless it looks more at what is no word.

    weights  (T, S) over words; rows and columns from target_words and source_words on are ends of sentences
    """
    _check(weights, source_words, target_words)
    return frozenset(
        Link(best, target)
        for target, best in enumerate(weights[:target_words].argmax(axis=1).tolist())
        if best < source_words
    )


def links_by_threshold(weights: Weights, source_words: int, target_words: int, least: float) -> Links:
    """Link each pair of words with a weight of `least` or more."""
    _check(weights, source_words, target_words)
    targets, sources = np.nonzero(weights[:target_words, :source_words] >= least)
    return frozenset(Link(int(source), int(target)) for target, source in zip(targets, sources, strict=True))


def _check(weights: Weights, source_words: int, target_words: int) -> None:
    if weights.ndim != 2 or weights.shape[0] < target_words or weights.shape[1] < source_words:
        raise ShapeError(
            f"Weights of shape {weights.shape} for {target_words} target and {source_words} source words; expected a "
            "row and a column for each."
        )


def indecision(weights: Weights) -> NDArray[np.float64]:
    """How little each target word knows where to look, in nats; of several heads, by which the sharpest is found.

    What falls on the end of the source counts as spread over its words: always to look there links nothing.
    weights  (..., T, S) over words and ends  ->  (..., T - 1)
    """
    words = weights[..., :-1, :-1]
    return row_entropies(words + weights[..., :-1, -1:] / max(words.shape[-1], 1))


def symmetrise(forward: Iterable[Link], backward: Iterable[Link], how: str) -> Links:
    """Make one set of links of those that two directions give; both as (source, target).

    intersection           what both say
    union                  what either says
    grow-diag              the intersection, and then links of the union beside those that are in, sides and diagonals,
                           as long as either word has none yet
    grow-diag-final        and then any link of either direction for a word that has none yet
    grow-diag-final-and    the same only where neither of its words has one
    Raises   UsageError for another word
    Source   Koehn et al. 2005 (Edinburgh System Description), whose pseudo-code is that of Moses' documentation; its
             English is the target here
    """
    if how not in SYMMETRISATIONS:
        raise UsageError(f'Links can\'t be made symmetric by "{how}"; expected {", ".join(SYMMETRISATIONS)}.')
    one, other = frozenset(forward), frozenset(backward)
    if how == "intersection":
        return one & other
    if how == "union":
        return one | other
    links = _grown(set(one & other), one | other)
    if how != "grow-diag":
        for direction in (one, other):
            _finish(links, direction, both=how.endswith("and"))
    return frozenset(links)


def _grown(links: set[Link], union: Links) -> set[Link]:
    """Add neighbours until none is left to add; a pass goes through the target words, and comes by what it added."""
    sources, targets = {link.source for link in links}, {link.target for link in links}
    length = max((link.source for link in union), default=-1) + 1
    rows = range(max((link.target for link in union), default=-1) + 1)
    grew = True
    while grew:
        grew = False
        for target, source in product(rows, range(length)):
            if Link(source, target) not in links:
                continue
            for down, across in SIDES + DIAGONALS:
                beside = Link(source + across, target + down)
                free = beside.source not in sources or beside.target not in targets
                if beside in union and beside not in links and free:
                    links.add(beside)
                    sources.add(beside.source)
                    targets.add(beside.target)
                    grew = True
    return links


def _finish(links: set[Link], direction: Links, *, both: bool) -> None:
    """Add links of one direction for words without one: both of theirs, or either; target word by target word."""
    sources, targets = {link.source for link in links}, {link.target for link in links}
    for link in sorted(direction, key=lambda link: (link.target, link.source)):
        free = (link.source not in sources, link.target not in targets)
        if all(free) if both else any(free):
            links.add(link)
            sources.add(link.source)
            targets.add(link.target)


def turned(links: Iterable[Link]) -> Links:
    """The links of the other direction's model, whose source is this one's target."""
    return frozenset(Link(link.target, link.source) for link in links)


def pharaoh(links: Iterable[Link]) -> str:
    """A line in Pharaoh's format, in the order of the source."""
    return " ".join(f"{link.source}-{link.target}" for link in sorted(links))
