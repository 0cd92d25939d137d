"""Lines end at \\n only; every fault is named by file and line."""

import io
import json
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.base.errors import DataError, EncodingFault, UsageError
from seqloom.data.lines import read_lines, read_stream, survey
from seqloom.data.pairs import Judged, Pair
from seqloom.data.readers import PairFiles, read_pairs

LINE = st.text(st.characters(exclude_characters="\n\0", exclude_categories=["Cs"]), max_size=12).filter(
    lambda line: not line.endswith("\r")
)


@pytest.fixture
def write(tmp_path: Path):
    def write(name: str, content: bytes | str) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("one\ntwo\n", ["one", "two"]),
        ("one\ntwo", ["one", "two"]),
        ("one\r\ntwo\r\n", ["one", "two"]),
        ("one\r\r\n", ["one\r"]),
        ("o\rne\ntwo\r", ["o\rne", "two\r"]),
        ("a\u2028b\u2029c\vd\fe\x85f\x1cg\x1dh\x1ei\n", ["a\u2028b\u2029c\vd\fe\x85f\x1cg\x1dh\x1ei"]),
        ("\ufeffone\n", ["one"]),
        ("\ufeff\none", ["", "one"]),
        ("one\n\ufefftwo\n", ["one", "\ufefftwo"]),
        ("\n", [""]),
        ("\n\n", ["", ""]),
        (" one \n\ttwo\t\n", [" one ", "\ttwo\t"]),
        ("", []),
        ("\ufeff", []),
    ],
)
def test_lines(write, content: str, expected: list[str]) -> None:
    path = write("text", content)
    assert list(read_lines(path)) == expected
    assert survey(path).lines == len(expected)


@given(lines=st.lists(LINE), end=st.sampled_from(["\n", "\r\n"]), last=st.booleans(), mark=st.booleans())
def test_n_lines_in_n_lines_out(lines: list[str], end: str, last: bool, mark: bool) -> None:
    if lines and (lines[0].startswith("\ufeff") or (not last and not lines[-1])):
        lines = [*lines, "x"] if not lines[0].startswith("\ufeff") else ["x", *lines, "x"]
    content = end.join(lines) + (end if last and lines else "")
    stream = io.BytesIO((b"\xef\xbb\xbf" if mark else b"") + content.encode())
    read = list(read_stream(stream, "stream"))
    assert [line.text for line in read] == lines
    assert "".join(line.text + line.end for line in read) == content


@given(content=st.binary(max_size=40).map(lambda raw: raw.replace(b"\0", b"\n")))
def test_any_bytes_are_lines_or_a_fault(content: bytes) -> None:
    try:
        content.decode("utf-8")
        valid = True
    except UnicodeDecodeError:
        valid = False
    try:
        lines = list(read_stream(io.BytesIO(content), "stream"))
    except DataError:
        assert not valid
    else:
        assert valid
        body = content.removeprefix(b"\xef\xbb\xbf")
        assert len(lines) == body.count(b"\n") + (body != b"" and not body.endswith(b"\n"))


def test_invalid_utf8_names_file_line_and_byte(write) -> None:
    path = write("text", b"good\n\nab\xffc\n")
    with pytest.raises(EncodingFault) as fault:
        list(read_lines(path))
    assert str(fault.value).startswith(
        f"{path}:3: not UTF-8: byte 0xff at byte 8 of the file (byte 2 of the line)"
    )


def test_byte_offsets_count_the_byte_order_mark_and_line_ends(write) -> None:
    path = write("text", b"\xef\xbb\xbfa\xff\r\n")
    with pytest.raises(EncodingFault, match="at byte 4 of the file"):
        list(read_lines(path))
    path = write("text", b"\xef\xbb\xbfab\r\n\xff\r\n")
    with pytest.raises(EncodingFault, match=r"text:2: .* at byte 7 of the file"):
        list(read_lines(path))


