"""The cost of a model: the formulas give what PyTorch counts, for every encoder and every decoder."""

import json
from pathlib import Path

import pytest
import torch

import kinds
from seqloom.data.batch import collate
from seqloom.inspection.cost import count_parameters, measure_cost, write_cost
from seqloom.inspection.cost_formulas import Products, products
from seqloom.layers import kernels

BATCH = collate([[4, 5, 6, 7, 8]], [[4, 5, 6]])  # six symbols and four, with their ends


@pytest.mark.parametrize("decoder", kinds.DECODERS)
def test_the_formulas_of_decoders_give_what_is_counted(decoder: str) -> None:
    cost = measure_cost(kinds.model_of("gru-bi-1", decoder), kinds.config_of("gru-bi-1", decoder), BATCH)
    assert cost.computed == cost.measured


@pytest.mark.parametrize("encoder", kinds.ENCODERS)
def test_the_formulas_of_encoders_give_what_is_counted(encoder: str) -> None:
    decoder = "transformer-pre-sinusoidal"
    cost = measure_cost(kinds.model_of(encoder, decoder), kinds.config_of(encoder, decoder), BATCH)
    assert cost.computed == cost.measured
    assert cost.computed.encoder > 0


@pytest.mark.parametrize("tied", [True, False])
def test_factorised_embeddings_are_counted(tied: bool) -> None:
    options = {"embedding_rank": 3, "tie_output": tied}
    pairing = ("gru-bi-1", "gru-fixed")
    cost = measure_cost(kinds.model_of(*pairing, **options), kinds.config_of(*pairing, **options), BATCH)
    assert cost.computed == cost.measured


def test_parameters_that_are_shared_count_once() -> None:
    model = kinds.model_of("gru-bi-1", "gru-between-additive")
    found = count_parameters(model)
    assert sum(found.values()) == sum(parameter.numel() for parameter in model.parameters())
    assert found["output"] == kinds.TARGET_SYMBOLS  # its bias: the table is the target's
    assert found["target"] == kinds.TARGET_SYMBOLS * kinds.WIDTH
    copying = kinds.model_of("gru-bi-1", "gru-before-additive-copying")
    assert count_parameters(copying)["besides"] == sum(p.numel() for p in copying.switch.parameters())


def test_operations_are_told_a_token() -> None:
    config = kinds.config_of("gru-bi-1", "gru-fixed")
    cost = measure_cost(kinds.model_of("gru-bi-1", "gru-fixed"), config, BATCH)
    reads, writes = cost.operations(Products(encoder=50, start=10, decoder=30, output=10))
    assert (reads, writes) == (2 * 60 / 6, 2 * 40 / 4)
    assert cost.bytes == 4 * sum(cost.parameters.values())


def test_self_attention_costs_more_the_longer_the_text() -> None:
    config = kinds.config_of("transformer-pre-sinusoidal", "transformer-pre-sinusoidal")
    short, long = (products(config, size, size, 9) for size in (10, 100))
    assert long.encoder > 10 * short.encoder
    recurrent = kinds.config_of("gru-bi-1", "gru-fixed")
    assert products(recurrent, 100, 9, 9).encoder == 10 * products(recurrent, 10, 9, 9).encoder


def test_kernels_are_there_again_afterwards() -> None:
    if not kernels.load(build=False):
        pytest.skip("kernels need a compiler")
    model = kinds.model_of("gru-bi-1", "gru-fixed")
    measure_cost(model, kinds.config_of("gru-bi-1", "gru-fixed"), BATCH)
    assert kernels.ready(torch.zeros(1))
    kernels.unload()


def test_a_cost_is_written(tmp_path: Path) -> None:
    config = kinds.config_of("gru-bi-1", "gru-fixed")
    cost = measure_cost(kinds.model_of("gru-bi-1", "gru-fixed"), config, BATCH)
    write_cost(cost, tmp_path / "new" / "cost.json")
    found = json.loads((tmp_path / "new" / "cost.json").read_text())
    assert found["computed"] == found["measured"]
    assert found["computed"]["multiply_adds"]["encoder"] == cost.computed.encoder
    assert found["bytes"] == cost.bytes
