"""seqloom check: every fault is found at its place, and nothing is found where nothing is."""

import html.parser
import itertools
import re
import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seqloom.base.errors import DataError, SeqloomError, UsageError
from seqloom.data.characters import find_unusual, visible
from seqloom.data.check import CheckReport, check_corpus, render_html, render_text
from seqloom.data.check_measure import find_outliers, find_repeated, find_several_targets, find_shared
from seqloom.data.check_report import Found, Part
from seqloom.data.faults import KEPT, FaultReader
from seqloom.data.readers import PairFiles
from seqloom.text.tokenizer import train_tokenizer

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


def check(folder: Path, pairs: list[tuple[str, str]]) -> tuple[CheckReport, Part]:
    report = check_corpus({"train": parallel(folder, pairs)})
    return report, report.parts[0]


def places(found: Found) -> list[tuple[int, ...]]:
    return [shown.lines for shown in found.examples]


def sentences(report: CheckReport, level: str) -> str:
    return "\n".join(f"{v.part}: {v.sentence}. {v.mend}" for v in report.verdicts if v.level == level)


def test_a_good_corpus_is_fine(tmp_path: Path) -> None:
    report, part = check(tmp_path, GOOD)
    assert (report.exit_code, report.errors, report.warnings) == (0, (), ())
    assert part.pairs == 4
    assert part.source.lengths["characters"].total == sum(len(source) for source, _ in GOOD)
    assert part.target.lengths["words"].total == sum(len(target.split()) for _, target in GOOD)
    assert part.source.lengths["words"].counts == (0, 0, 0, 0, 0, 0, 4)
    assert part.bytes == sum(len(f"{text}\n".encode()) for pair in GOOD for text in pair)
    assert "The corpus can be used; nothing stands out." in render_text(report)


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


def test_unequal_line_counts_are_an_error_with_both_counts(tmp_path: Path) -> None:
    files = parallel(tmp_path, GOOD)
    files.paths[1].write_text("un\ndeux\ntrois", encoding="utf-8")
    report = check_corpus({"train": files})
    assert report.parts[0].file_lines == (4, 3)
    assert report.parts[0].pairs == 3
    assert f"{files.paths[0]} has 4 lines and {files.paths[1]} has 3" in sentences(report, "error")


def test_empty_sides_are_found_at_their_line(tmp_path: Path) -> None:
    report, part = check(tmp_path, [*GOOD, ("", "rien"), ("nothing", " \u3000"), ("", "")])
    assert part.empty.count == 3
    assert [(shown.lines, shown.note) for shown in part.empty.examples] == [
        ((5,), "source"),
        ((6,), "target"),
        ((7,), "source and target"),
    ]
    assert "3 (42.9 %) pairs with an empty side" in sentences(report, "warning")


def test_only_empty_sides_are_an_error(tmp_path: Path) -> None:
    report, _ = check(tmp_path, [("", "un"), ("two", "")])
    assert "all 2 pairs have an empty side" in sentences(report, "error")


def test_an_empty_corpus_is_an_error(tmp_path: Path) -> None:
    files = parallel(tmp_path, GOOD)
    for path in files.paths:
        path.write_bytes(b"")
    report = check_corpus({"train": files})
    assert report.exit_code == 3
    assert "train: no pairs" in sentences(report, "error")
    assert "no pairs" in render_html(report)


def test_duplicates_name_the_first_line_and_the_repeating_one(tmp_path: Path) -> None:
    report, part = check(tmp_path, [*GOOD, GOOD[1], GOOD[3], GOOD[1]])
    assert part.duplicates.count == 3
    assert places(part.duplicates) == [(2, 5), (4, 6), (2, 7)]
    assert part.duplicates.examples[0].source == GOOD[1][0]
    assert part.several_targets.count == 0
    assert "3 (42.9 %) pairs that stood there before" in sentences(report, "warning")


