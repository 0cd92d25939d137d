"""`seqloom new`: a folder with a short configuration to start from."""

import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from seqloom.cli.completion import complete_preset
from seqloom.cli.file_options import TestFiles, TrainFiles, ValidFiles
from seqloom.cli.places import CONFIG, default_run, shown

EXAMPLES = """
\b
Examples:
  seqloom new mine --train train.en train.de --valid valid.en valid.de
      A project for your own pairs; mine/config.toml says what may be set.
  seqloom new first --example
      The bundled English-French phrasebook, with settings that suit it.
"""
EXAMPLE_PAIRS = (("train.en", "train.fr"), ("valid.en", "valid.fr"), ("test.en", "test.fr"))
DATA = "data"  # where the example's files lie, within the project


def new(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The project's folder; made if need be.")],
    preset: Annotated[
        str | None,
        typer.Option(
            help="What to start from; see `seqloom presets`.", metavar="NAME", autocompletion=complete_preset
        ),
    ] = None,
    train: TrainFiles = [],  # noqa: B006 - typer copies it
    valid: ValidFiles = [],  # noqa: B006
    test: TestFiles = [],  # noqa: B006
    example: Annotated[
        bool, typer.Option("--example", help="Put the bundled English-French phrasebook into it.")
    ] = False,
) -> None:
    """Start a project with a short configuration.

    Writes FOLDER/config.toml, and never over anything.
    """
    from seqloom.base.errors import UsageError
    from seqloom.base.files import atomic_write, make_folder
    from seqloom.config.presets import preset_text, read_preset
    from seqloom.config.tasks import TASKS

    config = folder / CONFIG
    for path in (config, folder / DATA) if example else (config,):
        if path.exists():
            raise UsageError(
                f"{path} is there already and stays as it is. Choose another folder, or remove it."
            )
    name = preset or TASKS[0].preset
    preset_text(name)  # refuses an unknown name before anything is written
    if example:
        if read_preset(name).get("task", "translation") != "translation":
            raise UsageError(
                f"--example is a phrasebook of two languages, and the preset {name} is for another task. Leave one out."
            )
        if train or valid or test:
            raise UsageError(
                "--example brings its own data. Leave out --train, --valid and --test, or --example."
            )
        text = _start(config, name) + _example_settings(own=preset is None)
        make_folder(folder)
        _write_example(folder)
    else:
        data = _manifests if read_preset(name).get("task") == "transcription" else _data_section
        text = _start(config, name) + data(folder, (train, valid, test)) + _usual_settings(name)
        make_folder(folder)
    atomic_write(config, text)
    print(f"Wrote {config}: what a person would set; the rest comes from the preset {name}.")
    if not (train or example):
        print(f"\nNext: name your files under [data] in {config}, then")
    else:
        print("\nNext:")
    print(f"  seqloom check {shown(config)}    what is in the data, and what is wrong with it")
    print(f"  seqloom train {shown(config)}    train; everything goes to {default_run(config)}")


def _start(config: Path, preset: str) -> str:
    return f"""\
# Check the data with `seqloom check {shown(config)}`, then train with `seqloom train {shown(config)}`.
# What isn't set here comes from the preset, and then from the defaults; `seqloom presets {preset} --full`
# shows every option with its meaning.

preset = "{preset}"
"""


def _data_section(folder: Path, parts: Sequence[Sequence[Path]]) -> str:
    """Name the files as they are seen from the folder; those of each part that is given are looked at first."""
    from seqloom.config.toml import write_value
    from seqloom.data.readers import read_pairs

    lines = [
        "",
        "[data]",
        "# Two UTF-8 files in step (source, target): line n of the one is the translation of line n of the other.",
        "# Or one .tsv or .jsonl file. Paths are seen from this folder.",
    ]
    named = any(parts)
    for key, paths, examples in zip(("train", "valid", "test"), parts, EXAMPLE_PAIRS, strict=True):
        if paths:
            next(read_pairs(paths), None)
        kept = [_seen_from(folder, path) for path in paths] or list(examples)
        off = "# " if named and not paths else ""
        lines.append(f"{off}{key} = {write_value(kept)}")
    return "\n".join(lines) + "\n"


def _manifests(folder: Path, parts: Sequence[Sequence[Path]]) -> str:
    """The same for recordings: a manifest a part."""
    from seqloom.base.errors import UsageError
    from seqloom.config.toml import write_value
    from seqloom.data.manifest import read_manifest
    from seqloom.data.readers import PairFiles

    lines = [
        "",
        "[data]",
        "# Manifests: a line a recording, its path (seen from the manifest's folder), a tab, what is said in it.",
        "# Or JSON lines; source_field and target_field name their fields. Paths are seen from this folder.",
    ]
    named = any(parts)
    for key, paths in zip(("train", "valid", "test"), parts, strict=True):
        if len(paths) > 1:
            raise UsageError(f"--{key} takes one manifest; found {len(paths)} files.")
        if paths:
            next(read_manifest(PairFiles(tuple(paths))), None)
        kept = [_seen_from(folder, path) for path in paths] or [f"{key}.tsv"]
        off = "# " if named and not paths else ""
        lines.append(f"{off}{key} = {write_value(kept)}")
    return "\n".join(lines) + "\n"


def _seen_from(folder: Path, path: Path) -> str:
    return str(path) if path.is_absolute() else os.path.relpath(path, folder)


def _usual_settings(preset: str) -> str:
    """What a person is likely to change, with the preset's values, switched off."""
    from seqloom.config.presets import read_preset
    from seqloom.config.toml import write_value

    values = read_preset(preset)
    text, model, training = values["text"], values["model"], values["training"]
    bound = next(key for key in training if key.startswith("max_"))
    return f"""
# Take away a "#" to change what the preset says.

[text]
# vocabulary_size = {text["vocabulary_size"]}    # symbols; 2000 for ten thousand pairs, 32000 for millions

[model]
# width = {model["width"]}    # more for more pairs; it costs time
# dropout = {model["dropout"]}    # more for fewer pairs

[training]
# {bound} = {write_value(training[bound])}    # the end: max_epochs, max_minutes, max_updates or max_tokens
# learning_rate = {write_value(training["learning_rate"])}
"""


def _example_settings(*, own: bool) -> str:
    """The phrasebook's files and, unless another preset was asked for, the settings that suit it."""
    text = files("seqloom.cli").joinpath("example.toml").read_text(encoding="utf-8")
    data, mark, settings = text.partition("# Settings")
    return "\n" + (data + mark + settings if own else data.rstrip() + "\n")


def _write_example(folder: Path) -> None:
    from seqloom.data.phrasebook import write_phrasebook

    for part, pairs in write_phrasebook(folder / DATA).items():
        print(f"Wrote {folder / DATA / part}.en and .fr: {pairs:,} pairs")
