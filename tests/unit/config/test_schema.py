"""The whole configuration: what sections say of each other, and the JSON schema."""

import json

import pytest
from pydantic import ValidationError

from seqloom.config.presets import preset_names
from seqloom.config.schema import BOUNDS, Config, json_schema


def fault(**values) -> str:
    """Give the one message with which the schema refuses these values."""
    values.setdefault("training", {"max_updates": 10})
    with pytest.raises(ValidationError) as caught:
        Config(**values)
    (error,) = caught.value.errors()
    return error["msg"]


def test_a_run_needs_a_bound():
    expected = (
        "training has no bound. Set one of training.max_epochs, max_minutes, max_updates or max_tokens."
    )
    assert fault(training={}) == expected


@pytest.mark.parametrize("bound", BOUNDS)
def test_any_one_bound_is_enough(bound):
    assert getattr(Config(training={bound: 3}).training, bound) == 3


def test_shared_embeddings_need_a_shared_vocabulary():
    assert fault(text={"shared": False}) == (
        "model.share_embeddings = true needs one vocabulary for both sides, but text.shared = false. "
        "Set text.shared = true, or model.share_embeddings = false."
    )
    config = Config(text={"shared": False}, model={"share_embeddings": False}, training={"max_updates": 1})
    assert config.model.tie_output


@pytest.mark.parametrize(
    ("section", "key", "meaning"),
    [
        ("search", "coverage_penalty", "counts what attention covered"),
        ("training", "coverage_loss", "is for looking again at a position"),
        ("training", "guided_alignment", "teaches attention where to look"),
    ],
)
def test_what_reads_attention_needs_attention(section, key, meaning):
    model = {"decoder": {"kind": "recurrent", "attention": "none"}}
    values = {"training": {"max_updates": 10}, "data": {"alignments": "links"}}
    values[section] = values.get(section, {}) | {key: 0.5}
    assert fault(model=model, **values) == (
        f'{section}.{key} = 0.5 {meaning}, but model.decoder.attention = "none". '
        f"Set {section}.{key} = 0, or a model.decoder.attention."
    )
    Config(model=model, training={"max_updates": 1})
    for decoder in ({"kind": "recurrent"}, {"kind": "transformer"}):
        assert getattr(getattr(Config(model={"decoder": decoder}, **values), section), key) == 0.5


def test_guided_alignment_needs_word_alignments():
    assert fault(training={"max_updates": 10, "guided_alignment": 0.1}) == (
        "training.guided_alignment = 0.1 teaches attention the word alignments of the training pairs, but "
        "data.alignments names no file. Set data.alignments, or training.guided_alignment = 0."
    )


@pytest.mark.parametrize("kind", ["recurrent", "transformer"])
@pytest.mark.parametrize(
    ("options", "problem", "mend"),
    [
        (
            {"text": {"shared": False}},
            "puts symbols of the source into the target, but text.shared = false",
            "Set text.shared = true",
        ),
        (
            {"training": {"max_updates": 1, "teacher": "runs/old"}},
            "writes words that training.teacher = runs/old has no probability for",
            "Leave out training.teacher",
        ),
        (
            {"training": {"max_updates": 1, "minimum_risk": "bleu"}},
            'writes words that training.minimum_risk = "bleu" can\'t spell',
            'Set training.minimum_risk = "none"',
        ),
    ],
)
def test_what_copying_doesnt_go_with_is_refused(kind, options, problem, mend):
    model = {"decoder": {"kind": kind, "copying": True}}
    assert fault(model=model, **options) == (
        f"model.decoder.copying = true {problem}. {mend}, or model.decoder.copying = false."
    )
    assert Config(model=model, training={"max_updates": 1}).model.decoder.copying