def test_a_source_with_several_targets_is_counted_once(tmp_path: Path) -> None:
    source = GOOD[0][0]
    _, part = check(tmp_path, [*GOOD, (source, "Le chat dort."), (source, "Un chat dort."), GOOD[0]])
    assert part.several_targets.count == 1
    (shown,) = part.several_targets.examples
    assert (
        len({GOOD[0][1], "Le chat dort.", "Un chat dort."} & {shown.target, shown.note.split(": ")[1]}) == 2
    )
    assert shown.note.startswith(f"line {shown.lines[0]}: ")


def test_empty_pairs_are_no_duplicates(tmp_path: Path) -> None:
    _, part = check(tmp_path, [*GOOD, ("", ""), ("", ""), ("", "x"), ("", "y")])
    assert (part.duplicates.count, part.several_targets.count) == (0, 0)


def test_a_pair_of_unlikely_lengths_is_found(tmp_path: Path) -> None:
    long = " ".join(target for _, target in GOOD)
    report, part = check(tmp_path, [*GOOD, ("Yes.", "Oui."), ("The cat sleeps.", long), *GOOD])
    assert places(part.outliers) == [(6,)]
    assert part.outliers.examples[0].note.startswith("target 5.")
    assert 0.9 < part.middle_ratio < 1.1
    assert "lengths fit badly" in sentences(report, "warning")


def test_copies_are_found(tmp_path: Path) -> None:
    report, part = check(tmp_path, [*GOOD, ("Paris", "Paris")])
    assert places(part.identical) == [(5,)]
    assert "They teach the model to copy." in sentences(report, "warning")


def test_overlap_is_found_between_all_parts(tmp_path: Path) -> None:
    other_target = (GOOD[2][0], "Le matin, nous buvons du café.")
    new = ("It is raining today.", "Il pleut aujourd'hui.")
    report = check_corpus(
        {
            "train": parallel(tmp_path, GOOD),
            "valid": parallel(tmp_path, [new, other_target], "valid"),
            "test": parallel(tmp_path, [GOOD[3], new], "test"),
        }
    )
    found = {(o.earlier, o.later): (places(o.pairs), places(o.sources)) for o in report.overlaps}
    assert found == {
        ("train", "valid"): ([], [(3, 2)]),
        ("train", "test"): ([(4, 1)], [(4, 1)]),
        ("valid", "test"): ([(1, 2)], [(1, 2)]),
    }
    assert "test: 1 (50.0 %) of its pairs also stand in train" in sentences(report, "warning")
    assert "valid: 0 of its pairs also stand in train" in sentences(report, "fine")
    assert "train line 4 = test line 1" in render_text(report)


@pytest.mark.parametrize(
    ("text", "name", "shown"),
    [
        ("a\x1b[31mb", "control characters", "U+001B"),
        ("a\u2028b", "line separators", "U+2028 (LINE SEPARATOR)"),
        ("a\x85b", "line separators", "U+0085"),
        ("a\rb", "carriage returns", "U+000D"),
        ("a\tb", "tabs", "U+0009"),
        ("a\u200bb", "invisible characters", "U+200B (ZERO WIDTH SPACE)"),
        ("a\u202eb", "direction marks", "U+202E (RIGHT-TO-LEFT OVERRIDE)"),
        ("a\ue000b", "private or unassigned characters", "U+E000"),
        ("a\ufffdb", "replacement characters", "U+FFFD (REPLACEMENT CHARACTER)"),
        ("Du cafÃ© noir", "text decoded twice", "Ã© for é"),
        ("donâ€™t", "text decoded twice", "â€™ for ’"),
        ("ÐŸÑ€Ð¸Ð²ÐµÑ‚", "text decoded twice", "ÐŸÑ€Ð¸Ð²ÐµÑ‚ for Привет"),
    ],
)
def test_unusual_characters_are_found_at_their_line(tmp_path: Path, text: str, name: str, shown: str) -> None:
    report, part = check(tmp_path, [*GOOD, (text, "rien")])
    (found,) = part.unusual
    assert (found.name, found.lines) == (name, 1)
    assert [(place.lines, place.note) for place in found.examples] == [((5,), f"source: {shown}")]
    assert f"texts contain {name}" in sentences(report, "warning")


