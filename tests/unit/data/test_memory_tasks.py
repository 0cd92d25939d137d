"""The answers of the memory tasks, by another way than they are drawn."""

import itertools
from collections import Counter

import pytest

from seqloom.base.errors import UsageError
from seqloom.data.memory_tasks import EARLIER, MEMORY_TASKS, PAUSE
from seqloom.data.synthetic import FIRST, IdPair


def drawn(name: str, distance: int, count: int = 50) -> list[IdPair]:
    return MEMORY_TASKS[name].pairs(count, seed=1, shortest=distance, longest=distance)


@pytest.mark.parametrize("name", MEMORY_TASKS)
@pytest.mark.parametrize("distance", [1, 2, 7, 40])
def test_a_task_stays_within_its_vocabulary_and_its_distance(name: str, distance: int) -> None:
    task = MEMORY_TASKS[name]
    for pair in drawn(name, distance):
        ids = [*pair.source, *pair.target]
        assert min(ids) >= FIRST
        assert max(ids) < task.symbols
        earlier = 2 * EARLIER if name == "associative recall" else 0
        assert distance <= len(pair.source) <= distance + 3 + earlier
    assert drawn(name, distance) == drawn(name, distance)
    assert (
        task.pairs(50, seed=2, shortest=distance, longest=distance) != drawn(name, distance) or distance == 1
    )


@pytest.mark.parametrize("name", MEMORY_TASKS)
def test_distances_are_drawn_from_the_whole_range(name: str) -> None:
    lengths = {len(pair.source) for pair in MEMORY_TASKS[name].pairs(300, seed=1, shortest=2, longest=9)}
    assert min(lengths) <= 5
    assert max(lengths) >= 9
    with pytest.raises(UsageError, match="shortest = 3, longest = 2 make no distances"):
        MEMORY_TASKS[name].pairs(1, seed=1, shortest=3, longest=2)


def test_the_answers_of_the_memory_tasks() -> None:
    for pair in drawn("copy", 6):
        assert pair.target == pair.source
    for pair in drawn("reverse", 6):
        assert pair.target == pair.source[::-1]
    for pair in drawn("first token", 6):
        assert pair.target == pair.source[:1]
    for pair in drawn("adding", 9):
        digits = [symbol - FIRST for symbol in pair.source]
        marked = [digit - 10 for digit in digits if digit >= 10]
        assert digits[0] >= 10
        assert len(marked) == 2
        tens, ones = (symbol - FIRST for symbol in pair.target)
        assert 10 * tens + ones == sum(marked)
    for pair in drawn("bracket depth", 30):
        depths = list(itertools.accumulate(1 if symbol == FIRST else -1 for symbol in pair.source))
        assert min(depths) >= 0
        assert max(depths) <= 9
        assert pair.target == [FIRST + 2 + depths[-1]]


@pytest.mark.parametrize("distance", [1, 2, 9, 40, 79])
def test_an_associative_answer_stands_beside_its_key_at_its_distance(distance: int) -> None:
    for pair in drawn("associative recall", distance):
        *shown, asked = pair.source
        assert (shown[-1] == PAUSE) == (distance % 2 == 1)
        shown = shown[: len(shown) - distance % 2]
        keys, values = shown[::2], shown[1::2]
        assert len(set(keys)) == len(keys)
        assert not {*keys, PAUSE} & set(values)
        place = keys.index(asked)
        assert pair.target == [values[place]]
        between = pair.source[2 * place + 2 : -1]
        assert len(between) == distance


def test_a_key_that_is_asked_for_stands_alone_even_where_others_return() -> None:
    for pair in drawn("associative recall", 200):
        *shown, asked = pair.source
        assert shown[::2].count(asked) == 1
        assert pair.target == [shown[shown.index(asked) + 1]]


def test_no_place_holds_the_associative_answer() -> None:
    """Neither counted from the begin nor from the end, nor where the length of the source says so."""
    pairs = MEMORY_TASKS["associative recall"].pairs(2_000, seed=1, shortest=1, longest=20)
    places = [pair.source.index(pair.source[-1]) for pair in pairs]
    from_begin, from_end = (
        Counter(places),
        Counter(map(lambda pair, place: len(pair.source) - place, pairs, places)),
    )
    assert max(from_begin.values()) < 0.25 * len(pairs)
    assert max(from_end.values()) < 0.15 * len(pairs)
    by_length = Counter(len(pair.source) for pair in pairs)
    often = [length for length, count in by_length.items() if length > 8 and count >= 50]
    assert often
    for length in often:
        held = Counter(place for place, pair in zip(places, pairs, strict=True) if len(pair.source) == length)
        assert max(held.values()) < 0.5 * by_length[length]


def test_no_answer_is_right_most_of_the_time() -> None:
    """Or else a model that remembers nothing would hold out."""
    for name in MEMORY_TASKS:
        answers = [tuple(pair.target) for pair in drawn(name, 40, 400)]
        assert max(answers.count(answer) for answer in set(answers)) < 0.5 * len(answers)
