"""Losses and gradients that are not finite: skipped, counted, and the end of a run when they go on."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from seqloom.base.errors import DivergedError
from seqloom.training import objective
from seqloom.training.events import SkipEvent, StepEvent, StopEvent
from seqloom.training.loop import Trainer
from seqloom.training.optimiser import optimiser_tensors
from seqloom.training.validation import Validation
from tiny import Shelf, copied, make_trainer, same_bits, tiny_model, weights

Poison = Callable[[Tensor], Tensor]


class InfiniteGradient(torch.autograd.Function):
    """A loss that looks healthy and whose gradient is not."""

    @staticmethod
    def forward(ctx: Any, loss: Tensor) -> Tensor:  # noqa: ARG004
        return loss.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]  # noqa: ARG004
        return gradient * math.inf


POISONS: dict[str, Poison] = {
    "loss is nan": lambda loss: loss * math.nan,
    "loss is infinite": lambda loss: loss + math.inf,
    "gradient is infinite": InfiniteGradient.apply,
}


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Spoil the loss of some batches, counted from 1."""

    def spoil(which: Sequence[int], how: str = "loss is nan") -> None:
        healthy, count = objective.batch_loss, 0

        def spoiled(*arguments: Any) -> tuple[Tensor, Tensor]:
            nonlocal count
            count += 1
            loss, likelihood = healthy(*arguments)
            return (POISONS[how](loss), likelihood) if count in which else (loss, likelihood)

        monkeypatch.setattr(objective, "batch_loss", spoiled)

    return spoil


def everything(trainer: Trainer) -> dict[str, Tensor]:
    """Weights, optimiser and average, copied."""
    assert trainer.average
    held = {f"average/{name}": tensor for name, tensor in trainer.average.weights.items()}
    return weights(trainer) | copied(optimiser_tensors(trainer.optimiser, trainer.model)) | copied(held)


@pytest.mark.parametrize("how", POISONS)
def test_a_spoiled_update_changes_nothing_but_is_counted(poison: Callable[..., None], how: str) -> None:
    poison([2], how)
    trainer = make_trainer(max_updates=3, optimiser="adamw", ema=0.9)
    events = trainer.events()
    first = next(events)
    before = everything(trainer)
    skip = next(events)
    assert isinstance(first, StepEvent)
    assert skip == SkipEvent(update=2, in_a_row=1)
    assert same_bits(everything(trainer), before)
    rest = list(events)
    assert not same_bits(everything(trainer), before)
    assert (trainer.state.update, trainer.state.skipped, trainer.state.bad_in_a_row) == (3, 1, 0)
    last = [event for event in rest if isinstance(event, StepEvent)][-1]
    assert (last.update, last.skipped, last.tokens) == (3, 1, 14)
    assert all(tensor.isfinite().all() for tensor in everything(trainer).values())


def test_one_spoiled_batch_spoils_the_update_it_is_part_of(poison: Callable[..., None]) -> None:
    poison([2])
    trainer = make_trainer(max_updates=1, accumulate=3)
    before = weights(trainer)
    events = list(trainer.events())
    assert events[0] == SkipEvent(1, 1)
    assert same_bits(weights(trainer), before)


def test_means_leave_spoiled_updates_out(poison: Callable[..., None]) -> None:
    poison([2])
    events = list(make_trainer(max_updates=3, log_every=3, learning_rate=1e-12).events())
    clean = list(make_trainer(max_updates=3, log_every=3, learning_rate=1e-12).events())
    assert isinstance(events[1], StepEvent)
    assert isinstance(clean[0], StepEvent)
    assert math.isfinite(events[1].loss)
    assert math.isfinite(events[1].gradient_norm)
    assert events[1].loss != clean[0].loss


def test_nothing_is_told_of_a_stretch_in_which_every_update_was_spoiled(
    poison: Callable[..., None],
) -> None:
    poison([2, 3])
    events = list(make_trainer(max_updates=4).events())
    assert [event.update for event in events if isinstance(event, StepEvent)] == [1, 4]
    assert [event.update for event in events if isinstance(event, SkipEvent)] == [2, 3]


def test_several_in_a_row_end_the_run_and_nothing_of_it_is_kept(poison: Callable[..., None]) -> None:
    poison([4, 5, 6])
    shelf, seen = Shelf(), []
    trainer = make_trainer(
        validate=lambda: Validation(1.0, 2.0),
        keeper=shelf,
        max_updates=9,
        max_bad_updates=3,
        validate_every=3,
        checkpoint_every=1,
    )
    events = map(seen.append, trainer.events())
    with pytest.raises(DivergedError) as caught:
        list(events)
    assert str(caught.value) == (
        "The loss or its gradient was not finite in 3 updates in a row, the last at update 6; best and checkpoints are "
        "from before. Train in another run folder with a lower training.learning_rate, a higher "
        'training.warmup_updates or training.precision = "float32".'
    )
    assert caught.value.exit_code == 5
    skips = [event for event in seen if isinstance(event, SkipEvent)]
    assert skips == [SkipEvent(4, 1), SkipEvent(5, 2), SkipEvent(6, 3)]
    assert isinstance(seen[-1], StopEvent)
    assert (seen[-1].update, seen[-1].reason) == (6, "diverged")
    assert [kept.state["update"] for kept in shelf.best] == [3]
    assert max(shelf.saved) == 3  # the same command begins again before the trouble


def test_a_good_update_between_begins_the_count_anew(poison: Callable[..., None]) -> None:
    poison([1, 2, 4, 5, 7, 8])
    trainer = make_trainer(max_updates=8, max_bad_updates=3)
    skips = [event for event in trainer.events() if isinstance(event, SkipEvent)]
    assert [skip.in_a_row for skip in skips] == [1, 2, 1, 2, 1, 2]
    assert trainer.state.skipped == 6


def test_the_count_goes_on_when_a_run_is_resumed(poison: Callable[..., None]) -> None:
    poison([2, 3, 4])
    shelf = Shelf()
    list(make_trainer(max_updates=3, max_bad_updates=3, keeper=shelf).events())
    resumed = make_trainer(model=tiny_model(), max_updates=9, max_bad_updates=3)
    resumed.resume(shelf.saved[3])
    with pytest.raises(DivergedError, match="3 updates in a row, the last at update 4"):
        list(resumed.events())
