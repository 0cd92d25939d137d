"""The labels that texts or tokens may have, by number, as a run keeps them in vocabulary/labels.json."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from seqloom.base.errors import DamagedModelError, DataError
from seqloom.base.files import read_json, write_json

FILE = "labels.json"
FORMAT_VERSION = 1
MANY = 1_000  # labels; beyond, half as many as texts are rather the texts themselves


@dataclass(frozen=True)
class Labels:
    """Names of labels in the order of their numbers, from 0.

    separator   the sign between the labels of one text; None where each has exactly one
    """

    names: tuple[str, ...]
    separator: str | None = None

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names)}

    @property
    def several(self) -> bool:
        """Whether a text may have any number of them."""
        return self.separator is not None

    def split(self, text: str) -> tuple[str, ...]:
        """The names in what stands in a file: the whole of it, or what its separators part, each once."""
        if self.separator is None:
            return (text.strip(),)
        return tuple(dict.fromkeys(name for part in text.split(self.separator) if (name := part.strip())))

    def join(self, numbers: Iterable[int]) -> str:
        """The names of some labels as they stand in a file, in the order of their numbers."""
        return (self.separator or " ").join(self.names[number] for number in sorted(numbers))

    def numbers_of(self, names: Iterable[str]) -> list[int]:
        """The number of each name. Raises DataError, a clause, for a name that there is none of."""
        found = []
        for name in names:
            number = self._numbers.get(name)
            if number is None:
                raise DataError(f"the label {name!r} is none of the training data's: {self.described()}")
            found.append(number)
        return found

    def described(self) -> str:
        """All names, or the first few."""
        shown = ", ".join(map(repr, self.names[:8]))
        return shown if len(self) <= 8 else f"{shown} and {len(self) - 8:,} more"

    def fingerprint(self) -> str:
        """SHA-256 over what determines the numbers."""
        content = json.dumps([FORMAT_VERSION, self.names, self.separator], ensure_ascii=False)
        return hashlib.sha256(content.encode("utf-8")).hexdigest()

    def save(self, folder: Path) -> None:
        """Write labels.json into a run's vocabulary/."""
        content = {"version": FORMAT_VERSION, "separator": self.separator, "labels": list(self.names)}
        write_json(folder / FILE, {**content, "fingerprint": self.fingerprint()})

    @classmethod
    def load(cls, folder: Path) -> "Labels":
        """Read what `save` wrote. Raises DamagedModelError."""
        path = folder / FILE
        content: Any = read_json(path)
        if not isinstance(content, dict) or not _is_whole(content):
            raise DamagedModelError(f"{path} is no list of labels; it was altered.")
        labels = cls(tuple(content["labels"]), content["separator"])
        if content["version"] != FORMAT_VERSION or labels.fingerprint() != content["fingerprint"]:
            raise DamagedModelError(f"{path} was altered: its fingerprint is not that of its labels.")
        return labels


def _is_whole(content: dict[str, Any]) -> bool:
    names, separator = content.get("labels"), content.get("separator")
    return (
        {"version", "fingerprint"} <= content.keys()
        and isinstance(names, list)
        and all(isinstance(name, str) for name in names)
        and (separator is None or isinstance(separator, str))
    )


def collect_labels(texts: Iterable[Sequence[str]], where: str, separator: str | None = None) -> Labels:
    """The labels of all texts, each given by its names, sorted: numbers by value, others by code point.

    where    the files, for messages
    Raises   DataError for too few labels to tell apart, and for as many as there may be of texts
    """
    names: set[str] = set()
    count = 0
    for own in texts:
        names.update(own)
        count += 1
    least = 1 if separator is not None else 2
    if len(names) < least:
        found = f"one label, {names.pop()!r}" if names else "no label"
        raise DataError(f"{where}: {found}; a model that tells labels apart needs {least} or more.")
    if len(names) > MANY and 2 * len(names) > count:
        raise DataError(
            f"{where}: {len(names):,} labels for {count:,} texts; expected a text, a tab, its label. Look whether "
            "the columns changed places."
        )
    return Labels(tuple(sorted(names, key=_order)), separator)


def _order(name: str) -> tuple[bool, float, str]:
    """Numbers first, by their value."""
    number = float(name) if name.isascii() and name.removeprefix("-").replace(".", "", 1).isdigit() else None
    return (number is None, number or 0.0, name)
