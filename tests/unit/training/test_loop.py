"""Updates of the training loop: what one changes, what the events say of it, and where it stands in the data."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from seqloom.base.errors import DamagedModelError, ShapeError
from seqloom.data.batch import Batch, collate
from seqloom.models.seq2seq import Seq2Seq
from seqloom.training import loop
from seqloom.training.events import CheckpointEvent, StepEvent, StopEvent
from seqloom.training.loop import Trainer
from seqloom.training.loss import smoothed_loss
from seqloom.training.machine import Machine
from seqloom.training.objective import batch_loss
from seqloom.training.schedule import learning_rate
from seqloom.training.state import TrainingState
from tiny import (
    CPU,
    Shelf,
    TickingClock,
    batches,
    big_batch,
    make_trainer,
    same_bits,
    stop_after,
    tiny_model,
    weights,
)


def run(trainer: Trainer) -> list[Any]:
    return list(trainer.events())


def steps(events: Sequence[object]) -> list[StepEvent]:
    return [event for event in events if isinstance(event, StepEvent)]


def loss_by_hand(model: Seq2Seq, batch: Batch) -> tuple[Tensor, Tensor]:
    """Loss and likelihood a target symbol, from the logits, by the readable twin."""
    assert batch.target_output is not None
    logits = model(batch).logits[batch.target_mask]
    loss, likelihood = smoothed_loss(logits, batch.target_output[batch.target_mask], 0.1)
    return loss / batch.target_tokens, likelihood / batch.target_tokens


def gradients_by_hand(model: Seq2Seq, batch: Batch) -> dict[str, Tensor]:
    parameters = dict(model.named_parameters())
    found = torch.autograd.grad(loss_by_hand(model, batch)[0], list(parameters.values()))
    return dict(zip(parameters, found, strict=True))


def norm_of(gradients: dict[str, Tensor]) -> float:
    return float(sum(gradient.pow(2).sum() for gradient in gradients.values()) ** 0.5)


def assert_near(one: dict[str, Tensor], other: dict[str, Tensor], tolerance: float = 1e-12) -> None:
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert (tensor - other[name]).abs().max() <= tolerance, name


def test_an_update_goes_down_the_gradient_of_the_loss_a_symbol() -> None:
    model = tiny_model()
    gradients = gradients_by_hand(model, big_batch())
    expected = {name: p.detach() - 0.1 * gradients[name] for name, p in model.named_parameters()}
    loss, likelihood = loss_by_hand(model, big_batch())
    trainer = make_trainer([big_batch()], model=model, max_updates=1)
    step, stop = run(trainer)
    assert_near(weights(trainer), expected)
    assert step.loss == pytest.approx(loss.item(), rel=1e-12)
    assert step.likelihood == pytest.approx(likelihood.item(), rel=1e-12)
    assert step.loss != pytest.approx(step.likelihood, rel=1e-3)
    assert step.gradient_norm == pytest.approx(norm_of(gradients), rel=1e-9)
    assert stop.reason == "finished"


@pytest.mark.parametrize("options", [{}, {"clip_norm": 0.3}, {"optimiser": "adamw"}, {"optimiser": "adam"}])
def test_accumulated_batches_are_one_big_batch(options: dict[str, Any]) -> None:
    big = make_trainer([big_batch()], max_updates=3, **options)
    small = make_trainer(max_updates=3, accumulate=3, **options)
    before = weights(big)
    seen = [steps(run(trainer)) for trainer in (big, small)]
    assert_near(weights(small), weights(big), 1e-9 if options.get("optimiser") else 1e-12)
    assert not same_bits(before, weights(big))
    for one, other in zip(*seen, strict=True):
        assert other.loss == pytest.approx(one.loss, rel=1e-9)
        assert other.gradient_norm == pytest.approx(one.gradient_norm, rel=1e-9)
        assert (one.tokens, one.epoch) == (other.tokens, other.epoch)


def test_accumulated_batches_are_one_big_batch_in_float32() -> None:
    big = make_trainer([big_batch()], model=tiny_model(torch.float32), max_updates=3)
    small = make_trainer(model=tiny_model(torch.float32), max_updates=3, accumulate=3)
    run(big)
    run(small)
    assert_near(weights(small), weights(big), 1e-6)


def test_losses_are_means_over_symbols_since_the_last_step_event() -> None:
    trainer = make_trainer(max_updates=5, learning_rate=1e-12, log_every=2)
    events = steps(run(trainer))
    losses = [loss_by_hand(tiny_model(), batch)[0].item() for batch in batches()]
    sums = [loss * count for loss, count in zip(losses, (6, 5, 3), strict=True)]
    assert [event.update for event in events] == [2, 4, 5]  # the last few are not lost
    expected = [(sums[0] + sums[1]) / 11, (sums[2] + sums[0]) / 9, sums[1] / 5]
    assert [event.loss for event in events] == pytest.approx(expected, rel=1e-6)
    assert [event.tokens for event in events] == [11, 20, 25]
    assert [event.epoch for event in events] == pytest.approx([2 / 3, 4 / 3, 5 / 3])


def change(trainer: Trainer) -> dict[str, Tensor]:
    """What a run changes in the weights."""
    before = weights(trainer)
    run(trainer)
    return {name: tensor - before[name] for name, tensor in weights(trainer).items()}


def test_long_gradients_are_shortened_and_short_ones_left() -> None:
    long = norm_of(gradients_by_hand(tiny_model(), big_batch()))
    free, cut, wide = (
        change(make_trainer([big_batch()], max_updates=1, clip_norm=limit))
        for limit in (0.0, long / 4, 2 * long)
    )
    assert norm_of(free) == pytest.approx(0.1 * long, rel=1e-6)
    assert norm_of(cut) == pytest.approx(0.1 * long / 4, rel=1e-4)  # torch adds 1e-6 to the norm
    assert_near({name: 4 * tensor for name, tensor in cut.items()}, free, 1e-4)
    assert same_bits(wide, free)


def test_the_length_that_is_told_is_that_before_shortening() -> None:
    long = norm_of(gradients_by_hand(tiny_model(), big_batch()))
    (step,) = steps(run(make_trainer([big_batch()], max_updates=1, clip_norm=long / 4)))
    assert step.gradient_norm == pytest.approx(long, rel=1e-9)


def test_each_update_has_the_rate_of_the_schedule() -> None:
    trainer = make_trainer(max_updates=6, schedule="cosine", warmup_updates=2)
    rates = [event.learning_rate for event in steps(run(trainer))]
    assert rates == [learning_rate(trainer.config, update, update / 6) for update in range(6)]
    assert rates[0] < rates[1] > rates[2] > rates[5] > 0


def test_the_schedule_follows_another_bound_as_well() -> None:
    trainer = make_trainer(max_tokens=28, schedule="cosine")  # two epochs of 14 symbols
    rates = [event.learning_rate for event in steps(run(trainer))]
    assert rates == [
        learning_rate(trainer.config, update, done / 28) for update, done in enumerate((0, 6, 11, 14, 20, 25))
    ]


@pytest.mark.parametrize(
    ("bound", "updates"),
    [
        ({"max_updates": 5}, 5),
        ({"max_epochs": 1.5}, 5),  # 4/3 epochs are too few
        ({"max_epochs": 2.0}, 6),
        ({"max_tokens": 15}, 4),
        ({"max_updates": 5, "max_tokens": 1}, 1),
    ],
)
def test_a_run_ends_with_the_update_that_reaches_the_first_bound(bound: dict[str, Any], updates: int) -> None:
    *_, stop = run(make_trainer(**bound))
    assert stop == StopEvent(updates, "finished", stop.seconds)


def test_groups_end_with_the_epoch_and_the_next_begins_anew() -> None:
    trainer = make_trainer(max_updates=5, accumulate=2)
    events = steps(run(trainer))
    assert [event.tokens for event in events] == [11, 14, 25, 28, 39]
    assert [event.epoch for event in events] == pytest.approx([2 / 3, 1, 5 / 3, 2, 8 / 3])
    assert trainer.source.asked == [(0, 0), (1, 0), (2, 0)]  # type: ignore[attr-defined]
    assert (trainer.state.epoch, trainer.state.batch) == (2, 2)


def dropping(**options: Any) -> Trainer:
    return make_trainer(
        model=tiny_model(dropout=0.4), max_updates=5, optimiser="adamw", learning_rate=0.01, **options
    )


def test_dropout_is_a_function_of_seed_and_place() -> None:
    first, again, other = dropping(), dropping(), dropping(seed=2)
    run(first)
    for _ in again.events():
        torch.randn(7)  # whatever else draws from torch's stream
    run(other)
    assert same_bits(weights(first), weights(again))
    assert not same_bits(weights(first), weights(other))


def test_dropout_differs_from_batch_to_batch_of_an_update(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds: list[int] = []
    monkeypatch.setattr(loop.torch, "manual_seed", seeds.append)
    run(make_trainer(max_updates=3, accumulate=3))
    assert len(set(seeds)) == len(seeds) == 9


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("after", [1, 3, 4])
def test_a_resumed_run_ends_with_the_bits_of_one_that_was_not_stopped(accumulate: int, after: int) -> None:
    options: dict[str, Any] = {"accumulate": accumulate, "ema": 0.8, "weight_decay": 0.1}
    whole, shelf = dropping(**options), Shelf()
    run(whole)
    *_, saved, stop = run(dropping(keeper=shelf, stop=stop_after(after), **options))
    assert (saved, stop.reason) == (CheckpointEvent(after, f"step-{after}"), "interrupted")
    resumed = dropping(**options)
    resumed.resume(shelf.saved[after])
    assert run(resumed)[-1].update == 5
    assert same_bits(weights(whole), weights(resumed))
    assert whole.average
    assert resumed.average
    assert same_bits(whole.average.weights, resumed.average.weights)


def test_a_run_resumed_at_the_wrong_place_does_not() -> None:
    whole, shelf = dropping(), Shelf()
    run(whole)
    run(dropping(keeper=shelf, stop=stop_after(2)))
    resumed = dropping()
    resumed.resume(shelf.saved[2])
    resumed.state.batch = 0
    run(resumed)
    assert not same_bits(weights(whole), weights(resumed))


def test_state_with_other_entries_is_refused() -> None:
    values = {**vars(TrainingState()), "momentum": 1}
    del values["tokens"]
    with pytest.raises(DamagedModelError) as caught:
        TrainingState.of(values, "step-3")
    assert str(caught.value) == "step-3: state.json has other entries than expected: momentum, tokens."


def test_state_that_was_written_is_read_back() -> None:
    state = TrainingState(update=3, epoch=1, best_score=2.5, seconds=0.25)
    assert TrainingState.of(vars(state), "here") == state


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "time", TickingClock())


@pytest.mark.usefixtures("clock")
def test_time_is_counted_and_what_is_left_estimated() -> None:
    first, second, stop = run(make_trainer(max_updates=4, log_every=2))
    assert (first.seconds, second.seconds, stop.seconds) == (20, 40, 40)
    assert (first.fraction, first.seconds_left) == (0.5, 20)
    assert (second.fraction, second.seconds_left) == (1.0, 0)
    assert first.tokens_per_second == pytest.approx(11 / 20)


@pytest.mark.usefixtures("clock")
def test_a_run_may_be_bounded_by_time() -> None:
    *_, stop = run(make_trainer(max_minutes=1.1))
    assert (stop.update, stop.seconds) == (7, 70)


@pytest.mark.usefixtures("clock")
def test_time_before_a_resumption_counts() -> None:
    shelf = Shelf()
    run(make_trainer(max_updates=8, keeper=shelf, stop=stop_after(2)))
    resumed = make_trainer(max_updates=8, log_every=3)
    resumed.resume(shelf.saved[2])
    first, *_, stop = run(resumed)
    assert (first.update, first.seconds, stop.seconds) == (3, 30, 80)
    assert first.seconds_left == pytest.approx(50)  # by the speed since the resumption
    assert first.tokens_per_second == pytest.approx(3 / 10)


def test_a_batch_without_targets_has_no_loss() -> None:
    trainer = make_trainer()
    with pytest.raises(ShapeError, match="no targets, so it has no loss"):
        batch_loss(trainer.model, collate([[4]]), CPU)
    with pytest.raises(ShapeError, match="no targets to be read"):
        trainer.model(collate([[4]]))


def test_products_are_in_bfloat16_where_the_machine_says_so() -> None:
    half = Machine(torch.device("cpu"), 1, bfloat16=True)
    model = tiny_model(torch.float32)
    exact, rough = (batch_loss(model, big_batch(), machine)[0] for machine in (CPU, half))
    assert exact.dtype == rough.dtype == torch.float32
    assert exact.item() != rough.item()
    assert rough.item() == pytest.approx(exact.item(), rel=0.02)


def test_nothing_is_kept_without_a_keeper() -> None:
    events = run(make_trainer(max_updates=2, checkpoint_every=1))
    assert [type(event) for event in events] == [StepEvent, StepEvent, StopEvent]