@pytest.mark.parametrize(
    ("options", "problem", "mend"),
    [
        (
            {"training": {"scheduled_sampling": 0.5}},
            "compares two passes over the same symbols, but training.scheduled_sampling = 0.5",
            "training.scheduled_sampling = 0",
        ),
        (
            {"training": {"minimum_risk": "chrf"}},
            'is a part of the likelihood\'s loss, but training.minimum_risk = "chrf"',
            'training.minimum_risk = "none"',
        ),
        (
            {"model": {"dropout": 0.0}},
            "compares two passes with different dropout, but model.dropout = 0",
            "model.dropout = 0.3",
        ),
    ],
)
def test_two_passes_differ_in_their_dropout_and_in_nothing_else(options, problem, mend):
    training = {"max_updates": 1, "r_drop": 5, **options.pop("training", {})}
    assert fault(training=training, **options) == (
        f"training.r_drop = 5.0 {problem}. Set {mend}, or training.r_drop = 0."
    )


@pytest.mark.parametrize(
    "model",
    [
        {"dropout": 0.3},
        {"dropout": 0.0, "encoder": {"kind": "recurrent", "recurrent_dropout": 0.3}},
        {"dropout": 0.0, "decoder": {"kind": "transformer", "attention_dropout": 0.3}},
        {"dropout": 0.0, "decoder": {"kind": "recurrent", "dropout": 0.3}},
    ],
)
def test_any_dropout_lets_two_passes_differ(model):
    assert Config(model=model, training={"max_updates": 1, "r_drop": 5}).training.r_drop == 5


def test_bpe_takes_its_sampling_as_a_probability():
    assert fault(text={"sampling": 5.0}) == (
        "text.sampling = 5.0 is the probability that BPE leaves out a merge, so at most 1. "
        'Set text.sampling = 0.1, which is usual, or text.tokenizer = "unigram", where it is a temperature.'
    )
    Config(text={"sampling": 5.0, "tokenizer": "unigram"}, training={"max_updates": 1})


def test_the_schema_names_the_presets():
    assert json_schema()["properties"]["preset"]["enum"] == [*preset_names(), "none"]


def test_plateau_and_patience_need_validation():
    data = {"train": ["a", "b"]}
    assert fault(data=data, training={"max_updates": 1, "schedule": "plateau"}) == (
        'training.schedule = "plateau" waits for validations, but data.valid names no files. '
        'Set data.valid, or training.schedule = "cosine".'
    )
    assert fault(data=data, training={"max_updates": 1, "patience": 3}) == (
        "training.patience = 3 waits for validations, but data.valid names no files. "
        "Set data.valid, or training.patience = 0."
    )
    Config(
        data=data | {"valid": ["c", "d"]}, training={"max_updates": 1, "patience": 3, "schedule": "plateau"}
    )
    Config(data=data, training={"max_updates": 1})


def test_alignments_and_cut_sources_dont_go_together():
    data = {"alignments": "links", "long": "cut"}
    assert fault(data=data, training={"max_updates": 1, "guided_alignment": 0.1}) == (
        'data.long = "cut" cuts sources, but data.alignments = "links" links all their words. '
        'Set data.long = "leave_out", or leave out data.alignments.'
    )


def test_a_summarizer_is_best_by_rouge():
    training = {"max_updates": 1, "best_by": "bleu"}
    assert fault(task="summarization", training=training) == (
        'training.best_by = "bleu" is none of what task = "summarization" is measured by. '
        'Set training.best_by = "loss" or "rouge1" or "rouge2" or "rougeL".'
    )
    Config(task="summarization", training={**training, "best_by": "rougeL"})


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_learned_positions_reach_the_longest_pair(part):
    stack = {"kind": "transformer", "positions": "learned", "max_positions": 100}
    assert fault(model={part: stack}, data={"max_length": 100}) == (
        f"model.{part}.max_positions = 100 is fewer than data.max_length = 100 symbols and the end. "
        f"Set model.{part}.max_positions = 101, or data.max_length = 99."
    )
    Config(model={part: stack}, data={"max_length": 99}, training={"max_updates": 1})
    Config(model={part: stack | {"positions": "rotary"}}, training={"max_updates": 1})


