"""Runs of one configuration that differ in their seed alone: where they lie, and what they come to together."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

from seqloom.config.schema import Config

MEMBER = "seed-"


class Spread(NamedTuple):
    """A figure over several runs; the deviation is that of a sample (n - 1), 0 for one run."""

    mean: float
    deviation: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} ± {self.deviation:.2f} ({self.least:.2f} to {self.most:.2f})"


def spread(values: Sequence[float]) -> Spread:
    """The mean of some values and how far they lie apart."""
    deviation = stdev(values) if len(values) > 1 else 0.0
    return Spread(mean(values), deviation, min(values), max(values))


def seeded(config: Config, seeds: int) -> list[Config]:
    """The configuration with its own seed and those that follow it."""
    return [config.model_copy(update={"seed": seed}) for seed in range(config.seed, config.seed + seeds)]


def member_folder(folder: Path, seed: int) -> Path:
    """Where the run of a seed lies."""
    return folder / f"{MEMBER}{seed}"


def seed_runs(folder: Path) -> list[Path]:
    """The runs in a folder of runs that differ in their seed, by seed; none for a run itself or any other folder."""
    if (folder / "config.toml").is_file() or not folder.is_dir():
        return []
    found = [
        run
        for run in folder.glob(f"{MEMBER}*")
        if run.name.removeprefix(MEMBER).isdigit() and (run / "config.toml").is_file()
    ]
    return sorted(found, key=lambda run: int(run.name.removeprefix(MEMBER)))


def spreads(rows: Sequence[Mapping[str, float]]) -> dict[str, Spread]:
    """The spread of every figure that all rows have."""
    if not rows:
        return {}
    names = [name for name in rows[0] if all(math.isfinite(row.get(name, math.nan)) for row in rows)]
    return {name: spread([row[name] for row in rows]) for name in names}


def seeds_table(rows: Mapping[str, Mapping[str, float]], names: Mapping[str, str]) -> str:
    """Figures by run as a table in Markdown, with the mean and the deviation in the last rows.

    rows   run -> figure -> value
    names  figures in their order, and how they are called; others follow by their own names
    """
    held = spreads(list(rows.values()))
    columns = sorted(held, key=[*names, *held].index)
    lines = [
        "| run | " + " | ".join(names.get(name, name) for name in columns) + " |",
        "| --- |" + " ---: |" * len(columns),
    ]
    body: dict[str, list[float]] = {run: [row[name] for name in columns] for run, row in rows.items()}
    body["mean"] = [held[name].mean for name in columns]
    body["deviation"] = [held[name].deviation for name in columns]
    lines += [f"| {run} | {' | '.join(f'{value:.3f}' for value in values)} |" for run, values in body.items()]
    return "\n".join(lines) + "\n"


def seeds_record(rows: Mapping[str, Mapping[str, float]]) -> str:
    """The same as JSON."""
    held = {name: found._asdict() for name, found in spreads(list(rows.values())).items()}
    return json.dumps({"runs": rows, "over_all": held}, indent=1) + "\n"
