"""A run's configuration: written when the run begins, compared when it goes on, read whenever it is used."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqloom.base.errors import ConfigError, DamagedModelError, UsageError
from seqloom.base.files import atomic_write, write_json
from seqloom.config.layers import RUNS
from seqloom.config.read import read_config
from seqloom.config.schema import Config
from seqloom.config.toml import write_value
from seqloom.config.write import resolved, write_config
from seqloom.training.checkpoint import checkpoint_folders
from seqloom.training.run_folder import RunFolder
from seqloom.training.seeds import seed_runs

MAY_CHANGE = {  # settings that a resumed run may have otherwise than it started with
    "max_updates",
    "max_epochs",
    "max_tokens",
    "max_minutes",
    "warmup_updates",
    "validate_every",
    "validate_minutes",
    "validation_sentences",
    "validation_beam",
    "patience",
    "samples",
    "checkpoint_every",
    "checkpoint_minutes",
    "keep_checkpoints",
    "log_every",
    "max_bad_updates",
    "threads",
    "device",
    "kernels",
}
FREE_OF_TEXT = {"sampling", "vocabulary"}
"""Options of the section text that don't say which symbols a vocabulary makes of a text."""


def read_run_config(folder: RunFolder) -> Config:
    """The configuration that a run was trained with.

    Raises   UsageError for a folder that isn't there, holds several runs, or is a project that was not trained;
             DamagedModelError for one that holds no run
    """
    mend = "Give the folder that `seqloom train` wrote, as runs/NAME."
    if not folder.path.exists():
        raise UsageError(f"{folder.path} does not exist. {mend}")
    if not folder.config.is_file():
        found = seed_runs(folder.path)
        if found:
            raise UsageError(
                f"{folder.path} holds runs that differ in their seed, and one run is expected. Name it, as {found[0]}."
            )
        raise DamagedModelError(f"{folder.path} is no folder of a run: it has no config.toml. {mend}")
    if (
        not folder.resolved.is_file()
        and not folder.vocabulary.exists()
        and not checkpoint_folders(folder.path)
    ):
        raise UsageError(
            f"{folder.path} is a project that is to be trained, not the run that comes of it. {mend}"
        )
    return _read_written(folder)


def _read_written(folder: RunFolder) -> Config:
    try:
        return read_config(folder.config, written=True)
    except ConfigError as error:
        raise DamagedModelError(f"{folder.config} was altered: {error}") from error


def claim_run(folder: RunFolder, config: Config) -> None:
    """Write a new run's configuration, or compare an old run's with what is asked now. Raises ConfigError."""
    if folder.config.is_file():
        changed = changed_settings(resolved(_read_written(folder)), resolved(config))
        if changed and checkpoint_folders(folder.path):
            raise ConfigError(
                f"{folder.path} was started with other settings: {'; '.join(changed)}. "
                "Use the same settings to resume it, or another run folder."
            )
    atomic_write(folder.config, write_config(config))
    write_json(folder.resolved, resolved(config))


def with_kept_vocabulary(folder: RunFolder, config: Config) -> Config:
    """The configuration to go on with: where a run took another's vocabulary, which may be gone since, it has the
    settings that came with it.
    """
    if config.text.vocabulary is None or not (folder.config.is_file() and checkpoint_folders(folder.path)):
        return config
    before = _read_written(folder).text
    if before.vocabulary != config.text.vocabulary:
        return config
    kept = before.model_copy(update={"sampling": config.text.sampling})
    return config.model_copy(update={"text": kept})


def changed_settings(old: Mapping[str, Any], new: Mapping[str, Any], where: str = "") -> list[str]:
    """Settings that differ and may not: "model.width was 256, is 512"."""
    found = []
    for key in sorted(old.keys() | new.keys()):
        name = f"{where}{key}"
        before, now = old.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(now, Mapping):
            found += changed_settings(before, now, f"{name}.")
        elif before != now and not _may_change(name):
            found.append(f"{name} was {write_value(before)}, is {write_value(now)}")
    return found


def _may_change(name: str) -> bool:
    section, _, key = name.partition(".")
    return (
        section == "search"
        or name in ("data.test", "data.cache")
        or (section == "training" and key in MAY_CHANGE)
    )


def require_runs(config: Config) -> None:
    """Refuse, before the data is prepared, a run to start from or to learn from that isn't there."""
    for name in RUNS:
        path = getattr(config.training, name)
        try:
            if path is not None:
                read_run_config(RunFolder(Path(path)))
                RunFolder(Path(path)).best()
        except (UsageError, DamagedModelError) as error:
            raise type(error)(f"training.{name}: {error}") from error


def refuse_other_text(start: RunFolder, config: Config) -> None:
    """Raise ConfigError where the run that one starts from makes other symbols of a text."""
    before, now = (asked.text.model_dump(exclude=FREE_OF_TEXT) for asked in (read_run_config(start), config))
    changed = changed_settings(before, now, "text.")
    if changed:
        raise ConfigError(
            f"{start.path}, which training.start_from names, has another vocabulary: {'; '.join(changed)}. "
            "A run begins with the vocabulary of the one that it starts from; give the same settings under [text]."
        )
