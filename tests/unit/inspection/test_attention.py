"""Attention maps: what they accept, how subwords become words, and that JSON gives the same map back."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.base.errors import DataError, ShapeError
from seqloom.inspection.attention import AttentionMap, maps_to_json, write_maps


class Span(NamedTuple):
    text: str
    start: int
    stop: int


def pieces() -> AttentionMap:
    """un|happy|</s> read, mal|heureux|</s> written."""
    return AttentionMap(
        ("▁un", "happy", "</s>"),
        ("▁mal", "heureux", "</s>"),
        np.array([[0.5, 0.25, 0.25], [0.1, 0.6, 0.3], [0.0, 0.2, 0.8]]),
        (0.5, 0.8, 0.9),
        "unhappy",
        "malheureux",
        "layer 1",
    )


def same(one: AttentionMap, other: AttentionMap) -> bool:
    return np.array_equal(one.weights, other.weights) and {**vars(one), "weights": 0} == {
        **vars(other),
        "weights": 0,
    }


def test_a_word_sums_its_columns_and_averages_its_rows() -> None:
    words = pieces().merged([Span("unhappy", 0, 2)], [Span("malheureux", 0, 2)])
    assert words.source == ("unhappy", "</s>")
    assert words.target == ("malheureux", "</s>")
    assert words.probabilities == pytest.approx((0.4, 0.9))
    np.testing.assert_allclose(words.weights, [[(0.75 + 0.7) / 2, (0.25 + 0.3) / 2], [0.2, 0.8]])
    assert (words.source_text, words.target_text, words.label) == ("unhappy", "malheureux", "layer 1")


def test_one_side_alone_can_be_merged() -> None:
    words = pieces().merged(source_groups=[Span("unhappy", 0, 2)])
    assert words.target == pieces().target
    np.testing.assert_allclose(words.weights, [[0.75, 0.25], [0.7, 0.3], [0.2, 0.8]])
    assert same(pieces().merged(), pieces())


@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=5), st.lists(st.integers(1, 3), min_size=1, max_size=5)
)
def test_merged_rows_still_sum_to_one(source_sizes: list[int], target_sizes: list[int]) -> None:
    columns, rows = sum(source_sizes) + 1, sum(target_sizes) + 1
    weights = np.random.default_rng(columns * 100 + rows).dirichlet(np.ones(columns), size=rows)
    ends = (np.cumsum(source_sizes), np.cumsum(target_sizes))
    groups = [
        [Span(f"w{stop}", stop - size, stop) for size, stop in zip(sizes, end, strict=True)]
        for sizes, end in zip((source_sizes, target_sizes), ends, strict=True)
    ]
    merged = AttentionMap(("s",) * columns, ("t",) * rows, weights).merged(groups[0], groups[1])
    assert merged.weights.shape == (len(target_sizes) + 1, len(source_sizes) + 1)
    np.testing.assert_allclose(merged.weights.sum(axis=1), 1.0)


@pytest.mark.parametrize(
    "groups",
    [
        [Span("a", 1, 2)],  # a hole at the start
        [Span("a", 0, 1), Span("b", 2, 3)],  # a hole between
        [Span("a", 0, 4)],  # past the end
        [Span("a", 0, 0)],  # nothing in it
    ],
)
def test_groups_with_holes_are_refused(groups: list[Span]) -> None:
    with pytest.raises(
        ShapeError, match=r"source group .* expected it to start at \d and to end within the 3"
    ):
        pieces().merged(groups)


def test_the_sizes_must_agree() -> None:
    with pytest.raises(ShapeError, match=r"shape \(1, 2\); expected \(2, 1\)"):
        AttentionMap(("a",), ("b", "c"), np.array([[0.5, 0.5]]))
    with pytest.raises(ShapeError, match="1 probabilities for 2 target symbols"):
        AttentionMap(("a",), ("b", "c"), np.ones((2, 1)), (1.0,))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1])
def test_weights_are_numbers_of_zero_or_more(bad: float) -> None:
    with pytest.raises(ShapeError, match=r"weights\[1, 0\] is .*; expected a number of 0 or more"):
        AttentionMap(("a",), ("b", "c"), np.array([[1.0], [bad]]))


def test_probabilities_are_between_0_and_1() -> None:
    with pytest.raises(ShapeError, match=r"probabilities\[0\] is 1.5"):
        AttentionMap(("a",), ("b",), np.ones((1, 1)), (1.5,))


def test_the_weights_are_a_read_only_copy() -> None:
    given_weights = np.ones((1, 1), dtype=np.float32)
    attention = AttentionMap(("a",), ("b",), given_weights)
    given_weights[0, 0] = 0
    assert attention.weights[0, 0] == 1.0
    assert attention.weights.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        attention.weights[0, 0] = 0.5


def test_an_empty_map_is_allowed() -> None:
    assert AttentionMap((), ("a",), np.zeros((1, 0))).weights.shape == (1, 0)
    empty = AttentionMap((), (), np.array([])).merged([], [])
    assert empty.weights.shape == (0, 0)


def records(text: str) -> list[dict[str, Any]]:
    """What JSON holds, as `from_record` takes it."""
    content = json.loads(text)
    assert (content["format"], content["version"]) == ("seqloom-attention", 1)
    return content["maps"]


def test_json_gives_the_same_maps_back() -> None:
    third = AttentionMap(("مرحبا", "\u2028</script>"), ("你好",), np.array([[1 / 3, 2 / 3]]))
    back = [AttentionMap.from_record(record) for record in records(maps_to_json([pieces(), third]))]
    assert len(back) == 2
    assert same(back[0], pieces())
    assert same(back[1], third)


def test_files_are_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "maps.json"
    write_maps([pieces()], path)
    (record,) = records(path.read_text(encoding="utf-8"))
    assert same(AttentionMap.from_record(record), pieces())


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (3, "x.json: expected a JSON object, found int"),
        ({"source": []}, "x.json: target, weights missing"),
        ({"weights": [[10**400]]}, "x.json: not a usable attention map"),
        ({"weights": [[1]]}, r"x.json: not a usable attention map: .*shape \(1, 1\)"),
        ({"weights": [[1], [1, 2]]}, "x.json: not a usable attention map"),
        ({"source": "abc"}, "expected a list of strings, found 'abc'"),
        ({"source": [1, 2, 3]}, "expected a list of strings"),
        ({"probabilities": ["x"] * 3}, "x.json: not a usable attention map"),
    ],
)
def test_a_bad_record_is_named(record: Any, message: str) -> None:
    if isinstance(record, dict) and record != {"source": []}:
        record = pieces().to_record() | record
    with pytest.raises(DataError, match=message):
        AttentionMap.from_record(record, "x.json")
