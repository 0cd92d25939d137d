"""Attention maps: what they accept, how subwords become words, and that JSON gives the same map back."""

import json
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.base.errors import DataError, ResourceError, ShapeError
from seqloom.inspection.attention import AttentionMap, maps_from_json, maps_to_json, read_maps, write_maps


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


def test_json_gives_the_same_maps_back() -> None:
    third = AttentionMap(("مرحبا", "\u2028</script>"), ("你好",), np.array([[1 / 3, 2 / 3]]))
    back = maps_from_json(maps_to_json([pieces(), third]))
    assert len(back) == 2
    assert same(back[0], pieces())
    assert same(back[1], third)


def test_files_are_written_and_read(tmp_path) -> None:
    path = tmp_path / "new" / "maps.json"
    write_maps([pieces()], path)
    assert same(read_maps(path)[0], pieces())
    with pytest.raises(ResourceError, match=r"Can't read .*missing.json"):
        read_maps(tmp_path / "missing.json")
    path.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(DataError, match=r"maps.json is not UTF-8 at byte 7"):
        read_maps(path)


def changed(**fields: object) -> str:
    record = json.loads(maps_to_json([pieces()]))
    record["maps"][0].update(fields)
    return json.dumps(record)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "x.json is not JSON"),
        ("[" * 100_000, "x.json is not JSON"),
        ("1" * 5_000, "x.json is not JSON"),
        (changed(weights=[[10**400]]), "x.json, map 1: not a usable attention map"),
        ("[]", 'x.json holds no attention maps: expected "format": "seqloom-attention"'),
        ('{"format": "seqloom-attention", "version": 9}', "x.json has version 9 of .* this seqloom reads 1"),
        ('{"format": "seqloom-attention", "version": 1}', 'a list under "maps", found NoneType'),
        (
            '{"format": "seqloom-attention", "version": 1, "maps": [3]}',
            "x.json, map 1: expected a JSON object, found int",
        ),
        (
            '{"format": "seqloom-attention", "version": 1, "maps": [{"source": []}]}',
            "x.json, map 1: target, weights missing",
        ),
        (changed(weights=[[1]]), r"x.json, map 1: not a usable attention map: .*shape \(1, 1\)"),
        (changed(weights=[[1], [1, 2]]), "x.json, map 1: not a usable attention map"),
        (changed(source="abc"), "expected a list of strings, found 'abc'"),
        (changed(source=[1, 2, 3]), "expected a list of strings"),
        (changed(probabilities=["x"] * 3), "x.json, map 1: not a usable attention map"),
    ],
)
def test_bad_json_is_named(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        maps_from_json(text, "x.json")
