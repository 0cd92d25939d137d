"""Several models as one: mean probabilities, and everything that a search asks of a model."""

import pytest
import torch

from agreement import assert_close
from kinds import SOURCES, TARGETS, model_of
from seqloom.data.batch import collate
from seqloom.models.ensemble import Ensemble
from seqloom.search.many import force_many, search_many
from seqloom.search.options import SearchOptions

KINDS = [("gru-bi-1", "gru-between-additive"), ("transformer-pre-sinusoidal", "transformer-pre-sinusoidal")]
CPU = torch.device("cpu")


def members() -> list:
    return [model_of(*kinds, dtype=torch.float64) for kinds in KINDS]


def test_scores_are_the_log_of_the_mean_probability() -> None:
    models, source = members(), collate(SOURCES)
    ensemble, tokens = Ensemble(models), torch.tensor([4, 5, 6])
    state = ensemble.start(ensemble.encode(source))
    for _ in range(2):  # and once more from the state after
        found = ensemble.step(tokens, state, alignment=True)
        steps = [
            model.step(tokens, own, alignment=True) for model, own in zip(models, state.states, strict=True)
        ]
        expected = torch.stack([step.scores.softmax(-1) for step in steps]).mean(0)
        assert_close(found.scores.exp(), expected)
        assert_close(found.alignment, torch.stack([step.alignment for step in steps]).mean(0))
        state = found.state


def test_one_member_is_itself() -> None:
    model, options = members()[0], SearchOptions(beam=3, n_best=3)
    found, expected = (
        search_many(each, SOURCES, options, batch_sentences=2, device=CPU)
        for each in (Ensemble([model]), model)
    )
    for one, other in zip(found, expected, strict=True):
        assert [each.tokens for each in one] == [each.tokens for each in other]
        assert [each.score for each in one] == pytest.approx([each.score for each in other], abs=1e-9)


def test_a_beam_reorders_every_member() -> None:
    """What the search says a hypothesis has is what forcing gives it."""
    ensemble, options = Ensemble(members()), SearchOptions(beam=4, n_best=4)
    found = search_many(ensemble, SOURCES, options, batch_sentences=3, device=CPU)
    for source, hypotheses in zip(SOURCES, found, strict=True):
        targets = [hypothesis.tokens for hypothesis in hypotheses]
        forced = force_many(ensemble, [source] * len(targets), targets, batch_sentences=9, device=CPU)
        assert [each.log_probability for each in forced] == pytest.approx(
            [each.log_probability for each in hypotheses], abs=1e-9
        )


def test_members_that_look_nowhere_are_left_out_of_the_alignment() -> None:
    models = [model_of("gru-bi-1", "gru-fixed", dtype=torch.float64), members()[0]]
    ensemble, source = Ensemble(models), collate(SOURCES, TARGETS)
    state = ensemble.start(ensemble.encode(source))
    tokens = torch.tensor([4, 4, 4])
    looked = ensemble.step(tokens, state, alignment=True).alignment
    assert_close(looked, models[1].step(tokens, state.states[1], alignment=True).alignment)
    alone = Ensemble(models[:1])
    assert alone.step(tokens, alone.start(alone.encode(source)), alignment=True).alignment is None


def test_nobody_is_no_ensemble() -> None:
    with pytest.raises(ValueError, match="an ensemble needs a member"):
        Ensemble([])
