"""Options that a person set and nothing would read: refused, because silence would leave them believing in it.

An option counts as set when the file, the mapping or the command line gives it another value than its default and
than the preset: what a written-out configuration repeats doesn't count.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from seqloom.base.errors import ConfigError
from seqloom.config.layers import Layer
from seqloom.config.model import RecurrentDecoderConfig, TransformerDecoderConfig
from seqloom.config.options import all_options, options_named
from seqloom.config.schema import Config
from seqloom.config.toml import show_value


class Condition(NamedTuple):
    """keys are read only where `holds`; `needs` says where, for the message."""

    keys: tuple[str, ...]
    needs: str
    holds: Callable[[Config], bool]


def _learned(part: str) -> Callable[[Config], bool]:
    def holds(config: Config) -> bool:
        stack = getattr(config.model, part)
        return bool(stack.kind == "recurrent" or stack.positions == "learned")  # the one has no such option

    return holds


def _drops(part: str) -> Callable[[Config], bool]:
    """Whether a dropout that may be locked is above 0; the encoder's own falls between layers only."""

    def holds(config: Config) -> bool:
        stack = getattr(config.model, part)
        own = config.model.decoder_dropout if part == "decoder" else config.model.encoder_dropout
        reached = part == "decoder" or stack.layers > 1
        return bool(stack.kind != "recurrent" or config.model.dropout or (own and reached))

    return holds


def _attends(kind: str) -> Callable[[Config], bool]:
    def holds(config: Config) -> bool:
        decoder = config.model.decoder
        return decoder.kind != "recurrent" or decoder.attention == kind

    return holds


def _keys_under(*tables: str) -> tuple[str, ...]:
    """Every option of these tables."""
    return tuple(
        dict.fromkeys(
            option.key
            for option in all_options()
            for table in tables
            if not option.is_table and option.key.startswith(f"{table}.")
        )
    )


HEARS = 'a task whose source is sound, such as task = "transcription"'
DECODER = tuple(
    f"model.decoder.{name}"
    for name in dict.fromkeys((*RecurrentDecoderConfig.model_fields, *TransformerDecoderConfig.model_fields))
)
SOUND_CONDITIONS = (
    Condition(
        (
            *_keys_under("audio", "model.front_end"),
            "model.ctc_weight",
            "model.encoder.pyramid",
            "search.ctc_weight",
            "search.language_model",
        ),
        HEARS,
        lambda config: config.hears,
    ),
    Condition(
        ("text.shared", "model.share_embeddings"),
        "a task whose source is text",
        lambda config: not config.hears,
    ),
    Condition(
        (
            *DECODER,
            "model.tie_output",
            "model.embedding_rank",
            "training.label_smoothing",
            "training.scheduled_sampling",
            "training.coverage_loss",
            "search.coverage_penalty",
        ),
        "a model.ctc_weight below 1, as CTC alone has no decoder",
        lambda config: config.model.ctc_weight < 1 or not config.hears,
    ),
    Condition(
        (
            "search.length_penalty",
            "search.max_length_factor",
            "search.max_length_extra",
            "search.no_repeat_ngram",
        ),
        "a model.ctc_weight below 1, or a search.language_model",
        lambda config: (
            config.model.ctc_weight < 1 or not config.hears or config.search.language_model is not None
        ),
    ),
    Condition(
        ("search.ctc_weight",),
        "a model.ctc_weight between 0 and 1, which trains both CTC and attention",
        lambda config: 0 < config.model.ctc_weight < 1,
    ),
    Condition(
        ("search.language_model_weight",),
        "a search.language_model",
        lambda config: config.search.language_model is not None,
    ),
    Condition(
        ("audio.time_mask_frames", "audio.time_mask_share"),
        "audio.time_masks above 0",
        lambda config: config.audio.time_masks > 0,
    ),
    Condition(
        ("audio.frequency_mask_bands",),
        "audio.frequency_masks above 0",
        lambda config: config.audio.frequency_masks > 0,
    ),
    Condition(
        ("model.front_end.channels",),
        "a model.front_end.convolutions above 0",
        lambda config: config.model.front_end.convolutions > 0,
    ),
)

CONDITIONS = (
    *SOUND_CONDITIONS,
    Condition(
        ("training.betas", "training.eps"),
        'training.optimiser = "adamw" or "adam"',
        lambda config: config.training.optimiser != "sgd",
    ),
    Condition(
        ("training.risk_share", "training.risk_samples", "training.risk_sharpness"),
        'training.minimum_risk = "bleu" or "chrf"',
        lambda config: config.training.minimum_risk != "none",
    ),
    Condition(
        ("training.distillation",), "a training.teacher", lambda config: config.training.teacher is not None
    ),
    Condition(
        ("data.alignments",),
        "a training.guided_alignment above 0",
        lambda config: config.training.guided_alignment > 0,
    ),
    Condition(
        ("training.plateau_patience", "training.plateau_factor"),
        'training.schedule = "plateau"',
        lambda config: config.training.schedule == "plateau",
    ),
    Condition(
        ("training.final_learning_rate_fraction",),
        'training.schedule = "cosine" or "plateau"',
        lambda config: config.training.schedule in ("cosine", "plateau"),
    ),
    Condition(("model.encoder.max_positions",), 'model.encoder.positions = "learned"', _learned("encoder")),
    Condition(("model.decoder.max_positions",), 'model.decoder.positions = "learned"', _learned("decoder")),
    Condition(("model.encoder.locked_dropout",), "a dropout above 0", _drops("encoder")),
    Condition(("model.decoder.locked_dropout",), "a dropout above 0", _drops("decoder")),
    Condition(
        ("model.decoder.placement",),
        "a model.decoder.attention",
        lambda config: config.model.decoder.kind != "recurrent" or config.model.decoder.attention != "none",
    ),
    *(
        Condition(
            (f"model.decoder.attention_{option}",), f'model.decoder.attention = "{kind}"', _attends(kind)
        )
        for option, kind in (("heads", "multi_head"), ("window", "local"), ("positions", "location"))
    ),
    Condition(
        ("text.vocabulary_size",),
        'another text.tokenizer than "byte", which has one symbol a byte',
        lambda config: config.text.tokenizer != "byte",
    ),
    Condition(
        ("data.source_field", "data.target_field"),
        'data.format = "jsonl" or "auto"',
        lambda config: config.data.format in ("jsonl", "auto"),
    ),
)


def refuse_ignored(config: Config, layers: Sequence[Layer], preset: Mapping[str, Any]) -> None:
    """Raise ConfigError for the first option that a layer sets and that this configuration doesn't read."""
    for condition in CONDITIONS:
        if condition.holds(config):
            continue
        for key, layer in ((key, layer) for key in condition.keys for layer in layers if layer.sets(key)):
            value = _value(config, key)
            if value not in [option.default for option in options_named(key)] and value != _in(preset, key):
                raise ConfigError(
                    f"{key} = {show_value(value)} ({layer.locate(key)}) would be ignored: it is read only with "
                    f"{condition.needs}. Leave it out, or set that."
                )


def _in(preset: Mapping[str, Any], key: str) -> Any:
    """What the preset says of an option, as the schema keeps it; None where it says nothing."""
    node: Any = preset
    for name in key.split("."):
        node = node.get(name) if isinstance(node, Mapping) else None
    return tuple(node) if isinstance(node, list) else node


def _value(config: Config, key: str) -> Any:
    """What the configuration has for an option; its default where a later layer chose a kind without such an option."""
    node: Any = config
    for name in key.split("."):
        if not hasattr(node, name):
            return options_named(key)[0].default
        node = getattr(node, name)
    return node
