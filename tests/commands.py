"""Commands as processes, a tiny project for them, and what they answer; shared by the tests of the command line."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

WORDS = {"one": "un", "two": "deux", "three": "trois", "red": "rouge", "cat": "chat", "dog": "chien"}
CONFIG = """\
[data]
train = ["train.en", "train.fr"]
valid = ["valid.en", "valid.fr"]

[text]
tokenizer = "word"
vocabulary_size = 20

[model]
width = 16
dropout = 0.0

[model.encoder]
hidden = 16

[model.decoder]
hidden = 16

[training]
max_updates = 20
validate_every = 10
batch_tokens = 200
warmup_updates = 2
learning_rate = 0.01
threads = 1
"""


@dataclass(frozen=True)
class Answer:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The last line on stderr, which must be the only one that says what failed."""
        lines = [line for line in self.err.splitlines() if line.startswith("seqloom: ")]
        assert len(lines) == 1, self.err
        assert self.err.splitlines()[-1] == lines[0]
        assert "Traceback" not in self.err
        return lines[0].removeprefix("seqloom: ")


@dataclass(frozen=True)
class Project:
    """A folder with a configuration, its data, the run that came of it, and what training said."""

    folder: Path
    run: Path
    answer: Answer

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"


def environment() -> dict[str, str]:
    """One thread, since tests run side by side, and a terminal of 80 columns."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "80"}


def start(*words: object, cwd: Path | None = None) -> "subprocess.Popen[bytes]":
    """A command as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "seqloom.cli", *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env=environment(),
    )


def finish(process: "subprocess.Popen[bytes]", stdin: bytes = b"") -> Answer:
    """Wait for a process's end."""
    out, err = process.communicate(stdin, timeout=120)
    return Answer(process.returncode, out.decode("utf-8"), err.decode("utf-8"))


def several(*commands: Sequence[object], stdin: bytes = b"") -> list[Answer]:
    """Commands one after the other in one process of their own: torch takes its seconds only once."""
    code = """
import json, sys
from seqloom.cli.main import main
for words in json.loads(sys.argv[1]):
    try:
        main(words)
    except SystemExit as ended:
        for stream in (sys.stdout, sys.stderr):
            print(f"\\0{ended.code}\\0", file=stream, end="", flush=True)
"""
    words = json.dumps([list(map(str, command)) for command in commands])
    ended = subprocess.run(
        [sys.executable, "-c", code, words], input=stdin, capture_output=True, check=False, env=environment()
    )
    outs, errs = (said.decode("utf-8").split("\0") for said in (ended.stdout, ended.stderr))
    assert len(outs) == len(errs) == 2 * len(commands) + 1, ended.stderr.decode("utf-8")
    return [Answer(int(outs[n + 1]), outs[n], errs[n]) for n in range(0, len(outs) - 1, 2)]


def write_project(folder: Path) -> Path:
    """200 pairs of three words, 10 for validation; gives the configuration's path."""
    folder.mkdir(parents=True, exist_ok=True)
    words = list(WORDS)
    for part, first, last in (("train", 0, 200), ("valid", 200, 210)):
        rows = [[words[(n // 6**place) % 6] for place in range(3)] for n in range(first, last)]
        (folder / f"{part}.en").write_text("".join(" ".join(row) + "\n" for row in rows))
        (folder / f"{part}.fr").write_text(
            "".join(" ".join(WORDS[word] for word in row) + "\n" for row in rows)
        )
    (folder / "config.toml").write_text(CONFIG)
    return folder / "config.toml"
