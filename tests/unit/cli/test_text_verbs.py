"""Each verb on a language model, as a process: new, check, train, generate, score, evaluate, and what isn't for it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import Answer, Project, finish, several, start
from text_models import TEXT
from text_runs import write_text_project

Here = Callable[..., Answer]


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A run trained by the verb. Look, don't touch."""
    root = tmp_path_factory.mktemp("text")
    config = write_text_project(root / "plays")
    answer = finish(start("train", config, cwd=root))
    return Project(root / "plays", root / "runs" / "plays", answer)


@pytest.fixture(scope="module")
def answers(writer: Project, trained: Project) -> dict[str, Answer]:
    """The commands of this file, in one process."""
    run, text = writer.run, writer.folder / "text.txt"
    commands: dict[str, tuple[object, ...]] = {
        "generate": ("generate", run, "--prompt", "To be", "--symbols", 60, "--seed", 3),
        "again": ("generate", run, "--prompt", "To be", "--symbols", 60, "--seed", 3, "--no-echo"),
        "stopped": (
            "generate",
            run,
            "--prompt",
            "To be",
            "--symbols",
            400,
            "--seed",
            3,
            "--no-echo",
            "--stop",
            "\n",
        ),
        "likely": ("generate", run, "--top-k", 1, "--symbols", 9, "--repetition-penalty", 1.3),
        "json": ("generate", run, "--prompt", "Or", "--symbols", 20, "--samples", 2, "--json"),
        "samples": ("generate", run, "--prompt-file", text, "--symbols", 20, "--samples", 2, "--no-echo"),
        "unknown": ("generate", run, "--prompt", "日本", "--symbols", 5),
        "score": ("score", run, text),
        "separate": ("score", run, text, "--separate", "--total"),
        "scored": ("score", run, text, "--json"),
        "evaluate": ("evaluate", run),
        "figures": ("evaluate", run, "--json"),
        "file": ("evaluate", run, text, "--json"),
        "two files": ("evaluate", run, text, text, "--json"),
        "two scored": ("score", run, text, text, "--json", "--total"),
        "check": ("check", writer.config),
        "translate": ("translate", run),
        "inspect": ("inspect", run, "To be", "--show", "words"),
        "no attention": ("inspect", run, "To be"),
        "other": ("generate", trained.run),
        "other score": ("score", trained.run, text),
        "beam": ("evaluate", run, "--beam", 3),
        "output": ("evaluate", run, "--output", "out.txt"),
        "reference": ("evaluate", run, "--reference", "text"),
        "confusion": ("evaluate", run, "--confusion", "c.png"),
        "ensemble": ("evaluate", run, "--ensemble", run),
        "temperature": ("generate", run, "--temperature", 0),
        "no temperature": ("generate", run, "--temperature", "nan"),
        "no stop": ("generate", run, "--stop", ""),
        "no echo": ("generate", run, "--json", "--no-echo"),
        "field": ("new", writer.folder / "x", "--preset", "generation-lstm", "--source-field", "text"),
        "two prompts": ("generate", run, "--prompt", "a", "--prompt-file", text),
        "window": ("generate", run, "--repetition-window", 3),
        "missing": ("score", run, "nowhere.txt"),
        "no test": ("evaluate", run, "--part", "test"),
        "page": ("check", writer.config, "--html", "page.html"),
    }
    return dict(zip(commands, several(*commands.values()), strict=True))


def test_training_says_what_to_type_next(writer: Project) -> None:
    answer = writer.answer
    assert answer.code == 0, answer.err
    assert "runs/plays is trained: 30 updates." in answer.out
    assert "Best on the validation data: bits a character " in answer.out
    assert "  seqloom generate runs/plays --prompt " in answer.out
    assert "  seqloom evaluate runs/plays" in answer.out
    assert "translate" not in answer.out
    report = (writer.run / "report.html").read_text()
    assert "bits a character" in report
    assert "BLEU" not in report


def test_generate_writes_the_prompt_and_what_follows(answers: dict[str, Answer]) -> None:
    answer = answers["generate"]
    assert answer.code == 0, answer.err
    assert answer.out.startswith("To be")
    assert answer.out == "To be" + answers["again"].out
    assert len(answers["again"].out.rstrip("\n")) <= 60
    assert answers["stopped"].out == answers["again"].out.partition("\n")[0] + "\n"
    assert answers["likely"].code == 0


