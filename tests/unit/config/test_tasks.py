"""The table of tasks."""

from typing import get_args

import pytest

from seqloom.base.errors import ConfigError
from seqloom.config.schema import Config
from seqloom.config.tasks import TASKS, find_task


def test_the_schema_and_the_table_name_the_same_tasks():
    assert [task.name for task in TASKS] == list(get_args(Config.model_fields["task"].annotation))


def test_translation():
    task = find_task("translation")
    assert (task.source, task.target, task.family) == ("text", "text", "seq2seq")
    assert task.metrics == ("bleu", "chrf")


def test_an_unknown_task():
    with pytest.raises(ConfigError, match=r'^There is no task "dreaming"\. The tasks are: translation\.$'):
        find_task("dreaming")
