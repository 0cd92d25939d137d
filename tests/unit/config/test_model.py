"""The section `model`: widths that follow from others, and each contradiction's sentence."""

from typing import get_args

import pytest
from pydantic import ValidationError

from seqloom.config.model import NO_RECURRENT_WEIGHT, Cell, ModelConfig


def model(encoder=None, decoder=None, **values) -> ModelConfig:
    return ModelConfig(
        encoder={"kind": "recurrent"} | (encoder or {}),
        decoder={"kind": "recurrent"} | (decoder or {}),
        **values,
    )


def fault(encoder=None, decoder=None, **values) -> str:
    with pytest.raises(ValidationError) as caught:
        model(encoder, decoder, **values)
    (error,) = caught.value.errors()
    assert error["type"] == "contradiction"
    return error["msg"]


TRANSFORMER = {"kind": "transformer"}


def test_memory_is_as_wide_as_the_encoder_makes_it():
    assert model({"hidden": 100}).memory_width == 200
    assert model({"hidden": 100, "bidirectional": False}).memory_width == 100
    assert model(TRANSFORMER, width=64).memory_width == 64


def test_parts_inherit_dropout():
    chosen = model({"dropout": 0.1}, {"dropout": "none"}, dropout=0.25)
    assert (chosen.encoder_dropout, chosen.decoder_dropout) == (0.1, 0.25)
    chosen = model(decoder={"dropout": 0.0}, dropout=0.25)
    assert (chosen.encoder_dropout, chosen.decoder_dropout) == (0.25, 0.0)


@pytest.mark.parametrize("part", ["encoder", "decoder"])
@pytest.mark.parametrize(
    ("width", "heads", "mend"),
    [(256, 6, "Use 4 or 8."), (256, 300, "Use 256."), (7, 3, "Use 1 or 7."), (100, 7, "Use 5 or 10.")],
)
def test_heads_divide_the_width(part, width, heads, mend):
    stack = TRANSFORMER | {"heads": heads, "positions": "learned"}
    assert fault(**{part: stack}, width=width) == (
        f"model.{part}.heads = {heads} does not divide model.width = {width}. {mend}"
    )


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_rotary_positions_need_an_even_head(part):
    stack = TRANSFORMER | {"heads": 2, "positions": "rotary"}
    assert fault(**{part: stack}, width=6) == (
        f'model.{part}.positions = "rotary" turns pairs of numbers, but a head of model.width / '
        f"model.{part}.heads = 6 / 2 has 3, an odd number. "
        "Choose a width and heads whose quotient is even, or other positions."
    )
    assert model(**{part: stack}, width=8).width == 8


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_sinusoidal_positions_need_an_even_width(part):
    assert fault(**{part: TRANSFORMER | {"heads": 1}}, width=7) == (
        f'model.{part}.positions = "sinusoidal" needs an even width, but model.width = 7. '
        "Set model.width = 8, or choose learned positions."
    )


@pytest.mark.parametrize("placement", ["between", "before"])
def test_input_feeding_needs_placement_after(placement):
    assert fault(decoder={"input_feeding": True, "placement": placement}) == (
        "model.decoder.input_feeding = true feeds back what attention after the cell gives, but "
        f'model.decoder.placement = "{placement}". '
        'Leave out input_feeding, or set model.decoder.placement = "after" with an attention.'
    )
    assert model(decoder={"input_feeding": True, "placement": "after"}).decoder.input_feeding


def test_input_feeding_needs_attention():
    decoder = {"input_feeding": True, "placement": "after", "attention": "none"}
    assert fault(decoder=decoder) == (
        "model.decoder.input_feeding = true feeds back what attention after the cell gives, but "
        'model.decoder.attention = "none". '
        'Leave out input_feeding, or set model.decoder.placement = "after" with an attention.'
    )


def test_attention_width_is_for_additive_attention():
    assert fault(decoder={"attention_width": 64, "attention": "general"}) == (
        "model.decoder.attention_width = 64 is read by additive attention only, but "
        'model.decoder.attention = "general". Leave it out, or set model.decoder.attention = "additive".'
    )


def test_coverage_is_known_to_additive_attention_only():
    assert fault(decoder={"coverage": True, "attention": "general"}) == (
        "model.decoder.coverage = true is known to additive attention only, but "
        'model.decoder.attention = "general". '
        'Set model.decoder.attention = "additive", or model.decoder.coverage = false.'
    )
    assert model(decoder={"coverage": True}).decoder.coverage


def test_attention_between_needs_two_layers():
    assert fault(decoder={"layers": 1}) == (
        'model.decoder.placement = "between" puts the attention between two layers, but '
        "model.decoder.layers = 1. "
        'Set model.decoder.layers = 2, or model.decoder.placement = "before" or "after".'
    )
    assert model(decoder={"layers": 1, "attention": "none"}).decoder.layers == 1
    assert model(decoder={"layers": 1, "placement": "after"}).decoder.layers == 1


def test_dot_attention_needs_equal_widths():
    assert fault({"hidden": 256}, {"attention": "dot", "hidden": 256}) == (
        'model.decoder.attention = "dot" needs a query as wide as the memory, but model.decoder.hidden = 256 '
        "and the encoder's output is 512 wide. "
        'Set model.decoder.attention = "general", or model.decoder.hidden = 512.'
    )
    assert model({"hidden": 128}, {"attention": "dot", "hidden": 256}).memory_width == 256
    assert "output is 64 wide" in fault(TRANSFORMER, {"attention": "dot", "hidden": 32}, width=64)


