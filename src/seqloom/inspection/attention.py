"""What a model looked at while it wrote: one matrix of attention weights with the words on its two sides."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seqloom.base.errors import DataError, ShapeError
from seqloom.base.files import atomic_write, make_folder

FORMAT = "seqloom-attention"
VERSION = 1


class Group(Protocol):
    """A word and the positions [start, stop) of its symbols, as `Tokenizer.word_groups` gives them."""

    @property
    def text(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def stop(self) -> int: ...


@dataclass(frozen=True, eq=False)
class AttentionMap:
    """The weights of one sentence, row by row as the model wrote it.

    source         S printable symbols that were read, in order (the end symbol too, if it was attended to)
    target         T printable symbols that were written, in order
    weights        (T, S) float64, read-only: row t is where the model looked when it wrote symbol t
    probabilities  for each target symbol the probability the model gave it, or None
    source_text, target_text   the two raw texts, for headings; may be empty
    label          what this matrix is ("layer 2, head 3"); empty when there is only one
    source_seconds, target_seconds   from one symbol of that side to the next where it is sound, else None
    Raises         ShapeError when the sizes differ or a weight is negative or not a number.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    weights: NDArray[np.float64]
    probabilities: tuple[float, ...] | None = None
    source_text: str = ""
    target_text: str = ""
    label: str = ""
    source_seconds: float | None = None
    target_seconds: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", tuple(self.source))
        object.__setattr__(self, "target", tuple(self.target))
        object.__setattr__(
            self, "weights", _checked_weights(self.weights, len(self.target), len(self.source))
        )
        if self.probabilities is not None:
            object.__setattr__(self, "probabilities", tuple(float(value) for value in self.probabilities))
            _check_probabilities(self.probabilities, len(self.target))

    def merged(
        self, source_groups: Sequence[Group] | None = None, target_groups: Sequence[Group] | None = None
    ) -> "AttentionMap":
        """The same map over whole words.

        A word's column is the sum of its symbols' columns (the weight that fell on the word); its row is the
        mean of its symbols' rows, so rows still sum to 1; its probability is the product of theirs.
        Groups cover the positions in order from 0; positions after the last group (an end symbol) stay alone.
        None leaves that side as it is. Raises ShapeError for groups with holes or past the end.
        """
        weights, source, target = self.weights, self.source, self.target
        probabilities = self.probabilities
        if source_groups is not None:
            columns = _spans(source_groups, source, "source")
            weights = _stack([weights[:, a:b].sum(axis=1) for _, a, b in columns], len(target), axis=1)
            source = tuple(text for text, _, _ in columns)
        if target_groups is not None:
            rows = _spans(target_groups, target, "target")
            weights = _stack([weights[a:b].mean(axis=0) for _, a, b in rows], len(source), axis=0)
            target = tuple(text for text, _, _ in rows)
            if probabilities is not None:
                probabilities = tuple(math.prod(probabilities[a:b]) for _, a, b in rows)
        return replace(self, source=source, target=target, weights=weights, probabilities=probabilities)

    def to_record(self) -> dict[str, Any]:
        """The map as plain values for JSON; `from_record` gives the same map back, bit by bit."""
        seconds = {"source_seconds": self.source_seconds, "target_seconds": self.target_seconds}
        return {
            "source": list(self.source),
            "target": list(self.target),
            "weights": self.weights.tolist(),
            "probabilities": None if self.probabilities is None else list(self.probabilities),
            "source_text": self.source_text,
            "target_text": self.target_text,
            "label": self.label,
            **{side: step for side, step in seconds.items() if step is not None},
        }

    @classmethod
    def from_record(cls, record: object, where: str = "the attention map") -> "AttentionMap":
        """A map from what `to_record` gave. Raises DataError saying what is missing or of the wrong kind."""
        if not isinstance(record, Mapping):
            raise DataError(f"{where}: expected a JSON object, found {type(record).__name__}.")
        missing = [name for name in ("source", "target", "weights") if name not in record]
        if missing:
            raise DataError(f"{where}: {', '.join(missing)} missing; write it with AttentionMap.to_record().")
        probabilities = record.get("probabilities")
        try:
            return cls(
                source=_strings(record["source"]),
                target=_strings(record["target"]),
                weights=np.asarray(record["weights"], dtype=np.float64),
                probabilities=None if probabilities is None else tuple(float(p) for p in probabilities),
                source_text=str(record.get("source_text", "")),
                target_text=str(record.get("target_text", "")),
                label=str(record.get("label", "")),
                source_seconds=_seconds(record.get("source_seconds")),
                target_seconds=_seconds(record.get("target_seconds")),
            )
        except (TypeError, ValueError, OverflowError) as error:  # ShapeError is a ValueError
            raise DataError(f"{where}: not a usable attention map: {error}") from error

    def _repr_html_(self) -> str:
        """A heatmap in a notebook."""
        from seqloom.inspection.attention_page import heatmap_fragment

        return heatmap_fragment(self)


