"""The training loop: batches in, events out. Everything that must survive a crash is in `TrainingState`.

All randomness is a function of (seed, update, place in the update), and the batches one of (seed, epoch), so a run
resumed from a checkpoint ends with the same bits as one that was never stopped.
"""

import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import islice
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from seqloom.base.errors import DivergedError
from seqloom.base.randomness import derive
from seqloom.config.training import TrainingConfig
from seqloom.training.checkpoint import AVERAGE, CARRIED, Checkpoint, load_weights
from seqloom.training.events import CheckpointEvent, Event, SkipEvent, StepEvent, StopEvent, ValidationEvent
from seqloom.training.freed_memory import FreedMemory
from seqloom.training.learning import NOTHING_CARRIED, Carried, Objective, TrainingBatch
from seqloom.training.machine import Machine
from seqloom.training.optimiser import (
    MovingAverage,
    build_optimiser,
    load_optimiser_tensors,
    optimiser_tensors,
    set_learning_rate,
)
from seqloom.training.schedule import Bounds, learning_rate
from seqloom.training.state import Sums, TrainingState
from seqloom.training.validation import Validation


class BatchSource(Protocol):
    """Where batches come from: each a pure function of (seed, epoch, index)."""

    def batches(self, epoch: int, start: int) -> Iterator[TrainingBatch]:
        """The batches of an epoch from index `start` on."""
        ...

    def count(self, epoch: int) -> int:
        """How many there are in that epoch."""
        ...


class Keeper(Protocol):
    """Where checkpoints go."""

    def save(
        self, update: int, model: dict[str, Tensor], optimiser: dict[str, Tensor], state: dict[str, Any]
    ) -> str:
        """Write a checkpoint to resume from; gives its path."""
        ...

    def save_best(self, model: dict[str, Tensor], state: dict[str, Any]) -> None:
        """Write the weights that are best so far."""
        ...


class Outcome(NamedTuple):
    """What an update came to, on the device until it is read.

    update   its number, and `tokens` the predictions in it
    numbers  (3,) float64: the sums of its loss and its likelihood, its gradient's norm
    """

    update: int
    tokens: int
    numbers: Tensor


