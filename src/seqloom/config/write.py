"""A configuration written out: TOML that reads back equal, and JSON of what it came to."""

from collections.abc import Iterator
from textwrap import wrap
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from seqloom.config.options import describe_type
from seqloom.config.schema import Config
from seqloom.config.toml import write_value

COMMENT_WIDTH = 108  # characters


def write_config(config: Config, *, comments: bool = False) -> str:
    """Write every option of a configuration as TOML; reading it again gives an equal Config.

    comments  put the sentence about each option above it, and the words to choose from
    """
    return "\n".join(_write_table(config, "", comments)).strip() + "\n"


def resolved(config: Config) -> dict[str, Any]:
    """Give every option as JSON types, for resolved.json; Config.model_validate reads it back."""
    return config.model_dump(mode="json")


def _write_table(section: BaseModel, key: str, comments: bool) -> Iterator[str]:
    """Write the options of a section first, then its tables, as TOML needs it."""
    if key:
        yield from ("", f"[{key}]")
    fields = type(section).model_fields
    values = {name: getattr(section, name) for name in fields}
    for name, value in values.items():
        if isinstance(value, BaseModel):
            continue
        if comments:
            yield from ("", *(f"# {line}" for line in wrap(_describe(fields[name]), COMMENT_WIDTH)))
        yield f"{name} = {write_value(value)}"
    for name, value in values.items():
        if isinstance(value, BaseModel):
            yield from _write_table(value, f"{key}.{name}".lstrip("."), comments)


def _describe(field: FieldInfo) -> str:
    """The sentence about an option, and what there is to choose from."""
    sentence = field.description or ""
    if get_origin(field.annotation) is Literal and len(get_args(field.annotation)) > 1:
        return f"{sentence} One of {describe_type(field.annotation, [])}."
    return sentence
