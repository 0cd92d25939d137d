"""`seqloom new`: a folder with a short configuration to start from."""

import os
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from seqloom.cli.completion import complete_preset
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
    source_field: SourceField = SOURCE_FIELD,
    target_field: TargetField = TARGET_FIELD,
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
    from seqloom.config.tasks import TASKS, task_named

    config = folder / CONFIG
    for path in (config, folder / DATA) if example else (config,):
        if path.exists():
            raise UsageError(
                f"{path} is there already and stays as it is. Choose another folder, or remove it."
            )
    name = preset or TASKS[0].preset
    preset_text(name)  # refuses an unknown name before anything is written
    task = task_named(read_preset(name)["task"])
    may_follow = task.reads_pairs and task.source != "history" and not example
    named = [*train, *valid, *test] if may_follow else []
    check_fields((source_field, target_field), named, may_follow=may_follow)
    if example and not task.reads_pairs:
        raise UsageError(
            f"--example brings pairs, but the preset {name} learns from plain text. Leave out one of the two."
        )
    if example:
        if (task.source, task.target) != ("text", "text"):
            raise UsageError(
                f"--example brings pairs to translate, which the preset {name} has no use for. Leave out one of the "
                "two."
            )
        if train or valid or test:
            raise UsageError(
                "--example brings its own data. Leave out --train, --valid and --test, or --example."
            )
        text = _start(config, name) + _example_settings(own=preset is None)
        make_folder(folder)
        _write_example(folder)
    else:
        parts, fields = (train, valid, test), (source_field, target_field)
        section = (
            _data_section(folder, name, parts, fields) if task.reads_pairs else _text_section(folder, parts)
        )
        text = _start(config, name) + section + _usual_settings(name)
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


FILES_HELP = {
    "text": "Two UTF-8 files in step (source, target): line n of the one belongs to line n of the other.\n"
    "# Or one .tsv or .jsonl file.",
    "summaries": "JSON lines, of which source_field and target_field name the text and its summary; or, where each\n"
    "# text is one line, a .tsv file or two files in step.",
    "label": "A UTF-8 file with a text, a tab and its label in each line (.tsv), or two files in step, or .jsonl.",
    "labels": "A UTF-8 file with a token, a tab and its label in each line, and an empty line between sentences.",
    "sound": "A line a recording (.tsv): its path, seen from the file's folder, a tab, what is said in it; or .jsonl.",
    "turns": 'JSON lines, {"turns": [{"speaker": "user", "text": "hello"}, {"speaker": "bot", "text": "hi"}]}, or\n'
    "# dialogues as bAbI has them (.txt).",
    "columns": "A .tsv file: source, a tab, target; or two files in step. Of more columns choose by\n"
    "# source_columns = [1, 2] and target_column = 3; feature_columns = [2] makes a symbol of each feature, as in\n"
    "# V;PST;NOM(3,SG).",
}
EXAMPLE_FILES: Mapping[str, Sequence[Sequence[str]]] = {
    "text": EXAMPLE_PAIRS,
    "summaries": (("train.jsonl",), ("valid.jsonl",), ("test.jsonl",)),
    "label": (("train.tsv",), ("valid.tsv",), ("test.tsv",)),
    "labels": (("train.conll",), ("valid.conll",), ("test.conll",)),
    "sound": (("train.tsv",), ("valid.tsv",), ("test.tsv",)),
    "turns": (("train.jsonl",), ("valid.jsonl",), ("test.jsonl",)),
    "columns": (("train.tsv",), ("valid.tsv",), ("test.tsv",)),
}
FILES_OF_TASK = {
    "summarization": "summaries",
    "classification": "label",
    "tagging": "labels",
    "transcription": "sound",
    "dialogue": "turns",
    "transduction": "columns",
}
"""How the files of tasks look; those of others are texts."""


def _data_section(folder: Path, preset: str, parts: Sequence[Sequence[Path]], fields: tuple[str, str]) -> str:
    """Name the files as they are seen from the folder; those of each part that is given are looked at first.

    fields  of JSON lines: the source's and the target's
    """
    from seqloom.config.read import build_config
    from seqloom.config.toml import write_value
    from seqloom.data.manifest import read_manifest
    from seqloom.training.vocabularies import files_of

    plain = build_config({"preset": preset})
    data = plain.data.model_copy(update={"source_field": fields[0], "target_field": fields[1]})
    config = plain.model_copy(update={"data": data})
    kind = FILES_OF_TASK.get(config.task, "text")
    lines = ["", "[data]", f"# {FILES_HELP[kind]}", "# Paths are seen from this folder."]
    named = any(parts)
    for key, paths, examples in zip(("train", "valid", "test"), parts, EXAMPLE_FILES[kind], strict=True):
        if paths:
            given = files_of(config, tuple(paths))
            next(read_manifest(given) if config.hears else given.read(), None)
        kept = [_seen_from(folder, path) for path in paths] or list(examples)
        off = "# " if named and not paths else ""
        lines.append(f"{off}{key} = {write_value(kept)}")
    defaults = (SOURCE_FIELD, TARGET_FIELD)
    for key, field, default in zip(("source_field", "target_field"), fields, defaults, strict=True):
        if field != default:
            lines.append(f"{key} = {write_value(field)}")
    return "\n".join(lines) + "\n"


def _text_section(folder: Path, parts: Sequence[Sequence[Path]]) -> str:
    """The same for plain text, whose last tenth is held out unless there is text to validate by."""
    from seqloom.config.toml import write_value
    from seqloom.data.lines import read_lines

    lines = [
        "",
        "[data]",
        "# UTF-8 text, one file or several, read one after the other. Paths are seen from this folder.",
    ]
    for key, paths in zip(("train", "valid", "test"), parts, strict=True):
        for path in paths:
            next(read_lines(path), None)
        kept = [_seen_from(folder, path) for path in paths] or [f"{key}.txt"]
        off = "" if paths or (key == "train" and not any(parts)) else "# "
        lines.append(f"{off}{key} = {write_value(kept)}")
    off = "# " if parts[1] else ""
    lines.append(f"{off}held_out = 0.1    # the last tenth of the text, to validate by")
    return "\n".join(lines) + "\n"


def _seen_from(folder: Path, path: Path) -> str:
    return str(path) if path.is_absolute() else os.path.relpath(path, folder)


AUDIO_SETTINGS = """
[audio]
# sampling_rate = 16000    # of your recordings; others are resampled to it
"""


def _usual_settings(preset: str) -> str:
    """What a person is likely to change, with the preset's values, switched off."""
    from seqloom.config.presets import read_preset
    from seqloom.config.toml import write_value

    values = read_preset(preset)
    text, model, training = values["text"], values["model"], values["training"]
    bound = next(key for key in training if key.startswith("max_"))
    advice = "2000 for ten thousand pairs, 32000 for millions"
    if text["tokenizer"] == "character":
        advice = "at most; there are as many as the text has characters"
    symbols = '# target_tokenizer = "space"    # for phones with blanks between them'
    if "vocabulary_size" in text:
        symbols = f"# vocabulary_size = {text['vocabulary_size']}    # symbols; {advice}"
    hears = AUDIO_SETTINGS if values["task"] == "transcription" else ""
    return f"""
# Take away a "#" to change what the preset says.
{hears}
[text]
{symbols}

[model]
# width = {model["width"]}    # more for more data; it costs time
# dropout = {model["dropout"]}    # more for less data

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
