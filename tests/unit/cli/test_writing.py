"""What `translate` and `summarize` share: many files at once, documents, fields of JSON lines, and their mistakes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import Answer, Project, finish, start

Here = Callable[..., Answer]
BODIES = ("one two Xyzzy three", "red cat\nred dog, red cat", "", "dog dog dog dog dog dog dog dog dog dog")


@pytest.fixture(scope="session")
def summarizer(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A run of 20 updates that copies, over JSON lines, trained by the verb itself. Look, don't touch."""
    folder = tmp_path_factory.mktemp("summaries") / "mails"
    folder.mkdir()
    words = ("one", "two", "three", "red", "cat", "dog")
    for part, first, last in (("train", 0, 120), ("valid", 120, 130)):
        rows = [[words[(n // 6**place) % 6] for place in range(4)] for n in range(first, last)]
        lines = [
            json.dumps({"body": "\n".join(row), "subject": row[0], "other": [row[1], f"Name{number}"]})
            for number, row in enumerate(rows)
        ]
        (folder / f"{part}.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "config.toml").write_text(
        """\
preset = "summarization-gru"

[data]
train = "train.jsonl"
valid = "valid.jsonl"
source_field = "body"
target_field = "subject"
max_length = 8

[model]
width = 16
encoder = {hidden = 16}
decoder = {hidden = 16}

[training]
max_epochs = "none"
max_updates = 20
validate_every = 10
batch_tokens = 200
warmup_updates = 2
learning_rate = 0.01
threads = 1
"""
    )
    answer = finish(start("train", folder, "--run", folder.parent / "run"))
    assert answer.code == 0, answer.err
    return Project(folder, folder.parent / "run", answer)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """A folder of texts, one within another folder."""
    (tmp_path / "texts" / "in").mkdir(parents=True)
    (tmp_path / "texts" / "a.en").write_text("one red cat\ntwo dog\n")
    (tmp_path / "texts" / "in" / "b.en").write_text("red\n")
    return tmp_path / "texts"


def files(folder: Path) -> dict[str, int]:
    """The files below a folder, each with the number of its lines."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes().count(b"\n") for path in found}


# Many files


def test_a_folders_results_lie_beside_its_files_and_stay(here: Here, trained: Project, texts: Path) -> None:
    command = ("translate", trained.run, texts, "--beside", "fr")
    answer = here(*command)
    assert answer.code == 0, answer.err
    assert answer.out == ""
    assert files(texts) == {"a.en": 2, "a.en.fr": 2, "in/b.en": 1, "in/b.en.fr": 1}
    alone = here("translate", trained.run, texts / "a.en")
    assert (texts / "a.en.fr").read_text() == alone.out
    (texts / "a.en.fr").write_text("mine\n")
    (texts / "c.en").write_text("two cat\n")
    again = here(*command)
    assert again.code == 0
    assert "2 results are there already and stay as they are" in again.err
    assert files(texts)["c.en.fr"] == 1
    assert (texts / "a.en.fr").read_text() == "mine\n"
    assert here(*command, "--overwrite").code == 0
    assert (texts / "a.en.fr").read_text() == alone.out
    done = here(*command)
    assert (done.code, done.out) == (0, "")
    assert "3 results are there already" in done.err


def test_what_is_drawn_for_a_file_doesnt_depend_on_the_others(
    here: Here, trained: Project, texts: Path
) -> None:
    (texts / "a.en").write_text("one red cat\n" * 20)
    (texts / "in" / "b.en").write_text("two dog\n" * 20)
    command = ("translate", trained.run, texts, "--beside", "fr", "--sample", "--seed", 3)
    assert here(*command).code == 0
    result = texts / "in" / "b.en.fr"
    drawn = result.read_text()
    assert len(set(drawn.splitlines())) > 1
    result.unlink()
    assert here(*command).code == 0
    assert result.read_text() == drawn
    alone = here("translate", trained.run, texts / "in" / "b.en", "--sample", "--seed", 3)
    assert alone.out == drawn


def test_a_folder_is_mirrored_in_another(here: Here, trained: Project, texts: Path) -> None:
    out = texts.parent / "out"
    assert here("translate", trained.run, texts, "--output", out).code == 0
    assert files(out) == {"a.en": 2, "in/b.en": 1}
    few = texts.parent / "few"
    assert here("translate", trained.run, texts / "in" / "*.en", "--output", few).code == 0
    assert files(few) == {"b.en": 1}


def test_a_broken_file_leaves_the_others_to_be_done(here: Here, trained: Project, texts: Path) -> None:
    (texts / "broken.en").write_bytes(b"one\n\xff\n")
    answer = here("translate", trained.run, texts, "--beside", "fr")
    assert answer.code == 3
    assert "broken.en:2: not UTF-8" in answer.err
    assert answer.err.splitlines()[-1] == (
        "seqloom: 1 of 3 files could not be used, as said above; the others are done."
    )
    assert files(texts)["a.en.fr"] == 2
    assert files(texts)["in/b.en.fr"] == 1
    assert not (texts / "broken.en.fr").exists()


# Documents


def test_a_document_keeps_all_that_is_no_sentence(here: Here, trained: Project, texts: Path) -> None:
    (texts / "a.en").write_bytes(b"  One red cat. Two dog!\r\n\n-----\nred  cat\n\n\tthree")
    answer = here("translate", trained.run, texts / "a.en", "--document", "--output", texts / "a.fr")
    assert answer.code == 0, answer.err
    sentences = ["One red cat.", "Two dog!", "red  cat", "three"]
    (texts / "s.en").write_text("\n".join(sentences) + "\n")
    one, two, three, four = here("translate", trained.run, texts / "s.en").out.split("\n")[:-1]
    expected = f"  {one} {two}\r\n\n-----\n{three}\n\n\t{four}"
    assert (texts / "a.fr").read_bytes().decode() == expected


def test_wrapped_lines_are_one_sentence(here: Here, trained: Project, texts: Path) -> None:
    (texts / "a.en").write_text("one red\ncat\n\ntwo dog\n")
    answer = here("translate", trained.run, texts / "a.en", "--document", "--wrapped")
    (texts / "s.en").write_text("one red cat\ntwo dog\n")
    one, two = here("translate", trained.run, texts / "s.en").out.split("\n")[:-1]
    assert answer.out == f"{one}\n\n{two}\n"


# Fields of JSON lines


def test_records_get_a_field_more(here: Here, summarizer: Project, tmp_path: Path) -> None:
    rows = [{"n": n, "body": body} for n, body in enumerate(BODIES)]
    (tmp_path / "new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    answer = here("summarize", summarizer.run, tmp_path / "new.jsonl", "--beside", "done")
    assert answer.code == 0, answer.err
    assert f"{tmp_path / 'new.jsonl'}:4: it has 10 symbols; only the first 8 were read" in answer.err
    found = [json.loads(line) for line in (tmp_path / "new.done.jsonl").read_text().splitlines()]
    assert [{**row, "summary": new["summary"]} for row, new in zip(rows, found, strict=True)] == found
    assert found[2]["summary"] == ""
    assert "<unk>" not in json.dumps(found)
    named = here(
        "summarize", summarizer.run, tmp_path / "new.jsonl", "--field", "body", "--into", "short"
    ).out.splitlines()
    assert [json.loads(line)["short"] for line in named] == [row["summary"] for row in found]
    (tmp_path / "lines.txt").write_text("".join(body.replace("\n", " ") + "\n" for body in BODIES))
    lines = here("summarize", summarizer.run, tmp_path / "lines.txt").out.split("\n")[:-1]
    assert lines == [row["summary"] for row in found]


def test_a_file_is_one_text_to_summarize(here: Here, summarizer: Project, tmp_path: Path) -> None:
    (tmp_path / "mails").mkdir()
    for number, body in enumerate(BODIES[:2]):
        (tmp_path / "mails" / f"{number}.txt").write_text(body)
    answer = here("summarize", summarizer.run, tmp_path / "mails", "--document", "--beside", "summary")
    assert answer.code == 0, answer.err
    assert files(tmp_path / "mails") == {
        "0.txt": 0,
        "0.txt.summary": 1,
        "1.txt": 1,
        "1.txt.summary": 1,
    }


def test_evaluate_compares_with_one_reference_or_several(here: Here, summarizer: Project) -> None:
    one = here("evaluate", summarizer.run, "--json")
    assert one.code == 0, one.err
    scores = json.loads(one.out)["scores"]
    assert [score["name"] for score in scores] == ["rouge1", "rouge2", "rougeL"]
    assert scores[0]["signature"].startswith("nrefs:1|agg:mean|tok:rouge-score|stem:porter")
    several = here("evaluate", summarizer.run, "--json", "--reference", "subject", "--reference", "other")
    assert several.code == 0, several.err
    better = json.loads(several.out)["scores"]
    assert better[0]["signature"].startswith("nrefs:3|agg:mean|refs:best|")
    assert better[0]["value"] >= scores[0]["value"]
    shown = here("evaluate", summarizer.run)
    assert [line.split()[0] for line in shown.out.splitlines()[1:4]] == ["ROUGE-1", "ROUGE-2", "ROUGE-L"]
    wrong = here("evaluate", summarizer.run, "--reference", "subjet")
    assert wrong.code == 3
    assert wrong.sentence.endswith(
        "valid.jsonl:1: no field 'subjet'; found 'body', 'subject', 'other'. Did you mean 'subject'?"
    )


def test_training_says_what_was_cut_and_how_good_it_is(summarizer: Project) -> None:
    said = summarizer.answer
    assert "ROUGE-1" in said.out
    assert "ROUGE-L" in said.out
    assert "| seqloom summarize " in said.out
    rows = [json.loads(line) for line in (summarizer.run / "metrics.jsonl").read_text().splitlines()]
    measured = [row for row in rows if row["event"] == "validation"]
    assert all({"rouge1", "rouge2", "rougeL"} <= row.keys() for row in measured)


# Mistakes


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--beside", "fr", "-o", "x"], "--beside and --output each say where results go. Leave out one."),
        (["--beside", "."], '--beside "." is no suffix; expected one as in --beside de.'),
        (["--beside", "a/b"], '--beside "a/b" is no suffix; expected one as in --beside de.'),
        (
            ["--document", "--json"],
            "--document writes the text as it was, in other words. Leave out --scores, --json and --prefix.",
        ),
        (["--wrapped"], "--wrapped is for --document, where sentences are looked for. Leave it out."),
        (["--language", "en"], "--language is for --document, where sentences are looked for. Leave it out."),
        (
            ["--document", "--language", "English"],
            '--language "English" is no code of a language; expected two or three letters, as in en.',
        ),
        (
            ["--field", "body", "--scores"],
            "JSON lines are written as they were, with one field more. Leave out --scores.",
        ),
        (
            ["--field", "body", "--wrapped", "--document"],
            "--wrapped is for files of text, not for JSON lines. Leave it out.",
        ),
        (["--field", ""], "--field and --into name fields of JSON lines, and one of them is empty. Name it."),
        (
            ["--overwrite"],
            "--overwrite is for results in files and in fields of JSON lines, but these go to stdout. Leave it out.",
        ),
        (
            ["--overwrite", "--output", "new.fr"],
            "--overwrite is for many results and for fields of JSON lines; --output new.fr is one file, which is "
            "written anew in any case. Leave it out.",
        ),
        (["--into", "x"], "--into names a field of JSON lines. Add --field, which says what to read."),
    ],
)
def test_options_that_dont_go_together(
    options: list[str], sentence: str, here: Here, trained: Project, texts: Path
) -> None:
    answer = here("translate", trained.run, texts / "a.en", *options)
    assert (answer.code, answer.out) == (2, "")
    assert answer.sentence == sentence


def test_mistakes_with_places(here: Here, trained: Project, texts: Path) -> None:
    for words, code, sentence in (
        (["--beside", "fr"], 2, "--beside is for files. Name them."),
        (
            [texts],
            2,
            "Folders and patterns are for many files at once: say where their results go, by --beside SUFFIX or "
            "--output FOLDER.",
        ),
        (
            [texts, "-o", texts / "a.en"],
            2,
            f"--output {texts / 'a.en'} is a file, but a folder is read. Name a folder for the results.",
        ),
        (
            ["-o", texts],
            2,
            f"--output {texts} is a folder, but stdin has no name to write by. Name a file.",
        ),
        (
            ["-", "--beside", "fr"],
            2,
            '"-" is stdin, which has no name to write a result by. Name files and folders only.',
        ),
        (
            [texts / "*.de", "--beside", "fr"],
            3,
            f"No file fits {texts / '*.de'}. Name a folder or a pattern with files.",
        ),
        (
            [texts / "a.em", "--beside", "fr"],
            3,
            f"{texts / 'a.em'} does not exist. Did you mean {texts / 'a.en'}?",
        ),
        (
            [texts / "a.en", texts / "x.jsonl"],
            3,
            f"{texts / 'x.jsonl'} does not exist.",
        ),
    ):
        answer = here("translate", trained.run, *words)
        assert answer.code == code, answer.err
        assert answer.sentence == sentence


def test_records_and_lines_are_read_apart(here: Here, trained: Project, texts: Path) -> None:
    (texts / "x.jsonl").write_text('{"text": "one"}\n')
    answer = here("translate", trained.run, texts / "a.en", texts / "x.jsonl")
    assert answer.code == 2
    assert answer.sentence == (
        "Some of the files are JSON lines by their names and some are not. Read them apart."
    )
    answer = here("translate", trained.run, texts / "x.jsonl")
    assert answer.code == 3
    assert answer.sentence == f"{texts / 'x.jsonl'}:1: no field 'source'; found 'text'."


def test_a_run_of_another_kind(here: Here, trained: Project, summarizer: Project) -> None:
    for verb, run, task, other in (
        ("translate", summarizer.run, "summarization", "summarize"),
        ("summarize", trained.run, "translation", "translate"),
    ):
        answer = here(verb, run)
        assert answer.code == 2
        assert answer.sentence == (
            f'{run} was trained for task = "{task}", which `seqloom {verb}` is not for. '
            f"Use it with: seqloom {other} {run}"
        )


def test_what_a_prefix_has_that_the_model_cant_write_is_said(
    here: Here, trained: Project, texts: Path
) -> None:
    answer = here("translate", trained.run, texts / "a.en", "--prefix", "un zzz", "--beam", 1)
    assert (answer.code, answer.err) == (
        0, "seqloom: the prefix has a symbol that the model has never seen\n",
    )  # fmt: skip
    assert here("translate", trained.run, texts / "a.en", "--prefix", "un", "--beam", 1).err == ""
