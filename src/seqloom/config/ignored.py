"""Options that a person set and nothing would read: refused, because silence would leave them believing in it.

An option counts as set when the file, the mapping or the command line gives it another value than its default and
than the preset: what a written-out configuration repeats doesn't count.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from seqloom.base.errors import ConfigError
from seqloom.config.layers import Layer
from seqloom.config.model import RecurrentDecoderConfig, TransformerDecoderConfig
from seqloom.config.options import all_options, options_named
from seqloom.config.schema import Config
from seqloom.config.tasks import TASKS, task_named
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


def _reads_pairs(config: Config) -> bool:
    return task_named(config.task).reads_pairs


def _keys_below(table: str) -> tuple[str, ...]:
    """Every option of a table, of either kind."""
    found = (
        option.key for option in all_options() if not option.is_table and option.key.startswith(f"{table}.")
    )
    return tuple(dict.fromkeys(found))


OF_PAIRS = (
    *(f"data.{name}" for name in ("back_translated", "alignments", "format", "source_field", "target_field")),
    "data.max_length",
    *("text.shared", "text.sampling", "model.share_embeddings"),
    *_keys_below("model.encoder"),
    *(
        f"model.decoder.{name}"
        for name in ("placement", "input_feeding", "coverage", "feed_context", "bridge")
    ),
    *(f"model.decoder.attention_{name}" for name in ("width", "heads", "window", "positions")),
    "model.decoder.copying",
    *(f"training.{name}" for name in ("max_sentences", "scheduled_sampling", "teacher", "distillation")),
    *(
        f"training.{name}"
        for name in ("minimum_risk", "risk_share", "risk_samples", "risk_sharpness", "r_drop")
    ),
    *(f"training.{name}" for name in ("coverage_loss", "guided_alignment")),
    *(f"training.{name}" for name in ("validation_sentences", "validation_beam")),
    *_keys_below("search"),
)
"""Options that mean something only where a source is read, and the search for an output begins from it."""
WITH_A_SOURCE = f'a task that reads a source, such as task = "{TASKS[0].name}"'

HEARS = 'a task whose source is sound, such as task = "transcription"'
DECODER = tuple(
    f"model.decoder.{name}"
    for name in dict.fromkeys((*RecurrentDecoderConfig.model_fields, *TransformerDecoderConfig.model_fields))
)
SOUND_CONDITIONS = (
    Condition(
        (
            *_keys_below("audio"),
            *_keys_below("model.front_end"),
            "model.ctc_weight",
            "model.encoder.pyramid",
            "search.ctc_weight",
            "search.language_model",
        ),
        HEARS,
        lambda config: config.hears,
    ),
    Condition(
        ("text.shared", "model.share_embeddings", "data.long", "data.reference_fields"),
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
            "search.min_length",
            "search.no_repeat_ngram",
            "search.allow_unknown",
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


def _of_dialogues(config: Config) -> bool:
    return task_named(config.task).source == "history"


def _has_fields(config: Config) -> bool:
    """Whether a JSON line may be read that holds a pair."""
    return config.data.format in ("jsonl", "auto") and not _of_dialogues(config)


CONDITIONS = (
    *SOUND_CONDITIONS,
    Condition(OF_PAIRS, WITH_A_SOURCE, _reads_pairs),
    Condition(
        ("data.held_out", "training.chunk", "training.chunks"),
        'task = "generation"',
        lambda config: not _reads_pairs(config),
    ),
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
        'a training.guided_alignment above 0, and another task than "dialogue"',
        lambda config: config.training.guided_alignment > 0 and not _of_dialogues(config),
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
        ("model.pooling_width",),
        'model.pooling = "attention"',
        lambda config: config.model.pooling == "attention",
    ),
    Condition(
        ("search.allow_unknown",),
        'text.tokenizer = "word", "space" or "character", as others can write any word',
        lambda config: config.text.kinds[1] in ("word", "space", "character"),
    ),
    Condition(
        ("text.vocabulary_size",),
        'another text.tokenizer than "byte", which has one symbol a byte',
        lambda config: set(config.text.kinds) != {"byte"},
    ),
    Condition(
        ("data.reference_fields",),
        'data.format = "jsonl" or "auto", and another task than "dialogue"',
        _has_fields,
    ),
    Condition(
        ("model.encoder.feature_positions",),
        'data.feature_columns and model.encoder.positions = "sinusoidal" or "learned"',
        lambda config: (
            bool(config.data.feature_columns)
            and config.model.encoder.kind == "transformer"
            and config.model.encoder.positions != "rotary"
        ),
    ),
    Condition(
        ("text.tokenizer",),
        "a side that has no tokenizer of its own",
        lambda config: not (config.text.source_tokenizer and config.text.target_tokenizer),
    ),
    Condition(
        ("data.source_field",),
        'data.format = "jsonl" or "auto", no data.source_columns, and another task than "dialogue"',
        lambda config: _has_fields(config) and not config.data.source_columns,
    ),
    Condition(
        ("data.target_field",),
        'data.format = "jsonl" or "auto", no data.target_column, and another task than "dialogue"',
        lambda config: _has_fields(config) and config.data.target_column is None,
    ),
    Condition(
        ("data.back_translated", "data.long"),
        'another task than "dialogue"',
        lambda config: not _of_dialogues(config),
    ),
    Condition(
        (
            "data.source_columns",
            "data.target_column",
            "data.feature_columns",
            "text.source_tokenizer",
            "text.target_tokenizer",
        ),
        'a task from text to text, such as task = "transduction"',
        lambda config: (task_named(config.task).source, task_named(config.task).target) == ("text", "text"),
    ),
    Condition(("data.bot_speaker", "data.user_speaker"), 'task = "dialogue"', _of_dialogues),
)


DEFAULT_KIND = "recurrent"  # as config.layers begins with it
UNREAD_WITHOUT_A_TARGET_TEXT = (
    "model.decoder",
    "model.share_embeddings",
    "model.tie_output",
    "search",
    "text.shared",
    "text.vocabulary",
    "data.back_translated",
    "data.alignments",
    "data.reference_fields",
    "training.scheduled_sampling",
    "training.teacher",
    "training.distillation",
    "training.minimum_risk",
    "training.risk_share",
    "training.risk_samples",
    "training.risk_sharpness",
    "training.coverage_loss",
    "training.guided_alignment",
    "training.validation_sentences",
    "training.validation_beam",
)
"""Options, and tables of options, of what writes text."""


def _labels(config: Config) -> bool:
    return task_named(config.task).target != "text"


def _under(*names: str) -> tuple[str, ...]:
    """The keys of the options of those names, and of all in the tables of those names."""
    inside = tuple(f"{name}." for name in names)
    found = [option.key for option in all_options() if not option.is_table]
    return tuple(dict.fromkeys(key for key in found if key in names or key.startswith(inside)))


@cache
def conditions_of_tasks() -> tuple[Condition, ...]:
    """What is read for some tasks only."""
    return (
        Condition(
            _under(*UNREAD_WITHOUT_A_TARGET_TEXT),
            "a task whose target is text, as translation",
            lambda config: not _labels(config),
        ),
        Condition(
            ("training.label_weights", "model.word_dropout", "data.vectors"),
            'task = "classification" or "tagging"',
            _labels,
        ),
        Condition(
            ("model.pooling", "model.pooling_width", "data.label_separator"),
            'task = "classification"',
            lambda config: task_named(config.task).target == "label",
        ),
        Condition(
            ("text.sampling",),
            'task = "translation" or "classification"',
            lambda config: task_named(config.task).target != "labels",
        ),
    )


def refuse_ignored(config: Config, layers: Sequence[Layer], preset: Mapping[str, Any]) -> None:
    """Raise ConfigError for the first option that a layer sets and that this configuration doesn't read."""
    for condition in (*conditions_of_tasks(), *CONDITIONS):
        if condition.holds(config):
            continue
        for key, layer in ((key, layer) for key in condition.keys for layer in layers if layer.sets(key)):
            value = _value(config, key)
            defaults = (
                [DEFAULT_KIND] if key.endswith(".kind") else [option.default for option in options_named(key)]
            )
            if value not in defaults and value != _in(preset, key):
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
        node = getattr(node, name, options_named(key)[0].default)  # another layer chose the other kind
    return node
