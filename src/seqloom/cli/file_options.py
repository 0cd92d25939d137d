"""Options that name the files of a part of a corpus: `--train train.en train.de`, or `--train pairs.tsv`.

The parser below takes a fixed number of values an option. So the words are brought into the form that it knows,
`--train train.en --train train.de`, before it sees them.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

OPTIONS = ("--train", "--valid", "--test")
ENSEMBLE = "--ensemble"
VERBS = ("new", "check")  # that have these options

TrainFiles = Annotated[
    list[Path],
    typer.Option(
        "--train",
        metavar="FILE [FILE]",
        help="Training pairs: two files in step (source, target), or one .tsv or .jsonl file.",
        show_default=False,
    ),
]
ValidFiles = Annotated[
    list[Path],
    typer.Option(
        "--valid", metavar="FILE [FILE]", help="Pairs to choose the best model by.", show_default=False
    ),
]
TestFiles = Annotated[
    list[Path],
    typer.Option(
        "--test", metavar="FILE [FILE]", help="Pairs to evaluate on at the end.", show_default=False
    ),
]

SourceField = Annotated[
    str, typer.Option(metavar="NAME", help="In JSON lines, the field that holds the source.")
]
TargetField = Annotated[
    str, typer.Option(metavar="NAME", help="In JSON lines, the field that holds the target.")
]
SOURCE_FIELD, TARGET_FIELD = "source", "target"


def check_fields(fields: tuple[str, str], files: Sequence[Path], *, may_follow: bool) -> None:
    """Refuse names of a JSON line's fields where no JSON lines are read. Raises UsageError.

    fields      the source's and the target's
    may_follow  whether files that are still to be named may be JSON lines
    """
    from seqloom.base.errors import UsageError
    from seqloom.cli.records import holds_records

    if fields == (SOURCE_FIELD, TARGET_FIELD) or any(map(holds_records, files)) or (may_follow and not files):
        return
    raise UsageError(
        "--source-field and --target-field are for pairs in JSON lines (.jsonl), and none are read. Leave them out."
    )


def repeat_file_options(arguments: Sequence[str]) -> list[str]:
    """Write `--train A B` as `--train A --train B`, for the verbs that have such options; so too `--ensemble A B`."""
    verb = next((word for word in arguments if not word.startswith("-")), "")
    return list(_repeated(arguments)) if verb in VERBS else list(_repeated_runs(arguments))


def _repeated_runs(arguments: Sequence[str]) -> Iterator[str]:
    """Words after `--ensemble RUN` belong to it while they are folders of runs, as a shell makes of runs/x/seed-*."""
    given = -1  # runs of the option that is being read; none is
    for place, word in enumerate(arguments):
        if word == "--":
            yield from arguments[place:]
            return
        if word == ENSEMBLE:
            given = 0
        elif given >= 0:
            if given and (word.startswith("-") or not _is_run(word)):
                given = -1
            else:
                given += 1
                if given > 1:
                    yield ENSEMBLE
        yield word


def _is_run(word: str) -> bool:
    return (Path(word) / "resolved.json").is_file()


def _repeated(arguments: Sequence[str]) -> Iterator[str]:
    """A second word belongs to the option too, unless it is an option itself or one file holds both sides."""
    option, given = "", 0  # the option whose files are being read, and how many came
    for place, word in enumerate(arguments):
        if word == "--":
            yield from arguments[place:]
            return
        if word in OPTIONS:
            option, given = word, 0
        elif option and given == 1 and not word.startswith("-"):
            yield option
            option = ""
        elif option:
            given = 1
            if word.startswith("-") or _holds_both_sides(word):
                option = ""
        yield word


def _holds_both_sides(word: str) -> bool:
    from seqloom.data.readers import FORMAT_OF_SUFFIX

    return Path(word).suffix.lower() in FORMAT_OF_SUFFIX
