"""Every fault of a file is found at its place, and only where the readers refuse the file."""

import itertools
import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seqloom.base.errors import DataError, SeqloomError
from seqloom.data.check import CheckReport, check_corpus, render_html, render_text
from seqloom.data.faults import KEPT, FaultReader
from seqloom.data.pairs import Pair
from seqloom.data.readers import PairFiles

GOOD = [
    ("The cat sleeps on the chair.", "Le chat dort sur la chaise."),
    ("A dog runs through the garden.", "Un chien court dans le jardin."),
    ("We drink coffee in the morning.", "Nous buvons du café le matin."),
    ("They read a book every evening.", "Ils lisent un livre chaque soir."),
]


def parallel(folder: Path, pairs: list[tuple[str, str]], name: str = "train") -> PairFiles:
    paths = (folder / f"{name}.en", folder / f"{name}.fr")
    for path, texts in zip(paths, zip(*pairs, strict=True), strict=True):
        path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8", newline="\n")
    return PairFiles(paths)


def sentences(report: CheckReport, level: str) -> str:
    return "\n".join(f"{v.part}: {v.sentence}. {v.mend}" for v in report.verdicts if v.level == level)


def test_all_bytes_that_are_not_utf8_are_found_at_their_place(tmp_path: Path) -> None:
    files = parallel(tmp_path, GOOD)
    lines = ["été\n".encode(), b"caf\xe9 noir\n", "ça \n".encode() + b"na\xefve \xe2\x82 fin\n", b"ok\n"]
    files.paths[1].write_bytes(b"".join(lines))
    report = check_corpus({"train": PairFiles(files.paths)})
    content = files.paths[1].read_bytes()
    found = [(fault.line, fault.byte) for fault in report.parts[0].faults]
    assert found == [
        (2, content.index(b"\xe9 noir")),
        (4, content.index(b"\xefve")),
        (4, content.index(b"\xe2\x82 fin")),
    ]
    assert report.parts[0].fault_counts == {"encoding": 3}
    assert report.parts[0].faults[0].place == f"{files.paths[1]}:2 (byte {found[0][1]})"
    assert report.parts[0].faults[0].detail == "not UTF-8: 0xe9 ('é' in Latin-1) after 'caf'"
    assert report.exit_code == 3
    assert f"3 places with bytes that are not UTF-8; the first at {files.paths[1]}:2" in sentences(
        report, "error"
    )


def test_bytes_are_counted_from_the_start_of_a_file_with_a_byte_order_mark(tmp_path: Path) -> None:
    files = parallel(tmp_path, GOOD[:1])
    files.paths[0].write_bytes(b"\xef\xbb\xbfab\xff\n")
    (fault,) = check_corpus({"train": files}).parts[0].faults
    assert (fault.line, fault.byte) == (1, 5)


def test_more_faults_than_are_kept_are_still_counted(tmp_path: Path) -> None:
    files = parallel(tmp_path, GOOD[:1])
    files.paths[0].write_bytes(b"\xff a " * (KEPT + 7) + b"\n")
    report = check_corpus({"train": files})
    assert report.parts[0].fault_counts == {"encoding": KEPT + 7}
    assert len(report.parts[0].faults) == KEPT
    assert "... and 9,997 more" in render_text(report)


def test_tab_separated_lines_without_their_columns_are_found(tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_text("a\tb\nno tab\nc\td\te\nf\tg\n", encoding="utf-8")
    report = check_corpus({"train": PairFiles((path,))})
    part = report.parts[0]
    assert [(fault.line, fault.byte, fault.kind) for fault in part.faults] == [
        (2, None, "columns"),
        (3, None, "columns"),
    ]
    assert part.faults[1].detail == "3 columns; expected 2 as in line 1"
    assert part.faults[0].place == f"{path}:2"
    assert part.pairs == 2
    assert part.source.lengths["characters"].total == 2


def test_json_lines_without_their_fields_are_found(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    rows = [
        '{"en": "a", "fr": "b"}',
        "{",
        "",
        "[1]",
        '{"en": "a"}',
        '{"en": 1, "fr": "b"}',
        r'{"en": "\ud800", "fr": "b"}',
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    part = check_corpus({"train": PairFiles((path,), "auto", "en", "fr")}).parts[0]
    assert [fault.line for fault in part.faults] == [2, 3, 4, 5, 6, 7]
    details = [fault.detail for fault in part.faults]
    assert details[1:] == [
        "an empty line; expected one JSON object a line",
        "a JSON list; expected an object",
        "field 'fr' is missing",
        "field 'en' is a number; expected text",
        "field 'en' has half of a surrogate pair",
    ]
    assert details[0].startswith("no JSON (")
    assert part.fault_counts == {"json": 5, "encoding": 1}


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (
            b"\x1f\x8b\x08rest",
            "begins like gzip-compressed; unpack it first (gunzip); the file was not read further",
        ),
        ("Hallo\n".encode("utf-16"), "begins like UTF-16 text"),
        (b"one\0two\n", "a NUL byte: the file looks binary or is UTF-16"),
    ],
)
def test_binary_files_are_named_as_such(tmp_path: Path, content: bytes, detail: str) -> None:
    files = parallel(tmp_path, GOOD)
    files.paths[0].write_bytes(content)
    report = check_corpus({"train": files})
    assert any(detail in fault.detail for fault in report.parts[0].faults)
    assert "signs of a binary file" in sentences(report, "error")


@pytest.mark.parametrize(
    "beginning", ["%PDF-1.4 is a format", "PK\x03\x04", "BZh91AY&SY is how bzip2 begins"]
)
def test_text_may_begin_as_a_binary_file_does(tmp_path: Path, beginning: str) -> None:
    files = parallel(tmp_path, [(beginning, "x"), *GOOD])
    report = check_corpus({"train": files})
    assert report.parts[0].fault_counts == {}
    assert report.parts[0].pairs == len(list(files.read())) == 5


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_because_a_corpus_is_read_more_than_once(tmp_path: Path) -> None:
    files = parallel(tmp_path, GOOD)
    files.paths[0].unlink()
    os.mkfifo(files.paths[0])
    with pytest.raises(DataError, match=r"train\.en is a pipe or device; a corpus is read more than once\."):
        FaultReader(files)


def test_a_file_name_that_is_not_utf8_can_be_shown(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path / "tr") + b"\xe9in.tsv"))
    path.write_bytes(b"a\tb\n\xff\tc\n")
    report = check_corpus({"train": PairFiles((path,))})
    assert report.parts[0].faults[0].file.endswith("tr\ufffdin.tsv")
    render_html(report).encode("utf-8")
    render_text(report).encode("utf-8")


