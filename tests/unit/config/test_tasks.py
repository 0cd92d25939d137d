"""The table of tasks."""

from typing import get_args

from seqloom.config.presets import read_preset
from seqloom.config.schema import Config
from seqloom.config.tasks import TASKS, task_named
from seqloom.config.training import TrainingConfig
from seqloom.metrics.measure import IN_CONTEXT, METRICS, OF_SEVERAL, TITLES


def test_the_schema_and_the_table_name_the_same_tasks():
    assert [task.name for task in TASKS] == list(get_args(Config.model_fields["task"].annotation))


def test_labels_of_texts_and_of_tokens():
    texts, tokens = [task for task in TASKS if task.family == "classifier"]
    assert (texts.name, texts.source, texts.target, texts.verb) == (
        "classification",
        "text",
        "label",
        "classify",
    )
    assert (tokens.name, tokens.source, tokens.target, tokens.verb) == (
        "tagging",
        "text",
        "labels",
        "classify",
    )
    assert texts.metrics == ("accuracy", "macro_f1")
    assert tokens.metrics == ("span_f1", "token_accuracy")


def test_every_metric_of_a_task_is_known_and_named():
    of_outputs = {name for task in TASKS if task.family != "language_model" for name in task.metrics}
    assert of_outputs <= METRICS.keys() | OF_SEVERAL.keys() | IN_CONTEXT.keys()
    assert METRICS.keys() | OF_SEVERAL.keys() | IN_CONTEXT.keys() <= TITLES.keys()
    assert {name for task in TASKS for name in task.metrics} - {"perplexity"} <= TITLES.keys()


def test_every_task_has_its_preset_its_metrics_and_its_verb():
    from seqloom.cli.main import app

    verbs = {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    }
    for task in TASKS:
        assert read_preset(task.preset)["task"] == task.name
        assert task.metrics
        if task.family != "language_model":  # which is best by its loss
            assert {*task.metrics} <= {*get_args(TrainingConfig.model_fields["best_by"].annotation)}
        assert task.verb in verbs


def test_dialogue_and_transduction():
    dialogue, transduction = (task_named(name) for name in ("dialogue", "transduction"))
    assert (dialogue.source, dialogue.verb) == ("history", "chat")
    assert dialogue.metrics == ("response_accuracy", "dialogue_accuracy")
    assert (transduction.source, transduction.verb) == ("text", "transduce")
    assert {dialogue.family, transduction.family} == {"seq2seq"}


def test_translation():
    (task,) = [task for task in TASKS if task.name == "translation"]
    assert (task.source, task.target, task.family) == ("text", "text", "seq2seq")
    assert task.metrics == ("bleu", "chrf")


def test_summarization():
    (task,) = [task for task in TASKS if task.name == "summarization"]
    assert (task.source, task.target, task.family) == ("text", "text", "seq2seq")
    assert task.metrics == ("rouge1", "rouge2", "rougeL")
