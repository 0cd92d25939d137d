"""Models on another device than the CPU: nothing in them lies or is drawn elsewhere, forwards or backwards."""

from collections.abc import Callable

import pytest
import torch

from kinds import DECODERS, ENCODERS, batch, config_of
from one_device import ACCELERATOR, OneDevice
from seqloom.layers import attention
from seqloom.layers.attention import MultiHeadAttention
from seqloom.layers.dropout import Dropout, keep_mask
from seqloom.models.build import build_model
from seqloom.training.objective import Objective, decoder_loss

PAIRINGS = [(encoder, "gru-between-additive") for encoder in ENCODERS if "-bi-2" in encoder] + [
    ("transformer-pre-rotary", decoder)
    for decoder in DECODERS
    if decoder.startswith(("gru-between", "gru-feeding", "transformer"))
    or decoder.endswith(("-fixed", "-coverage", "-copying", "-regularised"))
]


@pytest.fixture(autouse=True)
def _as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "fused_pays", lambda query: query.device == ACCELERATOR)
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda *_: False)  # there is none for "meta"


@pytest.mark.parametrize(("encoder", "decoder"), PAIRINGS)
def test_training_and_search_stay_on_their_device(encoder: str, decoder: str) -> None:
    config = config_of(encoder, decoder, dropout=0.3)
    model = build_model(config, 11 if config.decoder.copying else 13, 11).train().to(ACCELERATOR)
    read = batch().to(ACCELERATOR)
    looks = config.decoder.kind == "transformer" or config.decoder.attention != "none"
    drawn = (
        0.0 if config.decoder.copying else 0.3
    )  # copying, it picks positions by a mask, of which all are kept here
    objective = Objective(0.1, own_share=drawn, coverage=float(looks))
    with OneDevice():
        loss, _ = decoder_loss(model, read, read, model.encode(read), objective)
        loss.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            memory = model.eval().encode(read)
            before = torch.zeros(len(read), dtype=torch.int64, device=ACCELERATOR)
            step = model.step(before, model.start(memory), alignment=looks)
    assert loss.device == step.scores.device == ACCELERATOR
    assert all(parameter.grad is not None for parameter in model.parameters())


@pytest.mark.parametrize("alignment", [True, False])
def test_heads_drop_their_weights_where_they_lie(alignment: bool) -> None:
    layer = MultiHeadAttention(8, 8, 2, dropout=0.2).train().to(ACCELERATOR)
    inputs = torch.empty(2, 3, 8, device=ACCELERATOR)
    with OneDevice():
        outputs, looked = layer(
            layer.query(inputs), *layer.keys_and_values(inputs), None, alignment=alignment
        )
    assert outputs.device == ACCELERATOR
    assert (looked is not None) == alignment


@pytest.mark.parametrize("locked", [True, False])
def test_dropout_is_drawn_where_its_inputs_lie(locked: bool) -> None:
    inputs = torch.empty(2, 3, 8, device=ACCELERATOR, requires_grad=True)
    with OneDevice():
        outputs = Dropout(0.2, locked=locked)(inputs)
        outputs.sum().backward()
    assert outputs.device == ACCELERATOR


def beside(kept: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    return kept * own


@pytest.mark.parametrize("mixed", [beside, torch.maximum])
def test_a_mask_of_the_cpu_is_found(mixed: Callable[..., torch.Tensor]) -> None:
    inputs = torch.empty(2, 8, device=ACCELERATOR)
    with OneDevice(), pytest.raises(AssertionError, match="beside the accelerator"):
        mixed(keep_mask(inputs.shape, 50, seed=1), inputs)
