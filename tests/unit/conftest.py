"""One tiny run for every test that needs a trained model; torch is loaded only when one asks for it."""

from typing import TYPE_CHECKING

import pytest

from commands import write_project

if TYPE_CHECKING:
    from seqloom.training.events import Event
    from tiny import TinyRun


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> "TinyRun":
    """Ten updates over sentences of three words, with checkpoints at 4, 5, 8 and 10 and validations at 5 and 10."""
    import torch

    import seqloom
    from tiny import TinyRun

    root = tmp_path_factory.mktemp("tiny")
    config = write_project(root / "project")
    overrides = (
        "model.width=8",
        "model.encoder.hidden=4",
        "model.decoder.hidden=8",
        "training.max_updates=10",
        "training.validate_every=5",
        "training.checkpoint_every=4",
        "training.log_every=4",
        "training.precision=float32",
        "training.device=cpu",
        f"data.cache={root / 'corpora'}",
    )
    events: list[Event] = []
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    try:
        seqloom.train(config, root / "runs" / "tiny", overrides=overrides, listeners=[events.append])
    finally:
        torch.set_float32_matmul_precision(precision)
        torch.set_num_threads(threads)
    return TinyRun(config, overrides, root / "runs" / "tiny", tuple(events))
