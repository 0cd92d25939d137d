"""Which files are JSON lines, and what doesn't go with them."""

from pathlib import Path

import pytest

from seqloom.base.errors import UsageError
from seqloom.cli.records import check_into, reads_records, records_alone, refuse_for_records


def test_files_are_json_lines_by_their_names_or_by_a_field() -> None:
    lines, text = [Path("a.jsonl"), Path("B.NDJSON")], [Path("a.txt")]
    assert records_alone(lines)
    assert not records_alone(text)
    assert not records_alone([])
    assert reads_records(None, lines)
    assert reads_records("body", text)
    assert reads_records("body", [])
    assert not reads_records(None, text)
    assert not reads_records(None, [])
    with pytest.raises(
        UsageError, match=r"^Some of the files are JSON lines by their names and some are not\."
    ):
        records_alone([*lines, *text])


def test_a_field_to_write_needs_json_lines() -> None:
    check_into("summary", records=True)
    check_into(None, records=False)
    with pytest.raises(UsageError, match=r"^--into names a field of JSON lines\. Add --field,"):
        check_into("summary", records=False)


def test_how_a_line_is_written_is_nothing_for_json_lines() -> None:
    refuse_for_records(scores=False, threshold=None)
    with pytest.raises(UsageError, match=r"as they were, with one field more\. Leave out --json\.$"):
        refuse_for_records(scores=False, json=True)
