"""Help, version and start-up."""

import shlex
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version

import pytest
import typer.main

from commands import Answer
from seqloom.cli.file_options import repeat_file_options
from seqloom.cli.main import app

Here = Callable[..., Answer]
VERBS = tuple(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
SLOW = (
    "torch",
    "numpy",
    "pydantic",
    "rich",
    "sentencepiece",
    "sacrebleu",
    "matplotlib",
    "seqloom.config.schema",
)


def examples(text: str) -> list[str]:
    """The commands of a help page's examples: the lines between their sentences, four blanks in."""
    _, _, rest = text.partition("  Examples:\n")
    return [line.strip() for line in rest.partition("\n\n")[0].splitlines() if line[4] != " "]


def test_start_up_imports_nothing_that_takes_time() -> None:
    code = f"import sys, seqloom.cli.main; print([name for name in {SLOW} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert ended.stdout.strip() == "[]"


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_has_two_examples_that_the_parser_takes(here: Here, verb: str) -> None:
    answer = here(*filter(None, [verb]), "--help")
    assert answer.code == 0
    shown = examples(answer.out)
    assert len(shown) == 2, answer.out
    root = typer.main.get_command(app)
    for line in shown:
        commands = [part.split("|")[-1].split(">")[0] for part in line.split("&&")]
        assert any(command.split()[0] == "seqloom" for command in commands)
        for command in commands:
            name, *words = repeat_file_options(shlex.split(command)[1:])
            assert name in VERBS
            parsed = root.commands[name].make_context(name, words)  # type: ignore[attr-defined]
            assert parsed.args == []
        if verb:
            assert f"seqloom {verb}" in line


@pytest.mark.parametrize("verb", VERBS)
def test_help_fits_a_terminal(here: Here, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = here(verb, "-h").out.splitlines()
    assert lines[0].startswith(f"Usage: seqloom {verb} ")
    assert lines[0].endswith("[OPTIONS]")
    assert max(map(len, lines)) <= 80
    assert not any(set("{}<") & set(line) for line in lines)


def test_no_words_at_all_show_the_help(here: Here) -> None:
    answer = here()
    assert answer.code == 2
    assert "Commands:" in answer.out + answer.err


def test_version(here: Here) -> None:
    assert here("--version") == Answer(0, f"seqloom {version('seqloom')}\n", "")
