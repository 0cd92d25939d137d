"""From a configuration to a model: the parts it names, shared tables, and parameters that keep their names.

The snapshots hold every parameter's name and shape for the presets' models and for each kind of encoder and decoder:
a checkpoint written today fits the code of tomorrow. After a wanted change, renew them with

    SEQLOOM_RENEW_SNAPSHOTS=1 python -m pytest tests/unit/models/test_build.py

and say in CHANGELOG.md which checkpoints no longer load.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import kinds
from kinds import DECODERS, ENCODERS, config_of
from seqloom.base.errors import ConfigError
from seqloom.config.model import ModelConfig
from seqloom.config.presets import preset_names
from seqloom.config.read import build_config
from seqloom.config.tasks import task_named
from seqloom.layers.attention import AdditiveAttention
from seqloom.layers.dropout import Dropout
from seqloom.layers.positions import LearnedPositions, NoPositions, SinusoidalPositions
from seqloom.layers.recurrent import RecurrentStack
from seqloom.layers.scan_cells import SSRUCell
from seqloom.layers.transformer import TransformerEncoderLayer
from seqloom.models.build import build_label_network, build_language_model, build_model
from seqloom.models.encoders import RecurrentEncoder, TransformerEncoder
from seqloom.models.recurrent_decoders import (
    AttendAfterDecoder,
    AttendBeforeDecoder,
    AttendBetweenDecoder,
    FixedContextDecoder,
)
from seqloom.models.seq2seq import Seq2Seq
from seqloom.models.transformer_decoder import TransformerDecoder

SNAPSHOTS = Path(__file__).parent / "snapshots"
KINDS_OF_DECODER = {
    "fixed": FixedContextDecoder,
    "between": AttendBetweenDecoder,
    "before": AttendBeforeDecoder,
    "after": AttendAfterDecoder,
    "feeding": AttendAfterDecoder,
    "pre": TransformerDecoder,
    "post": TransformerDecoder,
}


def built(encoder: str = "gru-bi-1", decoder: str = "gru-between-additive", **options: Any) -> Seq2Seq:
    config = config_of(encoder, decoder, **options)
    symbols = kinds.TARGET_SYMBOLS if config.share_embeddings else kinds.SOURCE_SYMBOLS
    return build_model(config, symbols, kinds.TARGET_SYMBOLS)


def of(config: ModelConfig) -> Seq2Seq:
    return build_model(config, 11, 11)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters keep whatever lies in memory, so that the largest model takes no time and hardly any memory."""
    for name in dir(nn.init):
        if name.endswith("_") and not name.startswith("_"):
            monkeypatch.setattr(nn.init, name, lambda tensor, *_, **__: tensor)


# The parts


@pytest.mark.parametrize("decoder", DECODERS)
def test_the_decoder_is_the_one_asked_for(decoder: str) -> None:
    made = of(config_of("gru-bi-1", decoder)).decoder
    assert type(made) is KINDS_OF_DECODER[decoder.split("-")[1]]
    if isinstance(made, AttendAfterDecoder):
        assert made.fed_width == (kinds.WIDTH if "feeding" in decoder else 0)
    if isinstance(made, FixedContextDecoder):
        assert made.feed_context == ("context" in decoder)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_the_encoder_and_the_positions_are_the_ones_asked_for(encoder: str) -> None:
    model = of(config_of(encoder, "gru-fixed"))
    options = ENCODERS[encoder]
    assert type(model.encoder) is (RecurrentEncoder if options["kind"] == "recurrent" else TransformerEncoder)
    assert len(model.encoder.layers) == options["layers"]
    expected = {"sinusoidal": SinusoidalPositions, "learned": LearnedPositions}.get(
        options.get("positions", ""), NoPositions
    )
    assert type(model.source.positions) is expected
    assert type(model.target.positions) is NoPositions


def test_the_target_has_the_decoder_s_positions() -> None:
    positions = of(config_of("gru-bi-1", "transformer-pre-learned")).target.positions
    assert isinstance(positions, LearnedPositions)
    assert positions.table.shape == (32, kinds.WIDTH)


