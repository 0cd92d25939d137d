"""Made-up records of comparisons, with figures as a test wants them; and what a page of them says."""

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

from seqloom.comparison.claims import weigh_claims
from seqloom.comparison.measurements import half_life, summed

MODELS = (  # name, cell that reads and writes, attention
    ("Elman", "elman", "none"),
    ("LSTM", "lstm", "none"),
    ("GRU", "gru", "none"),
    ("GRU with attention", "gru", "additive"),
    ("Transformer", "transformer", "transformer"),
)
SEEDS = (1, 2, 3)
DISTANCES = (1, 2, 4, 8, 12, 16, 20, 24, 32, 48)
NOISE = (-0.5, 0.1, 0.4)  # of a seed, in units of a figure's spread
# By model: as textbooks have it.
TEXTBOOK: Mapping[str, Sequence[float]] = {
    "quality": (18.0, 30.0, 29.5, 44.0, 47.0),
    "train_tokens_per_second": (9000, 5000, 6000, 4000, 3500),
    "words_per_second": (900, 700, 750, 500, 420),
    "latency_ms": (5, 7, 6.5, 9, 12),
    "training_megabytes": (410, 430, 420, 460, 450),
    "decoding_megabytes": (310, 315, 312, 318, 320),
    "seconds_to_quality": (200, 90, 85, 40, 35),
    "halvings": (1.5, 0.2, 0.25, 0.22, 0.05),
    "halvings_fresh": (2.0, 0.9, 0.8, 0.8, 0.02),
    "drop": (12.0, 10.0, 10.5, 3.0, 2.5),
    "shortest": (20.0, 32.0, 31.5, 45.0, 47.5),
    "longest": (8.0, 22.0, 21.0, 42.0, 45.0),
    "span": (4, 16, 14, 20, 20),
    "asked_parameters": (500_000, 900_000, 760_000, 980_000, 1_100_000),
    "operations": (1.2e6, 1.21e6, 1.2e6, 1.5e6, 1.6e6),
    "share": (12.0, 20.0, 19.0, 30.0, 28.0),
}
OPPOSITE = {
    name: tuple(reversed(values)) if name not in ("quality",) else (50.0, 30.0, 12.0, 9.0, 5.0)
    for name, values in TEXTBOOK.items()
}


def made_up(
    figures: Mapping[str, Sequence[float]] = TEXTBOOK,
    *,
    spread: float = 0.02,
    seeds: Sequence[int] = SEEDS,
    scaled: bool = True,
    **fields: Any,
) -> dict[str, Any]:
    """A record of five models whose means are near to the figures.

    spread  of a figure over seeds, as a share of it: 0.02 tells everything, 2 nothing
    scaled  whether widths were scaled to equal parameters
    fields  laid over the record before the claims are weighed
    """
    models = [
        _model(number, {name: values[number] for name, values in figures.items()}, spread, seeds)
        for number in range(len(MODELS))
    ]
    if not scaled:
        models = [{**model, "parameters": model["asked_parameters"]} for model in models]
    groups = [
        {"shortest": low, "longest": high, "pairs": 120} for low, high in ((2, 5), (6, 8), (9, 11), (12, 21))
    ]
    pairs = [
        {"one": 0, "other": other, "difference": 12.0, "p_value": 0.0001, "significant": True}
        for other in (1, 2, 3, 4)
    ] + [{"one": 1, "other": 2, "difference": -0.5, "p_value": 0.412, "significant": False}]
    record: dict[str, Any] = {
        "format": "seqloom-comparison",
        "version": 1,
        "made": {"seqloom": "0.1.0", "python": "3.11"},
        "place": "compare.toml",
        "fairness": "parameters",
        "wanted": 700_000,
        "part": "test",
        "metric": "bleu",
        "metric_name": "BLEU",
        "signature": "nrefs:1|case:mixed",
        "level": 0.95,
        "sure": 0.05,
        "holds": 0.9,
        "samples": 500,
        "seeds": list(seeds),
        "memory_distance": 20,
        "memory_updates": 500,
        "quality_threshold": 15.0,
        "options": {
            "seeds": list(seeds),
            "side_by_side": 2,
            "measure": ["costs", "lengths", "gradients", "attention", "memory span"],
        },
        "about": {"training_pairs": 15_000, "measured_pairs": 480, "files": ["test.en", "test.fr"]},
        "groups": groups,
        "models": models,
        "pairs": pairs,
        **fields,
    }
    return {**record, "claims": weigh_claims(record)}


