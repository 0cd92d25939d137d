"""`seqloom evaluate`: which options each kind of model takes, folders of seeds, and inputs that stay as they are."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile

from commands import Answer, several
from seqloom.cli.evaluate import DOES, FOR, TAKEN
from seqloom.cli.measured import Measured, tell_apart, tell_together
from seqloom.config.tasks import TASKS
from sounds import RATE, tone

SET = {"reference": "text", "beam": 3, "confusion": "c.png"}


@pytest.fixture(scope="module")
def answers(
    labelled_runs: Mapping[str, Path], speech_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Answer]:
    """What commands say, all in one process."""
    root = tmp_path_factory.mktemp("evaluate")
    labels, tags, project = (
        labelled_runs["classification"],
        labelled_runs["tagging"],
        speech_run.parent.parent / "project",
    )
    for folder, run in (("labels", labels), ("speech", speech_run)):
        for seed in (1, 2):
            shutil.copytree(run, root / folder / f"seed-{seed}")
    shutil.copytree(root / "speech" / "seed-1", root / "alone" / "seed-1")
    pairs = root / "pairs.tsv"
    pairs.write_text("a warm film\tgood\n")
    gaps, told = root / "gaps.tsv", root / "told.tsv"
    gaps.write_text("a warm film\tgood\na film\t\n\tbad\nso dull\tbad\n")
    soundfile.write(root / "two.wav", np.stack([tone(["la"])] * 2, axis=1), RATE)
    told.write_text("two.wav\tla\n")
    (root / "silent.tsv").write_text("two.wav\t\n")
    manifest = shutil.copy(project / "valid.tsv", project / "copied.tsv")
    commands: dict[str, tuple[object, ...]] = {
        "labels": (
            "evaluate", root / "labels", "--confusion", root / "c.svg", "--output", root / "said.txt",
        ),
        "labels json": ("evaluate", root / "labels", "--json"),
        "speech": ("evaluate", root / "speech"),
        "speech json": ("evaluate", root / "speech", "--json"),
        "speech output": ("evaluate", root / "speech", "--output", root / "speech.txt"),
        "one seed": ("evaluate", root / "alone", "--output", root / "alone.txt"),
        "gaps": ("evaluate", labels, gaps, "--output", root / "gaps.txt"),
        "gaps of seeds": ("evaluate", root / "labels", gaps),
        "two channels of seeds": ("evaluate", root / "speech", told),
        "two channels": ("evaluate", speech_run, told),
        "no words": ("evaluate", speech_run, root / "silent.tsv"),
        "over pairs": ("evaluate", labels, pairs, "--output", pairs),
        "over the picture": ("evaluate", labels, pairs, "--confusion", root / "." / "pairs.tsv"),
        "over a manifest": ("evaluate", speech_run, manifest, "--output", manifest),
        **{f"labels {name}": ("evaluate", labels, f"--{name}", SET[name]) for name in ("reference", "beam")},
        **{f"tags {name}": ("evaluate", tags, f"--{name}", SET[name]) for name in ("reference", "beam")},
        **{f"speech {name}": ("evaluate", speech_run, f"--{name}", SET[name]) for name in ("reference", "confusion")},
        "speech ensemble": ("evaluate", speech_run, "--ensemble", speech_run),
    }  # fmt: skip
    found = dict(zip(commands, several(*commands.values()), strict=True))
    for name, path in (
        ("gaps said", root / "gaps.txt"),
        ("said", root / "said.txt"),
        ("alone said", root / "alone.txt"),
        ("pairs", pairs),
    ):
        found[name] = Answer(0, path.read_text(), "")
    return found


def test_seeds_of_labels_are_told_in_a_table_and_together(answers: dict[str, Answer]) -> None:
    answer = answers["labels"]
    assert answer.code == 0, answer.err
    assert answer.out.count("| seed-") == 2
    _, mark, together = answer.out.partition("All together as an ensemble, their probabilities averaged:\n")
    assert mark
    assert together.startswith("  accuracy       100.00   exact|n:40\n")
    assert together.count("is, said to be") == answer.out.count("is, said to be") == 1
    assert answers["said"].out.count("\n") == 40
    record = json.loads(answers["labels json"].out)
    assert record["runs"] == {f"seed-{seed}": {"accuracy": 100.0, "macro_f1": 100.0} for seed in (1, 2)}
    assert record["scores"][0]["value"] == 100.0


def test_seeds_that_dont_decide_together_are_told_apart(answers: dict[str, Answer]) -> None:
    answer = answers["speech"]
    assert answer.code == 0, answer.err
    assert answer.out.count(" on 4 pairs of ") == 2
    assert answer.out.rstrip("\n").splitlines()[-1].startswith("| deviation | 0.000 |")
    assert "together" not in answer.out
    record = json.loads(answers["speech json"].out)
    assert record["runs"].keys() == {"seed-1", "seed-2"}
    assert (record["pairs"], record["runs"]["seed-1"].keys()) == (4, {"wer", "cer"})
    code, sentence = answers["speech output"].code, answers["speech output"].sentence
    assert (code, sentence.partition(" holds ")[2]) == (
        2,
        "2 runs, which are measured one by one, and --output is one file. Name one run.",
    )
    assert answers["one seed"].code == 0
    assert answers["alone said"].out.count("\n") == 4


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("labels reference", "--reference is for JSON lines of texts, which this task doesn't read."),
        ("labels beam", "--beam is for models that write text; this one tells labels apart."),
        ("tags reference", "--reference is for JSON lines of texts, which this task doesn't read."),
        ("tags beam", "--beam is for models that write text; this one tells labels apart."),
        ("speech reference", "--reference is for JSON lines of texts, which this task doesn't read."),
        ("speech confusion", "--confusion is for classifiers and taggers; this model writes text."),
        ("speech ensemble", "--ensemble is for runs that decide together, which those of this task don't."),
    ],
)
def test_an_option_that_a_model_has_no_use_for_is_refused(
    answers: dict[str, Answer], asked: str, sentence: str
) -> None:
    assert (answers[asked].code, answers[asked].sentence) == (2, f"{sentence} Leave it out.")


def test_each_task_says_which_options_it_takes() -> None:
    for task in TASKS:
        assert TAKEN[task.family, task.source] <= FOR.keys()
        assert DOES[task.family]
    assert {option for taken in TAKEN.values() for option in taken} == FOR.keys()


def test_what_is_read_is_not_written_over(answers: dict[str, Answer]) -> None:
    for asked in ("over pairs", "over the picture", "over a manifest"):
        assert answers[asked].code == 2
        assert answers[asked].sentence.endswith(" is a file that is being read. Name another one.")
    assert answers["pairs"].out == "a warm film\tgood\n"


def test_as_json_what_all_seeds_have_in_common_stands_once() -> None:
    found = {
        name: Measured(name, "", {"perplexity": value}, {"run": name, "lines": 3, "tokens": 7, "nats": value})
        for name, value in (("seed-1", 2.0), ("seed-2", 3.0))
    }
    runs = {"seed-1": {"perplexity": 2.0}, "seed-2": {"perplexity": 3.0}}
    assert json.loads(tell_apart(Path("lm"), found, json=True)) == {
        "run": "lm", "lines": 3, "tokens": 7, "runs": runs,
    }  # fmt: skip
    assert json.loads(tell_together(found, found["seed-1"], json=True))["runs"] == runs


def test_pairs_without_text_or_label_are_told_and_keep_their_lines(answers: dict[str, Answer]) -> None:
    assert answers["gaps"].code == 0
    assert answers["gaps"].err == "seqloom: 2 of 4 pairs have no text or no label and count for nothing\n"
    assert answers["gaps of seeds"].err == answers["gaps"].err
    assert "gaps.tsv: 2 texts\n" in answers["gaps"].out
    assert answers["gaps said"].out == "good\n\n\nbad\n"


def test_what_is_said_of_a_recording_names_it(answers: dict[str, Answer]) -> None:
    answer = answers["two channels"]
    assert answer.code == 0
    assert " on 1 pair of " in answer.out
    assert answers["two channels of seeds"].sentence == answer.sentence
    assert answer.sentence.endswith("/two.wav: its 2 channels were mixed into one")
    assert (answers["no words"].code, answers["no words"].sentence.partition(": ")[2]) == (
        3,
        "no recording has a text; an error rate needs at least one word.",
    )
