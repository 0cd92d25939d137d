"""Claim: a preset trains on Multi30k en-de, on this CPU and in so many minutes, to a BLEU that is reported here.

    python benchmarks/multi30k.py translation-gru --minutes 18
    python benchmarks/multi30k.py translation-gru --minutes 30 --name gru-without-attention model.decoder.attention=none
    python benchmarks/multi30k.py --ensemble translation-lstm-120min translation-lstm-120min-seed2

Trains into runs/multi30k/, chooses the best weights on the validation set, and translates the test set once, at the
end; with --choosing it stops before that and writes nothing, to compare settings. A run that was interrupted goes on;
its minutes are those of training. Writes results/multi30k/NAME.json with command, commit, machine, settings, scores and
the whole learning curve, the curves as a picture beside it, and the table results/multi30k.md over all of them.
The corpus is looked for in $SEQLOOM_DATA/multi30k-en-de (../shared/data if that isn't set); it is not ours to ship.
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from asking import parse, parser_of, run_name
from endings import run
from provenance import ROOT, multi30k, provenance
from task_results import keep, page, shown

import seqloom
from seqloom.data.pairs import Pair
from seqloom.data.readers import read_pairs
from seqloom.inspection.run_log import read_log
from seqloom.metrics.overlap import bleu
from seqloom.training.searching import search_options

RUNS = ROOT / "runs" / "multi30k"


def scores(model: Any, part: str, beam: int = 5) -> dict[str, Any]:
    """BLEU, chrF and lowercased BLEU of one part, with sentences a second."""
    pairs: list[Pair] = list(read_pairs(multi30k(part)))
    started = time.perf_counter()
    found, outputs = model.evaluate(pairs, search_options(model.config.search, beam=beam))
    seconds = time.perf_counter() - started
    lowercased = bleu(outputs, [pair.target for pair in pairs], lowercase=True)
    named = {**{score.name: score for score in found}, "bleu_lowercased": lowercased}
    return {
        "beam": beam,
        **{name: round(score.value, 2) for name, score in named.items()},
        "signatures": {name: score.signature for name, score in named.items()},
        "sentences_per_second": round(len(pairs) / seconds, 1),
    }


def train(asked: argparse.Namespace, name: str, training: Sequence[Path] | None = None) -> dict[str, Any]:
    """Train or go on, then score; the run's figures. training: other pairs to learn from than the corpus's"""
    begun = provenance()
    files = {part: multi30k(part) for part in ("train", "valid", "test")}
    files["train"] = list(training or files["train"])
    settings = {
        "preset": asked.preset,
        "seed": asked.seed,
        "data": {part: [str(path) for path in paths] for part, paths in files.items()},
        "training": {"max_minutes": asked.minutes},
    }
    model = seqloom.train(settings, RUNS / name, overrides=asked.overrides)
    log = read_log(RUNS / name / "metrics.jsonl")
    last = [row for row in log.rows if row["event"] == "step"][-1]
    valid = scores(model, "valid")
    if asked.choosing:
        return {"epochs": last["epoch"], "valid": valid}
    environment = json.loads((RUNS / name / "environment.json").read_text())
    return {
        **begun,
        "preset": asked.preset,
        "minutes": asked.minutes,
        "seed": asked.seed,
        "overrides": asked.overrides,
        "environment": environment,
        "updates": last["update"],
        "epochs": last["epoch"],
        "tokens": last["tokens"],
        "tokens_per_second": round(last["tokens"] / last["seconds"]),
        "valid": valid,
        "test": scores(model, "test"),
        "curve": log.rows,
    }


def combine(names: Sequence[str], *, choosing: bool) -> dict[str, Any]:
    """Score several runs as one model, probabilities averaged."""
    begun = provenance()
    model = seqloom.load([RUNS / name for name in names])
    members = [json.loads((RUNS / name / "environment.json").read_text()) for name in names]
    figures = {
        **begun,
        "members": list(names),
        "parameters": sum(member["parameters"] for member in members),
        "valid": scores(model, "valid"),
    }
    return figures if choosing else {**figures, "test": scores(model, "test")}


def parameters_of(row: dict[str, Any]) -> int:
    """Of a run, or of all members of an ensemble."""
    return int(row["parameters"] if "members" in row else row["environment"]["parameters"])


def table(results: Mapping[str, Any]) -> str:
    """A row for each setting."""
    lead = (
        "Detokenised, cased sacreBLEU, beam 5; everything chosen on the validation set. Minutes are of training on a "
        "shared machine of 2 cores, validation included, with so many threads; tokens a second are target tokens over "
        "those minutes. Several seeds: the mean and the deviation of a sample. Lowercased: as papers have it. "
        "Each run's command, commit, machine, settings and curve lie in multi30k/; a preset may have changed since."
    )
    columns = (
        *("run", "seeds", "parameters", "minutes", "threads", "passes", "target tokens/s", "valid BLEU"),
        *("test BLEU", "test BLEU, lowercased", "test chrF"),
    )
    scored = (("valid", "bleu"), ("test", "bleu"), ("test", "bleu_lowercased"), ("test", "chrf"))
    groups: dict[str, list[dict[str, Any]]] = {}
    for name, result in results.items():
        groups.setdefault(name.partition("-seed")[0], []).append(result)
    rows = []
    for name, group in groups.items():
        first = group[0]
        trained = ["", "", "", ""]  # what an ensemble doesn't have
        if "members" not in first:
            trained = [
                f"{first['minutes']:g}",
                f"{first['environment']['threads']}",
                f"{mean(row['epochs'] for row in group):.1f}",
                f"{mean(row['tokens_per_second'] for row in group):,.0f}",
            ]
        quality = [
            shown([row[part][metric] for row in group if metric in row[part]])  # older results have fewer
            for part, metric in scored
        ]
        rows.append([name, str(len(group)), f"{parameters_of(first):,}", *trained, *quality])
    return page("Multi30k English to German", lead, columns, rows)


def main() -> None:
    """Train and write what came of it."""
    parser = parser_of(__doc__, minutes=18)
    parser.add_argument("preset", nargs="?", default="translation-gru")
    parser.add_argument("--ensemble", nargs="+", metavar="RUN", help="score these runs together")
    asked = parse(parser)
    plain = f"ensemble-of-{len(asked.ensemble)}" if asked.ensemble else f"{asked.preset}-{asked.minutes:g}min"
    name = run_name(asked, plain)
    figures = combine(asked.ensemble, choosing=asked.choosing) if asked.ensemble else train(asked, name)
    tell(figures)
    if not asked.choosing:
        keep("multi30k", name, figures, table, figures.get("curve", ()))


def tell(figures: dict[str, Any]) -> None:
    """What a person wants to know at once."""
    wanted = ("epochs", "tokens_per_second", "valid", "test")
    print(json.dumps({key: figures[key] for key in wanted if key in figures}, indent=1), flush=True)


if __name__ == "__main__":
    run(main)
