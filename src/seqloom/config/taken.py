"""The settings of text that come with the vocabulary of another run, which text.vocabulary names."""

from collections.abc import Mapping, Sequence
from typing import Any

from seqloom.base.errors import ConfigError
from seqloom.config.layers import Layer
from seqloom.config.schema import Config
from seqloom.config.section import NONE
from seqloom.config.tasks import TASKS, task_named
from seqloom.config.toml import show_value

OF_ONE_TEXT = {"language_model", "speech"}  # families whose vocabulary is one tokenizer
OF_A_TOKENIZER = ("tokenizer", "vocabulary_size", "normalisation", "lowercase")
OF_BOTH_SIDES = ("source_tokenizer", "target_tokenizer", "shared")


def taken_settings(its: Config, run: str, task: str) -> dict[str, Any]:
    """The options of text that a run for a task gets with the vocabulary of another.

    its     configuration of the run that is named, `run` its folder
    Raises  ConfigError for one whose task has another sort of vocabulary
    """
    family = task_named(task).family
    alike = OF_ONE_TEXT if family in OF_ONE_TEXT else {family}
    if its.family not in alike:
        others = [f'"{known.name}"' for known in TASKS if known.family in alike]
        raise ConfigError(
            f'text.vocabulary = "{run}" is a run for task = "{its.task}", whose vocabulary can\'t serve task = '
            f'"{task}". Name a run for {", ".join(others[:-1])} or {others[-1]}.'
        )
    names = OF_A_TOKENIZER if family in OF_ONE_TEXT else (*OF_A_TOKENIZER, *OF_BOTH_SIDES)
    bytes_alone = set(its.text.kinds) == {"byte"}  # whose number nobody chooses
    return {
        name: getattr(its.text, name) for name in names if not (name == "vocabulary_size" and bytes_alone)
    }


def refuse_others(taken: Mapping[str, Any], run: str, layers: Sequence[Layer]) -> None:
    """Raise ConfigError for a layer that sets one of the options that are taken otherwise."""
    for name, value in taken.items():
        for layer in (layer for layer in layers if layer.sets(f"text.{name}")):
            asked = layer.tree["text"][name]
            if asked != value and not (value is None and asked == NONE):
                raise ConfigError(
                    f"text.{name} = {show_value(asked)} ({layer.locate(f'text.{name}')}) contradicts text.vocabulary "
                    f'= "{run}", which has {show_value(value)}. Leave out one of the two.'
                )
