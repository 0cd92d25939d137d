"""Options that name the files of a part of a corpus: `--train train.en train.de`, or `--train pairs.tsv`.

The parser below takes a fixed number of values an option. So the words are brought into the form that it knows,
`--train train.en --train train.de`, before it sees them.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

OPTIONS = ("--train", "--valid", "--test")
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


def repeat_file_options(arguments: Sequence[str]) -> list[str]:
    """Write `--train A B` as `--train A --train B`, for the verbs that have such options."""
    verb = next((word for word in arguments if not word.startswith("-")), "")
    return list(_repeated(arguments)) if verb in VERBS else list(arguments)


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