@pytest.mark.parametrize("bad", [b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"])
def test_surrogates_overlong_too_high_and_cut_short_are_faults(write, bad: bytes) -> None:
    with pytest.raises(EncodingFault, match=r"text:1: not UTF-8"):
        list(read_lines(write("text", bad + b"\n")))


def test_lines_before_a_fault_are_given(write) -> None:
    lines = read_lines(write("text", b"one\ntwo\n\xff\n"))
    assert [next(lines), next(lines)] == ["one", "two"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"text\nPNG\0\0", r"file:2: a NUL byte at byte 8, and UTF-8 text was expected; it looks binary"),
        (
            b"\x1f\x8b\x08\x01",
            r"file:1: byte 0x8b at byte 1 .* it begins like gzip-compressed; unpack it first",
        ),
        (b"PK\x03\x04\0", r"zip archive"),
        (b"%PDF-1.7\n%\xb5\xb5", r"file:2: .* a PDF; save it as plain text"),
        ("text".encode("utf-16"), r"UTF-16 text; save it as UTF-8"),
        ("text".encode("utf-16-le"), r"it looks binary, or is UTF-16"),
    ],
)
def test_a_binary_file_is_refused(write, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(read_lines(write("file", content)))


def test_a_line_without_end_is_refused_before_it_fills_the_memory(write, monkeypatch) -> None:
    monkeypatch.setattr("seqloom.data.lines.LONGEST_LINE", 10)
    assert list(read_lines(write("text", "123456789\n" * 2))) == ["123456789"] * 2
    with pytest.raises(DataError, match=r"text:2: a line of more than 10 bytes"):
        list(read_lines(write("text", "1\n" + "x" * 11)))


def test_missing_file_and_folder(write, tmp_path: Path) -> None:
    write("train.en", "")
    with pytest.raises(DataError, match=r"trian\.en does not exist\. Did you mean .*train\.en\?"):
        list(read_lines(tmp_path / "trian.en"))
    with pytest.raises(DataError, match=r"nowhere/zzz does not exist\.$"):
        list(read_lines(tmp_path / "nowhere" / "zzz"))
    with pytest.raises(DataError, match="is a folder; expected a text file"):
        list(read_lines(tmp_path))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_no_corpus(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: os.close(os.open(pipe, os.O_WRONLY)))
    writer.start()
    with pytest.raises(DataError, match="a corpus is read twice"):
        survey(pipe)
    writer.join()


def test_survey_counts_across_pieces(write, monkeypatch) -> None:
    monkeypatch.setattr("seqloom.data.lines.PIECE", 3)
    assert survey(write("text", "a\nbb\n\nccc")).lines == 4
    assert survey(write("a", "1\n")).sha256 != survey(write("b", "2\n")).sha256


def test_parallel_files(write) -> None:
    paths = [write("train.en", "a\n\nc\u2028d\n"), write("train.de", "A\r\nB\r\nC")]
    assert list(read_pairs(paths)) == [("a", "A"), ("", "B"), ("c\u2028d", "C")]
    assert next(PairFiles(tuple(paths)).read()) == Pair("a", "A")


@pytest.mark.parametrize(
    ("source", "target", "counts"),
    [
        ("a\nb\nc\n", "A\n", "en has 3 lines and .*de has 1;"),
        ("a\n", "A\nB\nC\nD\n", "en has 1 lines and .*de has 4;"),
        ("", "A\n", "en has 0 lines and .*de has 1;"),
        ("a\nb\n", "A", "en has 2 lines and .*de has 1;"),
    ],
)
def test_unequal_files(write, source: str, target: str, counts: str) -> None:
    with pytest.raises(DataError, match=counts):
        list(read_pairs([write("en", source), write("de", target)]))


def test_tab_separated(write) -> None:
    assert list(read_pairs([write("a.tsv", "a\tA\n\tB\nc\t\n")])) == [("a", "A"), ("", "B"), ("c", "")]
    assert list(read_pairs([write("a.tsv", "a\tA\tnote\nb\tB\tnote\n")])) == [("a", "A"), ("b", "B")]
    assert list(read_pairs([write("a.txt", "a\tA\n")], format="tsv")) == [("a", "A")]


def test_faults_in_tab_separated_lines(write) -> None:
    with pytest.raises(DataError, match=r"a\.tsv:2: no tab in the line"):
        list(read_pairs([write("a.tsv", "a\tA\nb B\n")]))
    with pytest.raises(DataError, match=r"a\.tsv:2: 3 columns; expected 2 as in line 1"):
        list(read_pairs([write("a.tsv", "a\tA\nb\tB\tC\n")]))


def test_json_lines(write) -> None:
    rows = [{"source": "a\nb", "target": "A", "id": 3}, {"target": "\u2028", "source": ""}]
    path = write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert list(read_pairs([path])) == [("a\nb", "A"), ("", "\u2028")]
    path = write("b.ndjson", '{"en": "a", "de": "A"}')
    assert list(read_pairs([path], source_field="en", target_field="de")) == [("a", "A")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"source": "a"', r"a\.jsonl:2: no JSON \("),
        ("", r"a\.jsonl:2: an empty line; expected one JSON object a line"),
        ("[1]", r"a\.jsonl:2: a JSON list; expected an object"),
        ('{"source": "a"}', r"a\.jsonl:2: no field 'target'; found 'source'"),
        ('{"source": "a", "tarrget": "b"}', r"Did you mean 'tarrget'\?"),
        ('{"source": "a", "target": 3}', r"a\.jsonl:2: field 'target' is a number; expected text"),
        ('{"source": "a", "target": "\\ud83d"}', r"a\.jsonl:2: field 'target' has half of a surrogate pair"),
        ("[" * 100_000, r"a\.jsonl:2: no JSON"),
        ('{"source": ' + "1" * 5000 + "}", r"a\.jsonl:2: no JSON"),
    ],
)
def test_faults_in_json_lines(write, line: str, message: str) -> None:
    path = write("a.jsonl", '{"source": "", "target": ""}\n' + line + "\n")
    with pytest.raises(DataError, match=message):
        list(read_pairs([path]))


