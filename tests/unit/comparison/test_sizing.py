"""Widths that give a model the size that is wanted."""

import pytest

import kinds
from seqloom.base.errors import ConfigError
from seqloom.comparison.sizing import CLOSE, STEP, Symbols, fit, operations, parameters, scaled
from seqloom.config.presets import preset_names
from seqloom.config.read import build_config
from seqloom.models.build import build_model

SYMBOLS = Symbols(600, 600)


def shape(preset: str):  # type: ignore[no-untyped-def]
    return build_config({"preset": preset}).model


def test_parameters_are_those_of_the_model() -> None:
    config = kinds.config_of("gru-bi-1", "gru-between-additive")
    built = build_model(config, 30, 40)
    assert parameters(config, Symbols(30, 40)) == sum(parameter.numel() for parameter in built.parameters())


@pytest.mark.parametrize("preset", [name for name in preset_names() if name.startswith("translation")])
def test_every_preset_can_be_made_as_large_as_any_other(preset: str) -> None:
    found = fit(shape(preset), 1_500_000, lambda config: parameters(config, SYMBOLS), "parameters")
    assert abs(found.apart) <= CLOSE
    assert found.found == parameters(found.config, SYMBOLS)
    assert found.config.width % STEP == 0
    assert found.config.encoder.layers == shape(preset).encoder.layers


def test_operations_can_be_made_equal_too() -> None:
    def size(config):  # type: ignore[no-untyped-def]
        return operations(config, SYMBOLS, 15, 15)

    wanted = size(shape("translation-gru"))
    for preset in ("translation-transformer-tiny", "translation-lstm"):
        found = fit(shape(preset), wanted, size, "operations")
        assert abs(found.apart) <= CLOSE


def test_dot_attention_keeps_a_query_as_wide_as_the_memory() -> None:
    config = build_config({"model": {"decoder": {"attention": "dot", "hidden": 512}}}).model
    for factor in (0.3, 1.0, 1.7):
        wider = scaled(config, factor)
        assert wider.decoder.hidden == wider.memory_width


def test_a_size_that_no_width_has_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"No width gives this model 10 parameters: the nearest has [\d,]+\."
    ):
        fit(shape("translation-gru"), 10, lambda config: parameters(config, SYMBOLS), "parameters")
