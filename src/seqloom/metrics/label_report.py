"""What a test of a classifier comes to: scores, each label's own, what was taken for what, and how far to trust it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.metrics.classes import LabelTable, table_of
from seqloom.metrics.overlap import Score

WIDEST = 12  # labels whose confusion a terminal has room for; of more, the most frequent mistakes are named
NAMED = 10  # of them
LONGEST = 14  # characters of a label at the head of a column


@dataclass(frozen=True)
class LabelReport:
    """names        of the labels, L
    given, wanted  (N, L) bool, what N texts or tokens were said to have, and have
    scores         by the task's metrics
    error          expected calibration error, 0 to 1
    several        whether a text may have any number of labels; then nothing is taken for one other thing
    unit           what was counted: "texts" or "tokens"
    """

    names: tuple[str, ...]
    given: NDArray[np.bool_]
    wanted: NDArray[np.bool_]
    scores: tuple[Score, ...]
    error: float
    several: bool
    unit: str

    @property
    def tables(self) -> tuple[LabelTable, ...]:
        """How often each label was right, wrong and missed."""
        return tuple(table_of(self.given[:, n], self.wanted[:, n]) for n in range(len(self.names)))

    @property
    def matrix(self) -> NDArray[np.int64] | None:
        """(L, L) counts: row n, column m says how often n was taken for m; None where several go together."""
        if self.several:
            return None
        return self.wanted.astype(np.int64).T @ self.given.astype(np.int64)

    def to_record(self) -> dict[str, Any]:
        """Plain values for JSON."""
        matrix = self.matrix
        return {
            self.unit: len(self.wanted),
            "scores": [
                {"name": score.name, "value": score.value, "signature": score.signature}
                for score in self.scores
            ],
            "calibration_error": self.error,
            "labels": {
                name: {
                    "count": table.right + table.missed,
                    "right": table.right,
                    "wrong": table.wrong,
                    "missed": table.missed,
                    "precision": table.precision,
                    "recall": table.recall,
                    "f1": table.f1,
                }
                for name, table in zip(self.names, self.tables, strict=True)
            },
            "confusion": None if matrix is None else matrix.tolist(),
        }


def report_text(report: LabelReport) -> str:
    """Each label's figures and the confusions, for a terminal."""
    parts = [_label_table(report)]
    matrix = report.matrix
    if matrix is not None:
        parts.append(
            _matrix_table(report, matrix) if len(report.names) <= WIDEST else _mistakes(report, matrix)
        )
    return "\n\n".join(part for part in parts if part)


def _label_table(report: LabelReport) -> str:
    rows: list[tuple[str, ...]] = [("label", report.unit, "found", "of those given, right", "F1")]
    for name, table in zip(report.names, report.tables, strict=True):
        shares = (table.recall, table.precision, table.f1)
        rows.append((name, f"{table.right + table.missed:,}", *(f"{100 * share:.1f} %" for share in shares)))
    return in_columns(rows)


def _matrix_table(report: LabelReport, matrix: NDArray[np.int64]) -> str:
    heads = [name if len(name) <= LONGEST else name[: LONGEST - 1] + "…" for name in report.names]
    rows = [("is, said to be", *heads)]
    rows += [
        (name, *(f"{count:,}" for count in row))
        for name, row in zip(report.names, matrix.tolist(), strict=True)
    ]
    return in_columns(rows)


def _mistakes(report: LabelReport, matrix: NDArray[np.int64]) -> str:
    """The most frequent ones."""
    counts = matrix.copy()
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[:NAMED]
    pairs = [divmod(int(place), len(report.names)) for place in order]
    rows = [("is", "was taken for", "times")]
    rows += [
        (report.names[is_], report.names[said], f"{counts[is_, said]:,}")
        for is_, said in pairs
        if counts[is_, said]
    ]
    return in_columns(rows, left=2) if len(rows) > 1 else ""


def in_columns(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Rows of text with their columns in line, the first `left` of them flush left, the others flush right."""
    from rich.cells import cell_len

    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = []
        for column, (text, width) in enumerate(zip(row, widths, strict=True)):
            fill = " " * (width - cell_len(text))
            cells.append(text + fill if column < left else fill + text)
        lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join(lines)