def test_whole_surrogate_pairs_in_json_are_characters(write) -> None:
    path = write("a.jsonl", '{"source": "\\ud83d\\ude00", "target": "b"}')
    assert next(read_pairs([path])).source == "\U0001f600"


@pytest.mark.parametrize(
    ("names", "stated", "message"),
    [
        ([], "auto", "found none"),
        (["a", "b", "c"], "auto", "two parallel files or one"),
        (["a.en"], "auto", "a.en alone is not enough"),
        (["a.tsv"], "parallel", "reads two files; found a.tsv"),
        (["a", "b"], "tsv", "reads one file; found a, b"),
        (["a.tsv"], "tvs", "Unknown format 'tvs'.*Did you mean 'tsv'"),
    ],
)
def test_paths_that_do_not_fit(names: list[str], stated: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_pairs([Path(name) for name in names], format=stated)


def judged(path: Path, content: str, *fields: str) -> list[Judged]:
    path.write_text(content)
    return list(PairFiles((path,), source_field="s", reference_fields=fields).read_judged())


def test_several_references_from_fields_and_lists(tmp_path: Path) -> None:
    content = '{"s": "x\\ny", "a": "1", "b": ["2", "3"]}\n{"s": "", "a": "4", "b": []}\n'
    path = tmp_path / "x.jsonl"
    assert judged(path, content, "a", "b") == [Judged("x\ny", ("1", "2", "3")), Judged("", ("4",))]
    assert judged(path, content, "a") == [Judged("x\ny", ("1",)), Judged("", ("4",))]


def test_without_reference_fields_the_target_is_the_reference(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_text("one\teins\n")
    assert list(PairFiles((tmp_path / "x.tsv",)).read_judged()) == [Judged("one", ("eins",))]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"s": "x", "a": []}', r"x\.jsonl:1: no reference in 'a'; expected at least one text"),
        ('{"s": "x", "b": "1"}', r"x\.jsonl:1: no field 'a'; found 's', 'b'"),
        ('{"s": "x", "a": [1]}', r"x\.jsonl:1: field 'a' is a number; expected text in quotes"),
        ('{"a": "1"}', r"x\.jsonl:1: no field 's'; found 'a'"),
    ],
)
def test_lines_without_references(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        judged(tmp_path / "x.jsonl", content + "\n", "a")


def test_files_without_fields_have_no_reference_fields(tmp_path: Path) -> None:
    files = PairFiles((tmp_path / "x.tsv",), reference_fields=("a", "b"))
    with pytest.raises(
        UsageError, match=r"References in a, b are fields of JSON lines, but .*x\.tsv has no fields"
    ):
        files.read_judged()


def test_columns_of_a_table_are_chosen_by_number(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("go\tV;PST\twent\nrun\tV\trun\n", encoding="utf-8")
    several = PairFiles((path,), source_columns=(1, 2), target_column=3)
    assert list(several.read()) == [Pair("go\tV;PST", "went"), Pair("run\tV", "run")]
    assert next(PairFiles((path,), source_columns=(3,), target_column=1).read()) == Pair("went", "go")
    assert several.reading != PairFiles((path,)).reading
    with pytest.raises(DataError, match=r"a\.tsv:1: 3 columns; expected 4 or more, as column 4 is read"):
        list(PairFiles((path,), source_columns=(1, 4), target_column=3).read())
    with pytest.raises(
        UsageError, match="there is no column 'lemma', as the columns of a tab-separated file are numbered"
    ):
        PairFiles((path,), source_columns=("lemma",), target_column=3).read()


def test_fields_of_json_lines_are_chosen_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"lemma": "give\\tup", "features": "V;PST", "form": "gave up"}\n', encoding="utf-8")
    files = PairFiles((path,), source_columns=("lemma", "features"), target_column="form")
    assert list(files.read()) == [Pair("give up\tV;PST", "gave up")]
    with pytest.raises(UsageError, match="there is no column 1, as the fields of a JSON line have names"):
        PairFiles((path,), source_columns=(1, "features"), target_column="form").read()
    with pytest.raises(DataError, match=r"a\.jsonl:1: no field 'feature'; found .* Did you mean 'features'"):
        list(PairFiles((path,), source_columns=("lemma", "feature"), target_column="form").read())
