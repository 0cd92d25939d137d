"""Validation in the training loop: when, what is best, early stopping, the plateau, the average, and what is saved."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import torch

from seqloom.training import loop
from seqloom.training.events import CheckpointEvent, Sample, StepEvent, ValidationEvent
from seqloom.training.loop import Trainer
from seqloom.training.validation import Validation
from tiny import Shelf, TickingClock, make_trainer, same_bits, stop_after, weights


def scripted(losses: Sequence[float], **scores: Sequence[float]) -> Callable[[], Validation]:
    """Measures what is written down, one after the other."""
    rows: Iterator[Validation] = iter(
        Validation(loss, 2.0**loss, {name: values[at] for name, values in scores.items()})
        for at, loss in enumerate(losses)
    )
    return lambda: next(rows)


def run(trainer: Trainer) -> list[Any]:
    return list(trainer.events())


def of_kind(events: Sequence[object], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def validated_at(**options: Any) -> list[int]:
    """The updates at which a run is measured."""
    events = run(make_trainer(validate=scripted([1.0] * 50), **options))
    return [event.update for event in of_kind(events, ValidationEvent)]


def test_validation_every_so_many_updates_and_at_the_end() -> None:
    assert validated_at(max_updates=5, validate_every=2) == [2, 4, 5]
    assert validated_at(max_updates=4, validate_every=2) == [2, 4]  # the end once only
    assert validated_at(max_updates=2, validate_every=100) == [2]


def test_validation_once_an_epoch_unless_said_otherwise() -> None:
    assert validated_at(max_updates=7) == [3, 6, 7]
    assert validated_at(max_updates=4, accumulate=2) == [2, 4]


def test_validation_every_so_many_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "time", TickingClock())
    # an update takes ten seconds and so does a validation
    assert validated_at(max_updates=8, validate_minutes=0.5) == [3, 6, 8]


def test_speed_is_that_of_training_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "time", TickingClock())
    events = run(make_trainer(validate=scripted([1.0] * 2), max_updates=6, validate_every=3, log_every=4))
    first, second = of_kind(events, StepEvent)
    assert first.seconds == 50  # four updates and a validation
    assert first.tokens_per_second == pytest.approx(20 / 40)
    assert second.tokens_per_second == pytest.approx(8 / 20)


def test_checkpoints_every_so_many_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "time", TickingClock())
    shelf = Shelf()
    run(make_trainer(keeper=shelf, max_updates=8, checkpoint_minutes=0.5))
    assert list(shelf.saved) == [3, 6, 8]


def test_checkpoints_at_every_validation_between_and_at_the_end() -> None:
    shelf = Shelf()
    trainer = make_trainer(
        validate=scripted([1.0] * 9), keeper=shelf, max_updates=7, validate_every=4, checkpoint_every=3
    )
    events = run(trainer)
    assert list(shelf.saved) == [3, 4, 6, 7]
    assert [e for e in events if isinstance(e, CheckpointEvent)] == [
        CheckpointEvent(update, f"step-{update}") for update in (3, 4, 6, 7)
    ]
    assert same_bits(shelf.saved[7].model, weights(trainer))
    assert shelf.saved[4].state["validated_update"] == 4  # saved after it was measured, with the verdict
    assert shelf.saved[4].state["best_update"] == 4


def test_an_event_says_what_was_measured() -> None:
    sample = Sample("one", "un", "deux")
    measured = Validation(1.5, 4.5, {"bleu": 7.0}, {"bleu": "signature"}, (sample,))
    _, event, stop = run(make_trainer(validate=lambda: measured, max_updates=1))
    assert event == ValidationEvent(
        1, 1 / 3, 1.5, 4.5, {"bleu": 7.0}, (sample,), event.seconds, True, {"bleu": "signature"}
    )
    assert stop.seconds >= event.seconds


@pytest.mark.parametrize(("best_by", "best"), [("loss", [1, 2, 4]), ("bleu", [1, 3]), ("chrf", [1, 2])])
def test_best_is_best_by_what_was_asked_for(best_by: str, best: list[int]) -> None:
    shelf = Shelf()
    validate = scripted([3.0, 2.0, 2.5, 1.0], bleu=[10, 10, 30, 20], chrf=[40, 50, 45, 50])
    trainer = make_trainer(validate=validate, keeper=shelf, max_updates=4, validate_every=1, best_by=best_by)
    events = of_kind(run(trainer), ValidationEvent)
    assert [event.update for event in events if event.best] == best
    assert [kept.state["update"] for kept in shelf.best] == best
    for kept in shelf.best:
        assert same_bits(kept.model, shelf.saved[kept.state["update"]].model)
    assert trainer.state.best_update == best[-1]


def test_a_model_whose_loss_is_no_number_is_never_best() -> None:
    shelf, nan = Shelf(), float("nan")
    validate = scripted([nan, 2.0, nan, float("inf")], bleu=[90, 10, 95, 99])
    run(make_trainer(validate=validate, keeper=shelf, max_updates=4, validate_every=1, best_by="bleu"))
    assert [kept.state["update"] for kept in shelf.best] == [2]


def patient(shelf: Shelf, losses: Sequence[float], patience: int = 2) -> Trainer:
    return make_trainer(
        validate=scripted(losses), keeper=shelf, max_updates=20, validate_every=1, patience=patience
    )


def test_a_run_stops_when_validation_no_longer_improves() -> None:
    shelf = Shelf()
    trainer = patient(shelf, [5, 4, 4.5, 3, 3, 3.5])
    stop = run(trainer)[-1]
    assert (stop.update, stop.reason) == (6, "patience")
    assert trainer.state.best_update == 4
    assert max(shelf.saved) == 6


def started_again(trainer: Trainer, shelf: Shelf) -> list[Any]:
    """A fresh trainer's events from the newest checkpoint; its weights must not move."""
    newest = shelf.saved[max(shelf.saved)]
    trainer.resume(newest)
    saved = len(shelf.saved)
    events = run(trainer)
    if len(events) == 1:
        assert same_bits(weights(trainer), newest.model)
        assert len(shelf.saved) == saved
    return events


