"""Links between words, read from a line, and between the symbols that spell the words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.base.errors import DataError
from seqloom.data.links import Link, Span, flat, parse_links, span_links
from seqloom.data.pairs import Pair

PAIR = Pair("the  old\tman", " der alte ")


def test_a_line_of_links() -> None:
    assert parse_links("0-0  1-1 2-1\t0-0", PAIR, "a:1") == [(0, 0), (1, 1), (2, 1), (0, 0)]
    assert parse_links(" ", PAIR, "a:1") == []


@pytest.mark.parametrize(
    "text", ["0", "0-", "-1-0", "0:0", "0-0-0", "a-b", "0-0,1-1", "\u0661-0", "1" * 9000 + "-0"]
)
def test_what_is_no_link_is_refused_with_its_place(text: str) -> None:
    message = (
        f"links.txt:7: {text[:40]!r} is no link; expected the numbers of a source and a target word, counted from 0, "
        "as in 0-0 1-2."
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        parse_links(f"0-0 {text}", PAIR, "links.txt:7")


@pytest.mark.parametrize(
    ("text", "number", "side", "count"), [("3-0", 3, "source", 3), ("2-2", 2, "target", 2)]
)
def test_a_link_to_a_word_that_is_not_there_is_refused(text: str, number: int, side: str, count: int) -> None:
    message = (
        f"links.txt:7: the link {text} names word {number} of the {side}, whose {count} words are counted from 0 and "
        "separated by white space. Align the text as these files have it."
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        parse_links(f"0-0 {text}", PAIR, "links.txt:7")


def test_all_symbols_of_a_word_are_linked_with_all_of_the_other() -> None:
    spans = span_links([Link(0, 1), Link(2, 0)], [0, 0, 1, 2, 2, 2], [0, 1, 1])
    assert spans == [(0, 2, 1, 3), (3, 6, 0, 1)]


def test_a_word_that_begins_within_a_symbol_is_that_symbol() -> None:
    assert span_links([Link(1, 0), Link(2, 0)], [0, 2], [0]) == [(0, 1, 0, 1), (1, 2, 0, 1)]


@given(
    sizes=st.tuples(*[st.lists(st.integers(1, 3), min_size=1, max_size=5)] * 2),
    drawn=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=6),
)
def test_symbols_are_linked_exactly_where_their_words_are(
    sizes: tuple[list[int], list[int]], drawn: list[tuple[int, int]]
) -> None:
    numbers = [[word for word, size in enumerate(side) for _ in range(size)] for side in sizes]
    links = [Link(one % len(sizes[0]), other % len(sizes[1])) for one, other in drawn]
    found = {
        (source, target)
        for span in span_links(links, *numbers)
        for source in range(span.source_start, span.source_stop)
        for target in range(span.target_start, span.target_stop)
    }
    assert found == {
        (source, target)
        for source, word in enumerate(numbers[0])
        for target, other in enumerate(numbers[1])
        if (word, other) in links
    }


def test_flat_rows() -> None:
    assert flat([Span(0, 1, 2, 3), Span(4, 5, 6, 7)]) == list(range(8))
    assert flat([]) == []
