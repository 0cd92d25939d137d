"""Counting by sorted digests, against the obvious way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.data.check_measure import find_outliers, find_repeated, find_several_targets, find_shared

small = st.integers(0, 5).map(np.uint64)


@given(st.lists(st.tuples(small, small), max_size=30), st.integers(1, 4))
def test_sorted_search_finds_what_a_dictionary_finds(rows: list[tuple[int, int]], keep: int) -> None:
    """The digests, 0 meaning none, against the obvious way."""
    rows = [(0, 0) if 0 in row else row for row in rows]
    rows = [(source, source * 10 + pair) for source, pair in rows]
    sources, pairs = (np.array([row[i] for row in rows], dtype=np.uint64) for i in (0, 1))
    first: dict[int, int] = {}
    repeated = [
        (first[p] + 1, i + 1) for i, p in enumerate(pairs.tolist()) if p and first.setdefault(p, i) != i
    ]
    found = find_repeated(pairs, keep)
    assert (found.count, [lines for lines, _ in found.places]) == (len(repeated), repeated[:keep])
    several = {s for s in sources.tolist() if s and len(set(pairs[sources == s].tolist())) > 1}
    tally = find_several_targets(sources, pairs, keep)
    assert tally.count == len(several)
    assert len(tally.places) == min(keep, len(several))
    for (a, b), _ in tally.places:
        assert sources[a - 1] == sources[b - 1]
        assert pairs[a - 1] != pairs[b - 1]
        assert a < b


@given(st.lists(small, max_size=12), st.lists(small, max_size=12))
def test_shared_digests_are_those_of_both_parts(earlier: list[int], later: list[int]) -> None:
    found = find_shared(np.array(earlier, dtype=np.uint64), np.array(later, dtype=np.uint64), 20)
    expected = [(earlier.index(d) + 1, i + 1) for i, d in enumerate(later) if d and d in earlier]
    assert [lines for lines, _ in found.places] == expected
    assert found.count == len(expected)


def test_outliers_are_worst_first_and_empty_pairs_are_left_out() -> None:
    ratios = np.array([1.0, np.nan, 1.1, 0.9, 9.0, 0.05, 1.0], dtype=np.float32)
    middle, tally = find_outliers(ratios, 1)
    assert middle == pytest.approx(1.0)
    assert (tally.count, [lines for lines, _ in tally.places]) == (2, [(6,)])
    assert find_outliers(np.array([np.nan], dtype=np.float32), 5)[1].count == 0
