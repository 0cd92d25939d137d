"""The verbs of dialogue and transduction as processes; a run of one task that is given to another's verb."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from commands import Answer, several
from seqloom.cli.arriving import Line
from seqloom.cli.chat import COMMANDS, HELP, answer_in_pipe, answer_in_terminal
from seqloom.cli.file_options import repeat_file_options
from seqloom.pipeline import Conversation, load
from small_tasks import write_dialogues, write_inflections

LINES = "bag\tV;PST\n\nlad\tV;PRS;NOM(3,SG)\n"
FILES = {
    "lines": LINES.encode(),
    "one": b"bag\tV;PST\nbag\n",
    "three": b"bag\tV\tPST\n",
    "latin": b"bag\tV;PST\n\xff\n",
    "feature": b"bag\tV;PAST\n",
    "faulty.txt": b"1 hello\twhat is your name\nno number\n",
}
TYPED = (
    "hello",
    "",
    "/why",
    "/as kb anna R_room 2",
    "/as clerk hm",
    "/nonsense",
    "/history",
    "/reset",
    "/why",
    "/help",
)


@dataclass(frozen=True)
class Said:
    """A folder with a run of dialogues and two of inflection, and what commands said about them."""

    root: Path
    answers: dict[str, Answer]

    @property
    def bot(self) -> Path:
        return self.root / "runs" / "bot"

    @property
    def verbs(self) -> Path:
        return self.root / "runs" / "verbs"

    def out(self, name: str) -> str:
        answer = self.answers[name]
        assert answer.code == 0, answer.err
        return answer.out

    def failure(self, name: str) -> tuple[int, str]:
        return self.answers[name].code, self.answers[name].sentence


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Said:
    """All commands in one process of their own, which is as long as torch takes to load."""
    root = tmp_path_factory.mktemp("tasks")
    bot, verbs, one = root / "runs" / "bot", root / "runs" / "verbs", root / "runs" / "verbs" / "seed-1"
    for name, content in FILES.items():
        (root / name).write_bytes(content)
    commands = {
        "train": ("train", write_dialogues(root / "bot"), "--run", bot),
        "seeds": ("train", write_inflections(root / "verbs"), "--run", verbs, "--seeds", 2),
        "chat": ("chat", bot),
        "plain": ("transduce", one, root / "lines"),
        "json": ("transduce", one, root / "lines", "--json"),
        "scores": ("transduce", one, root / "lines", "--scores"),
        "together": ("transduce", verbs, root / "lines"),
        "evaluate": ("evaluate", verbs),
        "evaluate json": ("evaluate", verbs, "--json"),
        "translate": ("translate", one),
        "transduce": ("transduce", bot),
        "chat verbs": ("chat", verbs),
        "chat nothing": ("chat", root / "nothing"),
        **{name: ("transduce", one, root / name) for name in ("one", "three", "latin", "feature")},
        "check": ("check", root / "bot"),
        "check verbs": ("check", root / "verbs"),
        "score": ("evaluate", bot, root / "bot" / "train.txt", "--json"),
        "bad": ("evaluate", bot, root / "faulty.txt"),
        "two": ("train", root / "bot", "data.train=[a.txt,b.txt]", "--run", root / "runs" / "none"),
    }
    typed = "".join(f"{line}\n" for line in TYPED).encode()
    return Said(root, dict(zip(commands, several(*commands.values(), stdin=typed), strict=True)))


@pytest.fixture
def talk(said: Said, machine_as_before: None) -> Conversation:  # noqa: ARG001
    return Conversation(load(said.bot, device="cpu", threads=1))


def test_training_says_what_to_type_next(said: Said) -> None:
    assert f"  seqloom chat {said.bot}\n" in said.out("train")
    out = said.out("seeds")
    assert f"{said.verbs} holds 2 runs." in out
    assert "| mean | " in out
    assert "| deviation | " in out
    assert f"  seqloom evaluate {said.verbs}    each of them, and all together\n" in out
    assert f"  seqloom transduce {said.verbs}    all of them decide together\n" in out


def test_a_piped_chat_answers_each_line_with_one(said: Said) -> None:
    out = said.out("chat").split("\n")
    assert out.pop() == ""
    assert len(out) == len(TYPED)
    assert out[1] == ""
    assert out[2].count("←") == out[2].count("; ") + 1
    assert out[3] == "kb: anna R_room 2"
    assert out[4] == "The model has not met 'clerk' in training. It knows bot, kb, user."
    assert out[5] == "There is no /nonsense. /help says what there is."
    assert out[6] == f"user: hello; bot: {out[0]}; kb: anna R_room 2"
    assert out[7] == "A new dialogue."
    assert out[8] == "There is no answer yet to ask about. Say something first."
    assert all(command in out[9] for command, _ in HELP)


@pytest.mark.skipif(sys.platform == "win32", reason="has no pseudo-terminals")
def test_in_a_terminal_quit_ends(said: Said) -> None:
    keyboard, terminal = os.openpty()
    command = [sys.executable, "-m", "seqloom.cli", "chat", str(said.bot)]
    chat = subprocess.Popen(
        command, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    os.write(keyboard, b"/history\n/quit\n")
    out, err = chat.communicate(timeout=60)  # the terminal stays open: the word ends it
    for end in (keyboard, terminal):
        os.close(end)
    assert (chat.returncode, out) == (0, "> Nothing was said yet.\n> "), err


def test_in_a_terminal_an_answer_may_have_several_lines(talk: Conversation) -> None:
    answer_in_terminal(talk, Line("hello there", "line 1"))
    why = answer_in_terminal(talk, Line("/why", "line 2")).split("\n")
    assert len(why) == len(talk.looks())
    assert all(" ← " in line and " % (user)" in line for line in why)
    assert "\n" not in answer_in_pipe(talk, Line("/why", "line 3"))
    assert (
        answer_in_terminal(talk, Line("/histry", "line 4")) == "There is no /histry. Did you mean /history?"
    )
    assert answer_in_terminal(talk, Line("/as kb", "line 5")) == "Write who speaks and what: /as NAME TEXT"
    assert {command.split()[0] for command, _ in HELP} >= set(COMMANDS)


def test_one_form_out_for_each_line_in_and_the_same_by_json(said: Said) -> None:
    lines = said.out("plain").split("\n")[:-1]
    assert len(lines) == 3
    assert lines[1] == ""
    records = [json.loads(line) for line in said.out("json").split("\n")[:-1]]
    assert [record["text"] for record in records] == lines
    assert [record["source"] for record in records] == LINES.split("\n")[:-1]
    assert [line.partition("\t")[2] for line in said.out("scores").split("\n")[:-1]] == lines
    assert said.out("together").count("\n") == 3


def test_a_folder_of_seeds_is_scored_one_by_one_and_together(said: Said) -> None:
    out = said.out("evaluate")
    assert "| seed-1 | " in out
    assert "| deviation | " in out
    assert "All together as an ensemble, their probabilities averaged:\n  accuracy " in out
    record = json.loads(said.out("evaluate json"))
    assert record["runs"].keys() == {"seed-1", "seed-2"}
    assert [score["name"] for score in record["scores"]] == [
        "accuracy",
        "output_error_rate",
        "symbol_error_rate",
    ]


def test_runs_after_ensemble_belong_to_it_and_files_do_not(said: Said) -> None:
    runs, verbs = [str(run) for run in sorted(said.verbs.glob("seed-?"))], str(said.root / "verbs")
    asked = ["transduce", runs[0], "--ensemble", *runs, "words.txt", "--beam", "3"]
    assert repeat_file_options(asked) == [
        "transduce", runs[0], "--ensemble", runs[0], "--ensemble", runs[1], "words.txt", "--beam", "3",
    ]  # fmt: skip
    asked = ["transduce", "--ensemble", runs[0], verbs]
    assert repeat_file_options(asked) == asked
    assert repeat_file_options(["transduce", "--ensemble", runs[0], "--", runs[1]])[-2:] == ["--", runs[1]]


def test_each_verb_refuses_what_is_not_for_it(said: Said) -> None:
    one = said.verbs / "seed-1"
    assert said.failure("translate") == (
        2,
        f'{one} was trained for task = "transduction", which `seqloom translate` is not for. '
        f"Use it with: seqloom transduce {one}",
    )
    assert said.failure("transduce")[1].endswith(f"Use it with: seqloom chat {said.bot}")
    assert said.failure("chat verbs")[1].endswith(f"Use it with: seqloom transduce {said.verbs}")
    assert said.failure("chat nothing") == (
        2,
        f"{said.root / 'nothing'} does not exist. Give the folder that `seqloom train` wrote, as runs/NAME.",
    )


@pytest.mark.parametrize(
    ("name", "sentence", "answered"),
    [
        (
            "one",
            ":2 has 1 column; the model reads 2, with a tab between two, as its training data has them.",
            1,
        ),
        (
            "three",
            ":1 has 3 columns; the model reads 2, with a tab between two, as its training data has them.",
            0,
        ),
        (
            "latin",
            ":2: not UTF-8: byte 0xff at byte 10 of the file (byte 0 of the line). Convert the file, for example iconv "
            "-f LATIN1 -t UTF-8, or mend the line.",
            1,
        ),
    ],
)
def test_a_bad_line_is_named_after_those_before_it_were_answered(
    said: Said, name: str, sentence: str, answered: int
) -> None:
    assert said.failure(name) == (3, f"{said.root / name}{sentence}")
    assert said.answers[name].out.count("\n") == answered


def test_a_feature_never_seen_is_said(said: Said) -> None:
    assert said.out("feature").count("\n") == 1
    place = f"{said.root / 'feature'}:1"
    assert said.failure("feature") == (0, f"{place}: the model has not seen the feature PAST in training")


def test_dialogues_and_columns_are_checked_and_scored(said: Said) -> None:
    assert "train.txt (babi)" in said.out("check")
    assert "tabs" not in said.out("check")
    assert "lengths fit badly" not in said.out("check")
    assert "train.tsv (tsv)" in said.out("check verbs")
    assert "tabs" not in said.out("check verbs")
    record = json.loads(said.out("score"))
    assert record["pairs"] == 80
    signatures = {score["name"]: score["signature"] for score in record["scores"]}
    assert signatures == {"response_accuracy": "exact|n:80", "dialogue_accuracy": "exact|n:20"}
    assert said.failure("bad") == (
        3,
        f"{said.root}/faulty.txt:2: no number and blank at the start of the line; expected as in `1 hello`.",
    )
    code, sentence = said.failure("two")
    assert code in (2, 3)
    assert "a.txt" in sentence
