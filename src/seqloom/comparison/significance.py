"""How sure the differences between models are: each pair of them, and each model alone, over sentences drawn anew."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from seqloom.base.errors import UsageError
from seqloom.comparison.options import ComparisonConfig
from seqloom.comparison.statistics import RESAMPLED, bootstrap, compare_outputs, paired_bootstrap
from seqloom.data.pairs import Pair
from seqloom.metrics.measure import score_of_each

Run = Mapping[str, Any]  # model, seed, share, measured: as in measurements.Found
SURE = 0.05  # a difference is called significant below


def compare_pairs(
    options: ComparisonConfig, runs: Sequence[Run], pairs: Sequence[Pair], metric: str
) -> list[dict[str, Any]]:
    """Each pair of models by paired bootstrap, seed by seed; the p-value is the largest over the seeds.

    That is cautious: a difference counts where it shows with every seed.
    """
    references = [pair.target for pair in pairs]
    rows: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for seed in options.seeds:
        outputs = {
            run["model"]: run["measured"]["outputs"]
            for run in runs
            if run["seed"] == seed and run["share"] == 1
        }
        for (one, other), row in _compare_seed(outputs, references, metric, options.samples).items():
            rows.setdefault((one, other), []).append({"seed": seed, **row})
    result = []
    for (one, other), by_seed in rows.items():
        largest = max(row["p_value"] for row in by_seed)
        signs = {row["difference"] > 0 for row in by_seed}
        result.append(
            {
                "one": one,
                "other": other,
                "difference": float(np.mean([row["difference"] for row in by_seed])),
                "p_value": largest,
                "significant": largest < SURE and len(signs) == 1,
                "seeds": by_seed,
            }
        )
    return result


def _compare_seed(
    outputs: Mapping[int, Sequence[str]], references: Sequence[str], metric: str, samples: int
) -> dict[tuple[int, int], dict[str, float]]:
    """By pair of models: by how much the second is better, and the p-value."""
    found: dict[tuple[int, int], dict[str, float]] = {}
    if metric not in RESAMPLED:
        scores = {model: _each(metric, lines, references) for model, lines in outputs.items()}
        for one, other in combinations(sorted(outputs), 2):
            apart = float(np.mean(scores[other]) - np.mean(scores[one]))
            p_value = paired_bootstrap(scores[one], scores[other], samples=samples)
            found[one, other] = {"difference": apart, "p_value": p_value}
        return found
    for one in sorted(outputs)[:-1]:
        named = {str(model): outputs[model] for model in sorted(outputs) if model >= one}
        first, *others = compare_outputs(named, references, metric=metric, samples=samples)
        for row in others:
            p_value = 1.0 if row.p_value is None else row.p_value
            found[one, int(row.name)] = {"difference": row.score - first.score, "p_value": p_value}
    return found


def _each(metric: str, outputs: Sequence[str], references: Sequence[str]) -> list[float]:
    found = score_of_each(metric, outputs, references)
    if found is None:
        raise UsageError(
            f"{metric} is no mean over outputs, so it can't be told how sure a difference of it is."
        )
    return found


def add_sentence_intervals(
    record: dict[str, Any], options: ComparisonConfig, runs: Sequence[Run], pairs: Sequence[Pair], metric: str
) -> None:
    """Put beside each seed's quality its interval over sentences drawn anew."""
    references = [pair.target for pair in pairs]
    for seed in options.seeds:
        named = {
            str(run["model"]): run["measured"]["outputs"]
            for run in runs
            if run["seed"] == seed and run["share"] == 1
        }
        if metric in RESAMPLED:
            rows = {
                row.name: (row.low, row.high)
                for row in compare_outputs(named, references, metric=metric, samples=options.samples)
            }
        else:
            rows = {}
            for name, lines in named.items():
                drawn = bootstrap(_each(metric, lines, references), samples=options.samples)
                rows[name] = (drawn.low, drawn.high)
        for name, (low, high) in rows.items():
            row = next(row for row in record["models"][int(name)]["seeds"] if row["seed"] == seed)
            row["sentences"] = {"mean": row["quality"], "low": low, "high": high}
    for model in record["models"]:
        bounds = [row["sentences"] for row in model["seeds"]]
        model["sentences"] = {
            name: float(np.mean([row[name] for row in bounds])) for name in ("mean", "low", "high")
        }
