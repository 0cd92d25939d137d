"""Training on text: the loss, the state that is carried, validation, and runs that stop and go on."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from seqloom.base.errors import ConfigError, DataError, Interrupted
from seqloom.base.progress import progress
from seqloom.config.read import build_config
from seqloom.config.schema import Config
from seqloom.data.chunks import ConsecutiveChunks
from seqloom.data.text_batch import TextBatch, chunk_batch
from seqloom.training.checkpoint import Checkpoint, checkpoint_folders, load_weights
from seqloom.training.events import Event, StepEvent, ValidationEvent
from seqloom.training.language_model import (
    PreparedText,
    TextBatches,
    TextObjective,
    prepare_language_model,
    spread_lines,
)
from seqloom.training.loss import smoothed_loss
from seqloom.training.run import prepare_run, train_run
from seqloom.training.run_config import claim_run
from seqloom.training.run_folder import RunFolder
from seqloom.training.text_likelihood import HeldText, Reading
from text_models import SYMBOLS, TEXT, language_model
from tiny import CPU, stop_after

UPDATES = 12
LSTM = {"kind": "recurrent", "cell": "lstm", "hidden": 8, "layers": 2, "attention": "none"}
TRANSFORMER = {"kind": "transformer", "layers": 1, "heads": 2, "feed_forward": 8, "positions": "rotary"}


def settings(folder: Path, decoder: dict[str, Any] = LSTM, **training: Any) -> Config:
    text = folder / "text.txt"
    if not text.exists():
        text.write_text(TEXT * 4, encoding="utf-8")
    return build_config(
        {
            "task": "generation",
            "preset": "none",
            "data": {"train": str(text), "held_out": 0.25, "cache": str(folder / "corpora")},
            "text": {"tokenizer": "character"},
            "model": {"width": 8, "dropout": 0.2, "decoder": decoder},
            "training": {
                "max_updates": UPDATES,
                "batch_tokens": 32,
                "chunk": 8,
                "warmup_updates": 2,
                "label_smoothing": 0.0,
                "best_by": "loss",
                "validate_every": 6,
                "log_every": 1,
                "samples": 1,
                "precision": "float32",
                "device": "cpu",
                "threads": 1,
                "kernels": "none",
                **training,
            },
        }
    )


def trained(
    path: Path, config: Config, stopped: Callable[[], bool] = lambda: False
) -> tuple[str, list[Event]]:
    folder, events = RunFolder(path), list[Event]()
    with folder.locked(), progress("Training", total=1.0) as shown:
        claim_run(folder, config)
        prepared = prepare_run(folder, config, shown)
        reason = train_run(folder, config, prepared, shown, stopped, [events.append])
    return reason, events


def prepared_text(path: Path, config: Config) -> PreparedText:
    with progress("Preparing") as shown:
        return prepare_language_model(RunFolder(path), config, shown)


# The loss


@pytest.mark.parametrize("name", ["lstm", "transformer-pre-rotary"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_is_of_the_symbols_that_count(name: str, smoothing: float) -> None:
    model = language_model(name)
    inputs = torch.randint(3, SYMBOLS, (2, 5), generator=torch.Generator().manual_seed(0))
    outputs = inputs.roll(-1, 1)
    outputs[0, :3] = 0
    batch = TextBatch(inputs, outputs)
    found = TextObjective(smoothing).loss(model, batch, CPU)
    logits = model(inputs)[outputs != 0]
    loss, likelihood = smoothed_loss(logits, outputs[outputs != 0], smoothing)
    torch.testing.assert_close(found.loss, loss)
    torch.testing.assert_close(found.likelihood, likelihood)
    assert batch.target_tokens == 7


def chunks_of(count: int, chunk: int) -> list[TextBatch]:
    ids = np.random.default_rng(0).integers(3, SYMBOLS, count)
    plan = ConsecutiveChunks.fitting(count, 2, chunk, seed=0)
    return [chunk_batch(HeldText(ids), plan.batch(0, index)) for index in range(plan.count(0))]


def test_a_carried_state_makes_chunks_one_text() -> None:
    model, objective = language_model("lstm"), TextObjective()
    whole = objective.loss(model, chunks_of(24, 12)[0], CPU)
    carried: Any = {}
    total = torch.zeros((), dtype=torch.float64)
    for batch in chunks_of(24, 4):
        part = objective.loss(model, batch, CPU, carried)
        total, carried = total + part.loss, part.carried
    torch.testing.assert_close(total, whole.loss)
    apart = sum(objective.loss(model, batch, CPU).loss for batch in chunks_of(24, 4))
    assert not torch.allclose(torch.as_tensor(apart), whole.loss)


def test_an_epoch_begins_from_nothing() -> None:
    model, objective = language_model("lstm"), TextObjective()
    first, second = chunks_of(24, 6)
    carried = objective.loss(model, second, CPU).carried
    torch.testing.assert_close(
        objective.loss(model, first, CPU, carried).loss, objective.loss(model, first, CPU).loss
    )


# Runs


@pytest.fixture(scope="module")
def never_stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two epochs and more, its chunks consecutive."""
    root = tmp_path_factory.mktemp("text")
    reason, _ = trained(root / "run", settings(root))
    assert reason == "finished"
    return root / "run"


