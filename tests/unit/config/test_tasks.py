"""The table of tasks."""

from typing import get_args

from seqloom.config.schema import Config
from seqloom.config.tasks import TASKS


def test_the_schema_and_the_table_name_the_same_tasks():
    assert [task.name for task in TASKS] == list(get_args(Config.model_fields["task"].annotation))


def test_translation():
    (task,) = [task for task in TASKS if task.name == "translation"]
    assert (task.source, task.target, task.family) == ("text", "text", "seq2seq")
    assert task.metrics == ("bleu", "chrf")


def test_summarization():
    (task,) = [task for task in TASKS if task.name == "summarization"]
    assert (task.source, task.target, task.family) == ("text", "text", "seq2seq")
    assert task.metrics == ("rouge1", "rouge2", "rougeL")
