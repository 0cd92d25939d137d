"""Claim: small models spell, pronounce and inflect words to the accuracy that is reported here, alone and together.

    python benchmarks/characters.py dutch --seeds 10 --minutes 12
    python benchmarks/characters.py turkish --preset transduction-transformer --seeds 5 --minutes 60
    python benchmarks/characters.py arabic --seeds 5 --minutes 10 --choosing
    python benchmarks/characters.py dutch --with dutch-transduction-transformer-12min    these runs in the ensemble, too

    dutch georgian hungarian    pronunciation: letters to phones (SIGMORPHON 2021)
    english turkish             inflection: verb and features to form (SIGMORPHON 2023)
    arabic                      transliteration of names into Latin letters

Trains a run for each seed into runs/characters/NAME/, each so many minutes, chooses the best weights of each by the
validation words, and scores the test words once, at the end: each run, their mean and deviation, and all of them as an
ensemble whose probabilities are averaged. With --choosing it stops before that and writes nothing. What was interrupted
goes on. Writes results/characters/NAME.json and characters.md. The corpora are looked for in $SEQLOOM_DATA
(../shared/data if that isn't set); they are not ours to ship.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from asking import parse, parser_of, run_name
from endings import run
from provenance import ROOT, provenance
from task_results import corpus, keep, over_all, page, score, shown, training_facts

import seqloom
from seqloom.training.seeds import seed_runs

RUNS = ROOT / "runs" / "characters"


class Language(NamedTuple):
    """Where the words lie, what the task needs, and what is published: per cent of the test words that are right."""

    folder: str
    files: tuple[str, str, str]
    overrides: tuple[str, ...]
    published: float | None


PHONES = ("text.target_tokenizer=space",)
COLUMNS = ("data.format=tsv", "data.source_columns=[1,2]", "data.target_column=3", "data.feature_columns=[2]")
COPIED = (
    "text.shared=true",
    "model.share_embeddings=true",
    "model.decoder.copying=true",
)  # most of a form is its lemma
LANGUAGES: Mapping[str, Language] = {
    "dutch": Language("g2p", ("dut_train.tsv", "dut_dev.tsv", "dut_test.tsv"), PHONES, 100 - 14.7),
    "georgian": Language("g2p", ("geo_train.tsv", "geo_dev.tsv", "geo_test.tsv"), PHONES, 100.0),
    "hungarian": Language("g2p", ("hun_train.tsv", "hun_dev.tsv", "hun_test.tsv"), PHONES, 100 - 1.8),
    "english": Language("inflection", ("eng.trn", "eng.dev", "eng.tst"), (*COLUMNS, *COPIED), 96.6),
    "turkish": Language("inflection", ("tur.trn", "tur.dev", "tur.tst"), (*COLUMNS, *COPIED), 64.6),
    "arabic": Language(
        "transliteration-ar-en", ("train.txt", "eval.txt", "test.txt"), ("data.format=tsv",), None
    ),
}


def train(asked: argparse.Namespace, name: str) -> dict[str, Any]:
    """Train or go on, then score; the figures of all runs and of the ensemble."""
    begun, language = provenance(), LANGUAGES[asked.language]
    files = dict(zip(("train", "valid", "test"), corpus(language.folder, *language.files), strict=True))
    settings = {
        "preset": asked.preset,
        "seed": asked.seed,
        "data": {part: [str(path)] for part, path in files.items()},
        "training": {"max_minutes": asked.minutes},
    }
    folder = RUNS / name
    seqloom.train_seeds(settings, folder, asked.seeds, overrides=[*language.overrides, *asked.overrides])
    parts = ("valid",) if asked.choosing else ("valid", "test")
    joining = [run for other in asked.joining for run in seed_runs(RUNS / other)]
    own = {"language": asked.language, "preset": asked.preset, "minutes": asked.minutes}
    members = {"with": asked.joining, "members": asked.seeds + len(joining)}
    return {
        **begun,
        **own,
        **members,
        "overrides": asked.overrides,
        "scores": {part: scores(folder, joining, files[part]) for part in parts},
        "training": {run.name: training_facts(run) for run in seed_runs(folder)},
    }


def scores(folder: Path, joining: Sequence[Path], path: Path) -> dict[str, Any]:
    """Of each run, of all by mean and deviation, and of the ensemble, in which others join."""
    own = seed_runs(folder)
    runs = {run.name: score(seqloom.load(run), path) for run in own}
    return {"runs": runs, "over_all": over_all(runs), "ensemble": score(seqloom.load([*own, *joining]), path)}


def table(results: Mapping[str, Any]) -> str:
    """All results, a row each."""
    rows = []
    for name, result in results.items():
        values = []
        for part in ("valid", "test"):
            found = result["scores"][part]
            values += [
                shown(found["over_all"]["accuracy"]),
                shown(found["over_all"]["symbol_error_rate"], 2),
                shown(found["ensemble"]["accuracy"]),
                shown(found["ensemble"]["symbol_error_rate"], 2),
            ]
        runs, published = list(result["training"].values()), LANGUAGES[result["language"]].published
        members = str(result.get("members", len(runs)))
        parameters = f"{runs[0]['environment']['parameters']:,}"
        minutes = f"{sum(run['seconds'] for run in runs) / len(runs) / 60:.0f}"
        rows.append(
            [
                name,
                result["language"],
                str(len(runs)),
                parameters,
                minutes,
                *values,
                members,
                shown(published),
            ]
        )
    each = ("right", "symbol errors", "ensemble right", "ensemble errors")
    columns = [f"{part} {column}" for part in ("valid", "test") for column in each]
    lead = (
        "Per cent of the words that are exactly right (100 minus the word error rate), and wrong symbols for each 100: "
        "phones for pronunciation, else characters. Of several seeds the mean and the deviation of a sample; the "
        "ensemble averages their probabilities. Minutes are of each training. Chosen on the validation words; of "
        "arabic these are eval.txt. Published: SIGMORPHON's baselines, of the test words. Command, commit, machine and "
        "curves lie in characters/."
    )
    head = ("run", "language", "seeds", "parameters", "minutes", *columns, "ensemble of", "published right")
    return page("Characters to characters and phones", lead, head, rows)


def main() -> None:
    """Train and write what came of it."""
    parser = parser_of(__doc__, preset="transduction-lstm", minutes=10)
    parser.add_argument("language", choices=list(LANGUAGES))
    parser.add_argument("--seeds", type=int, default=5, help="how many, from --seed on")
    parser.add_argument(
        "--with", dest="joining", nargs="+", default=[], metavar="NAME", help="whose runs join"
    )
    asked = parse(parser)
    name = run_name(asked, f"{asked.language}-{asked.preset}-{asked.minutes:g}min")
    figures = train(asked, name)
    print(json.dumps(figures["scores"], indent=1), flush=True)
    if not asked.choosing:
        first = next(iter(figures["training"].values()))
        keep("characters", name, figures, table, first["curve"])


if __name__ == "__main__":
    run(main)
