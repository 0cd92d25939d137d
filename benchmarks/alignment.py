"""Claim: attention aligns the words of 5,401 Spanish-English pairs as well as is reported here, unguided and guided.

    python benchmarks/alignment.py
    python benchmarks/alignment.py --name subwords text.tokenizer=bpe training.batch_tokens=2048

Trains a translator in each direction on alignment-en-es/corpus.* alone, aligns that corpus by what both look at, and
trains both directions again, guided by the links found (Garg et al. 2019); people's links teach nothing. The corpus
holds the sentences of dev.en and dev.es, as the published figures' corpus did. Every pair of runs is scored against
dev.key, each direction and both made one, with the attention that writes a word and with the one that has read it.
There is no test part: what was chosen, was chosen on dev.key. Trains into runs/alignment/NAME; what was interrupted
goes on. Writes results/alignment/NAME.json and alignment.md. The corpus is looked for in $SEQLOOM_DATA/alignment-en-es
(../shared/data if that isn't set); it is not ours to ship.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from asking import parse, parser_of, run_name
from endings import run
from provenance import ROOT, provenance
from task_results import corpus, keep, page, training_facts

import seqloom
from seqloom.base.files import atomic_write
from seqloom.data.gold_links import read_gold
from seqloom.data.pairs import Pair
from seqloom.data.readers import read_pairs
from seqloom.inspection.alignment import Links, pharaoh, symmetrise, turned
from seqloom.metrics.alignment import alignment_score
from seqloom.pipeline.aligning import Extraction, align

RUNS = ROOT / "runs" / "alignment"
PRESET = "translation-gru"
SETTINGS = ("text.tokenizer=word", "text.vocabulary_size=4000", "training.batch_tokens=1024")
WAYS = ("intersection", "grow-diag-final-and", "union")
WHEN = {"writing": Extraction(), "read": Extraction(late=True)}
PUBLISHED = {"IBM model 1": 0.42, "IBM model 2": 0.45}  # F1 on dev.key


def both_ways(models: Sequence[Any], pairs: Sequence[Pair], how: Extraction) -> dict[str, list[Links]]:
    """The links of pairs by each direction, and by both."""
    there, back = models
    exchanged = [Pair(pair.target, pair.source) for pair in pairs]
    found = {
        "en-es": list(align(there, pairs, how)),
        "es-en": [turned(each) for each in align(back, exchanged, how)],
    }
    joined = {way: [symmetrise(*each, way) for each in zip(*found.values(), strict=True)] for way in WAYS}
    return {**found, **joined}


def train(asked: argparse.Namespace, folder: Path, links: Sequence[Links] | None) -> list[Any]:
    """A translator of each direction; with links, guided by them."""
    files = corpus("alignment-en-es", "corpus.en", "corpus.es")
    folder.mkdir(parents=True, exist_ok=True)
    models = []
    for name, order in (("en-es", files), ("es-en", files[::-1])):
        data: dict[str, Any] = {"train": [str(file) for file in order]}
        guided = []
        if links is not None:
            data["alignments"] = str(folder / f"links.{name}")
            rows = links if name == "en-es" else [turned(each) for each in links]
            atomic_write(Path(data["alignments"]), "".join(f"{pharaoh(each)}\n" for each in rows))
            guided = [f"training.guided_alignment={asked.guided:g}"]
        settings = {
            "preset": PRESET,
            "seed": asked.seed,
            "data": data,
            "training": {"max_epochs": asked.passes},
        }
        models.append(
            seqloom.train(settings, folder / name, overrides=[*SETTINGS, *guided, *asked.overrides])
        )
    return models


def measure(models: Sequence[Any]) -> dict[str, dict[str, Any]]:
    """Precision, recall, F1 and error rate of the development pairs, by when and way."""
    pairs = list(read_pairs(corpus("alignment-en-es", "dev.en", "dev.es")))
    gold = read_gold(corpus("alignment-en-es", "dev.key")[0], pairs)
    return {
        when: {
            way: {
                name: round(value, 4) for name, value in alignment_score(links, gold.sure)._asdict().items()
            }
            for way, links in both_ways(models, pairs, how).items()
        }
        for when, how in WHEN.items()
    }


def table(results: Mapping[str, Any]) -> str:
    """A row for each pair of runs and moment."""
    rows = [
        [
            name,
            stage,
            when,
            *(f"{scores[way]['f1']:.3f}" for way in scores),
            f"{scores[WAYS[1]]['error_rate']:.3f}",
        ]
        for name, result in results.items()
        for stage, moments in result["scores"].items()
        for when, scores in moments.items()
    ]
    lead = (
        "F1 against the links of 200 sentences by people: each direction, and both made one; last, the alignment error "
        "rate of grow-diag-final-and. Writing: where the model looks as it writes a word; read: once it has read it. "
        "Guided: by the links that the unguided runs found in the corpus. For scale: "
        + ", ".join(f"{name} {value}" for name, value in PUBLISHED.items())
        + ". Command, commit, machine and curves lie in alignment/."
    )
    return page(
        "Word links of Spanish and English",
        lead,
        ("run", "stage", "attention", "en-es", "es-en", *WAYS, "AER"),
        rows,
    )


def main() -> None:
    """Train, align, train again, and write what came of it."""
    parser = parser_of(__doc__, choosing=False)
    parser.add_argument("--passes", type=int, default=12)
    parser.add_argument("--guided", type=float, default=1.0, help="weight of the guided loss")
    parser.add_argument("--teacher", choices=WHEN, default="writing", help="whose links guide")
    asked = parse(parser)
    name = run_name(asked, f"{asked.passes}passes")
    begun = provenance()
    unguided = train(asked, RUNS / name / "unguided", None)
    scores = {"unguided": measure(unguided)}
    show(scores)
    pairs = list(read_pairs(corpus("alignment-en-es", "corpus.en", "corpus.es")))
    links = both_ways(unguided, pairs, WHEN[asked.teacher])[WAYS[1]]
    scores["guided"] = measure(train(asked, RUNS / name / "guided", links))
    show(scores)
    facts = {
        f"{stage}/{way}": training_facts(RUNS / name / stage / way)
        for stage in scores
        for way in ("en-es", "es-en")
    }
    own = {"preset": PRESET, "passes": asked.passes, "overrides": asked.overrides, "teacher": asked.teacher}
    keep(
        "alignment",
        name,
        {**begun, **own, "scores": scores, "training": facts},
        table,
        facts["guided/en-es"]["curve"],
    )


def show(scores: Mapping[str, Any]) -> None:
    """The newest stage on the terminal."""
    stage = list(scores)[-1]
    for when, ways in scores[stage].items():
        print(stage, when, {way: each["f1"] for way, each in ways.items()}, flush=True)


if __name__ == "__main__":
    run(main)