def test_inspect_says_what_is_given_and_what_goes_on(answers: dict[str, Answer]) -> None:
    answer = answers["inspect"]
    assert answer.code == 0, answer.err
    rows = [line.split() for line in answer.out.splitlines()]
    begun = next(place for place, row in enumerate(rows) if row[:1] == ["read"])
    assert [row[0] for row in rows[begun + 1 : begun + 7]] == ["T", "o", "▁", "b", "e", "and"]
    assert answer.out.splitlines()[0] == "To be"


def test_several_samples_differ(answers: dict[str, Answer]) -> None:
    rows = [json.loads(line) for line in answers["json"].out.splitlines()]
    assert [(row["prompt"], row["number"], row["seed"]) for row in rows] == [("Or", 0, 0), ("Or", 1, 0)]
    assert rows[0]["text"] != rows[1]["text"]
    first, dashes, second = answers["samples"].out.partition("-" * 20 + "\n")
    assert dashes
    assert first != second


def test_what_the_model_has_never_seen_is_said(answers: dict[str, Answer]) -> None:
    assert answers["unknown"].code == 0
    assert answers["unknown"].err == "seqloom: the prompt has 2 symbols that the model has never seen\n"


def test_score_gives_a_line_for_each_line_and_the_whole(answers: dict[str, Answer]) -> None:
    answer = answers["score"]
    assert answer.code == 0, answer.err
    rows = [line.split("\t") for line in answer.out.split("\n")[:-1]]
    assert [row[3] for row in rows] == (TEXT * 12).split("\n")[:-1]
    nats = [float(row[0]) * (len(row[3]) + 1) for row in rows]
    symbols = sum(len(row[3]) + 1 for row in rows)
    shown = dict(line.strip().rsplit(maxsplit=1) for line in answer.err.splitlines()[:3])
    assert float(shown["nats a token"]) == pytest.approx(sum(nats) / symbols, abs=1e-3)
    assert (
        f"60 lines, {symbols:,} tokens, {symbols:,} characters; each symbol after all those before it"
        in answer.err
    )
    assert "each line on its own" in answers["separate"].out
    assert answers["separate"].err == ""
    objects = [json.loads(line) for line in answers["scored"].out.split("\n")[:-1]]
    assert len(objects) == 61
    assert objects[-1]["total"]
    assert objects[-1]["nats"] == pytest.approx(sum(row["nats"] for row in objects[:-1]))


def test_evaluate_scores_what_was_held_out(answers: dict[str, Answer]) -> None:
    answer = answers["evaluate"]
    assert answer.code == 0, answer.err
    assert "text.txt, its last 0.2\n" in answer.out
    assert "bits a character" in answer.out
    held, whole = (json.loads(answers[name].out) for name in ("figures", "file"))
    assert held["part"] == [0.8, 1.0]
    assert whole["part"] == [0.0, 1.0]
    assert held["tokens"] < 0.25 * whole["tokens"]
    assert held["lines"] == 11
    assert held["context"] == "each symbol after all those before it, the state carried on"


def test_evaluate_and_score_begin_anew_in_each_file(answers: dict[str, Answer]) -> None:
    one, two, scored = (json.loads(answers[name].out) for name in ("file", "two files", "two scored"))
    assert two["nats"] == pytest.approx(2 * one["nats"])
    assert {key: two[key] for key in scored.keys() & two.keys()} == pytest.approx(
        {key: scored[key] for key in scored.keys() & two.keys()}
    )


def test_check_counts_and_finds_what_was_learnt(answers: dict[str, Answer]) -> None:
    answer = answers["check"]
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[0].split() == ["train", "valid"]
    assert "of them empty" in answer.out
    assert (
        "warning: valid: 9 of its 9 lines of 30 characters and more stand in the training text too"
        in answer.out
    )