@pytest.mark.parametrize(
    "decoder", ["gru-between-additive", "gru-before-dot", "gru-after-general", "gru-fixed"]
)
def test_each_dropout_is_where_it_belongs(decoder: str) -> None:
    parts = {
        "encoder": {**ENCODERS["gru-bi-2"], "dropout": 0.1},
        "decoder": {**config_of("gru-bi-2", decoder).decoder.model_dump(), "dropout": 0.2},
    }
    model = of(ModelConfig.model_validate({"width": 8, "dropout": 0.4, **parts}))
    found = {
        name: {module.probability for module in part.modules() if isinstance(module, Dropout)}
        for name, part in model.named_children()
    }
    assert found == {"source": {0.4}, "encoder": {0.1}, "target": {0.4}, "decoder": {0.2}, "output": set()}


@pytest.mark.parametrize(
    "decoder", ["lstm-fixed", "lstm-between-general", "lstm-before-general", "lstm-feeding-general"]
)
@pytest.mark.parametrize("chosen", ["encoder", "decoder"])
def test_what_is_asked_of_one_recurrent_part_is_done_there(chosen: str, decoder: str) -> None:
    parts = {"encoder": {**ENCODERS["lstm-bi-2"]}, "decoder": {**DECODERS[decoder], "layers": 3}}
    parts[chosen] |= kinds.REGULARISED
    model = of(ModelConfig.model_validate({"width": 8, "dropout": 0.2, **parts}))
    for name, reader in (("encoder", "source"), ("decoder", "target")):
        part, embedded = model.get_submodule(name), model.get_submodule(reader)
        drops = [module for module in part.modules() if isinstance(module, Dropout)]
        between = [module for module in drops if module.probability == 0.2]
        of_weights = [module for module in drops if module.probability == 0.4]
        assert between
        assert {module.locked for module in between} == {name == chosen}
        assert bool(of_weights) == (name == chosen)
        assert not any(module.locked for module in of_weights)
        assert embedded.get_submodule("dropout").locked == (name == chosen)
        stacks = [
            module for module in part.modules() if isinstance(module, RecurrentStack | RecurrentEncoder)
        ]
        assert {module.residual for module in stacks} == {name == chosen}


@pytest.mark.parametrize(("autoregression", "recurrent"), [("attention", False), ("ssru", True)])
def test_a_transformer_looks_back_as_asked(autoregression: str, recurrent: bool) -> None:
    config = config_of("gru-bi-1", "transformer-pre-sinusoidal", {"autoregression": autoregression})
    decoder = of(config).decoder
    assert isinstance(decoder, TransformerDecoder)
    assert [isinstance(layer.recurrence, SSRUCell) for layer in decoder.layers] == [recurrent] * 2
    assert ["self_attention" in dict(layer.named_children()) for layer in decoder.layers] == [
        not recurrent
    ] * 2


def test_transformers_have_a_dropout_of_their_own_for_attention() -> None:
    options = {"kind": "transformer", "layers": 1, "heads": 2, "attention_dropout": 0.25}
    config = ModelConfig.model_validate({"width": 8, "dropout": 0.4, "encoder": options, "decoder": options})
    model = of(config)
    assert isinstance(model.encoder, TransformerEncoder)
    assert isinstance(model.decoder, TransformerDecoder)
    (encoder,), (decoder,) = model.encoder.layers, model.decoder.layers
    assert isinstance(encoder, TransformerEncoderLayer)
    attentions = [encoder.self_attention, decoder.self_attention, decoder.source_attention]
    assert [attention.dropout.probability for attention in attentions] == [0.25] * 3
    residuals = [encoder.around_attention, encoder.around_feed_forward, decoder.around_self]
    residuals += [decoder.around_source, decoder.around_feed_forward]
    assert [residual.dropout.probability for residual in residuals] == [0.4] * 5


@pytest.mark.parametrize(("asked", "width"), [(7, 7), (None, kinds.DECODER_HIDDEN)])
def test_the_attention_s_width_is_the_state_s_unless_told(asked: int | None, width: int) -> None:
    decoder = of(config_of("gru-bi-1", "gru-between-additive", {"attention_width": asked})).decoder
    assert isinstance(decoder, AttendBetweenDecoder)
    assert isinstance(decoder.attention, AdditiveAttention)
    assert decoder.attention.score_vector.shape == (width,)


