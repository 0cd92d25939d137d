"""Claim: language models learn tinyshakespeare to so many nats a character, in a small setting and in 30 minutes.

    python benchmarks/generation.py                                  everything: three trainings, 40 minutes or so
    python benchmarks/generation.py small-lstm small-transformer     the small setting: at most 2,000 updates of
                                                                     12 x 64 characters, 0.85 M parameters
    python benchmarks/generation.py half-hour --smoke                a few updates, to see that it works

The first 90 % of the text are learnt from, and the last 10 %, cut at the end of a line, are what is measured: every
character of it once, read as `seqloom evaluate` reads. As with the published figures (nanoGPT's README) there is no
test set beside it: what counts is the best validation, and the last stands beside it. The small setting is validated
once, at its end. Trains into runs/generation/; a run that was interrupted goes on. Writes results/generation/NAME.json
with command, commit, machine, settings and curve, its picture, and the table results/generation.md.
The corpus is looked for in $SEQLOOM_DATA/tinyshakespeare (../shared/data if that isn't set); it is not ours to ship.
"""

import argparse
import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asking import seeded
from endings import run
from provenance import ROOT, corpora, provenance
from task_results import keep, page

import seqloom
from seqloom.inspection.run_log import read_log
from seqloom.pipeline import Likelihood, TextGenerator
from seqloom.training.vocabularies import text_files

RUNS = ROOT / "runs" / "generation"
TO_REACH = {"small": 1.80, "half-hour": 1.50}
PUBLISHED = {
    "small": "1.88 (nanoGPT's README, this setting)",
    "half-hour": "1.47 (nanoGPT's README, on a GPU)",
}
SMALL = [
    "training.max_updates=2000",
    "training.batch_tokens=768",
    "training.chunk=64",
    "training.validate_every=2000",
    "model.dropout=0.0",
]
MODELS: dict[str, tuple[str, list[str]]] = {
    "small-lstm": (
        "generation-lstm",
        [*SMALL, "model.decoder.hidden=384", "model.decoder.recurrent_dropout=0.0"],
    ),
    "small-transformer": ("generation-transformer", SMALL),
    "half-hour": ("generation-lstm", ["training.max_minutes=30", "training.validate_minutes=3"]),
}
MOST_PARAMETERS = 850_000  # of the small setting


def text() -> Path:
    """The corpus. Exits where it isn't there."""
    path = corpora() / "tinyshakespeare" / "input.txt"
    if not path.is_file():
        raise SystemExit(f"tinyshakespeare is not in {path.parent}; set SEQLOOM_DATA to the folder above it.")
    return path


def measure(name: str, seed: int, *, smoke: bool) -> dict[str, Any]:
    """Train or go on, then score the held-out tenth with the best weights; the run's figures."""
    begun = provenance()
    preset, overrides = MODELS[name]
    run = RUNS / (f"{name}-seed{seed}" if not smoke else "smoke")
    settings: dict[str, Any] = {
        "preset": preset,
        "task": "generation",
        "seed": seed,
        "data": {"train": str(text()), "held_out": 0.1},
    }
    if smoke:
        shutil.rmtree(run, ignore_errors=True)
        overrides = [*overrides, "training.max_updates=20", "training.validate_every=10"]
    seqloom.train(settings, run, overrides=overrides)
    model = seqloom.load(run)
    assert isinstance(model, TextGenerator)
    whole = sum(model.score_lines(text_files(model.config, "valid").lines()), Likelihood())
    environment = json.loads((run / "environment.json").read_text())
    log = read_log(run / "metrics.jsonl")
    last = [row for row in log.rows if row["event"] == "step"][-1]
    if name.startswith("small") and environment["parameters"] > MOST_PARAMETERS:
        raise SystemExit(
            f"{name} has {environment['parameters']:,} parameters, more than {MOST_PARAMETERS:,}."
        )
    return {
        **begun,
        "preset": preset,
        "overrides": overrides,
        "seed": seed,
        "environment": environment,
        "updates": last["update"],
        "epochs": last["epoch"],
        "minutes": round(float(str(last["seconds"])) / 60, 1),
        "tokens": last["tokens"],
        "nats_per_character": round(whole.nats / whole.characters, 4),
        "bits_per_character": round(whole.bits_per_character, 4),
        "perplexity": round(math.exp(whole.nats / whole.tokens), 3),
        "last_validation_loss": [row for row in log.rows if row["event"] == "validation"][-1]["loss"],
        "characters": whole.characters,
        "unknown": whole.unknown,
        "context": model.context,
        "sample": model("ROMEO:", symbols=300),
        "curve": log.rows,
    }


def table(results: Mapping[str, Any]) -> str:
    """A row for each run."""
    lead = (
        "Nats a character on the last tenth of the text, every character once, at the best validation (as the "
        "published figures have it) and at the last. Small: at most 2,000 updates of 12 x 64 characters and 0.85 M "
        "parameters, validated once, at the end. Minutes are of training, validation included. Command, commit, "
        "machine, settings and curve of each lie in generation/."
    )
    columns = (
        *("run", "parameters", "updates", "passes", "minutes", "best", "last", "to reach", "published"),
        "context",
    )
    rows = []
    for name, found in results.items():
        kind = "small" if name.startswith("small") else "half-hour"
        rows.append(
            [
                name,
                f"{found['environment']['parameters']:,}",
                f"{found['updates']:,}",
                f"{found['epochs']:.1f}",
                f"{found['minutes']:g}",
                f"{found['nats_per_character']:.3f}",
                f"{found['last_validation_loss']:.3f}",
                f"{TO_REACH[kind]:.2f}",
                PUBLISHED[kind],
                found["context"],
            ]
        )
    return page("Text generation: tinyshakespeare", lead, columns, rows)


def main() -> None:
    """Train, score and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MODELS)}; all if none")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--smoke", action="store_true", help="20 updates, and nothing is written")
    asked = parser.parse_args()
    unknown = set(asked.names) - set(MODELS)
    if unknown:
        parser.error(f"no such run: {', '.join(sorted(unknown))}; there are {', '.join(MODELS)}")
    for name in asked.names or MODELS:
        found = measure(name, asked.seed, smoke=asked.smoke)
        print(
            f"{name}: {found['nats_per_character']:.4f} nats a character, {found['minutes']} minutes",
            flush=True,
        )
        if not asked.smoke:
            keep("generation", seeded(name, asked.seed), found, table, found["curve"])


if __name__ == "__main__":
    run(main)
