"""The table of tasks."""

from typing import get_args

from seqloom.config.schema import Config
from seqloom.config.tasks import TASKS
from seqloom.metrics.measure import METRICS, OF_SEVERAL, TITLES


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
    assert of_outputs <= METRICS.keys() | OF_SEVERAL.keys()
    assert METRICS.keys() | OF_SEVERAL.keys() <= TITLES.keys()
    assert {name for task in TASKS for name in task.metrics} - {"perplexity"} <= TITLES.keys()


def test_translation():
    (task,) = [task for task in TASKS if task.name == "translation"]
    assert (task.source, task.target, task.family) == ("text", "text", "seq2seq")
    assert task.metrics == ("bleu", "chrf")


def test_summarization():
    (task,) = [task for task in TASKS if task.name == "summarization"]
    assert (task.source, task.target, task.family) == ("text", "text", "seq2seq")
    assert task.metrics == ("rouge1", "rouge2", "rougeL")
