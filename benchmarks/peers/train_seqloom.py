"""seqloom's own training loop over given batches; prints its target tokens a second as JSON."""

import json
import time
from collections.abc import Iterator

import torch
from driver import training_arguments
from shapes import PRESETS, SHAPES, TRAINING, VOCABULARY, TokenBatch, load_batches

from seqloom.config.read import build_config
from seqloom.config.schema import Config
from seqloom.data.batch import Batch
from seqloom.models.build import build_model
from seqloom.training.loop import Trainer
from seqloom.training.machine import prepare_machine
from seqloom.training.objective import Objective


class Given:
    """The batches, one endless epoch of them."""

    def __init__(self, batches: list[TokenBatch]) -> None:
        self.ready = [seqloom_batch(batch) for batch in batches]

    def batches(self, epoch: int, start: int) -> Iterator[Batch]:  # noqa: ARG002 - the protocol's names
        while True:
            yield from self.ready

    def count(self, epoch: int) -> int:  # noqa: ARG002
        return 1_000_000_000


def seqloom_batch(batch: TokenBatch) -> Batch:
    """As seqloom's models take it."""
    source, target = torch.from_numpy(batch.source), torch.from_numpy(batch.target)
    ends = torch.from_numpy(batch.target_lengths) - 1
    heads = target[:, :-1].masked_fill(torch.arange(target.shape[1] - 1) >= ends[:, None], 0)
    return Batch(source, torch.from_numpy(batch.source_lengths), heads, target[:, 1:], ends)


def configuration(shape: str, precision: str, threads: int, kernels: str = "auto") -> Config:
    """The shape's settings."""
    training = {
        "max_updates": 1_000_000,
        "precision": precision,
        "threads": threads,
        "kernels": kernels,
        "log_every": 1_000_000,
    }
    if shape in PRESETS:
        return build_config({"preset": PRESETS[shape], "training": training})
    return build_config(
        {
            "task": "translation",
            "model": SHAPES[shape],
            "training": {**TRAINING, **training, "schedule": "constant"},
        }
    )


def trainer_of(
    shape: str,
    batches: list[TokenBatch],
    precision: str,
    threads: int,
    *,
    vocabulary: int = VOCABULARY,
    kernels: str = "auto",
) -> Trainer:
    """A trainer as `seqloom train` makes it, without validation and checkpoints."""
    config = configuration(shape, precision, threads, kernels)
    machine = prepare_machine(config.training)
    torch.manual_seed(1)
    model = build_model(config.model, vocabulary, vocabulary)
    objective = Objective(config.training.label_smoothing)
    return Trainer(model, Given(batches), config.training, objective, seed=1, machine=machine)


def main() -> None:
    """Train for a while, then time."""
    parser = training_arguments(__doc__)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--vocabulary", type=int, default=VOCABULARY)
    parser.add_argument("--kernels", default="auto")
    asked = parser.parse_args()
    batches = load_batches(asked.batches)
    trainer = trainer_of(
        asked.shape,
        batches,
        asked.precision,
        asked.threads,
        vocabulary=asked.vocabulary,
        kernels=asked.kernels,
    )
    groups = trainer._groups()
    for _ in range(asked.warmup):
        trainer._update(next(groups))
    tokens, started = trainer.state.tokens, time.perf_counter()
    for _ in range(asked.updates):
        trainer._update(next(groups))
    seconds = time.perf_counter() - started
    sums = trainer.sums
    print(
        json.dumps(
            {
                "tokens_per_second": (trainer.state.tokens - tokens) / seconds,
                "parameters": sum(p.numel() for p in trainer.model.parameters()),
                "loss": sums.likelihood / sums.tokens,
            }
        )
    )


if __name__ == "__main__":
    main()
