"""A run's vocabulary: the tokenizers of both sides, and the files they learn from. Without torch, for checks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from seqloom.base.errors import ConfigError, DataError, UsageError
from seqloom.config.read import read_config
from seqloom.config.schema import Config, TextConfig
from seqloom.config.taken import taken_settings
from seqloom.config.tasks import task_named
from seqloom.data.dialogues import AnyFiles, DialogueFiles, HistoryBound, without_repeats
from seqloom.data.lines import read_lines
from seqloom.data.pairs import Pair, PairSource
from seqloom.data.readers import PairFiles
from seqloom.data.text_stream import TextFiles
from seqloom.text.segmented import Layout, text_between, with_atoms
from seqloom.text.tokenizer import Tokenizer, load_tokenizer, train_tokenizer

SHARED, SOURCE, TARGET = "shared", "source", "target"
VOCABULARY_SEED = (
    0  # not the run's: runs of other seeds over one text have one vocabulary, as an ensemble needs
)


@dataclass(frozen=True)
class Tokenizers:
    """What turns both sides of a pair into ids; one and the same when the vocabulary is joint."""

    source: Tokenizer
    target: Tokenizer

    def fingerprint(self) -> tuple[str, str]:
        """What determines the ids of both sides."""
        return self.source.fingerprint(), self.target.fingerprint()

    def save(self, folder: Path) -> None:
        """Write a run's vocabulary/."""
        if self.source is self.target:
            self.source.save(folder / SHARED)
        else:
            self.source.save(folder / SOURCE)
            self.target.save(folder / TARGET)

    @classmethod
    def load(cls, folder: Path) -> "Tokenizers":
        """Read a run's vocabulary/. Raises DamagedModelError."""
        if (folder / SHARED).is_dir():
            shared = load_tokenizer(folder / SHARED)
            return cls(shared, shared)
        return cls(load_tokenizer(folder / SOURCE), load_tokenizer(folder / TARGET))


def pair_files(config: Config, part: str) -> AnyFiles:
    """The files of one part of the data: "train", "back_translated", "valid" or "test"."""
    paths: tuple[str, ...] = getattr(config.data, part)
    return files_of(config, tuple(Path(path) for path in paths), config.data.format)


def files_of(config: Config, paths: tuple[Path, ...], form: str = "auto") -> AnyFiles:
    """Files read as the configuration's task reads them."""
    data = config.data
    if task_named(config.task).source == "history":
        return DialogueFiles(paths, form, data.bot_speaker)
    form = "blocks" if task_named(config.task).target == "labels" else form
    fields = (data.source_field, data.target_field, data.reference_fields)
    return PairFiles(paths, form, *fields, data.source_columns, data.target_column)


def layout_of(config: Config) -> Layout | None:
    """Which parts a source has, where it has any: the turns of a dialogue, or several columns."""
    if task_named(config.task).source == "history":
        return "turns"
    data = config.data
    if len(data.source_columns) < 2:
        return None
    return tuple("features" if column in data.feature_columns else "text" for column in data.source_columns)


def symbols_of(config: Config) -> Callable[[str], Sequence[str]]:
    """What cuts a target into the symbols that an error rate counts: what white space separates, or characters."""
    return str.split if config.text.kinds[1] in ("space", "word") else list


def history_bound(config: Config, tokenizer: Tokenizer) -> HistoryBound | None:
    """What shortens the histories of dialogues; None for other tasks."""
    if task_named(config.task).source != "history":
        return None
    return HistoryBound(tokenizer, config.data.max_length)


def require_files(config: Config) -> None:
    """Raise DataError for a file of training that isn't there, before the others cost time."""
    data = config.data
    for path in (*data.training_files, *data.valid):
        next(read_lines(Path(path)), None)


def require_text(files: PairSource) -> None:
    """Raise DataError unless there is a pair with text on both sides."""
    if not any(pair.source.strip() and pair.target.strip() for pair in files.read()):
        names = " and ".join(map(str, files.paths))
        raise DataError(f"{names}: no pair with text on both sides. Give a corpus that isn't empty.")


