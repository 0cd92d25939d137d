"""The record of a comparison: everything that was found, as plain values. The report shows nothing that isn't in it."""

import contextlib
import math
import platform
import sys
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from seqloom.comparison.claims import weigh_claims
from seqloom.comparison.curves_of_runs import curve_of, seconds_to, training_figures
from seqloom.comparison.fairness import ModelSize
from seqloom.comparison.options import ComparisonConfig
from seqloom.comparison.plan import Plan
from seqloom.comparison.significance import SURE, add_sentence_intervals, compare_pairs
from seqloom.comparison.statistics import LEVEL, over_seeds
from seqloom.config.data import PARTS
from seqloom.config.layers import RUNS
from seqloom.config.model import ModelConfig, RecurrentDecoderConfig, RecurrentEncoderConfig
from seqloom.config.schema import Config
from seqloom.config.tasks import task_named
from seqloom.config.write import resolved
from seqloom.data.pairs import Pair
from seqloom.inspection.gradient_flow import halvings
from seqloom.inspection.memory_span import HOLDS
from seqloom.inspection.run_log import read_log
from seqloom.metrics.measure import TITLES, measure

FORMAT, VERSION = "seqloom-comparison", 1
FILES = (*PARTS, "alignments", "cache")  # options of data that are paths
SUMMED = (
    "quality",
    "train_tokens_per_second",
    "seconds_to_quality",
    "words_per_second",
    "latency_ms",
    "training_megabytes",
    "decoding_megabytes",
    "halvings",
    "halvings_fresh",
    "drop",
    "shortest",
    "longest",
    "updates",
    "epochs",
    "tokens",
    "seconds",
)
"""Figures of one seed that are summed up over the seeds."""


@dataclass(frozen=True)
class Found:
    """What the steps of a comparison found.

    runs          a mapping each: model, seed, share, path, config, training, measured
    spans         a mapping each: model, task, seed, span, span_seen, by_distance
    memory_sizes  a mapping each: model, task, parameters, apart
    pairs         those that were measured on
    """

    sizes: Sequence[ModelSize]
    runs: Sequence[Mapping[str, Any]]
    spans: Sequence[Mapping[str, Any]]
    memory_sizes: Sequence[Mapping[str, Any]]
    about: Mapping[str, Any]
    pairs: Sequence[Pair]


def assemble(plan: Plan, found: Found) -> dict[str, Any]:
    """The whole record, claims included."""
    options = plan.comparison
    metric = task_named(plan.models[0].config.task).metrics[0]
    groups = length_groups(found.pairs, options.length_groups) if "lengths" in options.measure else []
    logs = {place: read_log(run["path"] / "metrics.jsonl").rows for place, run in enumerate(found.runs)}
    curves = {place: curve_of(rows, metric) for place, rows in logs.items()}
    whole = [place for place, run in enumerate(found.runs) if run["share"] == 1]
    threshold = _threshold(options, [curves[place] for place in whole])
    models = []
    for number, model in enumerate(plan.models):
        seeds = []
        for place in whole:
            run = found.runs[place]
            if run["model"] == number:
                row = _seed_row(run, metric, groups, found.pairs)
                row |= training_figures(logs[place])
                row |= {"curve": curves[place], "seconds_to_quality": seconds_to(curves[place], threshold)}
                seeds.append(row)
        shares = [run for run in found.runs if run["model"] == number and run["share"] < 1]
        models.append(
            {
                "name": model.name,
                **traits(found.sizes[number].shape),
                **_size_row(found.sizes[number]),
                "seeds": seeds,
                "summary": {name: summed([row.get(name) for row in seeds]) for name in SUMMED},
                "half_life": half_life([row.get("halvings") for row in seeds]),
                "half_life_fresh": half_life([row.get("halvings_fresh") for row in seeds]),
                "memory": _memory_rows(number, found),
                "shares": _share_rows(shares, metric),
                "attention": found_attention(found.runs, number),
                "settings": settings_of(next(run["config"] for run in found.runs if run["model"] == number)),
            }
        )
    record: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "made": made(),
        "place": Path(plan.place).name,
        "fairness": options.fairness,
        "wanted": options.amount,
        "part": plan.part,
        "metric": metric,
        "metric_name": TITLES[metric],
        "signature": _signature(found.runs),
        "level": LEVEL,
        "sure": SURE,
        "holds": HOLDS,
        "samples": options.samples,
        "seeds": list(options.seeds),
        "memory_distance": options.memory_distance,
        "memory_updates": options.memory_updates,
        "quality_threshold": threshold,
        "options": options.model_dump(mode="json"),
        "about": dict(found.about),
        "groups": [{name: value for name, value in group.items() if name != "rows"} for group in groups],
        "models": models,
        "pairs": compare_pairs(options, found.runs, found.pairs, metric),
    }
    add_sentence_intervals(record, options, found.runs, found.pairs, metric)
    return {**record, "claims": weigh_claims(record)}