def test_a_line_too_long_to_hold_is_found_and_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seqloom.data.faults.LONGEST_LINE", 100)
    files = parallel(tmp_path, [*GOOD[:2], ("x" * 350, "y"), *GOOD[2:]])
    with files.paths[0].open("ab") as stream:
        stream.write(b"bad \xff\n")
    with files.paths[1].open("ab") as stream:
        stream.write(b"z\n")
    part = check_corpus({"train": files}).parts[0]
    assert [(fault.kind, fault.line) for fault in part.faults] == [("line", 3), ("encoding", 6)]
    assert part.faults[1].byte == files.paths[0].read_bytes().index(b"\xff")
    assert part.pairs == 5


PLAIN = (
    b"a",
    b" ",
    b"\t",
    b"\n",
    b"\r\n",
    b"\r",
    b"\xc3\xa9",
    b"{}",
    b'"',
    b'{"source": "x", "target": "y"}',
)
FAULTY = (
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xff\xfe",
    b'{"source": "\\ud800", "target": ""}',
)
PIECES = st.sampled_from(PLAIN + FAULTY)
CONTENT = st.lists(PIECES, max_size=12).map(b"".join)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("corpus")


@given(st.sampled_from(["parallel", "tsv", "jsonl"]), CONTENT, CONTENT)
@example("parallel", b"\xef\xbb\xbf", b"")
@example("tsv", b"a\tb\n\xff\t\n", b"")
@example("parallel", b"PK\x03\x04\nb\n", b"a\nb\n")
@example("parallel", b"PK\x03\x04\xff\nb\n", b"a\nb\n")
def test_a_corpus_has_a_fault_exactly_if_the_readers_refuse_it(
    folder: Path, kind: str, first: bytes, second: bytes
) -> None:
    paths = [folder / "a", folder / "b"]
    for path, content in zip(paths, (first, second), strict=True):
        path.write_bytes(content)
    files = PairFiles(tuple(paths[: 2 if kind == "parallel" else 1]), kind)
    try:
        strict = list(files.read())
    except SeqloomError:
        strict = None
    reader = FaultReader(files)
    pairs = list(reader.pairs())
    refused = bool(reader.counts) or len(set(reader.lines)) > 1
    assert refused == (strict is None)
    if strict is not None:
        assert pairs == strict
    # Each line is spoken for, and what is left of it can be written anywhere.
    assert len(pairs) == (min(reader.lines) if kind == "parallel" else reader.lines[0])
    for text in itertools.chain.from_iterable(pair for pair in pairs if pair):
        assert text.encode("utf-8").decode("utf-8") == text


def test_a_tab_separated_line_too_long_to_hold_is_no_pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seqloom.data.faults.LONGEST_LINE", 10)
    path = tmp_path / "train.tsv"
    path.write_bytes(b"a\tb\n" + b"long\tlong\tlong\n" + b"c\td")
    reader = FaultReader(PairFiles((path,)))
    assert list(reader.pairs()) == [("a", "b"), None, ("c", "d")]
    assert [(fault.kind, fault.line) for fault in reader.faults] == [("line", 2)]


def test_chosen_columns_are_read_as_the_reader_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("go\tV;PST\twent\nrun\tV\trun\n", encoding="utf-8")
    files = PairFiles((path,), source_columns=(1, 2), target_column=3)
    assert list(FaultReader(files).pairs()) == list(files.read())
    reader = FaultReader(PairFiles((path,), source_columns=(1,), target_column=4))
    assert list(reader.pairs()) == [None, None]
    assert [fault.detail for fault in reader.faults] == ["3 columns; column 4 is read"] * 2
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"a": "x", "b": "y", "c": "z"}\n{"a": "x", "c": "z"}\n', encoding="utf-8")
    reader = FaultReader(PairFiles((lines,), source_columns=("a", "b"), target_column="c"))
    assert list(reader.pairs()) == [Pair("x\ty", "z"), None]
    assert [fault.detail for fault in reader.faults] == ["field 'b' is missing"]
