"""Tiny corpora of labelled texts and tokens, and models of labels, for tests."""

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

GOOD, BAD = ("warm", "funny", "bright", "moving"), ("dull", "flat", "tired", "loud")
FILLING = ("a", "film", "and", "story", "very", "the")
PLACES, PEOPLE = ("Paris", "Berlin", "Rome", "New York"), ("Ann", "Ben", "Cleo")


def review(draw: random.Random, number: int) -> tuple[str, str]:
    """A text with one telling word, and what it tells."""
    label = ("bad", "good")[number % 2]
    words = [draw.choice(GOOD if number % 2 else BAD), *draw.choices(FILLING, k=draw.randint(1, 5))]
    draw.shuffle(words)
    return " ".join(words), label


def topics(draw: random.Random, number: int) -> tuple[str, str]:
    """A text and its labels: one for each of the first two good words that it has, or none."""
    del number
    words = draw.choices((*GOOD[:2], *FILLING), k=draw.randint(2, 6))
    return " ".join(words), "|".join(sorted(set(words) & set(GOOD[:2])))


def tagged(draw: random.Random, number: int) -> tuple[list[str], list[str]]:
    """A sentence of tokens and tags."""
    del number
    tokens, tags = [draw.choice(PEOPLE), "lives", "in"], ["B-PER", "O", "O"]
    for place, word in enumerate(draw.choice(PLACES).split()):
        tokens.append(word)
        tags.append("I-LOC" if place else "B-LOC")
    return [*tokens, "."], [*tags, "O"]


CONFIG = """\
[text]
tokenizer = "word"
vocabulary_size = 60

[model]
width = 16
dropout = 0.1
word_dropout = 0.0

[model.encoder]
layers = 1
hidden = 8

[training]
max_epochs = 8
validate_every = 32
ema = 0.0
batch_tokens = 128
warmup_updates = 5
learning_rate = 0.02
label_smoothing = 0.0
threads = 1
kernels = "none"
precision = "float32"
device = "cpu"
"""


def lines_of(kind: str, rows: Sequence[Any]) -> str:
    """Rows as they stand in a file."""
    if kind == "tagging":
        blocks = ("".join(f"{token}\t{tag}\n" for token, tag in zip(*row, strict=True)) for row in rows)
        return "\n".join(blocks)
    return "".join(f"{text}\t{label}\n" for text, label in rows)


MAKERS: dict[str, Callable[[random.Random, int], Any]] = {
    "classification": review,
    "topics": topics,
    "tagging": tagged,
}


def write_labelled(folder: Path, kind: str, texts: int = 160) -> Path:
    """A project of that kind: 'classification', 'topics' (several labels a text) or 'tagging'; gives its config."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(7)
    ending = "conll" if kind == "tagging" else "tsv"
    for part, count in (("train", texts), ("valid", 40), ("test", 40)):
        rows = [MAKERS[kind](draw, number) for number in range(count)]
        (folder / f"{part}.{ending}").write_text(lines_of(kind, rows), encoding="utf-8")
    data = "".join(f'{part} = "{part}.{ending}"\n' for part in ("train", "valid", "test"))
    task = "tagging" if kind == "tagging" else "classification"
    more = 'label_separator = "|"\n' if kind == "topics" else ""
    pooling = "" if kind == "tagging" else '\npooling = "attention"'
    text = f'task = "{task}"\n\n[data]\n{data}{more}\n{CONFIG}'.replace("[model]", f"[model]{pooling}")
    (folder / "config.toml").write_text(text, encoding="utf-8")
    return folder / "config.toml"


def settings(path: Path, **training: Any) -> dict[str, Any]:
    """The resolved configuration of a run as nested mappings, with other options of `training`."""
    config = json.loads((path / "resolved.json").read_text(encoding="utf-8"))
    return {**config, "training": {**config["training"], **training}}
