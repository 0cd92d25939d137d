"""A small corpus of three languages and the tokenizers trained on it, once."""

from itertools import product

import pytest

from seqloom.text.tokenizer import Tokenizer, train_tokenizer

SIZES = {"word": 400, "space": 400, "character": 100, "byte": 260, "unigram": 340, "bpe": 420}


def make_corpus() -> list[str]:
    stems = ["walk", "talk", "play", "look", "jump", "paint", "cook", "wash", "clean", "open"]
    verbs = [stem + suffix for stem, suffix in product(stems, ("", "s", "ed", "ing", "er"))]
    things = [
        "house",
        "houses",
        "housing",
        "town",
        "townhouse",
        "river",
        "riverside",
        "walkway",
        "playing",
        "seaside",
        "side",
        "aside",
    ]
    english = [
        f"{who} {verbs[index % 50]} the {things[index % 12]}{'.?'[index % 2]}"
        for index, who in enumerate(("I", "We", "They don't", "She") * 75)
    ]
    french = [
        f"{who} {verb} {what}{end}"
        for who, verb, what, end in product(
            ("Elle", "Aujourd'hui, il"), ("aime", "n'aime pas"), ("l'école", "le château", "ça"), (".", " ?")
        )
    ]
    german = [f"{who} überquert die {what}." for who, what in product(("Er", "Jemand"), ("Straße", "Brücke"))]
    return english + french + german


@pytest.fixture(scope="session")
def corpus() -> list[str]:
    return make_corpus()


@pytest.fixture(scope="session")
def tokenizers(corpus: list[str]) -> dict[str, Tokenizer]:
    return {kind: train_tokenizer(corpus, kind=kind, size=size) for kind, size in SIZES.items()}
