"""Several models as one: mean probabilities, and everything that a search asks of a model."""

import math

import numpy as np
import pytest
import torch

from agreement import assert_close
from kinds import SOURCES, TARGETS, model_of
from seqloom.base.errors import DamagedModelError
from seqloom.data.batch import collate
from seqloom.models.ensemble import Ensemble, log_mean_probability
from seqloom.search.many import force_many, search_many
from seqloom.search.options import SearchOptions
from seqloom.search.scoring import Job, score_next

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


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("spread", [1.0, 40.0, 400.0])
def test_no_probability_is_too_small_for_its_logarithm(dtype: torch.dtype, spread: float) -> None:
    scores = [spread * torch.randn(6, 50, generator=torch.Generator().manual_seed(seed)) for seed in range(4)]
    scores = [each.to(dtype) for each in scores]
    found = log_mean_probability(scores)
    exact = torch.stack([each.double().log_softmax(-1) for each in scores]).logsumexp(0) - math.log(4)
    assert found.dtype == torch.float32
    assert found.isfinite().all()
    assert found.max() <= 0
    torch.testing.assert_close(found.double(), exact, rtol=1e-6, atol=2e-6)
    if spread > 1:
        assert exact.min() < math.log(torch.finfo(torch.float32).smallest_normal)


def test_what_no_member_can_write_stays_impossible() -> None:
    scores = [torch.tensor([[0.0, -torch.inf, -torch.inf]]), torch.tensor([[0.0, 0.0, -torch.inf]])]
    assert_close(log_mean_probability(scores).exp(), torch.tensor([[0.75, 0.25, 0.0]]), 1e-6)


def test_certain_members_are_certain_together() -> None:
    assert log_mean_probability([torch.tensor([[0.0, -200.0]])] * 7)[0, 0] == 0


def test_a_search_takes_the_scores_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    ensemble, source = Ensemble(members()), collate(SOURCES)
    state = ensemble.start(ensemble.encode(source))
    job = Job(source.source_lengths, bos=2, eos=3, alignment=False)
    tokens = np.array([[4], [5], [6]])
    expected = ensemble.step(torch.tensor([4, 5, 6]), state).scores
    calls = []
    plain = torch.log_softmax
    monkeypatch.setattr(
        torch, "log_softmax", lambda *given, **named: calls.append(1) or plain(*given, **named)
    )
    assert torch.equal(score_next(ensemble, tokens, state, job).log_probs[:, 0], expected)
    assert not calls


def test_a_member_of_no_numbers_is_found_out() -> None:
    models = members()
    with torch.no_grad():
        models[1].output.bias[5] = torch.nan
    with pytest.raises(DamagedModelError, match="are not numbers"):
        search_many(Ensemble(models), SOURCES, SearchOptions(), batch_sentences=2, device=CPU)


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
