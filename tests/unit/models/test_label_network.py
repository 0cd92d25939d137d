"""Classifiers and taggers over every encoder: padding, rows one by one, word dropout, gradient times input."""

import pytest
import torch

from agreement import assert_close, randomise
from kinds import ENCODERS, SOURCE_SYMBOLS, SOURCES, WIDTH
from seqloom.config.model import ModelConfig
from seqloom.data.batch import Batch, collate
from seqloom.models.build import build_label_network
from seqloom.models.classifier import LabelNetwork
from seqloom.text.vocabulary import EOS, PAD, UNK

LABELS = 3
POOLINGS = ("last", "mean", "max", "attention")
SOME = ("gru-bi-2", "lstm-uni-1", "transformer-pre-sinusoidal")


def network(encoder: str, pooling: str | None, **options: object) -> LabelNetwork:
    """Distinct random parameters, evaluating; a tagger without pooling."""
    config = ModelConfig.model_validate(
        {
            "width": WIDTH,
            "encoder": ENCODERS[encoder],
            "pooling": pooling or "mean",
            "pooling_width": 7,
            **options,
        }
    )
    return randomise(build_label_network(config, SOURCE_SYMBOLS, LABELS, pooled=pooling is not None))


@pytest.mark.parametrize("encoder", ENCODERS)
def test_every_encoder_makes_scores_that_no_other_row_changes(encoder: str):
    for pooling in ("last", "attention", None):
        model = network(encoder, pooling)
        together = model(collate(SOURCES)).logits
        for row, source in enumerate(SOURCES):
            alone = model(collate([source])).logits
            found = together[row] if pooling else together[row, : len(source) + 1]
            assert found.shape == ((LABELS,) if pooling else (len(source) + 1, LABELS))
            assert_close(found, alone[0], 1e-10)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("encoder", SOME)
def test_every_pooling_goes_with_every_kind_of_encoder(encoder: str, pooling: str):
    found = network(encoder, pooling)(collate(SOURCES))
    assert found.logits.shape == (len(SOURCES), LABELS)
    assert (found.weights is None) == (pooling == "last")


def test_the_last_state_is_what_the_encoder_was_left_with():
    model = network("gru-bi-2", "last")
    batch = collate(SOURCES)
    memory = model.encoder(model.source(batch.source), batch.source_lengths, batch.source_mask)
    assert_close(model(batch).logits, model.output(memory.summary), 1e-12)


def test_words_are_read_as_unknown_only_in_training_and_never_the_ends():
    model = network("gru-bi-2", "mean", word_dropout=0.5)
    batch = collate([[4, 5, 6, 7, 8, 9, 10, 11] * 8, [4]])
    assert model.thinned(batch.source) is batch.source
    model.train()
    torch.manual_seed(1)
    thinned = model.thinned(batch.source)
    assert ((thinned == batch.source) | (thinned == UNK)).all()
    changed = (thinned != batch.source)[0, :64].float().mean()
    assert 0.3 < float(changed) < 0.7
    assert thinned[0, 64] == EOS
    assert (thinned[1, 2:] == PAD).all()
    torch.manual_seed(1)
    assert torch.equal(model.thinned(batch.source), thinned)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("encoder", SOME)
def test_gradient_times_input_is_how_the_score_falls_when_a_symbol_fades(encoder: str, pooling: str):
    model = network(encoder, pooling)
    batch = collate(SOURCES)
    judged, products = model.contributions(batch, lambda logits: logits[:, 1])
    assert_close(judged.logits, model(batch).logits.detach(), 1e-12)
    assert products.shape == batch.source.shape
    assert (products[~batch.source_mask] == 0).all()
    rows, step = model.source.embedding(batch.source).detach(), 1e-6

    def score(faded: torch.Tensor) -> torch.Tensor:
        embedded = model.source.positions(faded)
        return model.judge(embedded, batch.source_lengths, batch.source_mask).logits[0, 1].detach()

    for position in range(len(SOURCES[0]) + 1):
        more, less = rows.clone(), rows.clone()
        more[0, position] *= 1 + step
        less[0, position] *= 1 - step
        slope = (score(more) - score(less)) / (2 * step)
        assert abs(float(slope - products[0, position])) < 1e-6


def test_contributions_need_no_gradient_to_be_switched_on():
    model = network("gru-bi-2", "attention").requires_grad_(False)
    batch: Batch = collate(SOURCES)
    with torch.no_grad():
        _, products = model.contributions(batch, lambda logits: logits[:, 0])
    assert float(products.abs().sum()) > 0