@pytest.mark.parametrize(
    "text",
    [
        "„Viel Spaß“",
        "« café\xa0»",
        "« voilà\u202f»",
        "Ελλάδα",
        "नमस्ते\u200dजी",
        "می\u200cخواهم",
        "日本語",
        "Ø»",
        "👩\u200d👧",
        "e\u0301",
    ],
)
def test_usual_text_of_many_scripts_is_not_unusual(text: str) -> None:
    assert list(find_unusual(text)) == []


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
        "field 'en' is a int; expected text",
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


def test_a_missing_file_is_found_before_any_work(tmp_path: Path) -> None:
    good = parallel(tmp_path, GOOD)
    missing = PairFiles((tmp_path / "train.em", tmp_path / "train.fr"))
    with pytest.raises(DataError, match=r"train\.em does not exist\. Did you mean .*train\.en\?"):
        check_corpus({"train": good, "valid": missing}, on_progress=lambda *_: pytest.fail("work began"))
    with pytest.raises(DataError, match="is a folder"):
        check_corpus({"train": PairFiles((tmp_path, tmp_path))})
    with pytest.raises(UsageError, match="two parallel files or one"):
        check_corpus({"train": PairFiles(())})


def test_unknown_rate_and_too_long_under_the_vocabulary(tmp_path: Path) -> None:
    tokenizers = [train_tokenizer([pair[side] for pair in GOOD], kind="word", size=100) for side in (0, 1)]
    files = parallel(tmp_path, [*GOOD, ("The zebra sleeps.", "Le zèbre dort."), ("a " * 30, "un " * 30)])
    report = check_corpus(
        {"train": files}, source_tokenizer=tokenizers[0], target_tokenizer=tokenizers[1], max_length=20
    )
    part = report.parts[0]
    expected = sum(
        ids.count(1) for ids in tokenizers[0].encode_many(files.paths[0].read_text("utf-8").splitlines())
    )
    assert part.source.unknown == expected > 0
    assert part.target.unknown > 0
    assert report.vocabulary_sizes == tuple(map(len, tokenizers))
    assert places(part.too_long) == [(6,)]
    assert "of the source symbols unknown to the vocabulary" in sentences(report, "warning")
    assert "longer than 20 symbols" in sentences(report, "warning")
    assert "source symbols" in render_text(report)