def last_bytes(run: Path) -> tuple[bytes, bytes]:
    newest = checkpoint_folders(run)[0]
    assert newest.name == f"step-{UPDATES}"
    return (newest / "model.safetensors").read_bytes(), (newest / "optimiser.safetensors").read_bytes()


def test_a_run_that_was_stopped_ends_with_the_same_bits(never_stopped: Path, tmp_path: Path) -> None:
    config = settings(never_stopped.parent)
    for moment in (3, 6):  # in the middle of an epoch, and at its end
        run = tmp_path / str(moment)
        assert trained(run, config, stop_after(moment))[0] == "interrupted"
        assert trained(run, config)[0] == "finished"
        assert last_bytes(run) == last_bytes(never_stopped), moment


def test_a_run_that_forgets_what_it_carried_ends_with_others(
    never_stopped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings(never_stopped.parent)
    assert trained(tmp_path / "run", config, stop_after(3))[0] == "interrupted"
    monkeypatch.setattr(Checkpoint, "carried", property(lambda _: {}))
    trained(tmp_path / "run", config)
    assert last_bytes(tmp_path / "run") != last_bytes(never_stopped)


@pytest.mark.parametrize(
    ("decoder", "chunks"), [(LSTM, "random"), (TRANSFORMER, "random"), (TRANSFORMER, "consecutive")]
)
def test_other_chunks_and_models_go_on_too(decoder: dict[str, Any], chunks: str, tmp_path: Path) -> None:
    config = settings(tmp_path, decoder, chunks=chunks, max_updates=UPDATES)
    trained(tmp_path / "whole", config)
    trained(tmp_path / "stopped", config, stop_after(5))
    trained(tmp_path / "stopped", config)
    assert last_bytes(tmp_path / "whole") == last_bytes(tmp_path / "stopped")


@pytest.mark.parametrize("decoder", [LSTM, TRANSFORMER], ids=["lstm", "transformer"])
def test_it_learns_and_validation_says_what_scoring_says(decoder: dict[str, Any], tmp_path: Path) -> None:
    config = settings(
        tmp_path, decoder, max_updates=100, batch_tokens=64, learning_rate=0.03, validate_every=100
    )
    _, events = trained(tmp_path / "run", config)
    steps = [event for event in events if isinstance(event, StepEvent)]
    assert steps[-1].likelihood < 0.8 * steps[0].likelihood
    last = [event for event in events if isinstance(event, ValidationEvent)][-1]
    assert last.loss < 2.6  # of 3.4 to begin with
    prepared = prepared_text(tmp_path / "run", config)
    assert prepared.valid is not None
    network = prepared.network()
    newest, _ = RunFolder(tmp_path / "run").newest()
    assert newest is not None
    load_weights(network, newest.model, newest.path)
    ids = prepared.valid.symbols(0, len(prepared.valid))
    scored = Reading(network.eval(), CPU.device).further(ids).mean()
    tolerance = 0.05 if decoder is LSTM else 1e-4  # streams side by side begin from nothing, each once
    assert last.loss == pytest.approx(scored, abs=tolerance)
    assert last.perplexity == pytest.approx(math.exp(last.loss))
    assert last.scores["bits_per_character"] == pytest.approx(last.loss / math.log(2))  # a character a symbol
    (sample,) = last.samples
    assert sample.source + sample.reference in TEXT.splitlines()
    assert sample.output


def test_random_chunks_give_every_epoch_others(tmp_path: Path) -> None:
    config = settings(tmp_path, chunks="random")
    batches = TextBatches(prepared_text(tmp_path / "run", config).train, config)
    first = [batch.inputs for batch in batches.batches(0, 0)]
    again = [batch.inputs for batch in batches.batches(0, 1)]
    assert len(first) == batches.count(0)
    assert all(torch.equal(one, other) for one, other in zip(first[1:], again, strict=True))
    assert not torch.equal(first[0], next(iter(batches.batches(1, 0))).inputs)


def test_samples_come_from_all_over_the_text(tmp_path: Path) -> None:
    text = prepared_text(tmp_path / "run", settings(tmp_path)).train
    lines = spread_lines(text, 3)
    assert len(lines) == 3
    assert all(len(line) >= 5 and line[-1] == 3 for line in lines)
    assert spread_lines(text, 0) == []


def test_without_text_to_validate_by_there_is_no_validation(tmp_path: Path) -> None:
    config = settings(tmp_path)
    config = config.model_copy(update={"data": config.data.model_copy(update={"held_out": 0.0})})
    prepared = prepared_text(tmp_path / "run", config)
    assert prepared.valid is None
    assert prepared.validator(prepared.network(), CPU, lambda: False) is None


def test_text_that_was_changed_since_is_refused(tmp_path: Path) -> None:
    config = settings(tmp_path)
    trained(tmp_path / "run", config, stop_after(2))
    (tmp_path / "text.txt").write_text("quite another text\n" * 30)
    with pytest.raises(
        DataError, match=r"The training data is not what .*run began with: .*text\.txt was changed"
    ):
        trained(tmp_path / "run", config)


def test_a_missing_file_is_refused_before_anything(tmp_path: Path) -> None:
    config = settings(tmp_path)
    (tmp_path / "text.txt").unlink()
    with pytest.raises(DataError, match=r"text\.txt does not exist"):
        trained(tmp_path / "run", config)
    assert not (tmp_path / "run" / "vocabulary").exists()


def test_preparing_can_be_stopped(tmp_path: Path) -> None:
    with (
        progress("Preparing") as shown,
        pytest.raises(Interrupted, match="Stopped while preparing the data; the same command begins again"),
    ):
        prepare_language_model(RunFolder(tmp_path / "run"), settings(tmp_path), shown, lambda: True)


def test_a_run_starts_from_another_s_weights_and_vocabulary(never_stopped: Path, tmp_path: Path) -> None:
    config = settings(never_stopped.parent, start_from=str(never_stopped))
    _, events = trained(tmp_path / "further", config)
    first = next(event for event in events if isinstance(event, StepEvent))
    _, fresh = trained(tmp_path / "fresh", settings(never_stopped.parent))
    assert first.likelihood < next(event for event in fresh if isinstance(event, StepEvent)).likelihood
    other = config.model_copy(update={"text": config.text.model_copy(update={"lowercase": True})})
    with pytest.raises(ConfigError, match=r"has another vocabulary: text\.lowercase was false, is true"):
        trained(tmp_path / "other", other)
