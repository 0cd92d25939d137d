"""A field in the text of a JSON line: put there with every other character kept."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.data.json_lines import Member, members, with_field

ODD = '{"n":1.10,"m":1E400,"k":"\\ud83d","a":1,"a":2,"e":1e5}'
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
LAYOUTS = st.sampled_from([(", ", ": "), (",", ":"), (" ,\t", " : ")])


def test_a_line_keeps_how_its_values_are_written() -> None:
    assert with_field(ODD, "out", "é") == ODD[:-1] + ', "out": "é"}'
    assert with_field(f"  {ODD[:-1]} }}\t", "out", None) == f'  {ODD[:-1]}, "out": null }}\t'
    assert with_field("{ }", "out", "a") == '{"out": "a" }'


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"out":"old","n":1.10}', '{"out":"new","n":1.10}'),
        ('{"n" : {"out": 1} , "o\\u0075t" : ["}", {}] }', '{"n" : {"out": 1} , "o\\u0075t" : "new" }'),
        ('{"n": "\\"out\\": 1", "out": -1E400}', '{"n": "\\"out\\": 1", "out": "new"}'),
    ],
)
def test_what_is_there_is_replaced(line: str, expected: str) -> None:
    assert with_field(line, "out", "new") == expected


def test_keys_are_told_with_the_places_of_their_values() -> None:
    assert members('{"a":1, "a" : [2]}') == [Member("a", 5, 6), Member("a", 14, 17)]
    assert members(" {}") == []


@given(row=st.dictionaries(st.text(), VALUES, max_size=4), name=st.text(), value=VALUES, layout=LAYOUTS)
def test_any_object_gets_any_field(
    row: dict[str, object], name: str, value: object, layout: tuple[str, str]
) -> None:
    line = json.dumps(row, separators=layout)
    written = with_field(line, name, value)
    assert json.loads(written) == {**row, name: value}
    assert with_field(written, name, 1) == with_field(line, name, 1)
