"""`classify`, `evaluate`, `inspect`, `check`, `new` and `train` for labels, as commands; and mistakes in them."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from commands import Answer, finish, start
from labelled import write_labelled

Here = Callable[..., Answer]
PNG = b"\x89PNG\r\n\x1a\n"


def test_classify_answers_each_line_with_one(labelled_runs: Mapping[str, Path]):
    run = labelled_runs["classification"]
    text = "a warm film\n\nso dull\u2028it is\n".encode()
    answer = finish(start("classify", run), text)
    assert answer.code == 0, answer.err
    assert answer.out == "good\n\nbad\n"


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "in.txt"
    path.write_text("a warm funny film\n\nthe very film\n", encoding="utf-8")
    return path


def test_probabilities_follow_the_label(
    here: Here, labelled_runs: Mapping[str, Path], texts: Path, tmp_path: Path
):
    out = tmp_path / "out" / "in.tsv"
    answer = here("classify", labelled_runs["topics"], texts, "--probabilities", "--output", out)
    assert answer.code == 0, answer.err
    both, empty, none = out.read_text(encoding="utf-8").split("\n")[:-1]
    label, *shares = both.split("\t")
    assert label == "funny|warm"
    assert sorted(share.split("=")[0] for share in shares) == ["funny", "warm"]
    assert empty == ""
    assert none.startswith("\t")
    uncalibrated = tmp_path / "uncalibrated"
    shutil.copytree(labelled_runs["topics"], uncalibrated, ignore=shutil.ignore_patterns("calibration.json"))
    all_of_them = here("classify", uncalibrated, texts, "--threshold", "0.000001").out.split("\n")
    assert all_of_them == ["funny|warm", "", "funny|warm", ""]


def test_json_says_all(here: Here, labelled_runs: Mapping[str, Path], texts: Path):
    rows = [
        json.loads(line)
        for line in here("classify", labelled_runs["classification"], texts, "--json").out.split("\n")[:-1]
    ]
    assert [row["label"] for row in rows[:2]] == ["good", ""]
    assert rows[0]["text"] == "a warm funny film"
    assert rows[0]["probability"] == max(rows[0]["probabilities"].values())
    assert len(rows) == 3


def test_tags_of_a_line_and_of_blocks(here: Here, labelled_runs: Mapping[str, Path], tmp_path: Path):
    run, lines, blocks = labelled_runs["tagging"], tmp_path / "lines.txt", tmp_path / "x.conll"
    lines.write_text("Ann lives in New York .\n\n Ben\n")
    assert here("classify", run, lines).out == "B-PER O O B-LOC I-LOC O\n\nB-PER\n"
    first = here("classify", run, lines, "--probabilities").out.split("\n")[0].split(" ")
    assert [part.split("=")[0] for part in first] == ["B-PER", "O", "O", "B-LOC", "I-LOC", "O"]
    row = json.loads(here("classify", run, lines, "--json").out.split("\n")[0])
    assert (row["tokens"][0], row["labels"][0], len(row["probabilities"])) == ("Ann", "B-PER", 6)
    blocks.write_text("\nAnn\tX\nlives\nin\n\n\nBen\n")
    assert here("classify", run, blocks, "--blocks").out == "\nAnn\tB-PER\nlives\tO\nin\tO\n\n\nBen\tB-PER\n"


def test_folders_and_records_are_labelled_as_they_are_translated(
    here: Here, labelled_runs: Mapping[str, Path], tmp_path: Path
):
    run, folder = labelled_runs["classification"], tmp_path / "texts"
    (folder / "in").mkdir(parents=True)
    (folder / "a.txt").write_text("a warm film\n\n")
    (folder / "in" / "b.txt").write_text("so dull\n")
    answer = here("classify", run, folder, "--beside", "labels")
    assert answer.code == 0, answer.err
    assert (folder / "a.txt.labels").read_text() == "good\n\n"
    assert (folder / "in" / "b.txt.labels").read_text() == "bad\n"
    assert (
        "2 results are there already and stay as they are"
        in here("classify", run, folder, "--beside", "labels").err
    )
    records = tmp_path / "new.jsonl"
    records.write_text('{"text": "a warm film", "n": 1}\n{"text": ""}\n')
    answer = here("classify", run, records, "--field", "text")
    assert answer.out == '{"text": "a warm film", "n": 1, "label": "good"}\n{"text": "", "label": ""}\n'
    assert here("classify", run, records).sentence == f"{records}:1: no field 'source'; found 'text', 'n'."
    tags = here(
        "classify", labelled_runs["tagging"], records, "--field", "text", "--into", "n", "--overwrite"
    )
    assert json.loads(tags.out.splitlines()[0]).keys() == {"text", "n"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--into", "x"], "--into names a field of JSON lines. Add --field, which says what to read."),
        (["--field", ""], "--field and --into name fields of JSON lines, and one of them is empty. Name it."),
        (
            ["--field", "text", "--probabilities"],
            "JSON lines are written as they were, with one field more. Leave out --probabilities.",
        ),
        (
            ["--overwrite"],
            "--overwrite is for results in files and in fields of JSON lines, but these go to stdout. Leave it out.",
        ),
    ],
)
def test_what_records_dont_go_with_is_refused(
    here: Here, labelled_runs: Mapping[str, Path], words: list[str], sentence: str, texts: Path
):
    answer = here("classify", labelled_runs["classification"], texts, *words)
    assert (answer.code, answer.sentence) == (2, sentence)


@pytest.mark.parametrize(
    ("kind", "words", "sentence"),
    [
        (
            "topics",
            ["--blocks"],
            "--blocks is for a tagger, but {run} gives a whole line one label. Leave it out.",
        ),
        (
            "tagging",
            ["--threshold", "0.4"],
            "--threshold is for texts that may have several labels, but {run} gives each one. Leave it out.",
        ),
        (
            "classification",
            ["--threshold", "1.5"],
            "--threshold 1.5 is no probability; expected a number between 0 and 1.",
        ),
        (
            "tagging",
            ["--json", "--blocks"],
            "--json has all that there is to say, a line a text. Leave out --blocks.",
        ),
        (
            "topics",
            ["--json", "--probabilities"],
            "--json has all that there is to say, a line a text. Leave out --probabilities.",
        ),
    ],
)
def test_options_that_don_t_go_together_are_refused(
    here: Here, labelled_runs: Mapping[str, Path], kind: str, words: list[str], sentence: str, texts: Path
):
    run = labelled_runs[kind]
    answer = here("classify", run, texts, *words)
    assert (answer.code, answer.sentence) == (2, sentence.replace("{run}", str(run)))


def test_bytes_that_are_not_utf_8_are_refused_after_the_lines_before(
    here: Here, labelled_runs: Mapping[str, Path], tmp_path: Path
):
    path = tmp_path / "x.txt"
    path.write_bytes(b"a warm film\ncaf\xe9\n")
    answer = here("classify", labelled_runs["classification"], path)
    assert (answer.code, answer.out) == (3, "good\n")
    assert answer.sentence.startswith(f"{path}:2: not UTF-8")


def test_other_verbs_name_this_one(here: Here, labelled_runs: Mapping[str, Path], texts: Path):
    run = labelled_runs["classification"]
    answer = here("translate", run, texts)
    assert answer.code == 2
    assert answer.sentence.endswith(f"is not for. Use it with: seqloom classify {run}")


def test_evaluate_tells_labels_and_confusions(here: Here, labelled_runs: Mapping[str, Path], tmp_path: Path):
    run, picture = labelled_runs["classification"], tmp_path / "c.png"
    answer = here("evaluate", run, "--confusion", picture, "--output", tmp_path / "out.txt")
    assert answer.code == 0, answer.err
    assert "test.tsv: 40 texts" in answer.out
    assert "  accuracy       100.00   exact|n:40\n" in answer.out
    assert (
        "  is, said to be  bad  good\n  bad              20     0\n  good              0    20" in answer.out
    )
    assert picture.read_bytes().startswith(PNG)
    assert len((tmp_path / "out.txt").read_text().splitlines()) == 40
    figures = json.loads(here("evaluate", labelled_runs["tagging"], "--part", "valid", "--json").out)
    assert [score["name"] for score in figures["scores"]] == ["span_f1", "token_accuracy"]
    assert figures["tokens"] > 150
    assert 0 <= figures["calibration_error"] < 0.1


@pytest.mark.parametrize(
    ("kind", "words", "code", "sentence"),
    [
        (
            "classification",
            ["--beam", "3"],
            2,
            "--beam is for models that write text; this one tells labels apart.",
        ),
        (
            "topics",
            ["--confusion", "c.png"],
            2,
            "There is no picture of confusions where a text may have several",
        ),
        ("classification", ["--confusion", "c.txt"], 2, "Can't tell the kind of picture from 'c.txt'"),
        (
            "classification",
            ["{folder}/wrong.tsv"],
            3,
            "{folder}/wrong.tsv:2: the label 'ugly' is none of the",
        ),
        ("classification", ["{folder}/none.tsv"], 3, "{folder}/none.tsv does not exist."),
        ("tagging", ["{folder}/wrong.tsv"], 3, "{folder}/wrong.tsv:1: the label 'good' is none of the"),
    ],
)
def test_what_can_t_be_evaluated_is_refused(
    here: Here,
    labelled_runs: Mapping[str, Path],
    kind: str,
    words: list[str],
    code: int,
    sentence: str,
    tmp_path: Path,
):
    (tmp_path / "wrong.tsv").write_text("a film\tgood\na film\tugly\n")
    answer = here(
        "evaluate", labelled_runs[kind], *(word.replace("{folder}", str(tmp_path)) for word in words)
    )
    assert answer.code == code
    assert answer.sentence.startswith(sentence.replace("{folder}", str(tmp_path))) or (
        sentence.replace("{folder}", str(tmp_path)) in answer.sentence
    )


def test_confusion_is_refused_for_a_translator(here: Here, tiny_run, tmp_path: Path):
    answer = here("evaluate", tiny_run.path, "--confusion", tmp_path / "c.png")
    assert (answer.code, answer.sentence) == (
        2,
        "--confusion is for classifiers and taggers; this model writes text. Leave it out.",
    )


def test_inspect_shows_what_carried_a_decision(here: Here, labelled_runs: Mapping[str, Path], tmp_path: Path):
    run = labelled_runs["classification"]
    page, picture, vectors, values = (tmp_path / f"why.{end}" for end in ("html", "png", "svg", "json"))
    files = ("--html", page, "--png", picture, "--svg", vectors, "--json", values)
    answer = here("inspect", run, "a warm <film>", *files)
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert lines[0] == "a warm <film>"
    assert lines[1].startswith("good  ")
    assert lines[3].split() == ["read", "for", "it", "weight"]
    assert any(line.split()[0] == "warm" and line.split()[1].startswith("+") for line in lines[4:-2])
    assert picture.read_bytes().startswith(PNG)
    assert "<svg" in vectors.read_text()
    text = page.read_text()
    assert "<film>" not in text
    assert "&lt;film&gt;" in text
    assert "attention pooling" in text
    assert "script-src &#x27;none&#x27;" in text
    record = json.loads(values.read_text())
    assert record["symbols"][:2] == ["a", "warm"]
    assert len(record["gradient_times_input"]) == len(record["pooling_weights"]) == len(record["symbols"])
    other = here("inspect", run, "a warm film", "--target", "bad")
    assert other.out.splitlines()[1].startswith("bad  ")
    assert "In files: seqloom inspect" in other.out


def test_inspect_shows_what_carried_each_tag(here: Here, labelled_runs: Mapping[str, Path], tmp_path: Path):
    run, page = labelled_runs["tagging"], tmp_path / "tags.html"
    answer = here("inspect", run, "Ann lives in Rome", "--html", page)
    assert answer.code == 0, answer.err
    assert "Ann/B-PER" in answer.out
    assert "Ann/B-PER" in page.read_text()
    refused = here("inspect", run, "Ann", "--target", "O")
    assert refused.sentence == (
        "--target is not for taggers: the labels that it gave are explained. Leave it out."
    )


def test_train_says_how_good_it_is_and_which_verb_comes_next(tmp_path: Path):
    config = write_labelled(tmp_path / "x", "tagging", texts=40)
    words = ("training.max_updates=4", "training.warmup_updates=1")
    answer = finish(start("train", config, *words, "--run", tmp_path / "run"))
    assert answer.code == 0, answer.err
    assert "40 training texts, 40 for validation; vocabulary" in answer.err
    assert "4 labels: 'B-LOC', 'B-PER', 'I-LOC', 'O'" in answer.err
    assert "Best on the validation data: span F1 " in answer.out
    assert f"| seqloom classify {tmp_path / 'run'}" in answer.out
    assert (tmp_path / "run" / "calibration.json").is_file()
    report = (tmp_path / "run" / "report.html").read_text()
    assert "span F1" in report
    assert "What is right" in report


@pytest.mark.parametrize("kind", ["classification", "topics", "tagging"])
def test_check_counts_labels_and_takes_them_for_no_translation(here: Here, kind: str, tmp_path: Path):
    config = write_labelled(tmp_path / "x", kind)
    answer = here("check", config)
    assert answer.code == 0, answer.err
    for wrong in ("fit badly", "the same", "unknown to the vocabulary. Enlarge", "empty side, which"):
        assert wrong not in answer.out
    part = config.parent / ("valid.conll" if kind == "tagging" else "valid.tsv")
    line = part.read_text().count("\n") + 1
    with part.open("a") as stream:
        stream.write("\nfilm\tugly\n" if kind == "tagging" else "a film\tugly\n")
    refused = here("check", config)
    assert refused.code == 3
    place = line + 1 if kind == "tagging" else line
    assert f"ERROR    valid  {part}:{place}: the label 'ugly' is none of the training data's" in refused.out


def test_check_warns_of_a_label_that_hardly_occurs(here: Here, tmp_path: Path):
    config = write_labelled(tmp_path / "x", "classification")
    with (config.parent / "train.tsv").open("a") as stream:
        stream.write("a film\tso-so\n")
    answer = here("check", config)
    assert (
        "warning  train  3 labels, from 1 times 'so-so' to 80 times 'bad'. Rare labels are hardly learnt"
        in answer.out
    )


def test_new_writes_what_the_task_s_files_look_like(here: Here, tmp_path: Path):
    write_labelled(tmp_path / "x", "tagging")
    data = tmp_path / "x" / "train.conll"
    answer = here("new", tmp_path / "mine", "--preset", "tagging-lstm", "--train", data)
    assert answer.code == 0, answer.err
    text = (tmp_path / "mine" / "config.toml").read_text()
    assert "a token, a tab and its label in each line" in text
    assert f'train = ["{data}"]' in text
    assert here("new", tmp_path / "reviews", "--preset", "classification-lstm").code == 0
    assert 'train = ["train.tsv"]' in (tmp_path / "reviews" / "config.toml").read_text()
    wrong = here(
        "new", tmp_path / "other", "--preset", "tagging-lstm", "--train", tmp_path / "mine" / "config.toml"
    )
    assert wrong.code == 3
    assert "no tab in the line; expected a token, a tab, its label" in wrong.sentence
    example = here("new", tmp_path / "example", "--example", "--preset", "classification-lstm")
    assert example.sentence == (
        "--example brings pairs to translate, which the preset classification-lstm has no use for. Leave out one of "
        "the two."
    )
