import itertools
import math
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from seqloom.base.errors import ConfigError
from seqloom.text.subword import SubwordTokenizer
from seqloom.text.subword_sampling import BpeDropout, PieceTable, UnigramSampler

BYTE_IDS = list(range(4, 260))


def table(pieces: dict[str, float]) -> PieceTable:
    ids = {piece: 260 + index for index, piece in enumerate(pieces)}
    return PieceTable(ids, [0.0] * 260 + list(pieces.values()), BYTE_IDS)


UNIGRAM = table(
    {"▁": -2.0, "a": -2.5, "b": -3.0, "ab": -3.5, "▁a": -3.0, "▁ab": -6.5, "ba": -4.0, "bab": -7.0}
)
BPE = table({"▁": -9.0, "a": -9.0, "b": -9.0, "ab": 0.0, "▁a": -1.0, "▁ab": -2.0, "ba": -3.0, "bab": -4.0})


def uniform(seed: int) -> Iterator[float]:
    generator = np.random.default_rng(seed)
    while True:
        yield from generator.random(64).tolist()


def spellings(pieces: PieceTable, word: str) -> Iterator[tuple[list[int], float]]:
    """Every way to cut a word into pieces, with the sum of the scores."""
    for cuts in itertools.product([False, True], repeat=len(word) - 1):
        bounds = [0, *(index + 1 for index, cut in enumerate(cuts) if cut), len(word)]
        parts = [word[start:stop] for start, stop in itertools.pairwise(bounds)]
        if all(part in pieces.ids or len(part) == 1 for part in parts):
            score = sum(
                pieces.scores[pieces.ids[part]] if part in pieces.ids else pieces.unknown_score
                for part in parts
            )
            yield [index for part in parts for index in pieces.spell(part)], score


def close(found: Counter[tuple[int, ...]], expected: dict[tuple[int, ...], float], draws: int) -> None:
    """Each count within 4.5 standard deviations of its expectation."""
    assert set(found) <= set(expected)
    for ids, probability in expected.items():
        deviation = math.sqrt(draws * probability * (1 - probability))
        assert abs(found[ids] - draws * probability) <= 4.5 * deviation + 1


@pytest.mark.parametrize("temperature", [0.5, 1.0, 5.0])
def test_unigram_draws_in_proportion_to_the_tempered_score(temperature: float) -> None:
    word, draws = "▁ababqb", 4_000
    weights = {tuple(ids): math.exp(score / temperature) for ids, score in spellings(UNIGRAM, word)}
    total = sum(weights.values())
    sampler, numbers = UnigramSampler(UNIGRAM, temperature), uniform(1)
    found = Counter(tuple(sampler.sample(word, numbers)) for _ in range(draws))
    close(found, {ids: weight / total for ids, weight in weights.items()}, draws)
    assert len(weights) > 8


def dropout_distribution(symbols: tuple[str, ...], probability: float) -> dict[tuple[str, ...], float]:
    """Algorithm 1 of Provilkov et al. 2020, over every set of merges that may be dropped."""
    possible = [index for index in range(len(symbols) - 1) if symbols[index] + symbols[index + 1] in BPE.ids]
    result: dict[tuple[str, ...], float] = {}
    for kept in itertools.product([False, True], repeat=len(possible)):
        chance = math.prod(1 - probability if keep else probability for keep in kept)
        left = [index for index, keep in zip(possible, kept, strict=True) if keep]
        if not left:
            result[symbols] = result.get(symbols, 0.0) + chance
            continue
        best = max(left, key=lambda index: (BPE.scores[BPE.ids[symbols[index] + symbols[index + 1]]], -index))
        merged = (*symbols[:best], symbols[best] + symbols[best + 1], *symbols[best + 2 :])
        for final, share in dropout_distribution(merged, probability).items():
            result[final] = result.get(final, 0.0) + chance * share
    return result


@pytest.mark.parametrize("probability", [0.1, 0.5])
def test_dropout_draws_as_the_papers_algorithm(probability: float) -> None:
    word, draws = "▁babab", 4_000
    expected: dict[tuple[int, ...], float] = {}
    for symbols, chance in dropout_distribution(tuple(word), probability).items():
        expected[tuple(BPE.ids[symbol] for symbol in symbols)] = chance
    sampler, numbers = BpeDropout(BPE, probability), uniform(2)
    found = Counter(tuple(sampler.sample(word, numbers)) for _ in range(draws))
    close(found, expected, draws)
    assert len(expected) > 5


def test_the_looked_up_path_agrees_with_the_slow_one() -> None:
    sampler = BpeDropout(BPE, 0.3)
    for word in ("▁babab", "▁", "▁aab", "q", "▁abq" * 20):
        for seed in range(60):
            fast, slow = uniform(seed), uniform(seed)
            assert sampler.sample(word, fast) == sampler.sample_slowly(tuple(word), slow)
            assert next(fast) == next(slow)  # and both took as many numbers


def test_without_strength_it_is_plain_encoding(
    tokenizers: dict[str, SubwordTokenizer], corpus: list[str]
) -> None:
    generator = np.random.default_rng(0)
    for kind in ("unigram", "bpe"):
        tokenizer = tokenizers[kind]
        for line in [*corpus, "  unseen ▁ wörds 日本  "]:
            plain = tokenizer.encode(line)
            assert tokenizer.sample(line, 0, generator) == plain
            assert tokenizer.sample(line, 1e-9, generator) == plain


def test_dropping_all_spells_in_characters(tokenizers: dict[str, SubwordTokenizer]) -> None:
    tokenizer = tokenizers["bpe"]
    ids = tokenizer.sample("the house", 1.0, np.random.default_rng(0))
    assert tokenizer.pieces(ids) == list("▁the▁house")


@pytest.mark.parametrize(("kind", "strength"), [("unigram", 3.0), ("bpe", 0.4)])
def test_a_function_of_the_generator(
    kind: str, strength: float, tokenizers: dict[str, SubwordTokenizer]
) -> None:
    def draw(seed: int, strength: float) -> list[list[int]]:
        generator = np.random.default_rng(seed)
        text = "They walked the riverside townhouse?"
        return [tokenizers[kind].sample(text, strength, generator) for _ in range(20)]

    first = draw(1, strength)
    assert draw(2, strength / 2) != first
    assert draw(1, strength) == first  # whatever was drawn and remembered in between
    assert len({tuple(ids) for ids in first}) > 3


def test_strengths_out_of_range_are_refused(tokenizers: dict[str, SubwordTokenizer]) -> None:
    generator = np.random.default_rng(0)
    for strength in (-0.1, 1.5, math.nan):
        with pytest.raises(ConfigError, match=r"strength of BPE-dropout is .*must be from 0 to 1"):
            tokenizers["bpe"].sample("a", strength, generator)
    for strength in (-0.1, math.nan):
        with pytest.raises(ConfigError, match=r"strength of unigram sampling is .*must be 0 or more"):
            tokenizers["unigram"].sample("a", strength, generator)
