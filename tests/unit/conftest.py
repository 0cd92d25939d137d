"""One tiny run for every test that needs a trained model; torch is loaded only when one asks for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from commands import write_project

if TYPE_CHECKING:
    from pathlib import Path

    from seqloom.pipeline import Model
    from seqloom.training.events import Event
    from tiny import TinyRun


@contextmanager
def set_back() -> Iterator[None]:
    """One thread, and whatever training or loading sets is set back."""
    from agreement import one_thread_in_full_precision

    with one_thread_in_full_precision():
        yield


@pytest.fixture
def machine_as_before() -> Iterator[None]:
    """For tests that train or load."""
    with set_back():
        yield


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> "TinyRun":
    """Ten updates over sentences of three words, with checkpoints at 4, 5, 8 and 10 and validations at 5 and 10."""
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
    with set_back():
        seqloom.train(config, root / "runs" / "tiny", overrides=overrides, listeners=[events.append])
    return TinyRun(config, overrides, root / "runs" / "tiny", tuple(events))


@pytest.fixture(scope="session")
def loaded(tiny_run: "TinyRun") -> "Model":
    """The run's best model, which ten updates have taught next to nothing."""
    import seqloom

    with set_back():
        return seqloom.load(tiny_run.path, device="cpu", threads=1)


@pytest.fixture(scope="session")
def labelled_runs(tmp_path_factory: pytest.TempPathFactory) -> "dict[str, Path]":
    """Runs that tell labels of tiny texts, by the kind of tests/labelled.py. Look, don't touch: copy to change."""
    import seqloom
    from labelled import MAKERS, write_labelled

    root = tmp_path_factory.mktemp("labelled")
    with set_back():
        for kind in MAKERS:
            seqloom.train(write_labelled(root / kind, kind), root / kind / "run")
    return {kind: root / kind / "run" for kind in MAKERS}
