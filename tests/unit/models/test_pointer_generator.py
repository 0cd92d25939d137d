"""A model that copies: its equation, words that it doesn't know, and searches over more columns.

That stepping is teacher forcing, padding invisible and a batch its rows is tested with all other decoders.
"""

import functools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from agreement import assert_close
from equations import mixture, softmax
from kinds import COPYING, TARGET_SYMBOLS, model_of
from seqloom.base.errors import ShapeError
from seqloom.data.batch import collate
from seqloom.models.ensemble import Ensemble
from seqloom.models.pointer_generator import PointerGenerator
from seqloom.search.many import force_many, search_many
from seqloom.search.options import SamplingOptions, SearchOptions
from seqloom.text.vocabulary import BOS, EOS, UNK

V = TARGET_SYMBOLS
SOURCES = [[V, 4, V + 1, V], [5], [V, 6, 4]]  # unknown words are numbered anew in each sentence
TARGETS = [[7, V + 1], [6, 5, 9], [V, 4, V]]
CPU = torch.device("cpu")
every_copying_decoder = pytest.mark.parametrize("decoder", COPYING)


@functools.cache
def copying(decoder: str, lean: float = 0.0, seed: int = 0) -> PointerGenerator:
    """A model in float64; `lean` pushes its switch, below zero towards copying."""
    model = model_of("gru-bi-1", decoder, torch.float64)
    assert isinstance(model, PointerGenerator)
    with torch.no_grad():
        model.switch.layer.bias += lean
        for parameter in model.parameters():
            parameter += 0.1 * seed * torch.sin(torch.arange(parameter.numel()).view(parameter.shape))
    return model


@torch.no_grad()
def test_how_many_symbols_there_are_is_looked_for_where_the_batch_doesn_t_say() -> None:
    model, batch = copying("gru-before-additive-copying"), collate(SOURCES)
    said = model.start(model.encode(batch))
    looked_for = model.start(model.encode(replace(batch, largest=None)))
    assert said.symbols == looked_for.symbols == V + 2


@every_copying_decoder
@torch.no_grad()
def test_scores_are_the_paper_s_mixture(decoder: str) -> None:
    """From what the parts of the model give, by loops."""
    model, batch = copying(decoder), collate(SOURCES, TARGETS)
    memory = model.encode(batch)
    decoded = model.decode(batch, memory, alignment=True)
    found = model.score(batch, memory).logits
    assert batch.target_input is not None
    assert decoded.alignment is not None
    embedded = model.target(torch.where(batch.target_input < V, batch.target_input, UNK))
    weight, bias = model.switch.layer.weight[0].numpy(), model.switch.layer.bias.item()
    for row in range(len(batch)):
        for at in range(found.shape[1]):
            looked = decoded.alignment[row, at].numpy()
            context = sum(
                share * vector for share, vector in zip(looked, memory.values[row].numpy(), strict=True)
            )
            read = np.concatenate([context, decoded.features[row, at].numpy(), embedded[row, at].numpy()])
            expected = mixture(
                softmax(list(model.output(decoded.features[row, at]).numpy())),
                1 / (1 + np.exp(-(weight @ read + bias))),
                looked / looked.sum(),
                batch.source[row].tolist(),
                V + 2,
            )
            np.testing.assert_allclose(found[row, at].exp().numpy(), expected, rtol=1e-9)


@every_copying_decoder
@torch.no_grad()
def test_an_unknown_word_is_read_as_unknown_on_both_sides(decoder: str) -> None:
    model = copying(decoder)
    plain = [[symbol if symbol < V else UNK for symbol in source] for source in SOURCES]
    assert_close(model.encode(collate(SOURCES)).values, model.encode(collate(plain)).values, 0.0)
    state = model.start(model.encode(collate(SOURCES)))
    one, other = (model.step(torch.tensor([read] * 3), state).scores for read in (V + 1, UNK))
    assert_close(one, other, 0.0)


@every_copying_decoder
@torch.no_grad()
def test_a_wide_open_switch_writes_what_the_model_without_it_writes(decoder: str) -> None:
    model, batch = copying(decoder, lean=60.0), collate([[4, 5], [6]], TARGETS[:2])
    found = model.score(batch, model.encode(batch)).logits
    features = model.decode(batch, model.encode(batch)).features
    assert found.shape[-1] == V
    assert_close(found, model.output(features).log_softmax(-1), 1e-10)


