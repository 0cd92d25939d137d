"""A run's vocabulary: the tokenizers of both sides, and the files they learn from. Without torch, for checks."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seqloom.base.errors import DataError
from seqloom.config.schema import Config, TextConfig
from seqloom.config.tasks import task_named
from seqloom.data.readers import Pair, PairFiles, read_lines
from seqloom.data.text_stream import TextFiles
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


def pair_files(config: Config, part: str) -> PairFiles:
    """The files of one part of the data: "train", "back_translated", "valid" or "test"."""
    data = config.data
    paths: tuple[str, ...] = getattr(data, part)
    form = "blocks" if task_named(config.task).target == "labels" else data.format
    fields = (data.source_field, data.target_field, data.reference_fields)
    return PairFiles(tuple(Path(path) for path in paths), form, *fields)


def require_files(config: Config) -> None:
    """Raise DataError for a file of training that isn't there, before the others cost time."""
    data = config.data
    for path in (*data.training_files, *data.valid):
        next(read_lines(Path(path)), None)


def require_text(files: PairFiles) -> None:
    """Raise DataError unless there is a pair with text on both sides."""
    if not any(pair.source.strip() and pair.target.strip() for pair in files.read()):
        names = " and ".join(map(str, files.paths))
        raise DataError(f"{names}: no pair with text on both sides. Give a corpus that isn't empty.")


def train_tokenizers(config: Config) -> Tokenizers:
    """Train on the training pairs, both sides together for a joint vocabulary. Raises DataError, ConfigError.

    Where targets are labels, on the sources alone.
    """
    text = config.text
    files = pair_files(config, "train")
    require_text(files)

    def pairs() -> Iterator[Pair]:
        yield from files.read()
        if config.data.back_translated:
            yield from pair_files(config, "back_translated").read()

    if task_named(config.task).target != "text":
        source = _trained(text, (pair.source for pair in pairs()))
        return Tokenizers(source, source)
    if text.shared:
        shared = _trained(text, (line for pair in pairs() for line in (pair.source, pair.target)))
        return Tokenizers(shared, shared)
    return Tokenizers(
        _trained(text, (pair.source for pair in pairs())), _trained(text, (pair.target for pair in pairs()))
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
    """Train on the training text of a language model. Raises DataError, ConfigError."""
    return _trained(config.text, text_files(config, "train").lines())


def _trained(text: TextConfig, lines: Iterator[str]) -> Tokenizer:
    return train_tokenizer(
        lines,
        kind=text.tokenizer,
        size=text.vocabulary_size,
        form=text.normalisation,
        lowercase=text.lowercase,
        seed=VOCABULARY_SEED,
    )
