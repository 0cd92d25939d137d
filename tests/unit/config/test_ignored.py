"""Options that nothing would read are refused, and a warm-up fits into its run."""

from pathlib import Path

import pytest

from seqloom.base.errors import ConfigError
from seqloom.config.ignored import CONDITIONS
from seqloom.config.model import RecurrentDecoderConfig, RecurrentEncoderConfig
from seqloom.config.options import options_named
from seqloom.config.read import build_config, read_config
from seqloom.config.write import write_config


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        (["training.optimiser=sgd", "training.betas=[0.5,0.6]"], "training.betas"),
        (["training.optimiser=sgd", "training.eps=1e-6"], "training.eps"),
        (["training.risk_samples=3"], "training.risk_samples"),
        (["training.risk_share=0.3"], "training.risk_share"),
        (["training.risk_sharpness=0.3"], "training.risk_sharpness"),
        (["training.distillation=0.3"], "training.distillation"),
        (["data.alignments=links.txt"], "data.alignments"),
        (["training.plateau_patience=9"], "training.plateau_patience"),
        (["training.plateau_factor=0.9"], "training.plateau_factor"),
        (
            ["training.schedule=constant", "training.final_learning_rate_fraction=0.1"],
            "training.final_learning_rate_fraction",
        ),
        (
            ["preset=translation-transformer-tiny", "model.encoder.max_positions=700"],
            "model.encoder.max_positions",
        ),
        (
            ["preset=translation-transformer-tiny", "model.decoder.max_positions=700"],
            "model.decoder.max_positions",
        ),
        (["model.dropout=0.0", "model.encoder.locked_dropout=true"], "model.encoder.locked_dropout"),
        (  # falls between layers, and there is one
            ["model.dropout=0.0", "model.encoder.dropout=0.3", "model.encoder.locked_dropout=true"],
            "model.encoder.locked_dropout",
        ),
        (["model.dropout=0.0", "model.decoder.locked_dropout=true"], "model.decoder.locked_dropout"),
        (["model.decoder.attention=none", "model.decoder.placement=after"], "model.decoder.placement"),
        (["model.decoder.attention_heads=2"], "model.decoder.attention_heads"),
        (["model.decoder.attention_window=2"], "model.decoder.attention_window"),
        (["model.decoder.attention_positions=2"], "model.decoder.attention_positions"),
        (["text.tokenizer=byte", "text.vocabulary_size=700"], "text.vocabulary_size"),
        (["data.format=tsv", "data.source_field=de"], "data.source_field"),
        (["data.format=parallel", "data.target_field=fr"], "data.target_field"),
        (["data.format=tsv", 'data.reference_fields=["a"]'], "data.reference_fields"),
        (["search.allow_unknown=false"], "search.allow_unknown"),
        (["data.source_columns=[a,b]", "data.source_field=de"], "data.source_field"),
        (["data.target_column=b", "data.target_field=de"], "data.target_field"),
        (["task=dialogue", "data.source_field=de"], "data.source_field"),
        (["task=dialogue", "data.source_columns=[1,2]"], "data.source_columns"),
        (["task=dialogue", "data.target_column=2"], "data.target_column"),
        (["task=classification", 'data.reference_fields=["a"]'], "data.reference_fields"),
        (["task=tagging", 'data.reference_fields=["a"]'], "data.reference_fields"),
        (["task=dialogue", "data.back_translated=a.jsonl"], "data.back_translated"),
        (["task=dialogue", "data.alignments=a", "training.guided_alignment=0.1"], "data.alignments"),
        (["data.bot_speaker=clerk"], "data.bot_speaker"),
        (["task=transduction", "data.user_speaker=guest"], "data.user_speaker"),
        (
            ["text.tokenizer=word", "text.source_tokenizer=byte", "text.target_tokenizer=byte"],
            "text.tokenizer",
        ),
        (
            ["preset=translation-transformer-tiny", "model.encoder.feature_positions=false"],
            "model.encoder.feature_positions",
        ),
        (
            [
                "preset=translation-transformer-tiny",
                "data.source_columns=[1,2]",
                "data.feature_columns=[2]",
                "model.encoder.positions=rotary",
                "model.encoder.feature_positions=false",
            ],
            "model.encoder.feature_positions",
        ),
    ],
)
def test_what_would_be_ignored_is_refused(overrides: list[str], key: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"^{key} = .* \(command line\) would be ignored: it is read only with "
    ):
        build_config({}, overrides)


@pytest.mark.parametrize(
    "overrides",
    [
        ["model.encoder.locked_dropout=true", "model.decoder.locked_dropout=true"],
        ["model.dropout=0.0", "model.decoder.dropout=0.1", "model.decoder.locked_dropout=true"],
        [
            "model.dropout=0.0",
            "model.encoder.dropout=0.1",
            "model.encoder.layers=2",
            "model.encoder.locked_dropout=true",
        ],
    ],
)
def test_a_dropout_above_zero_may_be_locked(overrides: list[str]) -> None:
    model = build_config({}, overrides).model
    assert isinstance(model.encoder, RecurrentEncoderConfig)
    assert isinstance(model.decoder, RecurrentDecoderConfig)
    assert model.encoder.locked_dropout or model.decoder.locked_dropout


