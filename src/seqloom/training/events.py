"""What the training loop tells whoever listens. Listeners draw, write and show; the loop calls nothing upward."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class StepEvent:
    """Means over the updates since the last such event.

    loss                nats a target token, label smoothing included
    likelihood          nats a target token, without it
    tokens_per_second   target tokens, end symbols included
    seconds             of training so far, resumed parts included
    fraction            of the run that is done
    seconds_left        estimated; None at the very start
    """

    update: int
    epoch: float
    loss: float
    likelihood: float
    tokens_per_second: float
    learning_rate: float
    gradient_norm: float
    seconds: float
    tokens: int
    skipped: int
    fraction: float
    seconds_left: float | None


@dataclass(frozen=True)
class Sample:
    """One validation sentence as the model writes it now."""

    source: str
    reference: str
    output: str


@dataclass(frozen=True)
class ValidationEvent:
    """loss in nats a token, without smoothing · scores by name, 0 to 100 · whether it is the best so far."""

    update: int
    epoch: float
    loss: float
    perplexity: float
    scores: dict[str, float]
    samples: tuple[Sample, ...]
    seconds: float
    best: bool
    signatures: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckpointEvent:
    """A checkpoint lies on disk, whole."""

    update: int
    path: str


@dataclass(frozen=True)
class SkipEvent:
    """An update was skipped because its loss or gradient was not finite."""

    update: int
    in_a_row: int


@dataclass(frozen=True)
class StopEvent:
    """The run ended: reason is "finished", "patience" or "interrupted"."""

    update: int
    reason: str
    seconds: float


Event = StepEvent | ValidationEvent | CheckpointEvent | SkipEvent | StopEvent
