"""`seqloom check`: what is in a corpus and what is wrong with it, before it costs time."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from seqloom.cli.file_options import (
    SOURCE_FIELD,
    TARGET_FIELD,
    SourceField,
    TargetField,
    TestFiles,
    TrainFiles,
    ValidFiles,
    check_fields,
)
from seqloom.cli.places import config_file
from seqloom.cli.reporting import keep_inputs

if TYPE_CHECKING:
    from seqloom.base.progress import Progress
    from seqloom.config.schema import Config
    from seqloom.data.dialogues import AnyFiles
    from seqloom.text.labels import Labels
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
    source_field: SourceField = SOURCE_FIELD,
    target_field: TargetField = TARGET_FIELD,
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
    from seqloom.config.read import read_config
    from seqloom.config.tasks import task_named
    from seqloom.data.check import check_corpus, render_html, render_text
    from seqloom.data.readers import PairFiles

    given = dict(zip(PARTS, (train, valid, test), strict=True))
    _check_named(config, [*train, *valid, *test], (source_field, target_field))
    source = "text" if config is None else task_named(read_config(config_file(config)).task).source
    if html and source in ("nothing", "audio"):
        raise UsageError(
            "--html is for corpora of pairs of texts; what is said of others is short. Leave it out."
        )
    if config is not None and source == "nothing":
        _check_plain_text(config)
        return
    if config is not None and source == "audio":
        _check_recordings(config)
    unlearnt = ""
    with progress("Checking") as shown:
        tokenizers = labels = None
        if config is None:
            limit: int | None = None
            alignments = None
            cut = copying = False
            alike = True
            parts: dict[str, AnyFiles] = {
                name: PairFiles(tuple(paths), source_field=source_field, target_field=target_field)
                for name, paths in given.items()
                if paths
            }
        else:
            settings, parts = _configured(config)
            limit, alignments = settings.data.max_length, settings.data.alignments
            if source == "history":
                limit = None  # histories lose turns, and no example is left out
            cut = settings.data.long == "cut"
            alike = task_named(settings.task).alike
            copying = settings.model.decoder.copying
            try:
                tokenizers, labels = _learn(settings, shown)
            except DataError as error:
                unlearnt = str(error)
        keep_inputs((path for files in parts.values() for path in files.paths), html=html)
        report = check_corpus(
            parts,
            source_tokenizer=tokenizers.source if tokenizers else None,
            target_tokenizer=tokenizers.target if tokenizers else None,
            max_length=limit,
            cut=cut,
            alike=alike,
            copying=copying,
            alignments=Path(alignments) if alignments else None,
            labels=labels,
            unlearnt=unlearnt,
            on_progress=lambda part, lines: shown.update(0.0, f"{part}: {lines:,} lines"),
        )
    if html:
        make_folder(html.parent)
        atomic_write(html, render_html(report))
    print(render_text(report), end="")
    if html:
        print(f"\nThe page: {html}")
    raise typer.Exit(report.exit_code)


def _check_named(config: Path | None, files: list[Path], fields: tuple[str, str]) -> None:
    """Refuse both a configuration and files, neither, and names of fields that nothing has. Raises UsageError."""
    from seqloom.base.errors import UsageError

    if config is not None and fields != (SOURCE_FIELD, TARGET_FIELD):
        raise UsageError(
            "--source-field and --target-field are for files; a configuration names its own, as data.source_field."
        )
    if (config is None) != bool(files):
        raise UsageError(
            "Name either a configuration, or files: seqloom check mine/config.toml, or seqloom check --train A B."
        )
    if config is None:
        check_fields(fields, files, may_follow=False)


def _check_plain_text(config: Path) -> None:
    """Report on the text of a language model."""
    from seqloom.base.progress import progress
    from seqloom.config.read import read_config, require_training_data
    from seqloom.data.check_text import check_text, render_text_parts
    from seqloom.training.vocabularies import origin_of, text_files, train_text_tokenizer

    settings = read_config(config_file(config))
    require_training_data(settings)
    data = settings.data
    named = [name for name in PARTS if getattr(data, name) or (name == "valid" and data.held_out)]
    with progress("Checking") as shown:
        shown.say(origin_of(settings))
        tokenizer = train_text_tokenizer(settings)
        parts = check_text(
            {name: text_files(settings, name) for name in named},
            tokenizer,
            lambda part, lines: shown.update(0.0, f"{part}: {lines:,} lines"),
        )
    print(render_text_parts(parts, len(tokenizer), settings.training.batch_tokens), end="")


def _configured(config: Path) -> "tuple[Config, dict[str, AnyFiles]]":
    from seqloom.config.read import read_config, require_training_data
    from seqloom.training.vocabularies import pair_files

    settings = read_config(config_file(config))
    require_training_data(settings)
    return settings, {name: pair_files(settings, name) for name in PARTS if getattr(settings.data, name)}


def _learn(settings: "Config", shown: "Progress") -> "tuple[Tokenizers, Labels | None]":
    """The tokenizers that training would have, and the labels where targets are some."""
    from seqloom.config.tasks import task_named
    from seqloom.data.labelled import names_of, read_labels
    from seqloom.text.labels import collect_labels
    from seqloom.training.vocabularies import origin_of, pair_files, train_tokenizers

    shown.say(origin_of(settings))
    tokenizers = train_tokenizers(settings)
    if task_named(settings.task).target == "text":
        return tokenizers, None
    files, separator = pair_files(settings, "train"), settings.data.label_separator
    found = (names for _, names in read_labels(files, separator))
    return tokenizers, collect_labels(found, names_of(files.paths), separator)


def _check_recordings(config: Path) -> NoReturn:
    """Report on manifests of recordings; ends with the exit code."""
    from seqloom.base.errors import DataError
    from seqloom.base.progress import progress
    from seqloom.data.sound_check import check_manifests, render

    settings, parts = _configured(config)
    with progress("Checking") as shown:
        found = check_manifests(
            parts,
            settings.audio.sampling_rate,
            settings.audio.seconds_a_frame,
            lambda part, read: shown.update(0.0, f"{part}: {read:,} recordings"),
        )
    print(render(found, settings.audio.max_seconds), end="")
    raise typer.Exit(DataError.exit_code if any(part.errors for part in found.values()) else 0)