def settings_of(config: Config) -> dict[str, Any]:
    """A configuration as plain values, files and folders by their names: where they lie is nobody else's business."""
    tree = resolved(config)
    tree["data"] = {name: _names(value) if name in FILES else value for name, value in tree["data"].items()}
    tree["training"] |= {name: _names(tree["training"][name]) for name in RUNS}
    tree["text"] |= {"vocabulary": _names(tree["text"]["vocabulary"])}
    return tree


def _names(paths: Any) -> Any:
    if isinstance(paths, list):
        return [Path(path).name for path in paths]
    return None if paths is None else Path(paths).name


def made() -> dict[str, Any]:
    """With what it was made."""
    versions = {}
    for name in ("seqloom", "torch", "numpy", "sacrebleu"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return {**versions, "python": sys.version.split()[0], "system": platform.platform()}


def summed(values: Sequence[float | None], step: float = 0.0) -> dict[str, Any] | None:
    """Mean and interval over seeds; None unless each seed has a value. Bounds are null where there are none.

    step  how far apart the values are that there can be
    """
    known = [value for value in values if value is not None and math.isfinite(value)]
    if not known or len(known) < len(values):
        return None
    found = over_seeds(known, step)
    alone = math.isnan(found.low)
    bounds = {"low": None if alone else found.low, "high": None if alone else found.high}
    return {"mean": found.mean, **bounds, "values": known, "step": step}


def half_life(rates: Sequence[float | None]) -> dict[str, Any] | None:
    """In symbols, of a rate of halvings over seeds; negative is a doubling. All null where 0 lies between its bounds:
    whether the gradient fades or grows can't be told, and so not how fast."""
    found = summed(rates)
    if found is None or abs(found["mean"]) < 1e-12:
        return None
    if found["low"] is None:
        return {"mean": 1 / found["mean"], "low": None, "high": None}
    if found["low"] * found["high"] <= 0:
        return {"mean": None, "low": None, "high": None}
    return {"mean": 1 / found["mean"], "low": 1 / found["high"], "high": 1 / found["low"]}


def traits(shape: ModelConfig) -> dict[str, Any]:
    """What reads, what writes, and how it attends: by this claims know which models they are about."""
    encoder, decoder = shape.encoder, shape.decoder
    return {
        "encoder": encoder.cell if isinstance(encoder, RecurrentEncoderConfig) else "transformer",
        "encoder_layers": encoder.layers,
        "decoder": decoder.cell if isinstance(decoder, RecurrentDecoderConfig) else "transformer",
        "decoder_layers": decoder.layers,
        "attends": decoder.attention if isinstance(decoder, RecurrentDecoderConfig) else "transformer",
    }


def _size_row(size: ModelSize) -> dict[str, Any]:
    return {
        "parameters": size.parameters,
        "asked_parameters": size.asked,
        "apart": size.apart,
        "operations": size.operations,
    }


def length_groups(pairs: Sequence[Pair], count: int) -> list[dict[str, Any]]:
    """Rows of pairs by the words of their sources, in groups of about the same size, none of them empty."""
    words = np.array([len(pair.source.split()) for pair in pairs])
    edges = np.unique(np.quantile(words, np.linspace(0, 1, count + 1)[1:-1], method="lower")).tolist()
    groups = []
    for low, high in zip([-1, *edges], [*edges, int(words.max())], strict=True):
        rows = np.flatnonzero((words > low) & (words <= high))
        if len(rows):
            shortest, longest = int(words[rows].min()), int(words[rows].max())
            groups.append(
                {"shortest": shortest, "longest": longest, "pairs": len(rows), "rows": rows.tolist()}
            )
    return groups


def _seed_row(
    run: Mapping[str, Any], metric: str, groups: Sequence[Mapping[str, Any]], pairs: Sequence[Pair]
) -> dict[str, Any]:
    measured, outputs = run["measured"], run["measured"]["outputs"]
    by_length = []
    for group in groups:
        lines, references = (
            [outputs[row] for row in group["rows"]],
            [pairs[row].target for row in group["rows"]],
        )
        by_length.append(measure([metric], lines, references)[0].value)
    flows = measured.get("gradients", {})
    rates = {
        name: halvings(np.array(flows[name])) if flows.get(name) else math.nan
        for name in ("trained", "fresh")
    }
    scores = {score["name"]: score["value"] for score in measured["scores"]}
    return {
        "seed": run["seed"],
        "run": run["path"].name,
        "quality": scores[metric],
        "scores": scores,
        "by_length": by_length,
        "drop": by_length[0] - by_length[-1] if len(by_length) > 1 else None,
        "shortest": by_length[0] if len(by_length) > 1 else None,
        "longest": by_length[-1] if len(by_length) > 1 else None,
        "training_megabytes": run["training"].get("megabytes"),
        **measured.get("costs", {}),
        "gradients": flows,
        "halvings": _finite(rates["trained"]),
        "halvings_fresh": _finite(rates["fresh"]),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _signature(runs: Sequence[Mapping[str, Any]]) -> str:
    return str(runs[0]["measured"]["scores"][0]["signature"])


def found_attention(runs: Sequence[Mapping[str, Any]], model: int) -> dict[str, Any] | None:
    """The map of a model's first seed."""
    first = next(run for run in runs if run["model"] == model and run["share"] == 1)
    found: dict[str, Any] | None = first["measured"].get("attention")
    return found


def _threshold(options: ComparisonConfig, curves: Sequence[Sequence[Mapping[str, Any]]]) -> float | None:
    """The quality up to which time is told."""
    if options.quality is not None:
        return options.quality
    reached = [point["quality"] for curve in curves for point in curve if point["quality"] is not None]
    return round(max(reached) / 2, 1) if reached and max(reached) > 0 else None


def _memory_rows(model: int, found: Found) -> dict[str, Any]:
    """By task: how large the model was, its span over seeds (as trained, and beyond), and accuracy by distance."""
    rows = {}
    for size in found.memory_sizes:
        if size["model"] != model:
            continue
        spans = [span for span in found.spans if span["model"] == model and span["task"] == size["task"]]
        distances = [point["distance"] for point in spans[0]["by_distance"]]
        accuracy = np.array([[point["accuracy"] for point in span["by_distance"]] for span in spans])
        rows[size["task"]] = {
            "parameters": size["parameters"],
            "apart": size["apart"],
            "learning_rates": [span["learning_rate"] for span in spans],
            "seen": span_over_seeds([span["span_seen"] for span in spans], distances),
            "all": span_over_seeds([span["span"] for span in spans], distances),
            "seeds": [
                {"seed": span["seed"], "seen": span["span_seen"], "all": span["span"]} for span in spans
            ],
            "distances": distances,
            "accuracy": accuracy.mean(axis=0).tolist(),
            "lowest": accuracy.min(axis=0).tolist(),
            "highest": accuracy.max(axis=0).tolist(),
        }
    return rows


def span_over_seeds(spans: Sequence[int], distances: Sequence[int]) -> dict[str, Any] | None:
    """Spans over seeds, no surer than the distances lie close that were asked.

    distances  those asked, rising
    """
    gaps = [after - before for before, after in pairwise((0, *distances))]
    beyond = [
        bisect_right(distances, span) for span in spans
    ]  # the first distance at which it no longer held
    return summed(spans, max(gaps[min(place, len(gaps) - 1)] for place in beyond))


def _share_rows(runs: Sequence[Mapping[str, Any]], metric: str) -> list[dict[str, Any]]:
    """Quality of a model that was trained on shares of the pairs."""
    rows = []
    for share in sorted({run["share"] for run in runs}):
        scores = [
            next(score["value"] for score in run["measured"]["scores"] if score["name"] == metric)
            for run in runs
            if run["share"] == share
        ]
        rows.append({"share": share, "scores": scores, "quality": summed(scores)})
    return rows
