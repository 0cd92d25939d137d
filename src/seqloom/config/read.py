"""A configuration from a TOML file, or from a mapping, with overrides; strict, and every fault one sentence.

The layers, each over the one before: the defaults of the schema, the preset, what comes with another run's vocabulary,
the file, the command line. Without a preset named, the task's own is taken; `preset = "none"` takes none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from seqloom.base.errors import ConfigError
from seqloom.config.faults import explain
from seqloom.config.ignored import refuse_ignored
from seqloom.config.layers import Layer, merge, read_overrides, resolve_paths
from seqloom.config.presets import preset_names, read_preset
from seqloom.config.schema import Config
from seqloom.config.section import NONE
from seqloom.config.suggest import did_you_mean
from seqloom.config.taken import refuse_others, taken_settings
from seqloom.config.tasks import TASKS, task_named
from seqloom.config.toml import check_depth, locate_keys, parse_toml
from seqloom.config.training import TrainingConfig

FIT = 5  # a warm-up that nobody asked for takes at most this part of a bound in updates
LARGEST_CONFIG = 1024 * 1024  # bytes; a written-out configuration has 4 kilobytes


def read_config(path: Path | str, overrides: Sequence[str] = (), *, written: bool = False) -> Config:
    """Read a configuration file and lay overrides such as "model.width=256" over it.

    Data paths in the file are seen from the file's folder, those in overrides from the current folder; the
    configuration holds them absolute.

    written  whether it is what seqloom wrote of a run, complete: then nothing in it is an option that nobody reads
    Raises ConfigError: no such file, not TOML, an unknown key, a wrong type, a value out of range, two that
    contradict each other. It names key, value and place, and what to write instead.
    """
    path = Path(path)
    text = read_text(path)
    tree = resolve_paths(parse_toml(text, str(path)), path.absolute().parent)
    return _build(Layer(str(path), tree, locate_keys(text)), overrides, written=written)


def build_config(
    mapping: Mapping[str, Any],
    overrides: Sequence[str] = (),
    where: str = "the mapping",
    folder: Path | None = None,
) -> Config:
    """Make a configuration of nested mappings, as read_config does of a file.

    where   how messages name the mapping
    folder  where its data paths are seen from; the current folder if None
    Raises  ConfigError as read_config does.
    """
    check_depth(mapping, where)
    tree = resolve_paths(_plain_copy(mapping), (folder or Path()).absolute())
    return _build(Layer(where, tree), overrides)


def require_training_data(config: Config) -> None:
    """Raise ConfigError unless the configuration names training data, which presets leave open."""
    if config.data.train:
        return
    if task_named(config.task).reads_pairs:
        raise ConfigError(
            "data.train must name the training pairs, but is not set. "
            'Write train = ["train.en", "train.fr"] under [data], or a TSV or JSON-lines file.'
        )
    raise ConfigError(
        'data.train must name the training text, but is not set. Write train = "text.txt" under [data].'
    )


def _build(asked: Layer, overrides: Sequence[str], *, written: bool = False) -> Config:
    given = read_overrides(overrides)
    given = replace(given, tree=resolve_paths(given.tree, Path().absolute()))
    layers = [asked, given]
    preset = preset_of(layers)
    below = [] if preset is None else [Layer(f"preset {preset}", read_preset(preset))]
    if not written:
        below += _with_vocabulary(merge([*below, *layers]), layers)
    config = build_layers(below, layers, preset, written=written)
    if not written:
        refuse_ignored(config, layers, {} if preset is None else read_preset(preset))
    return config


def build_layers(
    below: Sequence[Layer], asked: Sequence[Layer], preset: str | None, *, written: bool = False
) -> Config:
    """Make a configuration of layers, each over the one before. Options that nobody reads are not looked for.

    below   what nobody wrote: presets, or parts of them
    asked   what was written, two layers or more; what is missing is missed in the last but one
    preset  the name that the configuration gets
    """
    layers = [*below, *asked]
    tree = merge(layers)
    if preset is not None:
        tree["preset"] = preset
    if not written:
        _fit_warmup(tree, asked)
        _leave_out_attention(tree)
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        raise explain(error, tree, layers) from None


def _with_vocabulary(tree: Mapping[str, Any], asked: Sequence[Layer]) -> list[Layer]:
    """A layer with the settings of text of the run whose vocabulary is taken; none where there is no such run, which
    training says.

    tree    what all layers come to, `asked` those that were written
    Raises  ConfigError for a run that it can't be taken from, and for a layer that sets them otherwise
    """
    text, task = tree.get("text"), tree.get("task", TASKS[0].name)
    run = text.get("vocabulary") if isinstance(text, dict) else None
    if not isinstance(run, str) or run in ("", NONE) or task not in [known.name for known in TASKS]:
        return []
    file = Path(run) / "config.toml"
    if not file.is_file():
        return []
    taken = taken_settings(read_config(file, written=True), run, task)
    refuse_others(taken, run, asked)
    return [Layer(f"the vocabulary of {run}", {"text": taken})]


def _fit_warmup(tree: dict[str, Any], asked: Sequence[Layer]) -> None:
    """Keep a warm-up that nobody asked for, a preset's or the default, within a run bounded by few updates.

    Raises ConfigError for one that was asked for and leaves no update at the full learning rate.
    """
    training = tree.setdefault("training", {})
    if not isinstance(training, dict):
        return
    warmup = training.get("warmup_updates", TrainingConfig.model_fields["warmup_updates"].default)
    bound = training.get("max_updates")
    if type(warmup) is not int or type(bound) is not int or warmup < bound or bound < 1:
        return
    for layer in asked:
        if layer.sets("training.warmup_updates"):
            raise ConfigError(
                f"training.warmup_updates = {warmup} ({layer.locate('training.warmup_updates')}) is not less than "
                f"training.max_updates = {bound}, so training.learning_rate would never be reached. "
                f"Set training.warmup_updates = {bound // FIT}, or a higher bound."
            )
    training["warmup_updates"] = bound // FIT


def _leave_out_attention(tree: dict[str, Any]) -> None:
    """Let a recurrent decoder have no attention where the task has no source to look at, unless somebody asks."""
    task = next((task for task in TASKS if task.name == tree.get("task")), None)
    decoder = tree["model"].get("decoder") if isinstance(tree.get("model"), dict) else None
    if task and not task.reads_pairs and isinstance(decoder, dict) and decoder.get("kind") == "recurrent":
        decoder.setdefault("attention", "none")


def preset_of(layers: Sequence[Layer]) -> str | None:
    """Find the preset that is asked for, or else the task's; None for "none" and for what isn't a preset's name.

    Raises ConfigError for a name that no preset has.
    """
    for layer in reversed(layers):
        if not layer.sets("preset"):
            continue
        name = layer.tree["preset"]
        if name is None or name == NONE or not isinstance(name, str):
            return None
        if name not in preset_names():
            mend = did_you_mean(name, preset_names()) or f"The presets are: {', '.join(preset_names())}."
            raise ConfigError(f'preset = "{name}" is not a preset ({layer.locate("preset")}). {mend}')
        return name
    named = [layer.tree["task"] for layer in layers if layer.sets("task")] or [TASKS[0].name]
    presets = [task.preset for task in TASKS if task.name == named[-1]]
    return presets[0] if presets else None


def _plain_copy(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Copy nested mappings into dictionaries, which is all that the schema takes for a table."""
    return {key: _plain_copy(value) if isinstance(value, Mapping) else value for key, value in tree.items()}


def read_text(path: Path, called: str = "configuration file", made: str = "`seqloom new` writes one.") -> str:
    """Read a configuration file; ConfigError for one that isn't there, isn't UTF-8 or is far too long.

    called  what it is · made  how one comes by such a file
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_CONFIG + 1)
    except FileNotFoundError:
        raise ConfigError(f"There is no {called} {path}. {_mend_missing(path, made)}") from None
    except IsADirectoryError:
        raise ConfigError(f"{path} is a folder, not a {called}. Name a TOML file.") from None
    except OSError as error:
        raise ConfigError(f"The {called} {path} can't be read: {error.strerror}.") from None
    if len(content) > LARGEST_CONFIG:
        raise ConfigError(f"{path} is larger than 1 MB, so it is no configuration. Name a TOML file.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} is not UTF-8 text (byte {error.start}), so it is no TOML. Name a TOML file, or save it as UTF-8."
        ) from None


def _mend_missing(path: Path, made: str) -> str:
    """Name a file of the same folder that may have been meant."""
    try:
        names = sorted(entry.name for entry in path.parent.iterdir() if entry.suffix == ".toml")
    except OSError:
        return f"There is no folder {path.parent} either."
    return did_you_mean(path.name, names) or made
