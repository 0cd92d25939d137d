"""The options as a flat list, read off the schema: for messages, for suggestions and for the reference page."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from seqloom.config.schema import Config
from seqloom.config.section import NAMES

RANGE_WORDS = {"ge": "of at least", "gt": "above", "le": "at most", "lt": "below"}


@dataclass(frozen=True)
class Option:
    """One option, or one table of options, of the configuration.

    key          dotted, as in "model.encoder.layers"
    kind         which kind of encoder or decoder has it; None where that doesn't matter
    description  one sentence
    expected     what may stand there, in words: "a whole number of at least 1"
    default      None for a table, and for an option that is unset by default
    choices      the words that may stand there; empty where it isn't a choice
    is_table     whether it holds options instead of a value
    may_be_none  whether "none" may stand there
    """

    key: str
    kind: str | None
    description: str
    expected: str
    default: object
    choices: tuple[str, ...]
    is_table: bool
    may_be_none: bool

    @property
    def leaf(self) -> str:
        """The last word of the key."""
        return self.key.rpartition(".")[2]

    @property
    def parent(self) -> str:
        """The table that holds it; "" for the topmost."""
        return self.key.rpartition(".")[0]


@cache
def all_options() -> tuple[Option, ...]:
    """List every option and table, in the order of the schema; one of two kinds of a part is listed for each."""
    return tuple(_options_of(Config, prefix="", kind=None))


def options_named(key: str) -> tuple[Option, ...]:
    """Find the options of this key: none, one, or one for each kind."""
    return tuple(option for option in all_options() if option.key == key)


def _options_of(section: type[BaseModel], prefix: str, kind: str | None) -> Iterator[Option]:
    for name, field in section.model_fields.items():
        key = prefix + name
        sections = _sections_in(field.annotation)
        choices, may_be_none = _choices_in(field)
        yield Option(
            key=key,
            kind=kind,
            description=field.description or "",
            expected="a table" if sections else describe_type(field.annotation, field.metadata),
            default=None if sections else field.default,
            choices=choices,
            is_table=bool(sections),
            may_be_none=may_be_none,
        )
        for inner in sections:
            of_kind = inner.model_fields["kind"].default if len(sections) > 1 else kind
            yield from _options_of(inner, prefix=key + ".", kind=of_kind)


def _sections_in(annotation: Any) -> list[type[BaseModel]]:
    """Give the sections that a field may hold: one, or one for each kind, or none."""
    members = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else [annotation]
    return [member for member in members if isinstance(member, type) and issubclass(member, BaseModel)]


def _choices_in(field: FieldInfo) -> tuple[tuple[str, ...], bool]:
    """Give the words a field may hold, and whether it may be unset."""
    if get_origin(field.annotation) is Literal:
        return tuple(str(choice) for choice in get_args(field.annotation)), False
    return (), NoneType in get_args(field.annotation)


def describe_type(annotation: Any, limits: list[Any]) -> str:
    """Say in words what a value of this type and these limits is, as in "a number of at least 0"."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return describe_type(inner, [*limits, *_limits_in(more)])
    if origin is Literal:
        return list_words([f'"{choice}"' for choice in get_args(annotation)])
    if origin in (Union, UnionType):
        (inner,) = [member for member in get_args(annotation) if member is not NoneType]
        return f'{describe_type(inner, limits)}, or "none"'
    if origin is tuple:
        return _describe_tuple(get_args(annotation), limits)
    if annotation is str:
        return "a text in quotes"  # an empty one is never an option's value
    if annotation is bool:
        return "true or false"
    return ("a whole number" if annotation is int else "a number") + _describe_range(limits)


def _describe_tuple(members: tuple[Any, ...], limits: list[Any]) -> str:
    if members[-1] is Ellipsis:
        return "a list of names" if NAMES in limits else "a list of file names"
    return f"a list of {len(members)} values, each {describe_type(members[0], [])}"


def _limits_in(metadata: list[Any]) -> list[Any]:
    """Open the FieldInfo within an Annotated type, which holds the limits."""
    return [
        limit for item in metadata for limit in (item.metadata if isinstance(item, FieldInfo) else [item])
    ]


def _describe_range(limits: list[Any]) -> str:
    """Say the limits, as in " from 1 to 256", " of at least 0 and below 1" or ""."""
    bounds = {name: getattr(limit, name) for limit in limits for name in RANGE_WORDS if hasattr(limit, name)}
    shown = {name: f"{bound:g}" if isinstance(bound, float) else str(bound) for name, bound in bounds.items()}
    if shown.keys() == {"ge", "le"}:
        return f" from {shown['ge']} to {shown['le']}"
    words = " and ".join(f"{RANGE_WORDS[name]} {bound}" for name, bound in shown.items())
    return f" {words}" if words else ""


def list_words(words: list[str], last: str = "or") -> str:
    """Join words as a sentence does: "a", "a or b", "a, b or c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
