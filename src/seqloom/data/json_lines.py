"""JSON lines: an object a line, and the texts under its keys."""

import difflib
import itertools
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from seqloom.base.errors import DataError, EncodingFault
from seqloom.data.lines import read_lines

KINDS: dict[type, str] = {
    dict: "object",
    list: "list",
    str: "text",
    bool: "truth value",
    int: "number",
    float: "number",
    type(None): "null",
}
"""What JSON has, in words."""
SURROGATE = re.compile("[\ud800-\udfff]")
BETWEEN = " \t\n\r,:"  # what may stand between the keys and values of an object


def read_objects(path: Path) -> Iterator[tuple[dict[str, object], str]]:
    """The objects of a file of JSON lines, each with its place for messages. Raises DataError."""
    for number, line in enumerate(read_lines(path), start=1):
        where = f"{path}:{number}"
        yield json_object(line, where), where


def json_object(line: str, where: str) -> dict[str, object]:
    """What a line of JSON lines holds; `where` it stands, for the DataError if it is no object."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: {no_json(line, error)}; expected one JSON object a line.") from error
    if not isinstance(row, dict):
        raise DataError(f"{where}: a JSON {KINDS[type(row)]}; expected an object, as in {{...}}.")
    return row


def no_json(line: str, error: Exception) -> str:
    """What a line is that could not be read, in words."""
    said = f"{error.msg} at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else error
    return f"no JSON ({said})" if line.strip() else "an empty line"


def kind_of(value: object) -> str:
    """What JSON has for a value, in words: "a number", "an object", "null"."""
    kind = KINDS[type(value)]
    return kind if value is None else f"{'an' if kind == 'object' else 'a'} {kind}"


def text_field(row: dict[str, object], name: str, where: str) -> str:
    """The text under one key of a JSON line. Raises DataError, with the place, where there is none."""
    if name not in row:
        near = difflib.get_close_matches(name, row, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        found = ", ".join(map(repr, itertools.islice(row, 8))) or "none"
        raise DataError(f"{where}: no field {name!r}; found {found}.{hint}")
    value = row[name]
    if not isinstance(value, str):
        raise DataError(f"{where}: field {name!r} is {kind_of(value)}; expected text in quotes.")
    if SURROGATE.search(value):
        raise EncodingFault(
            f"{where}: field {name!r} has half of a surrogate pair (\\ud800 to \\udfff alone), which is no "
            "character. Mend or drop the line."
        )
    return value


def source_of(row: dict[str, object], names: Sequence[str], where: str) -> str:
    """The text under one key of a JSON line, or those under several as one source. Raises DataError."""
    return join_cells([text_field(row, name, where) for name in names])


def join_cells(texts: Sequence[str]) -> str:
    """Texts of several fields as the cells of one source; a tab within one becomes a blank, and one alone stays."""
    return texts[0] if len(texts) == 1 else "\t".join(text.replace("\t", " ") for text in texts)


def texts_field(row: dict[str, object], name: str, where: str) -> list[str]:
    """The text, or the texts of a list, under one key of a JSON line."""
    value = row.get(name)
    if not isinstance(value, list):
        return [text_field(row, name, where)]
    return [text_field({name: each}, name, where) for each in value]


class Member(NamedTuple):
    """A key of an object, and from where to where its value stands in the line."""

    name: str
    start: int
    stop: int


def members(line: str) -> list[Member]:
    """The keys of an object at its outermost level, in order, those that stand there twice twice.

    line   that json_object has read
    """
    decoder = json.JSONDecoder()
    found = []
    place = _behind(line, line.index("{") + 1)
    while line[place] != "}":
        name, place = decoder.raw_decode(line, place)
        start = _behind(line, place)
        _, stop = decoder.raw_decode(line, start)
        found.append(Member(name, start, stop))
        place = _behind(line, stop)
    return found


def _behind(line: str, place: int) -> int:
    """Where the next key or value begins, or the object ends."""
    while line[place] in BETWEEN:
        place += 1
    return place


def with_field(line: str, name: str, value: object) -> str:
    """The line of an object with a value under a key, in the place of what is there; every other character stays.

    line   that json_object has read, with the key once at most
    """
    there = members(line)
    text = json.dumps(value, ensure_ascii=False)
    for member in there:
        if member.name == name:
            return line[: member.start] + text + line[member.stop :]
    place = there[-1].stop if there else line.index("{") + 1
    key = json.dumps(name, ensure_ascii=False)
    return f"{line[:place]}{', ' if there else ''}{key}: {text}{line[place:]}"
