"""Claim: a preset trains on Multi30k en-de, on this CPU and in so many minutes, to a BLEU that is reported here.

    python benchmarks/multi30k.py translation-gru --minutes 18
    python benchmarks/multi30k.py translation-lstm --minutes 8 model.dropout=0.2

Trains into runs/multi30k/, chooses the best weights on the validation set, and translates the test set once, at the
end; with --choosing it stops before that and writes nothing, to compare settings.
Writes results/multi30k/PRESET-MINUTESmin.json with command, commit, machine, settings, scores and the whole learning
curve, the curves as a picture beside it, and the table results/multi30k.md over all of them.
The corpus is looked for in $SEQLOOM_DATA/multi30k-en-de (../shared/data if that isn't set); it is not ours to ship.
"""

import argparse
import json
import time
from typing import Any

from provenance import RESULTS as ALL_RESULTS
from provenance import ROOT, multi30k, provenance

import seqloom
from seqloom.data.readers import Pair, read_pairs
from seqloom.inspection.curves import write_curves
from seqloom.inspection.run_log import read_log
from seqloom.training.searching import search_options

RESULTS = ALL_RESULTS / "multi30k"


def scores(model: Any, part: str, beam: int) -> dict[str, Any]:
    """BLEU and chrF of one part, with sentences a second."""
    pairs: list[Pair] = list(read_pairs(multi30k(part)))
    started = time.perf_counter()
    found, _ = model.evaluate(pairs, search_options(model.config.search, beam=beam))
    seconds = time.perf_counter() - started
    return {
        "beam": beam,
        **{score.name: round(score.value, 2) for score in found},
        "signatures": {score.name: score.signature for score in found},
        "sentences_per_second": round(len(pairs) / seconds, 1),
    }


def train(
    preset: str, minutes: float, overrides: list[str], name: str, seed: int, *, choosing: bool
) -> dict[str, Any]:
    """Train or go on, then score; the run's figures."""
    begun = provenance()
    run = ROOT / "runs" / "multi30k" / name
    settings = {
        "preset": preset,
        "seed": seed,
        "data": {part: [str(path) for path in multi30k(part)] for part in ("train", "valid", "test")},
        "training": {"max_minutes": minutes},
    }
    model = seqloom.train(settings, run, overrides=overrides)
    log = read_log(run / "metrics.jsonl")
    steps = [row for row in log.rows if row["event"] == "step"]
    if choosing:
        return {"epochs": steps[-1]["epoch"], "valid": scores(model, "valid", 5)}
    write_curves(log.rows, RESULTS / f"{name}.png", title=f"{preset}, Multi30k en-de, {minutes:g} minutes")
    environment = json.loads((run / "environment.json").read_text())
    return {
        **begun,
        "preset": preset,
        "minutes": minutes,
        "seed": seed,
        "overrides": overrides,
        "environment": environment,
        "updates": steps[-1]["update"],
        "epochs": steps[-1]["epoch"],
        "tokens": steps[-1]["tokens"],
        "tokens_per_second": round(steps[-1]["tokens"] / steps[-1]["seconds"]),
        "valid": scores(model, "valid", 5),
        "test": scores(model, "test", 5),
        "curve": log.rows,
    }


def table() -> str:
    """All results as a table."""
    lines = [
        "# Multi30k English to German",
        "",
        "Detokenised, cased sacreBLEU, beam 5; everything chosen on the validation set. Minutes are of training on a "
        "shared machine of 2 cores, validation included; tokens a second are target tokens over those minutes. Each "
        "row's command, commit, machine, settings and curve lie in multi30k/; a preset may have changed since.",
        "",
        "| run | parameters | minutes | passes | target tokens/s | valid BLEU | test BLEU | test chrF | sentences/s |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for path in sorted(RESULTS.glob("*.json")):
        row = json.loads(path.read_text(encoding="utf-8"))
        lines.append(
            f"| {path.stem} | {row['environment']['parameters']:,} | {row['minutes']:g} | {row['epochs']:.1f} | "
            f"{row['tokens_per_second']:,} | {row['valid']['bleu']:.1f} | {row['test']['bleu']:.1f} | "
            f"{row['test']['chrf']:.1f} | {row['test']['sentences_per_second']:.0f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Train and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("preset", nargs="?", default="translation-gru")
    parser.add_argument("--minutes", type=float, default=18)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--choosing", action="store_true", help="validation only: no test, no results")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    asked = parser.parse_intermixed_args()
    name = f"{asked.preset}-{asked.minutes:g}min" + (f"-seed{asked.seed}" if asked.seed != 1 else "")
    RESULTS.mkdir(parents=True, exist_ok=True)
    figures = train(asked.preset, asked.minutes, asked.overrides, name, asked.seed, choosing=asked.choosing)
    if asked.choosing:
        print(json.dumps(figures, indent=1))
        return
    (RESULTS / f"{name}.json").write_text(
        json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    (ALL_RESULTS / "multi30k.md").write_text(table(), encoding="utf-8")
    print(
        json.dumps({key: figures[key] for key in ("epochs", "tokens_per_second", "valid", "test")}, indent=1)
    )


if __name__ == "__main__":
    main()