def test_a_fixed_context_goes_without_attention():
    assert fault(decoder={"feed_context": True}) == (
        "model.decoder.feed_context = true reads one fixed context vector, but model.decoder.attention = "
        '"additive" makes a new one at each step. '
        'Set model.decoder.attention = "none", or model.decoder.feed_context = false.'
    )
    assert model(decoder={"feed_context": True, "attention": "none", "bridge": "zero"}).decoder.feed_context


def test_a_tied_output_layer_is_as_wide_as_the_embeddings():
    assert fault(decoder={"readout": 100}) == (
        "model.tie_output = true makes the embeddings the output layer, but model.decoder.readout = 100 and "
        "model.width = 256 differ. Leave readout out, or set model.tie_output = false."
    )
    assert model(decoder={"readout": 256}).feature_width == 256
    assert model(decoder={"readout": 100}, tie_output=False).feature_width == 100
    assert model(TRANSFORMER, TRANSFORMER, width=64).feature_width == 64


def test_a_decoder_sees_the_source():
    assert fault(decoder={"attention": "none", "bridge": "zero"}) == (
        'model.decoder.attention = "none" with model.decoder.bridge = "zero" never shows the decoder the '
        'source. Set model.decoder.bridge = "projection", or model.decoder.feed_context = true.'
    )


COPY = 'model.decoder.bridge = "copy" copies the encoder\'s last state, but '
COPY_MEND = '. Set model.decoder.bridge = "projection", or give both the same shape.'


@pytest.mark.parametrize(
    ("encoder", "decoder", "difference"),
    [
        (TRANSFORMER, {}, 'model.encoder.kind = "transformer" has no state'),
        ({"layers": 1}, {"layers": 2}, "model.encoder.layers = 1 and model.decoder.layers = 2 differ"),
        (
            {"layers": 2, "cell": "lstm"},
            {"cell": "gru"},
            'model.encoder.cell = "lstm" and model.decoder.cell = "gru" differ',
        ),
        (
            {"layers": 2, "hidden": 256},
            {"hidden": 256},
            "the encoder's state is 512 wide and model.decoder.hidden = 256",
        ),
    ],
)
def test_a_copied_state_keeps_its_shape(encoder, decoder, difference):
    assert fault(encoder, decoder | {"bridge": "copy"}) == COPY + difference + COPY_MEND


def test_states_of_one_shape_are_copied():
    encoder = {"layers": 2, "hidden": 128, "cell": "elman"}
    assert model(encoder, {"bridge": "copy", "hidden": 256, "cell": "gru"}).decoder.bridge == "copy"


@pytest.mark.parametrize("part", ["encoder", "decoder"])
@pytest.mark.parametrize("cell", NO_RECURRENT_WEIGHT)
def test_recurrent_dropout_needs_recurrent_weights(part, cell):
    assert fault(**{part: {"cell": cell, "recurrent_dropout": 0.2}}) == (
        f"model.{part}.recurrent_dropout = 0.2 drops elements of a recurrent weight matrix, but "
        f'model.{part}.cell = "{cell}" has none. '
        f'Leave it out, or choose another model.{part}.cell, such as "gru" or "lstm".'
    )
    assert model(**{part: {"cell": cell, "recurrent_dropout": 0.0}}).width == 256


@pytest.mark.parametrize("cell", [name for name in get_args(Cell) if name not in NO_RECURRENT_WEIGHT])
def test_other_cells_have_recurrent_dropout(cell):
    assert model(decoder={"cell": cell, "recurrent_dropout": 0.2}).decoder.recurrent_dropout == 0.2


RESIDUAL = "residual = true adds a layer's input to its output from the "


@pytest.mark.parametrize(
    ("part", "options"),
    [("encoder", {}), ("decoder", {"placement": "after"}), ("decoder", {"attention": "none"})],
)
def test_residuals_need_a_second_layer(part, options):
    assert fault(**{part: options | {"residual": True, "layers": 1}}) == (
        f"model.{part}.{RESIDUAL}second layer on, but model.{part}.layers = 1. "
        f"Set model.{part}.layers = 2, or model.{part}.residual = false."
    )
    assert model(**{part: options | {"residual": True, "layers": 2}}).width == 256


def test_residuals_above_an_attention_between_layers_need_a_third():
    assert fault(decoder={"residual": True, "layers": 2}) == (
        f'model.decoder.{RESIDUAL}third layer on with model.decoder.placement = "between", but '
        "model.decoder.layers = 2. Set model.decoder.layers = 3, or model.decoder.residual = false."
    )
    assert model(decoder={"residual": True, "layers": 3}).decoder.attends_between


def test_a_recurrence_turns_no_queries_and_keys():
    assert fault(decoder=TRANSFORMER | {"autoregression": "ssru", "positions": "rotary"}) == (
        'model.decoder.positions = "rotary" turns the queries and keys of self-attention, but '
        'model.decoder.autoregression = "ssru" has none. '
        'Set model.decoder.positions = "sinusoidal" or "learned", or model.decoder.autoregression = "attention".'
    )
    for positions in ("sinusoidal", "learned"):
        chosen = model(decoder=TRANSFORMER | {"autoregression": "ssru", "positions": positions})
        assert chosen.decoder.autoregression == "ssru"


@pytest.mark.parametrize("encoder", ["recurrent", "transformer"])
@pytest.mark.parametrize("decoder", ["recurrent", "transformer"])
def test_any_encoder_goes_with_any_decoder(encoder, decoder):
    chosen = model({"kind": encoder}, {"kind": decoder})
    assert (chosen.encoder.kind, chosen.decoder.kind) == (encoder, decoder)


def test_copying_needs_attention():
    assert fault(decoder={"copying": True, "attention": "none"}) == (
        'model.decoder.copying = true copies what attention looks at, but model.decoder.attention = "none". '
        "Set a model.decoder.attention, or model.decoder.copying = false."
    )
    assert model(decoder={"copying": True}).decoder.copying
