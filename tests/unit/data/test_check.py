"""seqloom check: each finding at its place, and nothing found where nothing is."""

from pathlib import Path

import pytest

from seqloom.base.errors import DataError, UsageError
from seqloom.data.check import CheckReport, check_corpus, render_html, render_text
from seqloom.data.check_report import Found, Part
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


def test_a_corpus_that_gives_no_vocabulary_can_t_be_used(tmp_path: Path) -> None:
    files = {"train": parallel(tmp_path, GOOD)}
    report = check_corpus(files, unlearnt="There is too little text.")
    assert report.exit_code == 3
    assert "train: no vocabulary can be learnt: There is too little text. " in sentences(report, "error")
    assert "The corpus can't be used as it is: 1 error, 0 warnings." in render_text(report)
    files["train"].paths[1].write_text("un\n", encoding="utf-8")
    (why,) = check_corpus(files, unlearnt="There is too little text.").errors
    assert "has 4 lines and" in why.sentence  # which explains the other


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
        ((5,), "source empty"),
        ((6,), "target empty"),
        ((7,), "source and target empty"),
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
    summaries = check_corpus(
        {"train": parallel(tmp_path, [("Yes.", "Oui."), ("The cat sleeps.", long), *GOOD])}, alike=False
    )
    assert summaries.parts[0].outliers.count == 0
    assert all("lengths" not in verdict.sentence for verdict in summaries.verdicts)


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
    copying = check_corpus(
        {"train": files}, source_tokenizer=tokenizers[0], target_tokenizer=tokenizers[1], copying=True
    )
    assert "of the source symbols unknown to the vocabulary, to be copied" in sentences(copying, "fine")
    assert "unknown" not in sentences(copying, "warning")


def test_a_vocabulary_too_large_for_the_training_data_is_found(tmp_path: Path) -> None:
    tokenizers = [train_tokenizer([pair[side] for pair in GOOD], kind="word", size=100) for side in (0, 1)]

    def level(pairs: list[tuple[str, str]], name: str) -> list[str]:
        report = check_corpus(
            {name: parallel(tmp_path, pairs)}, source_tokenizer=tokenizers[0], target_tokenizer=tokenizers[1]
        )
        return [v.level for v in report.verdicts if "a symbol of the vocabulary of" in v.sentence]

    assert level(GOOD, "train") == ["warning"]
    assert level(GOOD * 30, "train") == ["fine"]
    assert level(GOOD, "valid") == []  # nothing is learnt from that


def test_progress_is_told_by_part(tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    parts = {"train": parallel(tmp_path, GOOD), "test": parallel(tmp_path, GOOD[:1], "test")}
    check_corpus(parts, on_progress=lambda name, lines: told.append((name, lines)))
    assert told == [("train", 4), ("test", 1)]


def test_the_size_of_the_pieces_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [*GOOD, ("", "x"), GOOD[0], ("a\tb", "c"), (GOOD[1][0], "Un chien court.")] * 3
    whole, _ = check(tmp_path, pairs)
    monkeypatch.setattr("seqloom.data.check_measure.PAIRS_AT_A_TIME", 5)
    told: list[int] = []
    pieces = check_corpus(
        {"train": parallel(tmp_path, pairs)}, on_progress=lambda _, lines: told.append(lines)
    )
    assert pieces == whole
    assert told == [5, 10, 15, 20, 24]
    monkeypatch.setattr("seqloom.data.check_measure.CHARACTERS_AT_A_TIME", 1)
    assert check_corpus({"train": parallel(tmp_path, pairs)}) == whole
