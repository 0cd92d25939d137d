"""Claim: spoken digits are transcribed with 99 % of the words right or more, after so many minutes on this CPU.

    python benchmarks/speech.py --minutes 30
    python benchmarks/speech.py --minutes 30 --seed 2
    python benchmarks/speech.py --minutes 30 --name ctc --preset transcription-ctc

The corpus (Free Spoken Digit Dataset, six speakers, 8 kHz) is looked for in $SEQLOOM_DATA/spoken-digits; it is not ours
to ship. Its test manifest has the recordings numbered 0 to 4 of each digit and speaker, its training manifest 5 to 49.
For validation, by which everything is chosen, those numbered 5 to 9 are split off the training manifest (300 of 2,700);
the test manifest is read once, at the end. With --choosing it isn't read at all and nothing is written, to compare
settings. Writes results/speech/NAME.json with command, commit, machine, settings, scores and the whole learning curve,
and the table results/speech.md over all of them.
"""

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import mean
from typing import Any

from asking import parse, parser_of, run_name
from endings import run
from provenance import ROOT, corpora, provenance
from task_results import keep, page, shown

import seqloom
from seqloom.data.manifest import read_manifest
from seqloom.data.pairs import Pair
from seqloom.data.readers import PairFiles
from seqloom.inspection.run_log import read_log
from seqloom.training.searching import search_options

RUNS = ROOT / "runs" / "speech"
VALIDATION = range(5, 10)  # the numbers of the recordings that are split off for it
SETTINGS: dict[str, Any] = {
    "audio": {"sampling_rate": 8000, "mel_bands": 40},
    "text": {"tokenizer": "word"},
    "model": {"front_end": {"convolutions": 1}},
    "training": {"batch_tokens": 1500, "validate_every": 150, "validation_sentences": 0},
}


def digits(part: str) -> Path:
    """The manifest that the corpus has: "train" or "test". Exits where it isn't there."""
    path = corpora() / "spoken-digits" / f"{part}.tsv"
    if not path.is_file():
        raise SystemExit(f"{path} is not there; set SEQLOOM_DATA to the folder above spoken-digits.")
    return path


def number_of(recording: str) -> int:
    """7 for .../3_george_7.wav."""
    return int(Path(recording).stem.rpartition("_")[2])


def split(folder: Path) -> dict[str, str]:
    """Write the manifests of training and validation, with absolute paths; gives all three."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = list(read_manifest(PairFiles((digits("train"),))))
    parts = {
        "train": [pair for pair in pairs if number_of(pair.source) not in VALIDATION],
        "valid": [pair for pair in pairs if number_of(pair.source) in VALIDATION],
    }
    for part, kept in parts.items():
        lines = "".join(f"{pair.source}\t{pair.target}\n" for pair in kept)
        (folder / f"{part}.tsv").write_text(lines, encoding="utf-8")
    return {part: str(folder / f"{part}.tsv") for part in parts} | {"test": str(digits("test"))}


def scores(model: Any, manifest: str, beam: int = 5) -> dict[str, Any]:
    """Error rates of one manifest, the share of words that are right, and recordings a second."""
    pairs: list[Pair] = list(read_manifest(PairFiles((Path(manifest),))))
    started = time.perf_counter()
    found, outputs = model.evaluate(pairs, search_options(model.config.search, beam=beam))
    seconds = time.perf_counter() - started
    right = mean(output == pair.target for output, pair in zip(outputs, pairs, strict=True))
    return {
        "beam": beam,
        "recordings": len(pairs),
        **{score.name: round(score.value, 2) for score in found},
        "recordings_right": round(100 * right, 2),
        "signatures": {score.name: score.signature for score in found},
        "recordings_per_second": round(len(pairs) / seconds, 1),
    }


def train(asked: argparse.Namespace, name: str) -> dict[str, Any]:
    """Train or go on, then score; the run's figures."""
    begun = provenance()
    data = split(RUNS / "manifests")
    settings = {
        **SETTINGS,
        "preset": asked.preset,
        "seed": asked.seed,
        "data": data,
        "training": {**SETTINGS["training"], "max_minutes": asked.minutes},
    }
    model = seqloom.train(settings, RUNS / name, overrides=asked.overrides)
    log = read_log(RUNS / name / "metrics.jsonl")
    last = [row for row in log.rows if row["event"] == "step"][-1]
    figures = {
        **begun,
        "preset": asked.preset,
        "minutes": asked.minutes,
        "seed": asked.seed,
        "settings": SETTINGS,
        "overrides": asked.overrides,
        "environment": json.loads((RUNS / name / "environment.json").read_text()),
        "updates": last["update"],
        "epochs": last["epoch"],
        "valid": scores(model, data["valid"]),
    }
    return figures if asked.choosing else {**figures, "test": scores(model, data["test"]), "curve": log.rows}


def table(results: Mapping[str, Any]) -> str:
    """A row for each setting; several seeds give the mean and the deviation."""
    lead = (
        "Free Spoken Digit Dataset, 8 kHz, six speakers, one word a recording. Words that are right are 100 less the "
        "word error rate. Everything is chosen on the validation recordings (those numbered 5 to 9 of the training "
        "manifest); the test manifest (0 to 4) is read once. Minutes are of training on a shared machine of 2 cores, "
        "validation included. Each run's command, commit, machine, settings and curve lie in speech/."
    )
    columns = (
        *("run", "seeds", "parameters", "minutes", "threads", "passes"),
        *("valid, words right", "test, words right", "test CER"),
    )
    groups: dict[str, list[dict[str, Any]]] = {}
    for name, result in results.items():
        groups.setdefault(name.partition("-seed")[0], []).append(result)
    rows = []
    for name, group in groups.items():
        environment = group[0]["environment"]
        rows.append(
            [
                name,
                str(len(group)),
                f"{environment['parameters']:,}",
                f"{group[0]['minutes']:g}",
                str(environment["threads"]),
                f"{mean(row['epochs'] for row in group):.1f}",
                f"{shown([100 - row['valid']['wer'] for row in group], 2)} %",
                f"{shown([100 - row['test']['wer'] for row in group], 2)} %",
                shown([row["test"]["cer"] for row in group], 2),
            ]
        )
    return page("Spoken digits", lead, columns, rows)


def main() -> None:
    """Train and write what came of it."""
    asked = parse(parser_of(__doc__, preset="transcription-lstm", minutes=30))
    name = run_name(asked, f"{asked.preset}-{asked.minutes:g}min")
    figures = train(asked, name)
    print(
        json.dumps({key: figures[key] for key in ("epochs", "valid", "test") if key in figures}, indent=1),
        flush=True,
    )
    if not asked.choosing:
        keep("speech", name, figures, table, figures["curve"])


if __name__ == "__main__":
    run(main)
