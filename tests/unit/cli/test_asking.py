"""What lines, documents, files and records ask of a model, and what is written for its answers."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from seqloom.base.errors import DataError
from seqloom.cli import asking
from seqloom.cli.arriving import Line
from seqloom.cli.asking import Fields, Piece


class Answer(NamedTuple):
    text: str


def told(pieces: Iterable[Piece]) -> str:
    """What is written where the model answers in capitals."""
    found = ""
    for piece in pieces:
        results: Any = [Answer(source.upper()) for source in piece.sources]
        found += piece.write(results)
    return found


def text_of(result: Any) -> str:
    return f"<{result.text}>"


WHOLE = asking.as_a_whole(text_of)
SENTENCES = asking.by_sentences("en", text_of)


def lines(*texts: str, end: str = "\n") -> list[Line]:
    return [Line(text, f"x:{number}", end) for number, text in enumerate(texts, start=1)]


def test_n_lines_in_are_n_lines_out() -> None:
    assert told(asking.each_line(lines("one", "", "two", end=""), WHOLE)) == "<ONE>\n<>\n<TWO>\n"


def test_a_document_keeps_its_spacing_and_its_ends_of_line() -> None:
    document = [
        Line("  One. Two.", "x:1", "\r\n"),
        Line("", "x:2", "\n"),
        Line(" -- ", "x:3", "\n"),
        Line("Three", "x:4", ""),
    ]
    assert told(asking.each_line(document, SENTENCES, keep_ends=True)) == "  <ONE.> <TWO.>\r\n\n -- \n<THREE>"


def test_a_file_is_one_text(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one\ntwo\n")
    (tmp_path / "b").write_text("")
    assert told(asking.each_file([tmp_path / "a", tmp_path / "b"], WHOLE)) == "<ONE\nTWO>\n<>\n"


def test_a_file_too_long_for_one_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqloom.data.lines.LONGEST_LINE", 5)
    (tmp_path / "a").write_text("one\ntwo\n")
    with pytest.raises(DataError, match="is longer than 5 characters; expected one text"):
        list(asking.each_file([tmp_path / "a"], WHOLE))


def test_a_record_gets_one_field_more() -> None:
    row = {"id": 7, "body": "One\nß. Two.", "more": [1, None]}
    written = told(asking.each_record(lines(json.dumps(row)), Fields(("body",), "summary"), WHOLE))
    assert written.endswith("\n")
    assert json.loads(written) == {**row, "summary": "<ONE\nSS. TWO.>"}
    assert list(json.loads(written)) == ["id", "body", "more", "summary"]
    by_sentence = told(asking.each_record(lines(json.dumps(row)), Fields(("body",), "out"), SENTENCES))
    assert json.loads(by_sentence)["out"] == "<ONE>\n<SS.> <TWO.>"


def test_a_record_is_written_as_it_was() -> None:
    odd = '{"body": "a","n":1.10,"m":1E400,"k":"\\ud83d","a":1,"a":2}'
    records = [*lines(odd, end="\r\n"), *lines(odd, end="")]
    written = f'{odd[:-1]}, "out": "<A>"}}'
    assert told(asking.each_record(records, Fields(("body",), "out"), WHOLE)) == f"{written}\r\n{written}\n"


def test_a_field_that_is_there_is_written_over_only_when_asked() -> None:
    row = json.dumps({"body": "a", "summary": "mine"})
    with pytest.raises(
        DataError, match="x:1: there is a field 'summary' already, and nothing is written over"
    ):
        told(asking.each_record(lines(row), Fields(("body",), "summary"), WHOLE))
    over = told(asking.each_record(lines(row), Fields(("body",), "summary", overwrite=True), WHOLE))
    assert json.loads(over)["summary"] == "<A>"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[1]", "x:1: a JSON list; expected an object"),
        ("", "x:1: an empty line; expected one JSON object a line"),
        ('{"text": "a"}', "x:1: no field 'body'; found 'text'"),
        ('{"body": null}', "x:1: field 'body' is null; expected text in quotes"),
        ('{"body": {}}', "x:1: field 'body' is an object; expected text in quotes"),
        ('{"body":', "x:1: no JSON (Expecting value at character 9); expected one JSON object a line"),
        ("null", "x:1: a JSON null; expected an object"),
        ('{"body": 3}', "x:1: field 'body' is a number; expected text in quotes"),
        ('{"body": "a", "body": "b"}', "x:1: field 'body' stands there more than once; expected it once."),
        (
            '{"body": "a", "summary": 1, "summary": 2}',
            "x:1: field 'summary' stands there more than once; expected it once.",
        ),
        ('{"body": "\\ud83d"}', "x:1: field 'body' has half of a surrogate pair"),
    ],
)
def test_lines_that_are_no_records(line: str, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        told(asking.each_record(lines(line), Fields(("body",), "summary"), WHOLE))


def test_wrapped_lines_are_one_and_blank_ones_stay() -> None:
    found = list(asking.unwrapped(lines("  it goes", "on ", " here.", "", " ", "Next.")))
    assert [line.text for line in found] == ["  it goes on here.", "", " ", "Next."]
    assert [line.where for line in found] == ["x:1", "x:4", "x:5", "x:6"]
    assert [line.text for line in asking.unwrapped(lines(" alone  "))] == [" alone  "]
    assert list(asking.unwrapped([])) == []