class Trainer:
    """Trains a model. Iterate over `events()`; nothing happens between two events that isn't told.

    validate  measures the model as it stands; None where there is no validation data. It gives None when it gave up
              because `stop` turned True; the resumed run then validates first.
    keeper    writes checkpoints; None keeps nothing
    stop      asked after every update; True saves and ends the run with reason "interrupted"
    objective what is minimised

    On a GPU nothing waits for an update until something is to be told or kept: whether its numbers are finite decides
    there whether it changes anything, and is read here with the next step event at the latest. With plain gradient
    descent, whose rule can't be told so, or a moving average every update is read at once, as on a CPU.
    """

    def __init__(
        self,
        model: nn.Module,
        source: BatchSource,
        config: TrainingConfig,
        objective: Objective,
        *,
        seed: int,
        machine: Machine,
        validate: Callable[[], Validation | None] | None = None,
        keeper: Keeper | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.model = model.to(machine.device)
        self.source = source
        self.config = config
        self.seed = seed
        self.machine = machine
        self.validate = validate
        self.keeper = keeper
        self.stop = stop
        self.objective = objective
        self.bounds = Bounds.of(config)
        self.optimiser = build_optimiser(self.model, config)
        self.average = MovingAverage(self.model, config.ema) if config.ema else None
        foretold = getattr(self.optimiser, "_step_supports_amp_scaling", False) and not self.average
        self.late = machine.device.type == "cuda" and foretold
        self.unread: list[Outcome] = []
        self.state = TrainingState()
        self.carried: Carried = NOTHING_CARRIED
        self.saved_state: TrainingState | None = None
        self.sums = Sums()
        self.freed = FreedMemory()
        self.begun = 0.0  # when the run would have begun without pauses, by the monotonic clock
        self.first_fraction, self.first_seconds = 0.0, 0.0  # where this process took it up

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go back to where a checkpoint stood. Raises DamagedModelError when it doesn't fit."""
        load_weights(self.model, checkpoint.model, checkpoint.path)
        self.state = TrainingState.of(checkpoint.state, checkpoint.path)
        where = f"{checkpoint.path}, the optimiser's state,"
        if self.state.update > self.state.skipped:  # before that an optimiser has no state
            load_optimiser_tensors(self.optimiser, self.model, checkpoint.moments, where)
        if self.average:
            self.average.load(checkpoint.moving_average, where)
        self.carried = {name: tensor.to(self.machine.device) for name, tensor in checkpoint.carried.items()}
        self.saved_state = replace(self.state)

    def events(self) -> Iterator[Event]:
        """Train to the bound. Raises DivergedError when the loss stays non-finite."""
        state = self.state
        self.begun = time.monotonic() - state.seconds
        self.first_fraction, self.first_seconds = self.fraction(), state.seconds
        self.sums = Sums(started=state.seconds)
        yield from self._validate_if_due()  # as it is where the run was stopped before it could
        reason = "interrupted" if state.validation_due else self._over()
        groups = self._groups()
        while not reason:
            reason = (yield from self._advance(next(groups))) or self._over()
        yield from self._read()
        if self.sums.updates:
            yield self._step_event()
        if reason != "interrupted":
            state.validation_due = self.validate is not None and state.validated_update != state.update
            yield from self._validate_if_due()
            reason = "interrupted" if state.validation_due else reason
            if state != self.saved_state:
                yield from self._save()
        yield StopEvent(state.update, reason, state.seconds)

    def _advance(self, batches: Sequence[TrainingBatch]) -> Generator[Event, None, str]:
        """One update and what is due after it; gives "interrupted" if the run was asked to stop, else ""."""
        state, epoch = self.state, self.state.epoch
        self._update(batches)
        state.seconds = time.monotonic() - self.begun
        to_log = state.update % self.config.log_every == 0
        if to_log or not self.late:
            yield from self._read()
        if self.sums.updates and to_log:
            yield self._step_event()
        state.validation_due = self._validation_due(epoch)
        interrupted = self.stop()
        if not interrupted:
            yield from self._validate_if_due()
            interrupted = state.validation_due
        if interrupted or self._checkpoint_due():
            yield from self._read()
            if interrupted or not state.bad_in_a_row:
                yield from self._save()
        return "interrupted" if interrupted else ""

    def _over(self) -> str:
        """Why the run is at its end, "finished" or "patience"; "" while it is not."""
        if self.fraction() >= 1:
            return "finished"
        patience = self.config.patience
        return "patience" if patience and self.state.stale_validations >= patience else ""

    def fraction(self) -> float:
        """The share of the run that is done."""
        state = self.state
        return self.bounds.fraction(state.update, self.epochs(), state.tokens, state.seconds)

    def epochs(self) -> float:
        """Passes over the corpus so far."""
        return self.state.epoch + self.state.batch / max(1, self.source.count(self.state.epoch))

    def _groups(self) -> Iterator[list[TrainingBatch]]:
        """The batches of each update, from where the state stands, epoch after epoch."""
        while True:
            stream = self.source.batches(self.state.epoch, self.state.batch)
            while group := list(islice(stream, self.config.accumulate)):
                yield group

    def _update(self, batches: Sequence[TrainingBatch]) -> None:
        """One update from the gradients of some batches, as if they were one; changes nothing if they aren't finite."""
        state = self.state
        self.model.train()
        fraction = min(self.fraction(), 1.0)
        objective = self.objective.at(fraction)
        rate = learning_rate(self.config, state.update, fraction, state.plateau_scale)
        set_learning_rate(self.optimiser, rate)
        tokens = sum(batch.target_tokens for batch in batches)
        self.optimiser.zero_grad(set_to_none=True)
        total = likelihood = torch.zeros((), device=self.machine.device)
        for index, batch in enumerate(batches):
            torch.manual_seed(derive(self.seed, "dropout", state.update, index))
            batch = batch.to(self.machine.device)
            loss, part, self.carried = objective.loss(self.model, batch, self.machine, self.carried)
            (loss / tokens).backward()
            total = total + loss.detach()
            likelihood = likelihood + part
        limit = self.config.clip_norm or math.inf
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), limit)
        numbers = torch.stack([each.double() for each in (total, likelihood, norm)])
        self._step(numbers[0].isfinite() & numbers[2].isfinite())
        self.freed.after_update()
        state.update += 1
        state.tokens += tokens
        state.batch += len(batches)
        if state.batch >= self.source.count(state.epoch):
            state.epoch, state.batch = state.epoch + 1, 0
        self.unread.append(Outcome(state.update, tokens, numbers))

    def _step(self, finite: Tensor) -> None:
        """Change the weights, the average and what is carried on, if everything is finite."""
        if self.late:
            self.optimiser.found_inf = (~finite).float()  # type: ignore[attr-defined]  # as torch.amp.GradScaler does
            self.optimiser.step()
            self.carried = {name: torch.where(finite, held, 0) for name, held in self.carried.items()}
        elif finite:
            self.optimiser.step()
            if self.average:
                self.average.follow(self.model, self.state.update)
        else:
            self.carried = NOTHING_CARRIED  # which may be no numbers either

    def _read(self) -> Iterator[Event]:
        """Wait for the updates that weren't read yet, and count them. Raises DivergedError."""
        state, outcomes = self.state, self.unread
        self.unread = []
        found = torch.stack([outcome.numbers for outcome in outcomes]).tolist() if outcomes else []
        for outcome, (loss, likelihood, norm) in zip(outcomes, found, strict=True):
            if math.isfinite(loss) and math.isfinite(norm):
                state.bad_in_a_row = 0
                self.sums.add(loss, likelihood, norm, outcome.tokens)
                continue
            state.skipped += 1
            state.bad_in_a_row += 1
            yield SkipEvent(outcome.update, state.bad_in_a_row)
            if state.bad_in_a_row >= self.config.max_bad_updates:
                yield StopEvent(outcome.update, "diverged", state.seconds)
                raise self._diverged(outcome.update)

    def _diverged(self, update: int) -> DivergedError:
        return DivergedError(
            f"The loss or its gradient was not finite in {self.state.bad_in_a_row} updates in a row, the last at "
            f"update {update}; best and checkpoints are from before. Train in another run folder with a "
            'lower training.learning_rate, a higher training.warmup_updates or training.precision = "float32".'
        )

    def _step_event(self) -> StepEvent:
        sums, state = self.sums, self.state
        fraction = min(1.0, self.fraction())
        gained = fraction - self.first_fraction
        left = (state.seconds - self.first_seconds) / gained * (1 - fraction) if gained > 0 else None
        event = StepEvent(
            update=state.update,
            epoch=self.epochs(),
            loss=sums.loss / max(sums.tokens, 1),
            likelihood=sums.likelihood / max(sums.tokens, 1),
            tokens_per_second=sums.tokens / max(state.seconds - sums.started, 1e-9),
            learning_rate=float(self.optimiser.param_groups[0]["lr"]),
            gradient_norm=sums.norm / max(sums.updates, 1),
            seconds=state.seconds,
            tokens=state.tokens,
            skipped=state.skipped,
            fraction=fraction,
            seconds_left=left,
        )
        self.sums = Sums(started=state.seconds)
        return event

    def _validation_due(self, epoch_before: int) -> bool:
        if self.validate is None:
            return False
        config, state = self.config, self.state
        if config.validate_every is None and config.validate_minutes is None:
            return state.epoch > epoch_before
        if config.validate_every is not None and state.update % config.validate_every == 0:
            return True
        minutes = config.validate_minutes
        return minutes is not None and state.seconds - state.validated_seconds >= 60 * minutes

    def _validate_if_due(self) -> Iterator[Event]:
        """Validate unless it was done; it stays due where it gave up because the run is to stop."""
        state = self.state
        if not state.validation_due:
            return
        yield from self._read()
        before = state.seconds
        event = self._validation()
        if event is None:
            return
        state.validation_due = False
        yield event
        state.seconds = state.validated_seconds = time.monotonic() - self.begun
        self.sums.started += state.seconds - before  # which no update took

    def _validation(self) -> ValidationEvent | None:
        """Measure the weights that would be shipped, and keep them if they are the best so far."""
        if self.validate is None:
            return None
        if self.average:
            self.average.swap(self.model)
        try:
            self.model.eval()
            measured = self.validate()
            if measured is None:
                return None
            best = self.state.judge(measured, self.config)
            if best and self.keeper:
                self.keeper.save_best(self._weights(), asdict(self.state))
        finally:
            if self.average:
                self.average.swap(self.model)
        state = self.state
        return ValidationEvent(
            update=state.update,
            epoch=self.epochs(),
            loss=measured.loss,
            perplexity=measured.perplexity,
            scores=measured.scores,
            samples=measured.samples,
            seconds=state.seconds,
            best=best,
            signatures=measured.signatures,
        )

    def _checkpoint_due(self) -> bool:
        """At each validation, and as often between as the configuration says."""
        config, state = self.config, self.state
        if self.keeper is None:
            return False
        if state.validated_update == state.update:
            return True
        if config.checkpoint_every is not None and state.update % config.checkpoint_every == 0:
            return True
        minutes = config.checkpoint_minutes
        return minutes is not None and state.seconds - state.saved_seconds >= 60 * minutes

    def _weights(self) -> dict[str, Tensor]:
        return {name: parameter.detach() for name, parameter in self.model.named_parameters()}

    def _save(self) -> Iterator[Event]:
        if self.keeper is None:
            return
        self.state.saved_seconds = self.state.seconds
        optimiser = optimiser_tensors(self.optimiser, self.model)
        if self.average:
            optimiser |= {AVERAGE + name: held for name, held in self.average.weights.items()}
        optimiser |= {CARRIED + name: tensor for name, tensor in self.carried.items()}
        path = self.keeper.save(self.state.update, self._weights(), optimiser, asdict(self.state))
        self.saved_state = replace(self.state)
        yield CheckpointEvent(self.state.update, path)