def maps_to_json(maps: Sequence[AttentionMap]) -> str:
    """Attention maps as one JSON text."""
    content = {"format": FORMAT, "version": VERSION, "maps": [item.to_record() for item in maps]}
    return json.dumps(content, ensure_ascii=False) + "\n"


def write_maps(maps: Sequence[AttentionMap], path: Path) -> None:
    """Write attention maps as JSON, atomically."""
    make_folder(path.parent)
    atomic_write(path, maps_to_json(maps))


def _checked_weights(weights: ArrayLike, rows: int, columns: int) -> NDArray[np.float64]:
    """A read-only float64 copy of the weights, of exactly (rows, columns)."""
    matrix = np.array(weights, dtype=np.float64)
    if matrix.size == 0 and rows * columns == 0:
        matrix = matrix.reshape(rows, columns)
    if matrix.shape != (rows, columns):
        raise ShapeError(
            f"The weights have shape {matrix.shape}; expected ({rows}, {columns}): "
            "a row for each target symbol, a column for each source symbol."
        )
    bad = ~(np.isfinite(matrix) & (matrix >= 0))
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        raise ShapeError(
            f"weights[{row}, {column}] is {matrix[row, column]}; expected a number of 0 or more."
        )
    matrix.flags.writeable = False
    return matrix


def _check_probabilities(probabilities: tuple[float, ...], rows: int) -> None:
    if len(probabilities) != rows:
        raise ShapeError(f"There are {len(probabilities)} probabilities for {rows} target symbols.")
    for row, value in enumerate(probabilities):
        if not 0.0 <= value <= 1.0 + 1e-6:
            raise ShapeError(f"probabilities[{row}] is {value}; expected a number between 0 and 1.")


def _spans(groups: Sequence[Group], symbols: tuple[str, ...], side: str) -> list[tuple[str, int, int]]:
    """(text, start, stop) of each group, then of each position that follows the last one."""
    spans, position = [], 0
    for group in groups:
        if group.start != position or group.stop <= group.start or group.stop > len(symbols):
            raise ShapeError(
                f"The {side} group {group.text!r} covers positions {group.start} to {group.stop}; expected it "
                f"to start at {position} and to end within the {len(symbols)} symbols."
            )
        spans.append((group.text, group.start, group.stop))
        position = group.stop
    rest = [(symbols[place], place, place + 1) for place in range(position, len(symbols))]
    return spans + rest


def _stack(parts: list[NDArray[np.float64]], length: int, axis: int) -> NDArray[np.float64]:
    """Stack vectors of a length along an axis; none at all gives an empty matrix of the right shape."""
    if parts:
        return np.stack(parts, axis=axis)
    return np.zeros((length, 0) if axis == 1 else (0, length))


def _seconds(value: Any) -> float | None:
    """Raise ValueError for what is no time above 0; None stays."""
    if value is not None and not 0 < float(value) < math.inf:
        raise ValueError(f"expected seconds above 0, found {value!r}")
    return None if value is None else float(value)


def _strings(values: object) -> tuple[str, ...]:
    if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"expected a list of strings, found {str(values)[:40]!r}")
    return tuple(values)