def test_a_run_that_stopped_early_stays_stopped_when_it_is_started_again() -> None:
    shelf = Shelf()
    run(patient(shelf, [5, 6, 7]))
    (stop,) = started_again(patient(shelf, []), shelf)  # nothing is measured again
    assert (stop.update, stop.reason) == (3, "patience")


def test_more_patience_lets_it_go_on() -> None:
    shelf = Shelf()
    run(patient(shelf, [5, 6, 7]))
    events = started_again(patient(shelf, [4, 5, 5, 5], patience=3), shelf)
    assert (events[-1].update, events[-1].reason) == (7, "patience")


def test_a_finished_run_stays_finished_and_a_larger_bound_lets_it_go_on() -> None:
    shelf = Shelf()
    run(make_trainer(keeper=shelf, max_updates=3))
    (stop,) = started_again(make_trainer(keeper=shelf, max_updates=3), shelf)
    assert (stop.update, stop.reason) == (3, "finished")
    assert started_again(make_trainer(keeper=shelf, max_updates=4), shelf)[-1].update == 4


def test_a_run_interrupted_in_its_last_update_is_measured_when_it_is_started_again() -> None:
    shelf = Shelf()
    options: dict[str, Any] = {"keeper": shelf, "max_updates": 2, "validate_every": 9}
    *_, stop = run(make_trainer(validate=scripted([]), stop=stop_after(2), **options))
    assert (stop.update, stop.reason) == (2, "interrupted")
    measured, saved, stop = started_again(make_trainer(validate=scripted([1.0]), **options), shelf)
    assert (measured.update, measured.best, saved.update) == (2, True, 2)
    assert (stop.update, stop.reason) == (2, "finished")
    assert shelf.saved[2].state["validated_update"] == 2


def test_a_validation_that_gave_up_for_a_signal_is_made_good_first() -> None:
    shelf = Shelf()
    options: dict[str, Any] = {"keeper": shelf, "max_updates": 4, "validate_every": 2}
    *_, saved, stop = run(make_trainer(validate=lambda: None, **options))
    assert (saved.update, stop.update, stop.reason) == (2, 2, "interrupted")
    events = started_again(make_trainer(validate=scripted([2.0, 1.0]), **options), shelf)
    assert isinstance(events[0], ValidationEvent)
    assert [event.update for event in of_kind(events, ValidationEvent)] == [2, 4]
    assert [event.update for event in of_kind(events, StepEvent)] == [3, 4]
    assert [kept.state["update"] for kept in shelf.best] == [2, 4]


