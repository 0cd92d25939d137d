"""What the examples share: commands, typed as a person would type them, and the frame of a small program."""

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

SEQLOOM = [sys.executable, "-m", "seqloom.cli"]


def asked_for(about: str | None, made: str) -> argparse.ArgumentParser:
    """A parser with the example's first line, `--folder` and `--updates`. made: what it makes in the folder"""
    parser = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path(), help=f"where {made} is made")
    parser.add_argument("--updates", type=int, help="of training, if not as the example says")
    return parser


def enter(folder: Path) -> None:
    """Go into a folder, made if it isn't there."""
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)


def bounds(updates: int | None, warmup: int) -> list[str]:
    """Settings of a training of so many updates, a fifth of them to warm up at most; none for None."""
    if updates is None:
        return []
    return [f"training.max_updates={updates}", f"training.warmup_updates={min(warmup, updates // 5)}"]


def seqloom(*words: object) -> None:
    """Run a command, shown first, that writes as it goes. Raises CalledProcessError when it fails."""
    _show(words)
    subprocess.run([*SEQLOOM, *map(str, words)], check=True)


def answer_of(*words: object, stdin: str | None = None, shown: bool = True) -> str:
    """Run a command, shown first, with its output if `shown`, and give that; as `seqloom`."""
    _show(words, stdin if shown else None)
    command = [*SEQLOOM, *map(str, words)]
    ended = subprocess.run(
        command, input=stdin, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True
    )
    if shown:
        print(ended.stdout, end="", flush=True)
    return ended.stdout


def _show(words: tuple[object, ...], stdin: str | None = None) -> None:
    typed = f"seqloom {shlex.join(map(str, words))}"
    print(f"\n$ {typed if stdin is None else f'printf {shlex.quote(stdin)} | {typed}'}", flush=True)


def play(main: Callable[[], int]) -> None:
    """End with what `main` gives, with the exit code of a command that failed, or with 75 when it was stopped."""
    try:
        code = main()
    except subprocess.CalledProcessError as failed:
        code = failed.returncode
    except KeyboardInterrupt:
        code = 75
    sys.exit(code)
