"""Claim: what each setting is worth on Multi30k en-de in a few minutes of training, measured on validation data alone.

    python benchmarks/choices.py
    python benchmarks/choices.py --only dropout cell

Trains translation-gru with one setting changed at a time, on one thread, two runs side by side, and all equally long by
the clock: what makes an update dearer has fewer of them. What was measured before is kept; a run that was interrupted
goes on. Writes results/choices.json, .md and .png.
"""

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from provenance import HERE, RESULTS, provenance

from seqloom.base.files import atomic_write
from seqloom.inspection.colours import BLUE, FAINT, INK, ORANGE
from seqloom.inspection.figures import new_figure, plain_axes, save_figure

PRESET = "translation-gru"
AS_IT_IS = "as it is"
Found = dict[str, dict[str, Any]]  # by group and choice, as "dropout/0.1"

# By group: each choice's name and what it sets; AS_IT_IS is the preset.
CHOICES: dict[str, dict[str, list[str]]] = {
    "preset": {AS_IT_IS: []},
    "learning rate": {
        "7.5e-4": ["training.learning_rate=7.5e-4"],
        "3e-3": ["training.learning_rate=3e-3"],
        "6e-3": ["training.learning_rate=6e-3"],
    },
    "schedule": {
        "inverse square root": ["training.schedule=inverse_square_root"],
        "constant": ["training.schedule=constant"],
        "warm-up of 100": ["training.warmup_updates=100"],
    },
    "batch": {
        "1,024 tokens": ["training.batch_tokens=1024"],
        "4,096 tokens": ["training.batch_tokens=4096"],
    },
    "dropout": {f"{value}": [f"model.dropout={value}"] for value in (0.1, 0.2, 0.4)},
    "other regularisation": {
        "no label smoothing": ["training.label_smoothing=0"],
        "subword sampling 0.1": ["text.sampling=0.1"],
        "R-Drop 5": ["training.r_drop=5"],
        "moving average": ["training.ema=0.999"],
    },
    "width": {
        "128": ["model.width=128", "model.encoder.hidden=128", "model.decoder.hidden=128"],
        "384": ["model.width=384", "model.encoder.hidden=384", "model.decoder.hidden=384"],
    },
    "depth": {
        "encoder of 2": ["model.encoder.layers=2"],
        "decoder of 3": ["model.decoder.layers=3"],
    },
    "vocabulary": {f"{size:,}": [f"text.vocabulary_size={size}"] for size in (2000, 4000, 10000)},
    "cell": {
        name: [f"model.encoder.cell={cell}", f"model.decoder.cell={cell}"]
        for name, cell in (("Elman", "elman"), ("LSTM", "lstm"), ("SRU", "sru"), ("minGRU", "min_gru"))
    },
    "attention": {
        "none": ["model.decoder.attention=none"],
        "general": ["model.decoder.attention=general"],
    },
    "placement": {
        "before the cell": ["model.decoder.placement=before"],
        "after the cell": ["model.decoder.placement=after"],
    },
}


def measure(group: str, choice: str, minutes: float) -> dict[str, Any]:
    """Train and score one choice."""
    begun = provenance()
    name = f"choices/{group}-{choice}".replace(" ", "-").replace(",", "")
    command = [sys.executable, str(HERE / "multi30k.py"), PRESET, "--minutes", f"{minutes:g}", "--name", name]
    settings = ["training.threads=1", *CHOICES[group][choice]]
    run = subprocess.run([*command, "--choosing", *settings], stdout=subprocess.PIPE, text=True, check=True)
    return {
        **begun,
        "minutes": minutes,
        "settings": settings,
        **json.loads(run.stdout[run.stdout.index("{") :]),
    }


def table(found: Found) -> list[str]:
    """A row for each choice, by group, the preset's own first."""
    own = found.get(f"preset/{AS_IT_IS}")
    lines = [
        "| what | choice | passes | valid BLEU | against the preset |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for key, row in found.items():
        group, _, choice = key.partition("/")
        score = row["valid"]["bleu"]
        apart = f"{score - own['valid']['bleu']:+.1f}" if own else ""
        lines.append(f"| {group} | {choice} | {row['epochs']:.1f} | {score:.1f} | {apart} |")
    return lines


def draw(found: Found) -> None:
    """A dot for each choice, one below the other, beside a line at the preset's own."""
    keys = list(found)
    figure = new_figure(7.2, 0.9 + 0.24 * len(keys))
    axes = figure.add_axes((0.42, 0.5 / figure.get_figheight(), 0.53, 1 - 0.6 / figure.get_figheight()))
    plain_axes(axes)
    scores = [found[key]["valid"]["bleu"] for key in keys]
    places = range(len(keys), 0, -1)
    own = found.get(f"preset/{AS_IT_IS}")
    if own:
        axes.axvline(own["valid"]["bleu"], color=ORANGE, linewidth=1)
    for place, score in zip(places, scores, strict=True):
        axes.plot([score], [place], "o", color=BLUE, markersize=5)
        axes.annotate(
            f"{score:.1f}", (score, place), (6, 0), textcoords="offset points", va="center", fontsize=8
        )
    axes.set_yticks(list(places), [key.replace("/", ": ", 1) for key in keys], fontsize=9, color=INK)
    axes.set_xlim(min(scores) - 1, max(scores) + 1)
    axes.set_ylim(0.3, len(keys) + 0.7)
    axes.set_xlabel("validation BLEU", fontsize=9, color=FAINT)
    save_figure(figure, RESULTS / "choices.png")


def write(found: Found, minutes: float) -> None:
    """All three files."""
    order = [f"{group}/{choice}" for group, choices in CHOICES.items() for choice in choices]
    found = {key: found[key] for key in order if key in found}
    lines = [
        f"# {PRESET} on Multi30k en-de with one setting changed, {minutes:g} minutes on one thread",
        "",
        "BLEU on the validation set, beam 5, one seed: differences below half a point are within chance. Each run's "
        "command, commit and machine lie in choices.json.",
        "",
        *table(found),
        "",
    ]
    atomic_write(RESULTS / "choices.json", json.dumps(found, indent=1) + "\n")
    atomic_write(RESULTS / "choices.md", "\n".join(lines))
    draw(found)


def main() -> None:
    """Measure what is missing, writing after each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--workers", type=int, default=2, help="runs side by side")
    parser.add_argument("--only", nargs="+", choices=CHOICES, metavar="GROUP", default=list(CHOICES))
    asked = parser.parse_args()
    path = RESULTS / "choices.json"
    found: Found = json.loads(path.read_text()) if path.exists() else {}
    missing = [
        (group, choice)
        for group in asked.only
        for choice in CHOICES[group]
        if found.get(f"{group}/{choice}", {}).get("minutes") != asked.minutes
    ]
    with ThreadPoolExecutor(asked.workers) as pool:
        jobs = [(pair, pool.submit(measure, *pair, asked.minutes)) for pair in missing]
        for (group, choice), job in jobs:
            found[f"{group}/{choice}"] = job.result()
            write(found, asked.minutes)
            print(f"{group}: {choice}  {found[f'{group}/{choice}']['valid']['bleu']:.2f}", flush=True)


if __name__ == "__main__":
    main()