@every_copying_decoder
@pytest.mark.parametrize("options", [SearchOptions(beam=1, min_length=3), SearchOptions(beam=4, n_best=4)])
def test_a_search_copies_and_its_scores_are_those_of_forcing(decoder: str, options: SearchOptions) -> None:
    """Beams are reordered, sentences leave the batch, and each hypothesis has the score that forcing gives it."""
    model = copying(decoder, lean=-6.0)
    found = search_many(model, SOURCES, options, batch_sentences=3, device=CPU)
    assert any(symbol >= V for each in found for hypothesis in each for symbol in hypothesis.tokens)
    for source, hypotheses in zip(SOURCES, found, strict=True):
        written = {symbol for hypothesis in hypotheses for symbol in hypothesis.tokens if symbol >= V}
        assert written <= set(source)
        targets = [hypothesis.tokens for hypothesis in hypotheses]
        forced = force_many(model, [source] * len(targets), targets, batch_sentences=9, device=CPU)
        assert [each.log_probability for each in forced] == pytest.approx(
            [each.log_probability for each in hypotheses], abs=1e-9
        )


@pytest.mark.parametrize(
    "options",
    [SearchOptions(beam=3, n_best=2), SearchOptions(beam=1), SamplingOptions(seed=3, temperature=2.0)],
    ids=["beam", "greedy", "sample"],
)
def test_what_is_written_doesnt_depend_on_the_unknown_words_of_others(
    options: SearchOptions | SamplingOptions,
) -> None:
    model = copying("gru-before-additive-copying", lean=-1.0)
    together = search_many(model, SOURCES, options, batch_sentences=3, device=CPU)
    for number, source in enumerate(SOURCES):
        alone = search_many(model, [source], options, batch_sentences=1, device=CPU, numbers=[number])[0]
        assert [each.tokens for each in together[number]] == [each.tokens for each in alone]


@pytest.mark.parametrize("limits", [{"no_repeat_ngram": 1}, {"banned": (V,)}, {"min_length": 6}, {}])
def test_what_constrains_a_search_holds_for_copied_words(limits: dict[str, Any]) -> None:
    model = copying("lstm-feeding-general-copying", lean=-3.0)
    prefixes = [[V + 1], [7], [V]] if "banned" not in limits else None
    for beam in (1, 3):
        options = SearchOptions(beam=beam, **limits)
        found = search_many(model, SOURCES, options, batch_sentences=3, device=CPU, prefixes=prefixes)
        outputs = [each[0].tokens for each in found]
        if "banned" in limits:
            free = search_many(model, SOURCES, SearchOptions(beam=beam), batch_sentences=3, device=CPU)
            assert any(V in each[0].tokens for each in free)
            assert all(V not in tokens for tokens in outputs)
        else:
            assert any(symbol >= V for tokens in outputs for symbol in tokens)
        if prefixes:
            assert [tokens[:1] for tokens in outputs] == prefixes
        if "no_repeat_ngram" in limits:
            assert all(len(set(tokens)) == len(tokens) for tokens in outputs)
        assert all(len(tokens) >= limits.get("min_length", 0) for tokens in outputs)


def test_models_that_copy_decide_together() -> None:
    members = [copying("gru-before-additive-copying", lean=-1.0, seed=seed) for seed in (0, 1)] + [
        copying("transformer-pre-sinusoidal-copying", lean=-1.0)
    ]
    ensemble, tokens = Ensemble(members), torch.tensor([BOS, BOS, BOS])
    batch = collate(SOURCES)
    found = ensemble.step(tokens, ensemble.start(ensemble.encode(batch))).scores
    steps = [model.step(tokens, model.start(model.encode(batch))).scores.exp() for model in members]
    assert found.shape == (3, V + 2)
    assert_close(found.exp(), torch.stack(steps).mean(0), 1e-12)
    (best,) = search_many(ensemble, SOURCES[:1], SearchOptions(), batch_sentences=1, device=CPU)[0]
    (forced,) = force_many(ensemble, SOURCES[:1], [best.tokens], batch_sentences=1, device=CPU)
    assert forced.log_probability == pytest.approx(best.log_probability, abs=1e-9)


def test_the_end_is_copied_like_a_word() -> None:
    model = copying("gru-before-additive-copying", lean=-60.0)
    batch = collate([[V]])
    scores = model.step(torch.tensor([BOS]), model.start(model.encode(batch))).scores[0]
    assert_close(scores[[EOS, V]].exp().sum(), torch.ones((), dtype=torch.float64), 1e-9)


def test_another_model_s_memory_is_refused() -> None:
    model, other = copying("gru-before-additive-copying"), model_of("gru-bi-1", "gru-fixed", torch.float64)
    with pytest.raises(ShapeError, match="doesn't say what its positions hold"):
        model.start(other.encode(collate([[4]])))
    with pytest.raises(ShapeError, match="The batch has no targets to be read"):
        model(collate([[4]]))
