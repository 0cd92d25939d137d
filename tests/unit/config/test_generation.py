"""The configuration of language models: what it takes from its task, and what it refuses."""

from typing import Any

import pytest

from seqloom.base.errors import ConfigError
from seqloom.config.read import build_config, require_training_data
from seqloom.config.schema import Config

GENERATION: dict[str, Any] = {"task": "generation"}


def refusal(*overrides: str, **sections: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        build_config({**GENERATION, **sections}, overrides)
    return str(caught.value)


def built(*overrides: str, **sections: Any) -> Config:
    return build_config({**GENERATION, **sections}, overrides)


def test_the_task_brings_its_preset_and_family() -> None:
    config = built()
    assert (config.preset, config.family) == ("generation-lstm", "language_model")
    assert config.model.decoder.kind == "recurrent"
    assert config.model.decoder.attention == "none"
    assert config.training.best_by == "loss"


def test_a_recurrent_decoder_has_no_attention_unless_somebody_asks_for_it() -> None:
    plain = build_config(
        {**GENERATION, "preset": "none"},
        ["training.max_updates=9", "training.best_by=loss", "model.decoder.layers=1"],
    )
    assert plain.model.decoder.kind == "recurrent"
    assert plain.model.decoder.attention == "none"
    other = built("model.decoder.kind=recurrent", preset="generation-transformer")
    assert other.model.decoder.kind == "recurrent"
    assert other.model.decoder.attention == "none"
    assert refusal("model.decoder.attention=additive", "model.decoder.layers=2") == (
        'model.decoder.attention = "additive" looks at a source, but task = "generation" has none (command line). '
        'Set model.decoder.attention = "none".'
    )


def test_there_is_no_encoder() -> None:
    assert refusal("model.encoder.kind=transformer") == (
        'model.encoder.kind = "transformer" reads a source, but task = "generation" has none (command line). '
        "Leave out model.encoder; model.decoder is what writes."
    )


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("model.encoder.hidden=7", "model.encoder.hidden"),
        ("model.encoder.residual=false", ""),  # as it is by default
        ("model.decoder.feed_context=true", "model.decoder.feed_context"),
        ("model.share_embeddings=false", "model.share_embeddings"),
        ("data.format=tsv", "data.format"),
        ("data.max_length=9", "data.max_length"),
        ("training.scheduled_sampling=0.1", "training.scheduled_sampling"),
        ("training.r_drop=1", "training.r_drop"),
        ("training.max_sentences=9", "training.max_sentences"),
        ("training.validation_beam=9", "training.validation_beam"),
        ("search.beam=2", "search.beam"),
        ("search.no_repeat_ngram=2", "search.no_repeat_ngram"),
    ],
)
def test_what_only_pairs_have_is_refused(override: str, key: str) -> None:
    if not key:
        built(override)
        return
    message = refusal(override)
    assert message.startswith(f"{key} = ")
    assert message.endswith(
        " (command line) would be ignored: it is read only with a task that reads a source, such as task = "
        '"translation". Leave it out, or set that.'
    )


@pytest.mark.parametrize("override", ["training.chunk=9", "training.chunks=random", "data.held_out=0.2"])
def test_what_only_text_has_is_refused_of_pairs(override: str) -> None:
    with pytest.raises(ConfigError, match=r'would be ignored: it is read only with task = "generation"\.'):
        build_config({}, [override])


def test_text_to_validate_by_comes_from_one_place() -> None:
    text = {"train": ["/a.txt", "/b.txt", "/c.txt"]}
    assert built(data={**text, "held_out": 0.1}).data.held_out == 0.1
    assert refusal(data={**text, "valid": "/v.txt", "held_out": 0.1}) == (
        "data.held_out = 0.1 validates by the end of data.train, but data.valid names files (the mapping). "
        "Leave out one of the two."
    )


def test_waiting_for_validations_needs_some() -> None:
    assert built("training.patience=3", data={"train": "/a.txt", "held_out": 0.1}).training.patience == 3
    assert "training.patience = 3 waits for validations" in refusal(
        "training.patience=3", data={"train": "/a.txt"}
    )


def test_a_chunk_fits_into_a_batch_and_into_the_positions() -> None:
    assert refusal("training.chunk=256", "training.batch_tokens=128") == (
        "training.chunk = 256 symbols don't fit into training.batch_tokens = 128 (command line). "
        "Set training.batch_tokens = 4096, which is 16 chunks side by side, or a smaller chunk."
    )
    learned = ("model.decoder.positions=learned", "model.decoder.max_positions=32", "training.chunk=64")
    message = refusal(*learned, preset="generation-transformer")
    assert message == (
        "model.decoder.max_positions = 32 is fewer than training.chunk = 64 (command line). "
        "Set model.decoder.max_positions = 64, or training.chunk = 32."
    )
    built(*learned[:2], "training.chunk=32", preset="generation-transformer")


def test_the_best_is_judged_by_the_loss() -> None:
    assert refusal("training.best_by=bleu") == (
        'training.best_by = "bleu" is none of what task = "generation" is measured by (command line). '
        'Set training.best_by = "loss".'
    )


def test_training_text_must_be_named() -> None:
    with pytest.raises(ConfigError) as caught:
        require_training_data(built())
    assert str(caught.value) == (
        'data.train must name the training text, but is not set. Write train = "text.txt" under [data].'
    )
