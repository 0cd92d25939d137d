"""From the section `search` to a search, and text to text with it."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from seqloom.base.errors import UsageError
from seqloom.config.read import build_config
from seqloom.config.search import SearchConfig
from seqloom.search.hypothesis import Hypothesis
from seqloom.search.options import SamplingOptions, SearchOptions
from seqloom.text.vocabulary import UNK
from seqloom.training import searching
from seqloom.training.searching import longest_source, sampling_options, search_options, translate_texts
from seqloom.training.vocabularies import Tokenizers
from tiny import tiny_model


def test_every_option_is_passed_on() -> None:
    values: dict[str, Any] = {
        "beam": 7,
        "n_best": 3,
        "length_penalty": 0.6,
        "coverage_penalty": 0.2,
        "max_length_factor": 1.5,
        "max_length_extra": 4,
        "min_length": 3,
        "no_repeat_ngram": 2,
    }
    assert search_options(SearchConfig(**values)) == SearchOptions(**values)


def test_unknown_words_are_banned_where_they_are_not_allowed() -> None:
    assert search_options(SearchConfig(allow_unknown=False)) == SearchOptions(banned=(UNK,))
    sampled = sampling_options(SearchConfig(allow_unknown=False), temperature=1.0, top_k=0, top_p=1.0, seed=0)
    assert sampled.banned == (UNK,)


def test_what_was_cut_in_training_is_cut_in_use() -> None:
    whole, cut = (
        build_config({"data": {"max_length": 7, "long": long}, "training": {"max_updates": 1}})
        for long in ("leave_out", "cut")
    )
    assert (longest_source(whole), longest_source(cut)) == (28, 7)


@pytest.mark.parametrize(
    "model",
    [
        {"decoder": {"kind": "recurrent", "attention": "location", "attention_positions": 12}},
        {"encoder": {"kind": "transformer", "positions": "learned", "max_positions": 12}},
    ],
)
def test_a_source_is_cut_to_the_positions_that_are_told_apart(model: dict[str, Any]) -> None:
    values = {"model": model, "data": {"max_length": 7}, "training": {"max_updates": 1}}
    assert longest_source(build_config(values)) == 11


@pytest.mark.parametrize(
    ("asked", "beam", "n_best"),
    [
        ({}, 5, 2),
        ({"n_best": 1}, 5, 1),
        ({"n_best": 8}, 8, 8),  # as wide as it must be
        ({"beam": 1, "n_best": 1}, 1, 1),
        ({"beam": 9}, 9, 2),
    ],
)
def test_beam_and_outputs_may_be_asked_for(asked: dict[str, int], beam: int, n_best: int) -> None:
    found = search_options(SearchConfig(n_best=2), **asked)
    assert (found.beam, found.n_best) == (beam, n_best)


@pytest.mark.parametrize("asked", [{"beam": 0}, {"n_best": 0}, {"beam": -1}, {"beam": 2, "n_best": 3}])
def test_what_no_search_can_give_is_refused(asked: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=" = "):
        search_options(SearchConfig(), **asked)


def test_sampling_keeps_to_the_limits_of_searches() -> None:
    limits: dict[str, Any] = {"max_length_factor": 1.5, "max_length_extra": 4, "min_length": 3}
    asked: dict[str, Any] = {"temperature": 0.7, "top_k": 8, "top_p": 0.9, "seed": 3}
    limits["no_repeat_ngram"] = 2
    assert sampling_options(SearchConfig(**limits), **asked) == SamplingOptions(**limits, **asked)
    with pytest.raises(UsageError, match=r"temperature = 0\.0 is out of range"):
        sampling_options(SearchConfig(), **{**asked, "temperature": 0.0})


class Letters:
    """A stand-in for a tokenizer: an id a letter."""

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        return [[ord(letter) for letter in text] for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(chr(number) for number in ids)


def test_the_best_output_for_each_text_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def search(network: object, sources: list[list[int]], options: object, **more: object) -> Any:
        asked.append((network, options, more))
        return [
            [Hypothesis(tokens, 0.0, 0.0, [], None, True) for tokens in (source[::-1], source)]
            for source in sources
        ]

    monkeypatch.setattr(searching, "search_many", search)
    letters: Any = Letters()
    network, options, cpu = tiny_model(), SearchOptions(beam=2, n_best=2), torch.device("cpu")
    config = build_config({"preset": "translation-gru", "search": {"batch_sentences": 3}})
    both = Tokenizers(letters, letters)
    outputs = translate_texts(network, both, config, ["abc", "", "de"], options, device=cpu)
    assert outputs == ["cba", "", "ed"]
    assert asked == [(network, options, {"batch_sentences": 3, "device": cpu})]
