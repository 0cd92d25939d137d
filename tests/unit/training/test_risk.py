"""Minimum-risk training: the formula by hand, its gradient, and that it makes good outputs likelier."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from agreement import assert_agree
from kinds import model_of
from seqloom.data.batch import Batch, collate
from seqloom.models.seq2seq import Seq2Seq
from seqloom.models.state import Memory
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


def with_repeated_memory(
    model: Seq2Seq, memory: Memory, rows: Tensor, targets: Sequence[tuple[int, ...]]
) -> Tensor:
    """The plain form: each target has a source of its own, and all logits are held at once."""
    final = memory.final and tuple(tuple(tensor[rows] for tensor in layer) for layer in memory.final)
    own = replace(
        memory,
        values=memory.values[rows],
        visible=memory.visible[rows],
        summary=memory.summary[rows],
        final=final,
    )
    given = collate([[]] * len(targets), targets)
    assert given.target_output is not None
    log_probs = model.score(given, own).logits.log_softmax(dim=-1)
    return (log_probs.gather(2, given.target_output[:, :, None])[:, :, 0] * given.target_mask).sum(1)


@pytest.mark.parametrize(
    "rows", [[0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4], [0, 0, 1, 2, 2, 2, 3, 4]], ids=str
)
@pytest.mark.parametrize(
    "decoder",
    [
        "lstm-fixed-context",
        "gru-between-additive",
        "gru-after-local",
        "gru-between-location",
        "gru-between-multi_head",
        "lstm-feeding-general",
        "lstm-before-coverage",
        "transformer-post-learned-coverage",
        "transformer-pre-rotary",
        "transformer-pre-ssru",
    ],
)
def test_candidates_share_their_source(decoder: str, rows: list[int]) -> None:
    model, batch = model_of("gru-bi-1", decoder, torch.float64, dropout=0.0), big_batch()
    which = torch.tensor(rows)
    targets = [(4, 5, 6)[: number % 4] + (7,) * (number % 3) for number in range(len(rows))]
    memory = model.encode(batch)
    memory = replace(memory, values=memory.values.detach().requires_grad_())
    leaves = {"memory": memory.values, "table": model.output.table}
    assert_agree(
        lambda: log_probabilities(model, memory, which, targets),
        lambda: with_repeated_memory(model, memory, which, targets),
        leaves,
        idle=["memory"] if "fixed" in decoder else [],
    )


def test_a_source_is_projected_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model, batch = tiny_model(), big_batch()
    attention, projected = model.decoder.attention, []  # type: ignore[attr-defined]
    prepare = attention.prepare

    def noted(memory: Tensor) -> Tensor:
        projected.append(len(memory))
        found: Tensor = prepare(memory)
        return found

    monkeypatch.setattr(attention, "prepare", noted)
    rows = torch.arange(len(batch)).repeat_interleave(3)
    targets = [own for own in references(batch) for _ in range(3)]
    log_probabilities(model, model.encode(batch), rows, targets)
    assert projected == [len(batch)]


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
