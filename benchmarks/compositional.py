"""Claim: on SCAN each architecture generalises as far as is reported here: to random commands, longer and new ones.

    python benchmarks/compositional.py                          every split, every architecture, 10 minutes each
    python benchmarks/compositional.py simple --only lstm --minutes 20 --seeds 3
    python benchmarks/compositional.py length --only transformer --choosing

Commands are read, and actions written, a word each. Of the training commands every tenth is held out, by which the best
weights are chosen; the test commands are scored once, at the end. With --choosing it stops before that and writes
nothing. What was interrupted goes on. Writes results/compositional/SPLIT-ARCHITECTURE.json and compositional.md.
The corpus is looked for in $SEQLOOM_DATA/scan (../shared/data if that isn't set).
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from endings import run
from provenance import ROOT, provenance
from task_results import corpus, keep, over_all, page, score, shown, training_facts

import seqloom
from seqloom.training.seeds import seed_runs

RUNS = ROOT / "runs" / "compositional"
SPLITS = {"simple": "simple", "length": "length", "jump": "addprim_jump"}
PUBLISHED = {"simple": "99.8", "length": "14 to 21", "jump": "1"}  # LSTM, Lake and Baroni 2018
HELD_OUT = 10  # every tenth training command
COMMON = (
    "text.tokenizer=space",
    "data.format=tsv",
    "search.max_length_factor=8.0",  # nine words may ask for 48 actions
    "training.label_smoothing=0.0",
    "training.validation_sentences=0",
)


def cell(name: str, attention: str = "additive") -> tuple[str, ...]:
    """A recurrent architecture of that cell."""
    if attention == "none":
        return (f"model.encoder.cell={name}", f"model.decoder.cell={name}", "model.decoder.attention=none")
    return (
        f"model.encoder.cell={name}",
        f"model.decoder.cell={name}",
        f"model.decoder.attention={attention}",
    )


ARCHITECTURES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "elman": ("transduction-lstm", cell("elman")),
    "gru": ("transduction-lstm", cell("gru")),
    "lstm": ("transduction-lstm", cell("lstm")),
    "lstm-without-attention": ("transduction-lstm", cell("lstm", "none")),
    "min_gru": ("transduction-lstm", cell("min_gru")),
    "transformer": ("transduction-transformer", ()),
    "transformer-rotary": (
        "transduction-transformer",
        ("model.encoder.positions=rotary", "model.decoder.positions=rotary"),
    ),
}


def held_out(train: Path, folder: Path) -> tuple[Path, Path]:
    """The training commands without every tenth, and those."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = train.read_text(encoding="utf-8").splitlines(keepends=True)
    files = folder / "train.tsv", folder / "valid.tsv"
    files[0].write_text("".join(line for row, line in enumerate(lines) if row % HELD_OUT), encoding="utf-8")
    files[1].write_text("".join(lines[::HELD_OUT]), encoding="utf-8")
    return files


def train(asked: argparse.Namespace, split: str, architecture: str) -> dict[str, Any]:
    """Train or go on, then score; the figures of all seeds."""
    begun = provenance()
    whole, test = corpus("scan", *(f"{SPLITS[split]}_{part}.tsv" for part in ("train", "test")))
    learnt, valid = held_out(whole, RUNS / "data" / split)
    preset, own = ARCHITECTURES[architecture]
    settings = {
        "preset": preset,
        "data": {"train": [str(learnt)], "valid": [str(valid)]},
        "training": {"max_minutes": asked.minutes},
    }
    folder = RUNS / f"{split}-{architecture}"
    seqloom.train_seeds(settings, folder, asked.seeds, overrides=[*COMMON, *own, *asked.overrides])
    parts = {"valid": valid} if asked.choosing else {"valid": valid, "test": test}
    scores: dict[str, Any] = {}
    for part, path in parts.items():
        runs = {run.name: score(seqloom.load(run), path, beam=1) for run in seed_runs(folder)}
        scores[part] = {"runs": runs, "over_all": over_all(runs)}
    return {
        **begun,
        "split": split,
        "architecture": architecture,
        "minutes": asked.minutes,
        "overrides": asked.overrides,
        "scores": scores,
        "training": {run.name: training_facts(run) for run in seed_runs(folder)},
    }


def table(results: Mapping[str, Any]) -> str:
    """A row for each architecture, a column for each split."""
    found = {(row["architecture"], row["split"]): row for row in results.values()}
    rows = []
    for name in ARCHITECTURES:
        cells = []
        for split in SPLITS:
            row = found.get((name, split))
            cells.append("" if row is None else shown(row["scores"]["test"]["over_all"]["accuracy"]))
        rows.append([name, *cells])
    rows.append(["published (LSTM)", *PUBLISHED.values()])
    lead = (
        "Per cent of the test commands of SCAN whose actions are exactly right, greedy search: a random split, longer "
        "commands than any in training, and a verb that training has alone only. Mean and deviation over the seeds. "
        "Published: Lake and Baroni 2018. Command, commit, machine and curves lie in compositional/."
    )
    return page("Commands to actions (SCAN)", lead, ("architecture", *SPLITS), rows)


def main() -> None:
    """Train all that is asked for, and write what came of each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("splits", nargs="*", metavar="SPLIT", help=f"of {', '.join(SPLITS)}; all if none")
    parser.add_argument("--only", nargs="+", metavar="ARCHITECTURE", choices=list(ARCHITECTURES))
    parser.add_argument("--minutes", type=float, default=10, help="of each training")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--set", dest="overrides", nargs="+", default=[], metavar="KEY=VALUE")
    parser.add_argument("--choosing", action="store_true", help="validation only: no test, no results")
    asked = parser.parse_args()
    unknown = [split for split in asked.splits if split not in SPLITS]
    if unknown:
        parser.error(f"there is no split {unknown[0]}; they are {', '.join(SPLITS)}")
    for split in asked.splits or SPLITS:
        for architecture in asked.only or ARCHITECTURES:
            figures = train(asked, split, architecture)
            print(f"{split} {architecture}: {json.dumps(figures['scores'], indent=1)}", flush=True)
            if not asked.choosing:
                first = next(iter(figures["training"].values()))
                keep("compositional", f"{split}-{architecture}", figures, table, first["curve"])


if __name__ == "__main__":
    run(main)