def test_every_condition_is_about_options_that_there_are() -> None:
    for condition in CONDITIONS:
        assert len(set(condition.keys)) == len(condition.keys)
        assert all(options_named(key) for key in condition.keys)


def test_what_a_preset_or_a_written_out_configuration_says_is_not_refused(tmp_path: Path) -> None:
    config = build_config({}, ["training.optimiser=sgd"])  # the preset's betas are not read
    assert config.training.betas == (0.9, 0.999)
    (tmp_path / "run.toml").write_text(write_config(config), encoding="utf-8")
    assert read_config(tmp_path / "run.toml") == config
    other = write_config(config).replace("[0.9, 0.999]", "[0.8, 0.9]")  # as a later preset may have it
    (tmp_path / "run.toml").write_text(other, encoding="utf-8")
    assert read_config(tmp_path / "run.toml", written=True).training.betas == (0.8, 0.9)
    with pytest.raises(ConfigError, match=r"training\.betas .* would be ignored"):
        read_config(tmp_path / "run.toml")
    plain = build_config({"preset": "none"}, ["training.schedule=constant", "training.max_updates=9000"])
    (tmp_path / "config.toml").write_text(write_config(plain), encoding="utf-8")
    assert read_config(tmp_path / "config.toml") == plain


def test_the_place_is_named() -> None:
    with pytest.raises(ConfigError, match=r"\(the mapping\) would be ignored"):
        build_config({"training": {"plateau_patience": 9}})


def test_a_preset_s_warm_up_is_shortened_to_fit_the_bound() -> None:
    assert build_config({}, ["training.max_updates=30"]).training.warmup_updates == 6
    assert build_config({}, ["training.max_updates=3000"]).training.warmup_updates == 400
    assert build_config({"preset": "none"}, ["training.max_updates=400"]).training.warmup_updates == 80


def test_a_warm_up_that_was_asked_for_is_refused_when_it_does_not_fit() -> None:
    with pytest.raises(ConfigError) as caught:
        build_config({}, ["training.max_updates=30", "training.warmup_updates=30"])
    assert str(caught.value) == (
        "training.warmup_updates = 30 (command line) is not less than training.max_updates = 30, so "
        "training.learning_rate would never be reached. Set training.warmup_updates = 6, or a higher bound."
    )
    assert (
        build_config({}, ["training.max_updates=30", "training.warmup_updates=29"]).training.max_updates == 30
    )


@pytest.mark.parametrize(
    ("overrides", "key", "needs"),
    [
        (
            ["task=classification", "model.decoder.layers=3"],
            "model.decoder.layers",
            "a task whose target is text",
        ),
        (
            ["task=classification", "model.decoder.kind=transformer"],
            "model.decoder.kind",
            "a task whose target is text",
        ),
        (["task=tagging", "search.beam=3"], "search.beam", "a task whose target is text"),
        (["task=classification", "text.shared=false"], "text.shared", "a task whose target is text"),
        (
            ["task=tagging", "training.validation_beam=2"],
            "training.validation_beam",
            "a task whose target is text",
        ),
        (["model.pooling=max"], "model.pooling", 'task = "classification"'),
        (["task=tagging", "model.pooling=max"], "model.pooling", 'task = "classification"'),
        (["task=tagging", "data.label_separator=,"], "data.label_separator", 'task = "classification"'),
        (
            ["task=classification", "model.pooling=mean", "model.pooling_width=7"],
            "model.pooling_width",
            'model.pooling = "attention"',
        ),
        (["model.word_dropout=0.1"], "model.word_dropout", 'task = "classification" or "tagging"'),
        (
            ["training.label_weights=balanced"],
            "training.label_weights",
            'task = "classification" or "tagging"',
        ),
        (
            ["text.tokenizer=word", "data.vectors=glove.txt"],
            "data.vectors",
            'task = "classification" or "tagging"',
        ),
        (["task=tagging", "text.sampling=0.1"], "text.sampling", 'task = "translation" or "classification"'),
    ],
)
def test_what_a_task_has_no_use_for_is_refused(overrides: list[str], key: str, needs: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_config({}, overrides)
    assert str(caught.value).startswith(f"{key} = ")
    assert f"(command line) would be ignored: it is read only with {needs}" in str(caught.value)


def test_an_option_of_a_kind_that_another_layer_took_back_is_not_judged() -> None:
    mapping = {"task": "classification", "model": {"decoder": {"kind": "transformer", "heads": 2}}}
    config = build_config(mapping, ["model.decoder.kind=recurrent"])
    assert config.model.decoder.kind == "recurrent"


def test_a_written_out_classifier_reads_back(tmp_path: Path) -> None:
    config = build_config({"task": "classification"}, ["model.pooling=max", "data.label_separator=,"])
    (tmp_path / "run.toml").write_text(write_config(config), encoding="utf-8")
    assert read_config(tmp_path / "run.toml") == config