def _model(number: int, figures: Mapping[str, float], spread: float, seeds: Sequence[int]) -> dict[str, Any]:
    name, cell, attends = MODELS[number]

    def over(figure: str) -> list[float]:
        return [figures[figure] * (1 + spread * NOISE[place % 3]) for place in range(len(seeds))]

    rows = [
        _seed(seed, {figure: over(figure)[place] for figure in figures}) for place, seed in enumerate(seeds)
    ]
    summary = {figure: summed(over(figure)) for figure in figures} | {
        figure: summed([row[figure] for row in rows]) for figure in ("updates", "epochs", "tokens", "seconds")
    }
    spans = [min(20.0, value) for value in over("span")]
    accuracy = [1.0 if far <= figures["span"] else max(0.1, figures["span"] / far) for far in DISTANCES]
    memory = {
        task: {
            "parameters": 59_000 + number,
            "apart": -0.012,
            "learning_rates": [3e-3 for _ in seeds],
            "seen": summed(spans),
            "all": summed(over("span")),
            "distances": list(DISTANCES),
            "accuracy": accuracy,
            "lowest": [max(0.0, value - 0.05) for value in accuracy],
            "highest": [min(1.0, value + 0.04) for value in accuracy],
        }
        for task in ("copy", "first token")
    }
    quality = figures["quality"]
    return {
        "name": name,
        "encoder": cell,
        "encoder_layers": 1,
        "decoder": cell,
        "decoder_layers": 2,
        "attends": attends,
        "parameters": 700_000 + 431 * number,
        "asked_parameters": figures["asked_parameters"],
        "apart": 0.001 * number,
        "operations": figures["operations"],
        "seeds": rows,
        "summary": summary,
        "sentences": {"mean": quality, "low": quality - 1.4, "high": quality + 1.3},
        "half_life": half_life(over("halvings")),
        "half_life_fresh": half_life(over("halvings_fresh")),
        "memory": memory,
        "shares": [{"share": 0.25, "quality": summed(over("share"))}] if number in (2, 3) else [],
        "attention": None if attends == "none" else _attention(),
        "settings": {
            "seed": 1,
            "model": {"width": 96 + 8 * number, "dropout": 0.1},
            "training": {"max_updates": 600},
        },
    }


def _seed(seed: int, figures: Mapping[str, float]) -> dict[str, Any]:
    curve = [
        {
            "update": 100 * (step + 1),
            "seconds": 9.0 * (step + 1) * 6000 / figures["train_tokens_per_second"],
            "quality": figures["quality"] * (1 - 0.6 ** (step + 1)),
            "loss": 3.0 - 0.3 * step,
        }
        for step in range(6)
    ]
    return {
        "seed": seed,
        "quality": figures["quality"],
        "by_length": [figures["longest"] + figures["drop"] * (3 - place) / 3 for place in range(4)],
        "curve": curve,
        "gradients": {
            label: [2 ** (-figures[name] * far) for far in range(14)]
            for label, name in (("trained", "halvings"), ("fresh", "halvings_fresh"))
        },
        "updates": 600.0,
        "epochs": 3.2,
        "tokens": 321_000.0,
        "seconds": 54.0 * 6000 / figures["train_tokens_per_second"],
    }


def _attention() -> dict[str, Any]:
    source, target = "She said she would come .".split(), "Elle a dit qu'elle viendrait .".split()
    size = len(source)
    weights = [
        [0.7 if row == column else 0.3 / (size - 1) for column in range(size)] for row in range(len(target))
    ]
    return {
        "source": source,
        "target": target,
        "weights": weights,
        "probabilities": None,
        "source_text": " ".join(source),
        "target_text": " ".join(target),
        "label": "",
    }


def claim(record: Mapping[str, Any], name: str) -> dict[str, Any]:
    """One claim of a record."""
    found: dict[str, Any] = next(claim for claim in record["claims"] if claim["name"] == name)
    return found


QUOTED = re.compile(r'<span data-from="([^"]+)" data-as="(\w+)">([^<]*)</span>')


def quoted(page: str) -> list[tuple[str, str, str]]:
    """Place, format and text of each figure of a page."""
    return [(html.unescape(place), form, html.unescape(text)) for place, form, text in QUOTED.findall(page)]


def text_beside(page: str) -> str:
    """What a page says beside its quoted figures: no pictures, styles or tags."""
    bare = re.sub(r"(?s)<head>.*?</head>|<svg.*?</svg>", " ", QUOTED.sub(" ", page))
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"(?s)<[^>]+>", " ", bare)))
