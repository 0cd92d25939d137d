"""Links from weights, and one set of links from two directions."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.base.errors import ShapeError, UsageError
from seqloom.data.links import Link, parse_links
from seqloom.data.pairs import Pair
from seqloom.inspection.alignment import (
    SYMMETRISATIONS,
    indecision,
    links_by_argmax,
    links_by_threshold,
    pharaoh,
    symmetrise,
    turned,
)

WEIGHTS = np.array(  # two target words and the end, over two source words and the end
    [[0.6, 0.3, 0.1], [0.2, 0.2, 0.6], [0.0, 0.9, 0.1]]
)


def links(*pairs: tuple[int, int]) -> frozenset[Link]:
    return frozenset(Link(*pair) for pair in pairs)


def test_a_word_is_linked_with_what_it_looks_at_most() -> None:
    assert links_by_argmax(WEIGHTS, 2, 2) == links((0, 0))  # the second looks at the end of the source
    assert links_by_argmax(WEIGHTS, 3, 3) == links((0, 0), (2, 1), (1, 2))
    assert links_by_argmax(np.zeros((0, 3)), 2, 0) == links()


def test_a_threshold_links_all_that_is_looked_at_enough() -> None:
    assert links_by_threshold(WEIGHTS, 2, 2, 0.2) == links((0, 0), (1, 0), (0, 1), (1, 1))
    assert links_by_threshold(WEIGHTS, 2, 2, 0.3) == links((0, 0), (1, 0))


@pytest.mark.parametrize("counts", [(4, 2), (2, 4)])
def test_weights_must_have_a_row_and_a_column_for_each_word(counts: tuple[int, int]) -> None:
    with pytest.raises(ShapeError, match=r"Weights of shape \(3, 3\) for"):
        links_by_argmax(WEIGHTS, *counts)
    with pytest.raises(ShapeError, match=r"Weights of shape \(3, 3\) for"):
        links_by_threshold(WEIGHTS, *counts, 0.5)


def test_a_head_that_looks_at_the_end_only_is_not_decided() -> None:
    over_words, over_the_end = np.eye(3), np.array([[0.0, 0.0, 1.0]] * 3)
    lost = indecision(np.stack([over_words, over_the_end, WEIGHTS]))
    assert lost.shape == (3, 2)  # the end's own row is no word's
    np.testing.assert_allclose(lost[0], 0.0)
    np.testing.assert_allclose(lost[1], np.log(2))
    expected = -(0.65 * np.log(0.65) + 0.35 * np.log(0.35))
    assert lost[2, 0] == pytest.approx(expected)


# Both directions of Koehn et al.'s kind: a core that both give, a neighbour, a far link, one between taken words.
FORWARD = links((0, 0), (1, 1), (2, 1), (4, 4))
BACKWARD = links((0, 0), (1, 1), (1, 2), (5, 0))


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("intersection", links((0, 0), (1, 1))),
        ("union", FORWARD | BACKWARD),
        ("grow-diag", links((0, 0), (1, 1), (2, 1), (1, 2))),
        ("grow-diag-final", links((0, 0), (1, 1), (2, 1), (1, 2), (4, 4), (5, 0))),
        ("grow-diag-final-and", links((0, 0), (1, 1), (2, 1), (1, 2), (4, 4))),
    ],
)
def test_two_directions_become_one(how: str, expected: frozenset[Link]) -> None:
    assert symmetrise(FORWARD, BACKWARD, how) == expected


def test_growing_goes_on_from_what_it_added() -> None:
    chain = links((0, 0), (1, 1), (2, 2), (3, 3))
    assert symmetrise(chain, links((0, 0)), "grow-diag") == chain


def test_growing_leaves_out_what_lies_between_words_that_have_links() -> None:
    core = links((0, 0), (1, 1))
    assert symmetrise(core | links((0, 1)), core, "grow-diag") == core


some_links = st.frozensets(st.builds(Link, st.integers(0, 5), st.integers(0, 5)), max_size=12)


@given(forward=some_links, backward=some_links)
def test_each_way_keeps_more_than_the_one_before(forward: frozenset[Link], backward: frozenset[Link]) -> None:
    found = {how: symmetrise(forward, backward, how) for how in SYMMETRISATIONS}
    order = ("intersection", "grow-diag", "grow-diag-final-and", "grow-diag-final", "union")
    for less, more in itertools.pairwise(order):
        if (less, more) != ("grow-diag-final-and", "grow-diag-final"):  # which take words in another order
            assert found[less] <= found[more]
    assert found["grow-diag-final-and"] <= found["union"]
    assert found["grow-diag"] <= found["grow-diag-final"]
    both = symmetrise(backward, forward, "grow-diag")
    assert both == found["grow-diag"]


NEIGHBOURING = ((-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))


def by_the_pseudo_code(e2f: np.ndarray, f2e: np.ndarray, how: str) -> np.ndarray:
    """GROW-DIAG-FINAL(e2f, f2e) line by line as it is published; matrices (English, foreign)."""
    e2f, f2e = (np.pad(side, ((0, 1), (0, 1))) for side in (e2f, f2e))  # -1, too, is no word
    alignment = e2f & f2e
    grow_diag(alignment, e2f | f2e)
    if how != "grow-diag":
        final(alignment, e2f, all if how.endswith("and") else any)
        final(alignment, f2e, all if how.endswith("and") else any)
    return alignment[:-1, :-1]


def grow_diag(alignment: np.ndarray, union: np.ndarray) -> None:
    before = None
    while before != alignment.sum():  # iterate until no new points added
        before = alignment.sum()
        for e, f in np.ndindex(*alignment.shape):
            if alignment[e, f]:
                for down, across in NEIGHBOURING:
                    e_new, f_new = e + down, f + across
                    if any(not_aligned(alignment, e_new, f_new)) and union[e_new, f_new]:
                        alignment[e_new, f_new] = True


def final(alignment: np.ndarray, a: np.ndarray, how_many: Callable[[tuple[bool, bool]], bool]) -> None:
    for e_new, f_new in np.ndindex(*alignment.shape):
        if how_many(not_aligned(alignment, e_new, f_new)) and a[e_new, f_new]:
            alignment[e_new, f_new] = True


def not_aligned(alignment: np.ndarray, e_new: int, f_new: int) -> tuple[bool, bool]:
    return not alignment[e_new].any(), not alignment[:, f_new].any()


@pytest.mark.parametrize("how", ["grow-diag", "grow-diag-final", "grow-diag-final-and"])
def test_growing_is_as_it_is_published(how: str) -> None:
    draw = np.random.default_rng(1)
    for density in (0.1, 0.2, 0.35, 0.5):
        for _ in range(60):
            shape = tuple(draw.integers(1, 9, 2))
            one, other = draw.random(shape) < density, draw.random(shape) < density
            expected = by_the_pseudo_code(one, other, how)
            found = symmetrise(*(links(*np.argwhere(side.T).tolist()) for side in (one, other)), how)
            assert found == links(*np.argwhere(expected.T).tolist())


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(UsageError, match='symmetric by "grow"; expected intersection, union, grow-diag'):
        symmetrise(FORWARD, BACKWARD, "grow")


@given(found=some_links)
def test_links_are_written_as_they_are_read(found: frozenset[Link]) -> None:
    line = pharaoh(found)
    pair = Pair("a b c d e f", "a b c d e f")
    assert frozenset(parse_links(line, pair, "here")) == found
    assert turned(turned(found)) == found
    assert all((link.target, link.source) in found for link in turned(found))
