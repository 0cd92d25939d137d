"""Memory: what tensors are seen to hold is what PyTorch allocates, and the formulas come near it for every kind."""

from dataclasses import replace

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

import kinds
import text_models
from seqloom.config.model import ModelConfig
from seqloom.data.batch import Batch, collate
from seqloom.inspection.allocations import Allocations, bytes_of, tensors_in
from seqloom.inspection.memory_formulas import MemoryUse, label_memory, pair_memory, text_memory
from seqloom.inspection.memory_use import measure_memory, weights_of
from seqloom.inspection.plain_operations import plain_operations
from seqloom.models.build import build_label_network, build_language_model, build_model

LONG, BEAM, SYMBOLS, WIDTH = 40, 4, 100, 32
WITHIN = 0.21
"""How far the computed peak of a sentence of 40 symbols may lie from the measured one."""
SOURCE = [4 + place % 8 for place in range(LONG - 1)]
FED = [2, *SOURCE]


def larger(part: kinds.Options) -> dict[str, object]:
    """A part of kinds.py with sizes at which what the formulas leave out is little."""
    sizes = (
        {"hidden": 24}
        if part["kind"] == "recurrent"
        else {"feed_forward": 64, "heads": 4, "max_positions": 64}
    )
    return {**part, **sizes}


def shape(encoder: str, decoder: str) -> ModelConfig:
    write = larger(kinds.DECODERS[decoder])
    if write.get("attention") == "dot":
        write["hidden"] = 48
    parts = {"encoder": {**larger(kinds.ENCODERS[encoder])}, "decoder": write}
    return ModelConfig.model_validate({"width": WIDTH, "dropout": 0.0, **parts})


def near(computed: MemoryUse, measured: MemoryUse) -> None:
    assert computed.kept == measured.kept
    assert computed.encoder_largest == measured.encoder_largest
    assert computed.decoder_largest == measured.decoder_largest
    assert computed.encoder_peak == pytest.approx(measured.encoder_peak, rel=WITHIN)
    assert computed.decoder_peak == pytest.approx(measured.decoder_peak, rel=WITHIN)


def compare(encoder: str, decoder: str) -> None:
    config = shape(encoder, decoder)
    model = build_model(config, SYMBOLS, SYMBOLS).eval()
    near(pair_memory(config, LONG, LONG, SYMBOLS, BEAM), measure_memory(model, collate([SOURCE]), FED, BEAM))


@pytest.mark.parametrize("encoder", kinds.ENCODERS)
def test_the_memory_of_encoders_is_as_computed(encoder: str) -> None:
    compare(encoder, "gru-fixed")


@pytest.mark.parametrize("decoder", kinds.DECODERS)
def test_the_memory_of_decoders_is_as_computed(decoder: str) -> None:
    compare("gru-bi-1", decoder)


@pytest.mark.parametrize("decoder", text_models.DECODERS)
def test_the_memory_of_language_models_is_as_computed(decoder: str) -> None:
    config = ModelConfig.model_validate({"width": WIDTH, "decoder": larger(text_models.DECODERS[decoder])})
    model = build_language_model(config, SYMBOLS, 16).eval()
    measured = measure_memory(model, Batch(torch.tensor([FED]), torch.tensor([LONG])), FED)
    computed = text_memory(config, LONG, SYMBOLS, model.window)
    near(replace(computed, decoder_largest=0), replace(measured, decoder_largest=0))


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention", None])
def test_the_memory_of_what_decides_for_labels_is_as_computed(pooling: str | None) -> None:
    config = shape("lstm-bi-1", "gru-fixed").model_copy(update={"pooling": pooling or "mean"})
    network = build_label_network(config, SYMBOLS, 3, pooled=pooling is not None).eval()
    computed = label_memory(config, LONG, 3, pooled=pooling is not None)
    near(computed, measure_memory(network, collate([SOURCE]), ()))


@pytest.mark.parametrize("encoder", ["gru-bi-2", "lstm-uni-1", "min_lstm-bi-2", "transformer-pre-learned"])
def test_what_is_seen_is_what_pytorch_allocates(encoder: str) -> None:
    model = build_model(shape(encoder, "gru-fixed"), SYMBOLS, SYMBOLS).eval()
    batch = collate([SOURCE])
    with torch.no_grad(), plain_operations(model):
        with Allocations() as seen:
            model.encode(batch)
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
            model.encode(batch)
    held = peak = 0
    for event in profiled.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    assert seen.peak == pytest.approx(peak, rel=0.1)


def test_allocations_are_told_until_nobody_holds_them() -> None:
    before = torch.ones(100)
    with Allocations([before]) as seen:
        one = torch.ones(10) + 1  # two of 40 bytes, of which one goes
        view = one[2:]
        one.add_(1)
        assert seen.bytes == 400 + 40
        assert seen.peak == 400 + 80
        del one
        assert seen.bytes == 400 + 40
        del view
        assert seen.bytes == 400
    assert seen.largest == 400


def test_tensors_are_found_and_counted_once_where_they_share() -> None:
    one = torch.ones(6)
    assert bytes_of(tensors_in({"a": (one, [one[2:]]), "b": MemoryUse(), "c": "text"})) == 24
    linear = torch.nn.Linear(3, 2)
    assert weights_of(torch.nn.Sequential(linear, linear)) == 4 * 8


def test_what_is_kept_grows_with_the_beam_the_text_and_the_attention() -> None:
    attending, plain = shape("gru-bi-1", "gru-between-additive"), shape("gru-bi-1", "gru-fixed")
    transformer = shape("gru-bi-1", "transformer-pre-learned")

    def kept(config: ModelConfig, target: int, rows: int) -> int:
        return pair_memory(config, LONG, target, SYMBOLS, rows).kept

    assert kept(plain, 10, 1) == kept(plain, 100, 1) < kept(attending, 10, 1)
    assert (
        kept(transformer, 20, 1) - kept(transformer, 10, 1) == 10 * 2 * 2 * WIDTH * 4
    )  # keys, values of 2 layers
    row = kept(transformer, 10, 2) - kept(transformer, 10, 1)
    assert kept(transformer, 10, 5) == kept(transformer, 10, 1) + 4 * row
