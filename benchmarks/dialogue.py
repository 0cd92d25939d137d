"""Claim: a bot learns bAbI's restaurant dialogues, tasks 1 and 5, to the share of right responses reported here.

    python benchmarks/dialogue.py 1 --minutes 10
    python benchmarks/dialogue.py 5 --minutes 90
    python benchmarks/dialogue.py 5 --minutes 30 --choosing --name small model.encoder.hidden=96

Trains into runs/dialogue/, chooses the best weights by the validation responses, and scores the test dialogues and
those with names outside the training data once, at the end, every answer after the true history; with --choosing it
stops before that and writes nothing. A run that was interrupted goes on. Writes results/dialogue/NAME.json and
dialogue.md. The corpus is looked for in $SEQLOOM_DATA/babi-dialog (../shared/data if that isn't set); it is not ours
to ship.
"""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from asking import parse, parser_of, run_name
from endings import run
from provenance import ROOT, provenance
from task_results import corpus, keep, page, score, shown, training_facts

import seqloom

RUNS = ROOT / "runs" / "dialogue"
PARTS = {"train": "trn", "valid": "dev", "test": "tst", "test-oov": "tst-OOV"}
PUBLISHED = {1: 100.0, 5: 98.8}  # per cent of the test responses, Mem2Seq (Madotto et al. 2018)


def train(asked: argparse.Namespace, name: str) -> dict[str, Any]:
    """Train or go on, then score; the run's figures."""
    begun = provenance()
    names = [f"task{asked.task}-{ending}.txt" for ending in PARTS.values()]
    files = dict(zip(PARTS, corpus("babi-dialog", *names), strict=True))
    settings = {
        "preset": asked.preset,
        "seed": asked.seed,
        "data": {part: [str(files[part])] for part in ("train", "valid", "test")},
        "training": {"max_minutes": asked.minutes},
    }
    model = seqloom.train(settings, RUNS / name, overrides=asked.overrides)
    scores = {"valid": score(model, files["valid"])}
    if not asked.choosing:
        scores |= {part: score(model, files[part]) for part in ("test", "test-oov")}
    own = {"task": asked.task, "preset": asked.preset, "minutes": asked.minutes, "overrides": asked.overrides}
    return {**begun, **own, "scores": scores, "training": training_facts(RUNS / name)}


def table(results: Mapping[str, Any]) -> str:
    """All results, a row each."""
    rows = []
    for name, result in results.items():
        scores = result["scores"]
        values = [
            shown(scores[part][metric])
            for part in ("valid", "test", "test-oov")
            for metric in ("response_accuracy", "dialogue_accuracy")
        ]
        trained = [f"{result['training']['seconds'] / 60:.0f}", f"{result['training']['epoch']:.1f}"]
        rows.append([name, str(result["task"]), *trained, *values, shown(PUBLISHED[result["task"]])])
    columns = ("run", "task", "minutes", "passes", "valid", "dialogues", "test", "dialogues")
    lead = (
        "Per cent of the responses that are exactly right, each after the true history, and of the dialogues of which "
        "all are; test-oov has names that training has not. Chosen on the validation dialogues. Published: Mem2Seq "
        "(Madotto et al. 2018), of the test responses. Command, commit, machine and curve of each run lie in dialogue/."
    )
    return page("Restaurant dialogues (bAbI)", lead, (*columns, "test-oov", "dialogues", "published"), rows)


def main() -> None:
    """Train and write what came of it."""
    parser = parser_of(__doc__, preset="dialogue-gru", minutes=30)
    parser.add_argument("task", type=int, choices=(1, 5))
    asked = parse(parser)
    name = run_name(asked, f"{asked.preset}-task{asked.task}-{asked.minutes:g}min")
    figures = train(asked, name)
    print(json.dumps(figures["scores"], indent=1), flush=True)
    if not asked.choosing:
        keep("dialogue", name, figures, table, figures["training"]["curve"])


if __name__ == "__main__":
    run(main)
