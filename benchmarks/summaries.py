"""Claim: a preset learns subject lines of e-mails (AESLC) on this CPU in so many minutes, to the ROUGE reported here.

    python benchmarks/summaries.py --choosing --name wide model.width=256    held-out mails only: to compare settings
    python benchmarks/summaries.py --minutes 12                              the figures; it overfits soon after

Every twelfth mail of the training part, chosen by a hash of its body so that no body is on both sides, is held out:
by it the best weights are chosen, and settings compared with --choosing, which writes nothing. Without it the dev part
is answered once, at the end, and compared with the subject as it was sent, as published figures are, and with the best
of that and the three subjects that people wrote for it. Trains into runs/summaries/; a run that was interrupted goes
on; its minutes are those of training. Writes results/summaries/NAME.json with command, commit, machine, settings,
scores and the learning curve, its picture, and the table results/summaries.md over all of them.
The corpus is looked for in $SEQLOOM_DATA/email-subjects (../shared/data if that isn't set); it is not ours to ship.
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from asking import parse, parser_of, run_name
from endings import run
from provenance import ROOT, corpora, provenance
from task_results import keep, page

import seqloom
from seqloom.data.readers import PairFiles
from seqloom.inspection.run_log import read_log
from seqloom.metrics.measure import measure
from seqloom.metrics.overlap import Score
from seqloom.training.searching import search_options

RUNS = ROOT / "runs" / "summaries"
HELD_OUT = 12  # one mail in so many
PEOPLES = ("subject", "ann0", "ann1", "ann2")


def mails(part: str) -> Path:
    """The file of "train" or "dev". Exits where the corpus isn't there."""
    path = corpora() / "email-subjects" / f"{part}.jsonl"
    if not path.is_file():
        raise SystemExit(f"The e-mails are not in {path.parent}; set SEQLOOM_DATA to the folder above it.")
    return path


def split() -> tuple[Path, Path]:
    """The training part without the held-out mails, and these, as files of their own."""
    files = RUNS / "train.jsonl", RUNS / "held-out.jsonl"
    RUNS.mkdir(parents=True, exist_ok=True)
    parts: tuple[list[str], list[str]] = ([], [])
    for line in mails("train").read_text(encoding="utf-8").split("\n")[:-1]:
        digest = sha256(json.loads(line)["body"].encode()).digest()
        parts[int.from_bytes(digest[:8], "big") % HELD_OUT == 0].append(line)
    for path, lines in zip(files, parts, strict=True):
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return files


def scores(model: Any, path: Path) -> dict[str, Any]:
    """ROUGE-1/2/L of a file by the preset's own search, and against the best of four subjects where it has them."""
    files = PairFiles((path,), source_field="body", target_field="subject")
    pairs = list(files.read_judged())
    started = time.perf_counter()
    found, outputs = model.evaluate(pairs, search_options(model.config.search))
    seconds = time.perf_counter() - started
    figures = {
        "mails": len(pairs),
        "beam": model.config.search.beam,
        **rounded(found),
        "words_a_summary": round(sum(len(text.split()) for text in outputs) / len(outputs), 2),
        "mails_per_second": round(len(pairs) / seconds, 1),
    }
    if path != mails("dev"):
        return figures
    several = [pair.references for pair in replace(files, reference_fields=PEOPLES).read_judged()]
    names = [score.name for score in found]
    best = measure(names, outputs, [own[0] for own in several], [own[1:] for own in several])
    return {**figures, "best_of_four": rounded(best)}


def rounded(found: Sequence[Score]) -> dict[str, Any]:
    """Scores by name, and how they were counted."""
    return {**{score.name: round(score.value, 2) for score in found}, "signature": found[0].signature}


def train(asked: argparse.Namespace, name: str) -> dict[str, Any]:
    """Train or go on, then score; the run's figures."""
    begun = provenance()
    learnt, held_out = split()
    settings = {
        "preset": asked.preset,
        "seed": asked.seed,
        "data": {
            "train": str(learnt),
            "valid": str(held_out),
            "source_field": "body",
            "target_field": "subject",
            "cache": str(RUNS / "corpora"),
        },
        "training": {"max_minutes": asked.minutes, "max_epochs": asked.epochs or "none"},
    }
    model = seqloom.train(settings, RUNS / name, overrides=asked.overrides)
    log = read_log(RUNS / name / "metrics.jsonl")
    last = [row for row in log.rows if row["event"] == "step"][-1]
    chosen = scores(model, held_out)
    if asked.choosing:
        return {"epochs": last["epoch"], "held_out": chosen}
    return {
        **begun,
        "preset": asked.preset,
        "minutes": asked.minutes,
        "seed": asked.seed,
        "overrides": asked.overrides,
        "environment": json.loads((RUNS / name / "environment.json").read_text()),
        "updates": last["update"],
        "epochs": last["epoch"],
        "tokens": last["tokens"],
        "seconds": last["seconds"],
        "held_out": chosen,
        "dev": scores(model, mails("dev")),
        "dev_bodies_in_training": shared_bodies(learnt),
        "curve": log.rows,
    }


def shared_bodies(learnt: Path) -> int:
    """Mails of the dev part whose body stands in the training part too."""
    bodies, seen = (
        [json.loads(line)["body"] for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
        for path in (mails("dev"), learnt)
    )
    known = set(seen)
    return sum(body in known for body in bodies)


def table(results: Mapping[str, Any]) -> str:
    """A row for each run."""
    lead = (
        "ROUGE F1 by rouge-score with its stemmer, mean over mails; everything chosen on mails held out of the "
        "training part, the dev part answered once. Best of four: against the best of the subject and three people's. "
        "Minutes are of training, validation included. Published, against the subject: 15.0 / 7.4 / 14.9 for a "
        "Transformer-base trained from nothing (PEGASUS paper), 23.7 / 10.3 / 23.4 for the system of the corpus's "
        "authors. Each run's command, commit, machine, settings and curve lie in summaries/."
    )
    columns = (
        *("run", "parameters", "minutes", "threads", "passes"),
        *("held out, ROUGE-1/2/L", "dev, ROUGE-1/2/L", "best of four"),
    )
    rows = []
    for name, row in results.items():
        shown = [
            " / ".join(f"{part[metric]:.1f}" for metric in ("rouge1", "rouge2", "rougeL"))
            for part in (row["held_out"], row["dev"], row["dev"]["best_of_four"])
        ]
        machine = row["environment"]
        facts = [f"{machine['parameters']:,}", f"{row['minutes']:g}", str(machine["threads"])]
        rows.append([name, *facts, f"{row['epochs']:.1f}", *shown])
    return page("Subject lines of e-mails (AESLC)", lead, columns, rows)


def main() -> None:
    """Train and write what came of it."""
    parser = parser_of(__doc__, preset="summarization-gru", minutes=12)
    parser.add_argument("--epochs", type=float, help="end after so many passes if that comes first")
    asked = parse(parser)
    name = run_name(asked, f"{asked.preset}-{asked.minutes:g}min")
    figures = train(asked, name)
    print(
        json.dumps(
            {key: value for key, value in figures.items() if key not in ("curve", "environment")}, indent=1
        )
    )
    if not asked.choosing:
        keep("summaries", name, figures, table, figures["curve"])


if __name__ == "__main__":
    run(main)
