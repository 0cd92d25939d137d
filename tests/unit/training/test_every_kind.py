"""Models of every kind: each of their parameters learns, and a run of each goes on where it was stopped."""

from itertools import cycle
from typing import Any

import pytest
import torch
from torch import Tensor

import text_models
from kinds import DECODERS, ENCODERS, SOURCE_SYMBOLS, WIDTH, model_of
from seqloom.config.model import ModelConfig
from seqloom.data.batch import Batch, collate_frames
from seqloom.models.build import build_label_network, build_speech_model
from seqloom.models.seq2seq import Seq2Seq
from seqloom.training.loop import Trainer
from seqloom.training.objective import batch_loss
from tiny import CPU, Shelf, batches, big_batch, make_trainer, same_bits, weights

PAIRINGS = [(encoder, "gru-between-additive") for encoder in ENCODERS] + [
    (encoder, decoder)
    for encoder, decoder in zip(cycle(["gru-bi-1", "transformer-pre-sinusoidal"]), DECODERS)
]
every_pairing = pytest.mark.parametrize(("encoder", "decoder"), PAIRINGS)


def untouched(model: torch.nn.Module, loss: Tensor) -> list[str]:
    """Parameters that the loss gives no gradient."""
    loss.backward()  # type: ignore[no-untyped-call]
    return [name for name, parameter in model.named_parameters() if parameter.grad is None]


@every_pairing
def test_every_parameter_of_a_translator_gets_a_gradient(encoder: str, decoder: str) -> None:
    model = model_of(encoder, decoder).train()
    assert untouched(model, batch_loss(model, big_batch(), CPU)[0]) == []


@pytest.mark.parametrize("bridge", ["zero", "copy"])
@pytest.mark.parametrize("cell", text_models.CELLS)
def test_every_parameter_gets_one_without_a_projection(cell: str, bridge: str) -> None:
    changes = {"layers": 2, "hidden": 10, "bridge": bridge}
    model = model_of(f"{cell}-bi-2", f"{cell}-before-general", changes=changes).train()
    assert untouched(model, batch_loss(model, big_batch(), CPU)[0]) == []


@pytest.mark.parametrize("decoder", text_models.DECODERS)
def test_every_parameter_of_a_language_model_gets_a_gradient(decoder: str) -> None:
    model = text_models.language_model(decoder).train()
    tokens = torch.tensor([[4, 5, 6, 7], [8, 9, 10, 4]])
    assert untouched(model, model(tokens).logsumexp(dim=-1).sum()) == []


@pytest.mark.parametrize("pooling", ["last", "attention", None])
@pytest.mark.parametrize("encoder", ENCODERS)
def test_every_parameter_of_a_label_network_gets_a_gradient(encoder: str, pooling: str | None) -> None:
    options: dict[str, Any] = {"width": WIDTH, "encoder": ENCODERS[encoder], "pooling": pooling or "mean"}
    config = ModelConfig.model_validate(options)
    model = build_label_network(config, SOURCE_SYMBOLS, 3, pooled=pooling is not None).train()
    assert untouched(model, model(big_batch()).logits.logsumexp(dim=-1).sum()) == []


@pytest.mark.parametrize("cell", text_models.CELLS)
def test_every_parameter_of_a_model_that_hears_gets_a_gradient(cell: str) -> None:
    options: dict[str, Any] = {
        "width": 8,
        "encoder": {"kind": "recurrent", "cell": cell, "layers": 3, "hidden": 5, "pyramid": 2},
        "decoder": {"kind": "recurrent", "cell": cell, "hidden": 6},
    }
    model = build_speech_model(ModelConfig.model_validate(options), 5, 9).train()
    frames = [torch.randn(count, 5).numpy() for count in (21, 9)]
    assert untouched(model, batch_loss(model, collate_frames(frames, [[4, 5], [6]]), CPU)[0]) == []


def trainer(model: Seq2Seq, rows: list[Batch], updates: int, keeper: Shelf) -> Trainer:
    options: dict[str, Any] = {"optimiser": "adamw", "learning_rate": 0.01, "checkpoint_every": 2}
    return make_trainer(rows, model=model, max_updates=updates, keeper=keeper, **options)


@every_pairing
def test_a_run_goes_on_where_it_was_stopped(encoder: str, decoder: str) -> None:
    rows, shelf = batches(), Shelf()
    whole = trainer(model_of(encoder, decoder, dropout=0.2), rows, 4, shelf)
    list(whole.events())
    resumed = trainer(model_of(encoder, decoder, dropout=0.2), rows, 4, Shelf())
    resumed.resume(shelf.saved[2])
    assert list(resumed.events())[-1].update == 4
    assert same_bits(weights(whole), weights(resumed))
