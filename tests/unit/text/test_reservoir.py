from collections import Counter

import numpy as np

from seqloom.text.reservoir import LONGEST_LINE, draw_lines


def test_a_small_stream_comes_back_whole_and_in_order() -> None:
    assert draw_lines(["a", "", " \t", "b"], 5, np.random.default_rng(0)) == ["a", "b"]
    assert draw_lines([], 5, np.random.default_rng(0)) == []


def test_a_large_stream_is_sampled_without_repetition_and_the_same_each_time() -> None:
    lines = [str(number) for number in range(10_000)]
    sample = draw_lines(iter(lines), 100, np.random.default_rng(3))
    assert len(set(sample)) == 100
    assert sample == draw_lines(iter(lines), 100, np.random.default_rng(3))
    assert sample != draw_lines(iter(lines), 100, np.random.default_rng(4))


def test_each_line_has_the_same_chance() -> None:
    counts: Counter[str] = Counter()
    generator = np.random.default_rng(5)
    for _ in range(1_000):
        counts.update(draw_lines("abcdefghij", 4, generator))
    # 400 expected of each; the standard deviation is 15
    assert all(335 < counts[line] < 465 for line in "abcdefghij")


def test_long_lines_are_cut() -> None:
    sample = draw_lines(["x" * 5_000] * 3, 2, np.random.default_rng(0))
    assert [len(line) for line in sample] == [LONGEST_LINE, LONGEST_LINE]
