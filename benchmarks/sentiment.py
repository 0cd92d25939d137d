"""Claim: classification-lstm tells positive from negative review sentences, from random vectors, on this CPU.

    python benchmarks/sentiment.py                         five seeds, minutes each
    python benchmarks/sentiment.py --seeds 1 --choosing    validation only: no test, no results
    python benchmarks/sentiment.py --name attention model.pooling=attention

Trains into runs/sentiment/NAME/seed-N, each seed's best weights chosen on the validation data, and classifies the test
data once for each setting, at the end. A run that was interrupted goes on. Writes results/sentiment/NAME.json with
command, commit, machine, settings, every seed's scores and curve, the first one's picture, and the table
results/sentiment.md. The corpus (sentence polarity, Pang and Lee 2005) is looked for in $SEQLOOM_DATA/movie-reviews.
"""

import json
from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from asking import parse, parser_of, run_name
from endings import run
from provenance import ROOT, corpora, provenance
from task_results import keep, page, shown

import seqloom
from seqloom.data.readers import PairFiles
from seqloom.inspection.run_log import read_log

PRESET = "classification-lstm"
RUNS = ROOT / "runs" / "sentiment"
SHOWN = (("valid", "accuracy"), ("test", "accuracy"), ("test", "macro_f1"), ("test", "calibration_error"))
PUBLISHED = 75.9  # a convolutional network from random vectors, ten folds (Kim 2014's reproduction)


def files(part: str) -> PairFiles:
    """One part of the corpus. Exits where it isn't there."""
    path = corpora() / "movie-reviews" / f"{part}.tsv"
    if not path.is_file():
        raise SystemExit(f"The reviews are not in {path.parent}; set SEQLOOM_DATA to the folder above it.")
    return PairFiles((path,))


def scores(model: seqloom.Classifier, part: str) -> dict[str, Any]:
    """Accuracy, macro-F1 and the calibration error of one part, and what was taken for what."""
    report, _ = model.evaluate(list(files(part).read()))
    matrix = report.matrix
    return {
        **{score.name: round(score.value, 2) for score in report.scores},
        "calibration_error": round(100 * report.error, 2),
        "confusion": None if matrix is None else matrix.tolist(),
    }


def train(name: str, seed: int, overrides: Sequence[str], *, choosing: bool) -> dict[str, Any]:
    """Train or go on, then score; one seed's figures."""
    settings = {
        "preset": PRESET,
        "seed": seed,
        "data": {part: [str(path) for path in files(part).paths] for part in ("train", "valid", "test")},
    }
    run = RUNS / name / f"seed-{seed}"
    model = seqloom.train(settings, run, overrides=overrides)
    if not isinstance(model, seqloom.Classifier):
        raise SystemExit(f"{run} holds no classifier.")
    log = read_log(run / "metrics.jsonl")
    last = [row for row in log.rows if row["event"] == "step"][-1]
    environment = json.loads((run / "environment.json").read_text(encoding="utf-8"))
    figures = {
        "seed": seed,
        "updates": last["update"],
        "seconds": last["seconds"],
        "parameters": environment["parameters"],
        "environment": environment,
        "valid": scores(model, "valid"),
    }
    return figures if choosing else {**figures, "test": scores(model, "test"), "curve": log.rows}


def table(results: Mapping[str, Any]) -> str:
    """A row for each seed of each setting, and their means."""
    rows = []
    for name, result in results.items():
        seeds = result["seeds"]
        for row in seeds:
            values = [f"{row[part][metric]:.2f}" for part, metric in SHOWN]
            rows.append([name, str(row["seed"]), f"{row['seconds']:.0f}", *values])
        means = [shown([row[part][metric] for row in seeds], 2) for part, metric in SHOWN]
        rows.append([name, "mean ± deviation", f"{mean(row['seconds'] for row in seeds):.0f}", *means])
    lead = (
        "Sentence polarity, one fixed fold: 8,530 training, 1,066 validation and 1,066 test sentences; the preset "
        f"`{PRESET}`, word vectors from random. Best weights by validation accuracy; each setting "
        "read the test data once. "
        "Without R-Drop came first; R-Drop, now the preset's, was then chosen on the validation data. "
        f"Published, from random vectors: {PUBLISHED} (ten folds). Command, commit, machine, settings and curves lie "
        "in sentiment/."
    )
    columns = (
        *("run", "seed", "seconds of training", "valid accuracy"),
        *("test accuracy", "test macro-F1", "test calibration error"),
    )
    return page("Sentiment of review sentences", lead, columns, rows)


def main() -> None:
    """Train every seed and write what came of it."""
    parser = parser_of(__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="how many, from --seed on")
    asked = parse(parser)
    name = run_name(asked, PRESET)
    begun = provenance()
    seeds = range(asked.seed, asked.seed + asked.seeds)
    rows = [train(name, seed, asked.overrides, choosing=asked.choosing) for seed in seeds]
    for row in rows:
        print(
            json.dumps({key: row[key] for key in ("seed", "seconds", "valid", "test") if key in row}),
            flush=True,
        )
    print(f"valid accuracy {shown([row['valid']['accuracy'] for row in rows], 2)}")
    if not asked.choosing:
        print(f"test accuracy {shown([row['test']['accuracy'] for row in rows], 2)}")
        figures = {**begun, "preset": PRESET, "overrides": asked.overrides, "seeds": rows}
        keep("sentiment", name, figures, table, rows[0]["curve"])


if __name__ == "__main__":
    run(main)