def test_a_last_validation_that_gave_up_leaves_the_run_unfinished() -> None:
    shelf = Shelf()
    options: dict[str, Any] = {"keeper": shelf, "max_updates": 2, "validate_every": 9}
    *_, stop = run(make_trainer(validate=lambda: None, **options))
    assert (stop.update, stop.reason) == (2, "interrupted")
    first, *_, stop = started_again(make_trainer(validate=scripted([1.0]), **options), shelf)
    assert (type(first), stop.reason) == (ValidationEvent, "finished")


def test_a_signal_comes_before_a_validation_that_is_due() -> None:
    def validate() -> Validation:
        raise AssertionError("it was to stop")

    *_, stop = run(make_trainer(validate=validate, stop=stop_after(2), max_updates=4, validate_every=2))
    assert (stop.update, stop.reason) == (2, "interrupted")


def test_the_last_checkpoint_is_written_once() -> None:
    events = run(make_trainer(validate=scripted([2.0, 1.0]), keeper=Shelf(), max_updates=4, validate_every=2))
    assert [event.update for event in of_kind(events, CheckpointEvent)] == [2, 4]


def test_the_plateau_schedule_comes_down_when_validation_stalls() -> None:
    trainer = make_trainer(
        validate=scripted([5, 4, 4, 4, 4, 4, 3, 3, 3, 3]),
        max_updates=10,
        validate_every=1,
        schedule="plateau",
        plateau_patience=1,
        plateau_factor=0.5,
        learning_rate=0.8,
        final_learning_rate_fraction=0.2,
    )
    rates = [event.learning_rate for event in of_kind(run(trainer), StepEvent)]
    # stalls at 3 and 4, at 5 and 6, and, after the improvement at 7, at 8 and 9: then it is at its floor
    assert rates == pytest.approx([0.8, 0.8, 0.8, 0.8, 0.4, 0.4, 0.2, 0.2, 0.2, 0.16])


def test_other_schedules_do_not_mind_stalls() -> None:
    trainer = make_trainer(
        validate=scripted([5.0] * 6), max_updates=6, validate_every=1, plateau_patience=0, learning_rate=0.8
    )
    assert {event.learning_rate for event in of_kind(run(trainer), StepEvent)} == {0.8}


def test_the_average_is_what_is_measured_and_kept_and_training_goes_on_without_it() -> None:
    shelf = Shelf()
    measured: list[dict[str, torch.Tensor]] = []
    averages: list[dict[str, torch.Tensor]] = []

    def validate() -> Validation:
        assert not trainer.model.training
        measured.append(weights(trainer))
        return Validation(1.0 / len(measured), 1.0)

    options: dict[str, Any] = {"max_updates": 4, "ema": 0.5}
    trainer = make_trainer(validate=validate, keeper=shelf, validate_every=2, **options)
    for event in trainer.events():
        if isinstance(event, ValidationEvent):
            assert trainer.average
            averages.append({name: held.clone() for name, held in trainer.average.weights.items()})
    assert len(measured) == len(averages) == len(shelf.best) == 2
    for seen, average, best in zip(measured, averages, shelf.best, strict=True):
        assert same_bits(seen, average)
        assert same_bits(best.model, average)
    unmeasured = make_trainer(**options)
    run(unmeasured)
    assert same_bits(weights(trainer), weights(unmeasured))
    assert not same_bits(weights(trainer), measured[-1])
    kept = {n.removeprefix("average/"): t for n, t in shelf.saved[4].optimiser.items() if "average/" in n}
    assert same_bits(kept, averages[-1])
    assert same_bits(shelf.saved[4].model, weights(trainer))


def test_the_weights_are_changed_back_when_measuring_fails() -> None:
    def validate() -> Validation:
        raise RuntimeError("no translation today")

    trainer = make_trainer(validate=validate, max_updates=1, ema=0.5)
    events = trainer.events()
    next(events)
    before = weights(trainer)
    with pytest.raises(RuntimeError, match="no translation today"):
        next(events)
    assert same_bits(weights(trainer), before)