def taken_vocabulary(config: Config) -> Path | None:
    """The vocabulary/ of the run that text.vocabulary names; None where it names none.

    Raises   UsageError for what is no run; ConfigError for one whose vocabulary is of another sort, has other
             settings, or reads sources of other parts
    """
    if config.text.vocabulary is None:
        return None
    run = Path(config.text.vocabulary)
    written, folder = run / "config.toml", run / "vocabulary"
    if not (written.is_file() and folder.is_dir()):
        found = "is no run with a vocabulary" if run.exists() else "does not exist"
        raise UsageError(
            f"text.vocabulary: {run} {found}. Give the folder that `seqloom train` wrote, as runs/NAME."
        )
    its = read_config(written, written=True)
    settings = taken_settings(its, str(run), config.task)
    other = [name for name, value in settings.items() if getattr(config.text, name) != value]
    if other or layout_of(its) != layout_of(config):
        what = f"text.{other[0]}" if other else "data.source_columns or data.feature_columns"
        raise ConfigError(
            f"{run}, which text.vocabulary names, has another {what}, which goes with its vocabulary. Give the same."
        )
    return folder


def taken_tokenizer(config: Config) -> Tokenizer | None:
    """That of the run which text.vocabulary names, where a vocabulary is of one text. Raises as taken_vocabulary."""
    folder = taken_vocabulary(config)
    if folder is None:
        return None
    return load_tokenizer(folder / (TARGET if (folder / TARGET).is_dir() else SHARED))


def origin_of(config: Config) -> str:
    """Where a new run's vocabulary comes from, for the user."""
    run = config.text.vocabulary
    return "Learning the vocabulary" if run is None else f"Taking the vocabulary of {run}"


def train_tokenizers(config: Config) -> Tokenizers:
    """Train on the training pairs, both sides together for a joint vocabulary; or those that text.vocabulary names.

    Where targets are labels, on the sources alone.
    Raises   DataError; ConfigError and UsageError as taken_vocabulary
    """
    text = config.text
    files = pair_files(config, "train")
    require_text(files)
    taken = taken_vocabulary(config)
    if taken is not None:
        return Tokenizers.load(taken)

    def pairs() -> Iterator[Pair]:
        yield from files.read()
        if config.data.back_translated:
            yield from pair_files(config, "back_translated").read()

    source_kind, target_kind = text.kinds
    layout = layout_of(config)

    def sources() -> Iterator[str]:
        found = (pair.source for pair in pairs())
        return without_repeats(found) if layout == "turns" else found

    def read_sources() -> Iterator[str]:
        """What of the sources the tokenizer reads that has no atoms."""
        return sources() if layout is None else text_between(sources(), layout)

    def segmented(base: Tokenizer) -> Tokenizer:
        return base if layout is None else with_atoms(base, layout, sources())

    if task_named(config.task).target != "text":
        source = _trained(text, sources(), source_kind)
        return Tokenizers(source, source)
    targets = (pair.target for pair in pairs())
    if text.shared:
        sides = (line for pair in pairs() for line in (pair.source, pair.target))
        both = sides if layout is None else chain(read_sources(), targets)
        shared = segmented(_trained(text, both, source_kind))
        return Tokenizers(shared, shared)
    return Tokenizers(
        segmented(_trained(text, read_sources(), source_kind)), _trained(text, targets, target_kind)
    )


def text_files(config: Config, part: str) -> TextFiles:
    """The text of one part, "train", "valid" or "test", as data.held_out divides it."""
    data = config.data
    cut = 1.0 - data.held_out
    if part == "valid" and data.held_out:
        return TextFiles(tuple(map(Path, data.train)), cut, 1.0)
    paths = tuple(map(Path, getattr(data, part)))
    return TextFiles(paths, 0.0, cut) if part == "train" else TextFiles(paths)


def train_text_tokenizer(config: Config) -> Tokenizer:
    """Train on the training text of a language model; or that of the run which text.vocabulary names.

    Raises   DataError; ConfigError and UsageError as taken_vocabulary
    """
    taken = taken_tokenizer(config)
    if taken is not None:
        return taken
    return _trained(config.text, text_files(config, "train").lines(), config.text.tokenizer)


def _trained(text: TextConfig, lines: Iterator[str], kind: str) -> Tokenizer:
    return train_tokenizer(
        lines,
        kind=kind,
        size=text.vocabulary_size,
        form=text.normalisation,
        lowercase=text.lowercase,
        seed=VOCABULARY_SEED,
    )
