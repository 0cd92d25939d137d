"""The tasks' answers, by another way than the generators take."""

import pytest

from seqloom.base.errors import UsageError
from seqloom.data.synthetic import FIRST, copy_pairs, recall_pairs, reverse_pairs


def test_copy_and_reverse() -> None:
    for source, target in copy_pairs(50, seed=1):
        assert target == source
    for source, target in reverse_pairs(50, seed=1):
        assert target == list(reversed(source))


@pytest.mark.parametrize("make", [copy_pairs, reverse_pairs])
def test_sizes(make) -> None:
    pairs = make(300, seed=1, symbols=3, shortest=2, longest=4)
    assert len(pairs) == 300
    assert {len(source) for source, _ in pairs} == {2, 3, 4}
    assert {symbol for source, _ in pairs for symbol in source} == {FIRST, FIRST + 1, FIRST + 2}
    assert all(type(symbol) is int for source, target in pairs for symbol in source + target)


def test_recall() -> None:
    for source, (answer,) in recall_pairs(100, seed=1, symbols=5, pairs=3):
        known = dict(zip(source[:-1:2], source[1:-1:2], strict=True))
        assert len(known) == 3
        assert set(known) <= set(range(FIRST, FIRST + 5))
        assert set(known.values()) <= set(range(FIRST + 5, FIRST + 10))
        assert known[source[-1]] == answer


@pytest.mark.parametrize("make", [copy_pairs, reverse_pairs, recall_pairs])
def test_a_function_of_the_seed(make) -> None:
    assert make(20, seed=1) == make(20, seed=1)
    assert make(20, seed=1) != make(20, seed=2)


def test_refusals() -> None:
    with pytest.raises(UsageError, match="shortest = 3, longest = 2"):
        copy_pairs(1, seed=1, shortest=3, longest=2)
    with pytest.raises(UsageError, match="expected 1 to 8"):
        recall_pairs(1, seed=1, pairs=9)
