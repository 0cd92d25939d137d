"""Minimum-risk training: the formula by hand, its gradient, and that it makes good outputs likelier."""

from typing import Any

import pytest
import torch

from seqloom.data.batch import Batch
from seqloom.search.sample import sample
from seqloom.training import risk
from seqloom.training.objective import Objective, batch_loss
from seqloom.training.risk import Risk, expected_cost, log_probabilities
from tiny import CPU, big_batch, tiny_model


def cost(candidate: tuple[int, ...], reference: tuple[int, ...]) -> float:
    """The share of the reference's symbols that a candidate lacks."""
    return 1 - len(set(candidate) & set(reference)) / max(1, len(set(reference)))


RISK = Risk(cost, share=0.4, samples=5, sharpness=0.5)


def references(batch: Batch) -> list[tuple[int, ...]]:
    assert batch.target_output is not None
    assert batch.target_lengths is not None
    rows = zip(batch.target_output.tolist(), batch.target_lengths.tolist(), strict=True)
    return [tuple(row[: length - 1]) for row, length in rows]


def test_log_probabilities_are_those_of_the_loss() -> None:
    model, batch = tiny_model(), big_batch()
    found = log_probabilities(model, model.encode(batch), torch.arange(len(batch)), references(batch))
    assert found.shape == (len(batch),)
    assert -found.sum().item() == pytest.approx(batch_loss(model, batch, CPU)[0].item(), rel=1e-5)


def test_the_expected_cost_is_the_formula_s() -> None:
    model, batch = tiny_model(), big_batch()
    memory = model.encode(batch)
    seen: list[tuple[tuple[int, ...], tuple[int, ...]]] = []

    def noted(candidate: tuple[int, ...], reference: tuple[int, ...]) -> float:
        seen.append((candidate, reference))
        return cost(candidate, reference)

    torch.manual_seed(3)
    found = expected_cost(model, batch, memory, Risk(noted, 0.4, 5, 0.5))
    expected = 0.0
    for row, reference in enumerate(references(batch)):
        own = []
        while seen and seen[0][1] == reference and seen[0][0] not in own:
            own.append(seen.pop(0)[0])
        assert own[0] == reference
        assert 1 < len(own) <= 6
        rows = torch.full((len(own),), row)
        log_probs = log_probabilities(model, memory, rows, own)
        weights = (0.5 * log_probs).softmax(0).tolist()
        expected += sum(w * cost(each, reference) for w, each in zip(weights, own, strict=True))
    assert not seen
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_candidates_are_drawn_without_dropout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the encoder either: what a candidate is drawn from is the same whatever dropout draws."""
    model, batch = tiny_model(dropout=0.5).train(), big_batch()
    drawn_from: list[list[torch.Tensor]] = []

    def noted(drawer: object, state: Any, *others: Any) -> Any:
        assert drawer is model
        assert not model.training
        drawn_from.append([*state.source.tensors, *state.cells[0]])
        return sample(model, state, *others)

    monkeypatch.setattr(risk, "sample", noted)
    for seed in (1, 2):
        torch.manual_seed(seed)
        expected_cost(model, batch, model.encode(batch), RISK)
        assert model.training
    assert all(torch.equal(one, other) for one, other in zip(*drawn_from, strict=True))


def test_a_small_step_lowers_the_expected_cost() -> None:
    model, batch = tiny_model(), big_batch()

    def measured() -> torch.Tensor:
        torch.manual_seed(3)
        return expected_cost(model, batch, model.encode(batch), RISK)

    before = measured()
    before.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= 0.001 * parameter.grad
    assert model.training is False  # sampling sets it back
    drawn_again = measured().item()  # the same draws, for the weights have hardly moved
    assert drawn_again < before.item()


def test_the_loss_is_shared_between_likelihood_and_risk() -> None:
    model, batch = tiny_model(), big_batch()
    torch.manual_seed(3)
    together, likelihood = batch_loss(model, batch, CPU, Objective(0.1, risk=RISK))
    torch.manual_seed(3)
    expected = expected_cost(model, batch, model.encode(batch), RISK)
    alone, same = batch_loss(model, batch, CPU, Objective(0.1))
    per_sentence = batch.target_tokens / len(batch)
    assert likelihood.item() == same.item()
    assert together.item() == pytest.approx(
        0.6 * alone.item() + 0.4 * expected.item() * per_sentence, rel=1e-5
    )
