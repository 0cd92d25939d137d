"""The loss of a batch on the true history, and on one with the model's own predictions in it."""

from typing import Any

import pytest
import torch

from agreement import randomise
from seqloom.base.errors import ShapeError
from seqloom.data.batch import collate
from seqloom.text.vocabulary import BOS
from seqloom.training.loss import smoothed_loss
from seqloom.training.objective import Objective, Teaching, batch_loss, mix_in_predictions
from seqloom.training.risk import Risk
from tiny import CPU, big_batch, make_trainer, tiny_model


def test_no_share_is_teacher_forcing() -> None:
    model, batch = tiny_model(), big_batch()
    true = batch_loss(model, batch, CPU, Objective(0.1))
    same = batch_loss(model, mix_in_predictions(model, batch, model.encode(batch), 0.0), CPU, Objective(0.1))
    assert true[0].item() == same[0].item()
    assert batch_loss(model, batch, CPU, Objective(0.1, own_share=0.5))[0].item() != true[0].item()


def test_a_share_of_the_symbols_read_are_predictions_after_the_true_history() -> None:
    model, batch = tiny_model(), big_batch()
    memory = model.encode(batch)
    predicted = model(batch).logits.argmax(-1)
    torch.manual_seed(0)
    mixed = mix_in_predictions(model, batch, memory, 0.5)
    assert mixed.target_input is not None
    assert batch.target_input is not None
    assert (mixed.target_input[:, 0] == BOS).all()
    taken = mixed.target_input[:, 1:] == predicted[:, :-1]
    kept = mixed.target_input[:, 1:] == batch.target_input[:, 1:]
    assert (taken | kept).all()
    either = (taken != kept).double()  # where prediction and truth differ
    assert 0.2 < (taken & ~kept).sum() / either.sum() < 0.8
    whole = mix_in_predictions(model, batch, memory, 1.0).target_input
    assert whole is not None
    assert torch.equal(whole[:, 1:], predicted[:, :-1])
    assert mixed.target_output is batch.target_output


def test_predictions_get_no_gradient_of_their_own() -> None:
    model, batch = tiny_model(), big_batch()
    batch_loss(model, batch, CPU, Objective(own_share=1.0))[0].backward()
    found = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    model.zero_grad()
    given = mix_in_predictions(model, batch, model.encode(batch), 1.0)
    batch_loss(model, given, CPU)[0].backward()
    for name, parameter in model.named_parameters():
        assert torch.allclose(found[name], parameter.grad)


def test_without_targets_there_is_nothing_to_mix() -> None:
    model, batch = tiny_model(), collate([[4]])
    with pytest.raises(ShapeError, match="no targets to be mixed with predictions"):
        mix_in_predictions(model, batch, model.encode(batch), 0.5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_teacher_s_distribution_is_a_second_target(smoothing: float) -> None:
    """Against the formula with all logits held whole; gradients too."""
    model, teacher, batch = tiny_model(), randomise(tiny_model(), seed=9), big_batch()
    assert batch.target_output is not None
    loss, likelihood = batch_loss(model, batch, CPU, Objective(smoothing, teaching=Teaching(teacher, 0.3)))
    loss.backward()
    found = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    model.zero_grad()
    logits, mask = model(batch).logits, batch.target_mask
    hard, expected_likelihood = smoothed_loss(logits[mask], batch.target_output[mask], smoothing)
    wished = teacher(batch).logits[mask].softmax(-1).detach()
    soft = -(wished * logits[mask].log_softmax(-1)).sum()
    expected = 0.7 * hard + 0.3 * soft
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    assert likelihood.item() == pytest.approx(expected_likelihood.item(), rel=1e-6)
    expected.backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad, rtol=1e-4, atol=1e-6)


def test_a_teacher_is_told_nothing_by_the_loss() -> None:
    model, teacher, batch = tiny_model(), tiny_model(), big_batch()
    batch_loss(model, batch, CPU, Objective(0.1, teaching=Teaching(teacher, 0.5)))[0].backward()
    assert all(parameter.grad is None for parameter in teacher.parameters())


def test_the_share_rises_over_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from seqloom.training import objective

    shares = []

    def noted(*given: object) -> object:
        shares.append(given[3].own_share)
        return batch_loss(*given)

    monkeypatch.setattr(objective, "batch_loss", noted)
    for _ in make_trainer(max_updates=5, scheduled_sampling=0.4).events():
        pass
    assert shares == pytest.approx([0.0, 0.08, 0.16, 0.24, 0.32])


# -- R-Drop --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("taught", [False, True], ids=["alone", "taught"])
def test_two_passes_are_to_agree(taught: bool) -> None:
    """Against the paper's equations 2 and 3 with all logits held whole; gradients too."""
    model, batch = tiny_model(dropout=0.3).train(), big_batch()
    assert batch.target_output is not None
    teaching = Teaching(randomise(tiny_model(), seed=9), 0.3) if taught else None
    torch.manual_seed(5)
    loss, likelihood = batch_loss(model, batch, CPU, Objective(0.1, teaching=teaching, r_drop=3.0))
    loss.backward()
    found = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    model.zero_grad()
    mask, targets = batch.target_mask, batch.target_output[batch.target_mask]
    torch.manual_seed(5)
    passes = [logits[mask] for logits in model(batch.repeated(2)).logits.chunk(2)]
    assert not torch.equal(*passes)
    both = torch.cat(passes)
    expected, expected_likelihood = smoothed_loss(both, targets.repeat(2), 0.1)
    if teaching:
        wished = teaching.model(batch).logits[mask].softmax(-1).detach().repeat(2, 1)
        expected = 0.7 * expected - 0.3 * (wished * both.log_softmax(-1)).sum()
    p, q = (one.log_softmax(-1) for one in passes)
    divergence = (p.exp() * (p - q)).sum() + (q.exp() * (q - p)).sum()
    expected = (expected + 3.0 * divergence / 2) / 2
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    assert likelihood.item() == pytest.approx(expected_likelihood.item() / 2, rel=1e-6)
    expected.backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad, rtol=1e-4, atol=1e-6)


def test_without_dropout_two_passes_are_one() -> None:
    model, batch = tiny_model().eval(), big_batch()
    once = batch_loss(model, batch, CPU, Objective(0.1))
    twice = batch_loss(model, batch, CPU, Objective(0.1, r_drop=5.0))
    assert [part.item() for part in twice] == pytest.approx([part.item() for part in once], rel=1e-6)


NO_RISK = Risk(lambda candidate, reference: 0.0, share=0.5, samples=1, sharpness=1.0)  # noqa: ARG005


@pytest.mark.parametrize("other", [{"own_share": 0.5}, {"risk": NO_RISK}], ids=["own share", "risk"])
def test_two_passes_read_the_true_history(other: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="two passes agree on the true history"):
        batch_loss(tiny_model(), big_batch(), CPU, Objective(r_drop=5.0, **other))