# Shared tables


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("tie", [False, True])
def test_tables_are_shared_as_asked(share: bool, tie: bool) -> None:
    model = built(share_embeddings=share, tie_output=tie)
    source, target, output = model.source.embedding.table, model.target.embedding.table, model.output.table
    assert (source is target) == share
    assert (target is output) == tie
    tables = [name for name, _ in model.named_parameters() if name.endswith("embedding.table")]
    assert len(tables) == 2 - share
    assert ("output.table" in dict(model.named_parameters())) == (not tie)
    assert output.shape == (kinds.TARGET_SYMBOLS, kinds.WIDTH)


def test_one_table_for_two_vocabularies_is_refused() -> None:
    config = config_of("gru-bi-1", "gru-between-additive", share_embeddings=True)
    message = (
        "model.share_embeddings = true needs one vocabulary for both sides, but the source has 13 symbols and the "
        "target 11. Set text.shared = true, or model.share_embeddings = false."
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        build_model(config, 13, 11)


def test_fresh_parameters_are_a_function_of_the_seed() -> None:
    models = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        models.append(built("lstm-bi-2", "transformer-pre-learned").state_dict())
    assert all(torch.equal(models[0][name], models[1][name]) for name in models[0])
    assert not torch.equal(models[0]["source.embedding.table"], models[2]["source.embedding.table"])


@pytest.mark.parametrize("decoder", DECODERS)
def test_no_parameter_is_left_without_numbers(decoder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory that was taken but never written is a different model on every machine."""
    real = torch.empty
    monkeypatch.setattr(torch, "empty", lambda *sizes, **how: real(*sizes, **how).fill_(torch.nan))
    for encoder in ("lstm-bi-2", "transformer-pre-learned"):
        for name, tensor in built(encoder, decoder, tie_output=False).state_dict().items():
            assert tensor.isfinite().all(), name


# Snapshots


def snapshot(config: ModelConfig) -> dict[str, list[int]]:
    return {name: list(tensor.shape) for name, tensor in of(config).state_dict().items()}


def preset_snapshots() -> dict[str, dict[str, list[int]]]:
    """Of each preset's model, built as the family of its task has it."""
    found = {}
    for name in preset_names():
        config = build_config({"preset": name})
        family = task_named(config.task).family
        if family == "language_model":
            model: nn.Module = build_language_model(config.model, 11, 16)
        elif family == "classifier":
            model = build_label_network(config.model, 11, 3, pooled=task_named(config.task).target == "label")
        else:
            model = of(config.model)
        found[name] = {key: list(tensor.shape) for key, tensor in model.state_dict().items()}
    return found


def kind_snapshots() -> dict[str, dict[str, list[int]]]:
    """Each encoder's names, and each decoder's with one encoder."""
    encoders = {name: snapshot(config_of(name, "gru-fixed")) for name in ENCODERS}
    decoders = {name: snapshot(config_of("gru-bi-1", name)) for name in DECODERS}
    of_encoders = {
        f"encoder {kind}": {
            name: shape for name, shape in shapes.items() if name.startswith(("source", "encoder"))
        }
        for kind, shapes in encoders.items()
    }
    of_decoders = {
        f"decoder {kind}": {
            name: shape
            for name, shape in shapes.items()
            if name.startswith(("target", "decoder", "output", "switch"))
        }
        for kind, shapes in decoders.items()
    }
    return of_encoders | of_decoders


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(("file", "taken"), [("presets", preset_snapshots), ("kinds", kind_snapshots)])
def test_names_and_shapes_are_the_kept_ones(file: str, taken: Any) -> None:
    path = SNAPSHOTS / f"{file}.json"
    found = taken()
    if os.environ.get("SEQLOOM_RENEW_SNAPSHOTS"):
        lines = [
            f"{json.dumps(name)}: {{\n"
            + ",\n".join(
                f"  {json.dumps(parameter)}: {json.dumps(shape)}" for parameter, shape in shapes.items()
            )
            + "\n}"
            for name, shapes in found.items()
        ]
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        pytest.fail(f"renewed {path.name}: look at what changed, then run the test without the variable")
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert found == kept, "see this file's first lines for how to renew the snapshots after a wanted change"
    assert [list(shapes) for shapes in found.values()] == [list(shapes) for shapes in kept.values()]