def test_attention_by_location_reaches_the_longest_source():
    decoder = {"kind": "recurrent", "attention": "location", "attention_positions": 100}
    assert fault(model={"decoder": decoder}) == (
        "model.decoder.attention_positions = 100 is fewer than data.max_length = 256 symbols and the end. "
        "Set model.decoder.attention_positions = 257, or data.max_length = 99."
    )
    Config(model={"decoder": decoder}, data={"max_length": 99}, training={"max_updates": 1})
    Config(model={"decoder": decoder | {"attention_positions": 257}}, training={"max_updates": 1})


@pytest.mark.parametrize(
    ("model", "key"),
    [
        ({"encoder": {"kind": "transformer", "positions": "learned"}}, "model.encoder.max_positions"),
        ({"decoder": {"kind": "recurrent", "attention": "location"}}, "model.decoder.attention_positions"),
    ],
)
def test_positions_reach_the_longest_sound(model, key):
    _, part, name = key.split(".")
    held = {**model, part: {**model[part], name: 100}}
    sound = {
        "task": "transcription",
        "audio": {"max_seconds": 10},
        "data": {"max_length": 300},
        "training": {"max_updates": 1, "best_by": "loss"},
    }
    assert fault(model=held, **sound) == (
        f"{key} = 100 is fewer than audio.max_seconds = 10 makes, 250. Set {key} = 250."
    )
    enough = {**model, part: {**model[part], name: 250}}
    Config(model=enough, **sound)


def test_a_tag_takes_a_position_of_the_source():
    stack = {"kind": "transformer", "positions": "learned", "max_positions": 100}
    assert fault(model={"encoder": stack}, data={"max_length": 99, "back_translated": ["x.tsv"]}) == (
        "model.encoder.max_positions = 100 is fewer than data.max_length = 99 symbols and the end. "
        "Set model.encoder.max_positions = 101, or data.max_length = 98."
    )


def test_json_schema_describes_every_option():
    schema = json_schema()
    tables = [schema, *schema["$defs"].values()]
    options = [option for table in tables for option in table["properties"].items()]
    assert len(options) > 80
    for name, option in options:
        described = option if "$ref" not in option else schema["$defs"][option["$ref"].rpartition("/")[2]]
        assert described["description"].endswith("."), name
    assert all(table["additionalProperties"] is False for table in tables)
    assert json.loads(json.dumps(schema)) == schema


def test_json_schema_is_one_for_toml():
    schema = json_schema()
    assert "null" not in json.dumps(schema)
    training = schema["$defs"]["TrainingConfig"]["properties"]
    assert training["max_updates"]["anyOf"] == [{"minimum": 1, "type": "integer"}, {"const": "none"}]
    assert training["max_updates"]["default"] == "none"
    assert training["optimiser"]["enum"] == ["adamw", "adam", "sgd"]
    assert schema["$defs"]["DataConfig"]["properties"]["train"]["type"] == ["array", "string"]


def test_json_schema_lets_a_part_leave_out_its_kind():
    encoder = json_schema()["$defs"]["ModelConfig"]["properties"]["encoder"]
    assert encoder["anyOf"] == [
        {"$ref": "#/$defs/RecurrentEncoderConfig"},
        {"$ref": "#/$defs/TransformerEncoderConfig"},
    ]


@pytest.mark.parametrize(
    ("task", "form", "message"),
    [
        (
            "dialogue",
            "tsv",
            'data.format = "tsv" holds no dialogues, but task = "dialogue". Set data.format = "babi" or "jsonl".',
        ),
        (
            "translation",
            "babi",
            'data.format = "babi" holds dialogues, but task = "translation". '
            'Set task = "dialogue", or another data.format.',
        ),
    ],
)
def test_a_format_that_another_task_reads_is_refused(task, form, message):
    best_by = {"training": {"max_updates": 1, "best_by": "loss"}}
    assert fault(task=task, data={"format": form}, **best_by) == message


def test_the_best_is_chosen_by_a_metric_of_the_task():
    assert 'training.best_by = "bleu" is none of what task = "transduction" is measured by' in fault(
        task="transduction"
    )
    chosen = Config(task="transduction", training={"max_updates": 1, "best_by": "symbol_error_rate"})
    assert chosen.training.best_by == "symbol_error_rate"
