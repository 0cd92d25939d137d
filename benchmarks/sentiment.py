"""Claim: classification-lstm tells positive from negative review sentences, from random vectors, on this CPU.

    python benchmarks/sentiment.py                         five seeds, minutes each
    python benchmarks/sentiment.py --seeds 1 --choosing    validation only: no test, no results
    python benchmarks/sentiment.py --name attention model.pooling=attention

Trains into runs/sentiment/NAME/seed-N, each seed's best weights chosen on the validation data, and classifies the test
data once, at the end. A run that was interrupted goes on. Writes results/sentiment.json with command, commit, machine,
settings, every seed's scores and curve, and the table results/sentiment.md; with settings of its own NAME is added to
both. The corpus (sentence polarity, Pang and Lee 2005) is looked for in $SEQLOOM_DATA/movie-reviews.
"""

import argparse
import json
from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any

from endings import run
from provenance import RESULTS, ROOT, corpora, provenance

import seqloom
from seqloom.data.readers import PairFiles
from seqloom.inspection.run_log import read_log

PRESET = "classification-lstm"
RUNS = ROOT / "runs" / "sentiment"
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


def spread(rows: Sequence[dict[str, Any]], part: str, metric: str) -> str:
    """The mean over seeds, and the deviation where there are several."""
    values = [row[part][metric] for row in rows]
    return f"{mean(values):.2f}" + (f" ± {stdev(values):.2f}" if len(values) > 1 else "")


def table(figures: dict[str, Any]) -> str:
    """The result as a page."""
    rows = figures["seeds"]
    lines = [
        "# Sentiment of review sentences",
        "",
        f"Sentence polarity, one fixed fold: 8,530 training, 1,066 validation and 1,066 test sentences; the preset "
        f"`{PRESET}`{' with ' + ' '.join(figures['overrides']) if figures['overrides'] else ''}, word vectors from "
        f"random. Best weights by validation accuracy; the test data was read once. Published, from random vectors: "
        f"{PUBLISHED} (ten folds).",
        "",
        "| seed | seconds of training | valid accuracy | test accuracy | test macro-F1 | test calibration error |",
        "| --- |" + " ---: |" * 5,
    ]
    for row in rows:
        cells = [
            row["valid"]["accuracy"],
            *(row["test"][name] for name in ("accuracy", "macro_f1", "calibration_error")),
        ]
        lines.append(
            f"| {row['seed']} | {row['seconds']:.0f} | {' | '.join(f'{value:.2f}' for value in cells)} |"
        )
    means = [
        spread(rows, part, metric)
        for part, metric in (
            ("valid", "accuracy"),
            ("test", "accuracy"),
            ("test", "macro_f1"),
            ("test", "calibration_error"),
        )
    ]
    lines += [
        f"| mean ± deviation | {mean(row['seconds'] for row in rows):.0f} | {' | '.join(means)} |",
        "",
        f"`{figures['command']}`, commit {figures['commit']}, {figures['machine']}, {rows[0]['parameters']:,} "
        "parameters.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Train every seed and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 1 on")
    parser.add_argument("--name", help="of settings of one's own")
    parser.add_argument("--choosing", action="store_true", help="validation only: no test, no results")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    asked = parser.parse_intermixed_args()
    if asked.overrides and not asked.name:
        parser.error("settings of its own need a --name, so that the result isn't taken for the preset's")
    begun = provenance()
    rows = [
        train(asked.name or PRESET, seed, asked.overrides, choosing=asked.choosing)
        for seed in range(1, asked.seeds + 1)
    ]
    for row in rows:
        print(
            json.dumps({key: row[key] for key in ("seed", "seconds", "valid", "test") if key in row}),
            flush=True,
        )
    if asked.choosing:
        print(f"valid accuracy {spread(rows, 'valid', 'accuracy')}")
        return
    figures = {**begun, "preset": PRESET, "overrides": asked.overrides, "published": PUBLISHED, "seeds": rows}
    stem = "sentiment" + (f"-{asked.name}" if asked.name else "")
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{stem}.json").write_text(
        json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    (RESULTS / f"{stem}.md").write_text(table(figures), encoding="utf-8")
    print(f"test accuracy {spread(rows, 'test', 'accuracy')}; {RESULTS / f'{stem}.md'}")


if __name__ == "__main__":
    run(main)