def test_progress_is_told_by_part(tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    parts = {"train": parallel(tmp_path, GOOD), "test": parallel(tmp_path, GOOD[:1], "test")}
    check_corpus(parts, on_progress=lambda name, lines: told.append((name, lines)))
    assert told == [("train", 4), ("test", 1)]


class Page(html.parser.HTMLParser):
    """Checks that tags are closed in order; gathers texts and what would be fetched."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.outside: list[str] = []
        self.texts = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.outside += [f"{tag} {name}" for name, _ in attrs if name in {"src", "href", "onload", "onerror"}]
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts += data


def test_the_page_is_whole_escaped_and_needs_nothing_outside(tmp_path: Path) -> None:
    hostile = '<script>alert("x")</script><img src=x onerror=y>'
    files = parallel(tmp_path, [*GOOD, (hostile, hostile), ("", hostile)])
    with files.paths[0].open("ab") as stream:
        stream.write(b"<b>\xff\nsurplus\n")
    with files.paths[1].open("ab") as stream:
        stream.write("\u202ertl\n".encode())
    report = check_corpus({"<i>train</i>": files})
    page = render_html(report, title="<u>Mine</u>")
    read = Page(page)
    assert read.open == []
    assert read.outside == []
    assert not read.tags & {"script", "img", "b", "i>train", "u", "link"}
    assert hostile in read.texts
    assert "‹U+202E›rtl" in read.texts
    assert "\u202e" not in page
    assert "url(" not in page
    assert "@import" not in page


def test_the_table_shows_no_control_character_of_the_corpus(tmp_path: Path) -> None:
    report, _ = check(tmp_path, [*GOOD, ("\x1b[31mred\x07\r", "\u202erouge\x9b")])
    assert set(re.findall(r"[\x00-\x1f\x7f-\x9f\u202e]", render_text(report))) == {"\n"}


def test_a_histogram_counts_every_line(tmp_path: Path) -> None:
    pairs = [(" ".join("a" * n), " ".join("b" * (n % 7 + 1))) for n in (*range(1, 120), 4_000)]
    report, _ = check(tmp_path, pairs)
    shown = re.search(r"train: lines by length in words.*\n((?:  .*\n)+)", render_text(report))
    assert shown
    counts = [int(line.split()[-1].replace(",", "")) for line in shown.group(1).splitlines()]
    assert sum(counts[0::2]) == sum(counts[1::2]) == len(pairs)


def test_visible_cuts_and_shows() -> None:
    assert visible("a\u200bb\nc") == "a‹U+200B›b‹U+000A›c"
    assert visible("x" * 200, 10) == "x" * 9 + "…"


small = st.integers(0, 5).map(np.uint64)


@given(st.lists(st.tuples(small, small), max_size=30), st.integers(1, 4))
def test_sorted_search_finds_what_a_dictionary_finds(rows: list[tuple[int, int]], keep: int) -> None:
    """The digests, 0 meaning none, against the obvious way."""
    rows = [(0, 0) if 0 in row else row for row in rows]
    rows = [(source, source * 10 + pair) for source, pair in rows]
    sources, pairs = (np.array([row[i] for row in rows], dtype=np.uint64) for i in (0, 1))
    first: dict[int, int] = {}
    repeated = [
        (first[p] + 1, i + 1) for i, p in enumerate(pairs.tolist()) if p and first.setdefault(p, i) != i
    ]
    found = find_repeated(pairs, keep)
    assert (found.count, [lines for lines, _ in found.places]) == (len(repeated), repeated[:keep])
    several = {s for s in sources.tolist() if s and len(set(pairs[sources == s].tolist())) > 1}
    tally = find_several_targets(sources, pairs, keep)
    assert tally.count == len(several)
    assert len(tally.places) == min(keep, len(several))
    for (a, b), _ in tally.places:
        assert sources[a - 1] == sources[b - 1]
        assert pairs[a - 1] != pairs[b - 1]
        assert a < b


@given(st.lists(small, max_size=12), st.lists(small, max_size=12))
def test_shared_digests_are_those_of_both_parts(earlier: list[int], later: list[int]) -> None:
    found = find_shared(np.array(earlier, dtype=np.uint64), np.array(later, dtype=np.uint64), 20)
    expected = [(earlier.index(d) + 1, i + 1) for i, d in enumerate(later) if d and d in earlier]
    assert [lines for lines, _ in found.places] == expected
    assert found.count == len(expected)


def test_outliers_are_worst_first_and_empty_pairs_are_left_out() -> None:
    ratios = np.array([1.0, np.nan, 1.1, 0.9, 9.0, 0.05, 1.0], dtype=np.float32)
    middle, tally = find_outliers(ratios, 1)
    assert middle == pytest.approx(1.0)
    assert (tally.count, [lines for lines, _ in tally.places]) == (2, [(6,)])
    assert find_outliers(np.array([np.nan], dtype=np.float32), 5)[1].count == 0


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


@given(st.text(alphabet=string.printable + "éß“»\xa0Ãâ€\u200b\x85漢字", max_size=40))
def test_text_that_is_damaged_by_decoding_twice_is_seen(text: str) -> None:
    """é written as UTF-8 and read as Latin-1 is seen wherever it stands."""
    damaged = text + " " + "é".encode().decode("latin-1")
    assert any(found.kind.name == "text decoded twice" for found in find_unusual(damaged))
