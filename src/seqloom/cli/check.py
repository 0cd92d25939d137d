"""`seqloom check`: what is in a corpus and what is wrong with it, before it costs time."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from seqloom.cli.file_options import TestFiles, TrainFiles, ValidFiles
from seqloom.cli.places import config_file

if TYPE_CHECKING:
    from seqloom.base.progress import Progress
    from seqloom.config.schema import Config
    from seqloom.data.readers import PairFiles
    from seqloom.training.vocabularies import Tokenizers

EXAMPLES = """
\b
Examples:
  seqloom check mine/config.toml --html report.html
      The files of a configuration, under the vocabulary that it would have.
  seqloom check --train train.en train.de --test test.en test.de
      Files alone; words and characters are counted, symbols are not.

Ends with code 3 when there are errors: what training would refuse.
"""
PARTS = ("train", "valid", "test")


def check(
    config: Annotated[
        Path | None,
        typer.Argument(metavar="CONFIG", help="A configuration, or the folder of a project."),
    ] = None,
    train: TrainFiles = [],  # noqa: B006 - typer copies it
    valid: ValidFiles = [],  # noqa: B006
    test: TestFiles = [],  # noqa: B006
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report, with more of it, as a page.")
    ] = None,
) -> None:
    """Report what is in a corpus, and what is wrong with it.

    Counts, lengths, duplicates, overlaps, faults of encoding, unknown words.
    """
    from seqloom.base.errors import DataError, UsageError
    from seqloom.base.files import atomic_write, make_folder
    from seqloom.base.progress import progress
    from seqloom.data.check import check_corpus, render_html, render_text
    from seqloom.data.readers import PairFiles

    given = dict(zip(PARTS, (train, valid, test), strict=True))
    if (config is None) != any(given.values()):
        raise UsageError(
            "Name either a configuration, or files: seqloom check mine/config.toml, or seqloom check --train A B."
        )
    fault = ""
    with progress("Checking") as shown:
        tokenizers = None
        if config is None:
            limit = alignments = None
            parts = {name: PairFiles(tuple(paths)) for name, paths in given.items() if paths}
        else:
            settings, parts = _configured(config)
            if settings.hears:
                _check_recordings(settings, parts, shown, html)
            limit, alignments = settings.data.max_length, settings.data.alignments
            try:
                tokenizers = _learn(settings, shown)
            except DataError as error:
                fault = str(error)
        report = check_corpus(
            parts,
            source_tokenizer=tokenizers.source if tokenizers else None,
            target_tokenizer=tokenizers.target if tokenizers else None,
            max_length=limit,
            alignments=Path(alignments) if alignments else None,
            on_progress=lambda part, lines: shown.update(0.0, f"{part}: {lines:,} lines"),
        )
    if html:
        make_folder(html.parent)
        atomic_write(html, render_html(report))
    print(render_text(report), end="")
    if html:
        print(f"\nThe page: {html}")
    if fault and not report.errors:
        raise DataError(f"The vocabulary can't be learnt from this: {fault}")
    raise typer.Exit(report.exit_code)


def _configured(config: Path) -> "tuple[Config, dict[str, PairFiles]]":
    from seqloom.config.read import read_config, require_training_data
    from seqloom.training.vocabularies import pair_files

    settings = read_config(config_file(config))
    require_training_data(settings)
    return settings, {name: pair_files(settings, name) for name in PARTS if getattr(settings.data, name)}


def _learn(settings: "Config", shown: "Progress") -> "Tokenizers":
    """The tokenizers that training would have."""
    from seqloom.training.vocabularies import train_tokenizers

    shown.say("Learning the vocabulary")
    return train_tokenizers(settings)


def _check_recordings(
    settings: "Config", parts: "dict[str, PairFiles]", shown: "Progress", html: Path | None
) -> NoReturn:
    """The same for manifests of recordings; ends with the exit code."""
    from seqloom.base.errors import DataError, UsageError
    from seqloom.data.sound_check import check_manifests, render

    if html:
        raise UsageError("The report on recordings is no page; leave out --html.")
    found = check_manifests(
        parts,
        settings.audio.sampling_rate,
        settings.audio.seconds_a_frame,
        lambda part, read: shown.update(0.0, f"{part}: {read:,} recordings"),
    )
    print(render(found, settings.audio.max_seconds), end="")
    raise typer.Exit(DataError.exit_code if any(part.errors for part in found.values()) else 0)