@pytest.mark.parametrize(
    ("name", "code", "sentence"),
    [
        ("translate", 2, '{run} was trained for task = "generation", which `seqloom translate` is not for. '
         "Use it with: seqloom generate {run}"),
        ("no attention", 2, "This model has no attention to look at: all that it knows of a text is the state of its "
         "recurrent layers. Look at its gates instead: --show gates."),
        ("other", 2, '{other} was trained for task = "translation", which `seqloom generate` is not for. '
         "Use it with: seqloom translate {other}"),
        ("other score", 2, '{other} was trained for task = "translation", which `seqloom score` is not for. '
         "Use it with: seqloom translate {other}"),
        ("beam", 2, "--beam is for models that write text; this one is asked how likely a text is. Leave it out."),
        ("output", 2, "--output is for models that write text or labels; this one is asked how likely a text is. "
         "Leave it out."),
        ("reference", 2, "--reference is for JSON lines of texts, which this task doesn't read. Leave it out."),
        ("confusion", 2, "--confusion is for classifiers and taggers; this model is asked how likely a text is. "
         "Leave it out."),
        ("ensemble", 2, "--ensemble is for runs that decide together, which those of this task don't. Leave it out."),
        ("temperature", 2, "--temperature 0 is out of range; expected more than 0. For the likeliest symbol each time "
         "give --top-k 1."),
        ("no temperature", 2, "--temperature nan is out of range; expected more than 0. For the likeliest symbol each "
         "time give --top-k 1."),
        ("no stop", 2, "--stop is empty; expected the text before which to end."),
        ("no echo", 2, "--json has the prompt in a field of its own. Leave out --no-echo."),
        ("field", 2, "--source-field and --target-field are for pairs in JSON lines (.jsonl), and none are read. Leave "
         "them out."),
        ("two prompts", 2, "--prompt and --prompt-file are two beginnings. Leave out one."),
        ("window", 2, "--repetition-window is for a --repetition-penalty above 1. Add it, or leave both out."),
        ("missing", 3, "nowhere.txt does not exist."),
        ("no test", 2, "{run}/config.toml names no data.test. Name the text: seqloom evaluate {run} FILE"),
        ("page", 2, "--html is for corpora of pairs of texts; what is said of others is short. Leave it out."),
    ],
)  # fmt: skip
def test_mistakes(
    answers: dict[str, Answer], writer: Project, trained: Project, name: str, code: int, sentence: str
) -> None:
    assert answers[name].code == code
    assert answers[name].sentence == sentence.format(run=writer.run, other=trained.run)
    assert answers[name].out == ""


def test_generate_streams_into_a_pipe_that_may_close(writer: Project) -> None:
    with start("generate", writer.run, "--symbols", 100_000_000, "--temperature", 1.2) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.read(200)
        process.stdout.close()
        assert len(first) == 200
        assert process.wait(timeout=60) == 141
        assert process.stderr.read() == b""


def test_score_reads_stdin(writer: Project) -> None:
    answer = finish(start("score", writer.run), b"To be\n\nOr not")
    assert answer.code == 0, answer.err
    assert [line.split("\t")[3] for line in answer.out.split("\n")[:-1]] == ["To be", "", "Or not"]
    empty = finish(start("score", writer.run), b"")
    assert empty.code == 3
    assert empty.sentence == "There is no line to be scored. Give text that isn't empty."


def test_score_answers_a_line_before_the_next_is_typed(writer: Project, tmp_path: Path) -> None:
    typed = ["To be", "", "Or not"]
    (tmp_path / "text.txt").write_text("\n".join(typed))
    at_once = finish(start("score", writer.run, tmp_path / "text.txt"))
    with start("score", writer.run) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line, expected in zip(typed, at_once.out.splitlines(), strict=True):
            process.stdin.write(f"{line}\n".encode())
            process.stdin.flush()
            assert process.stdout.readline().decode() == f"{expected}\n"
        _, said = process.communicate(timeout=60)
    assert said.decode() == at_once.err


def test_a_new_project_of_text_trains_as_it_is(tmp_path: Path, here: Here) -> None:
    text = tmp_path / "my text.txt"
    text.write_text(TEXT * 8)
    answer = here("new", tmp_path / "mine", "--preset", "generation-lstm", "--train", text)
    assert answer.code == 0, answer.err
    written = (tmp_path / "mine" / "config.toml").read_text()
    assert "held_out = 0.1" in written
    assert here("check", tmp_path / "mine").code == 0
    answer = here(
        *("train", tmp_path / "mine", "--run", tmp_path / "run", "training.max_updates=3", "model.width=8"),
        *(
            "model.decoder.hidden=8",
            "training.kernels=none",
            "training.device=cpu",
            "training.batch_tokens=256",
        ),
    )
    assert answer.code == 0, answer.err
    answer = here("new", tmp_path / "empty", "--preset", "generation-transformer")
    assert 'train = ["train.txt"]' in (tmp_path / "empty" / "config.toml").read_text()
    answer = here("new", tmp_path / "example", "--preset", "generation-lstm", "--example")
    assert answer.code == 2
    assert answer.sentence == (
        "--example brings pairs, but the preset generation-lstm learns from plain text. Leave out one of the two."
    )
