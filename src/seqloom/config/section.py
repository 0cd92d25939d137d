"""What every section of a configuration shares: strictness, the words for "not set", and contradictions.

A section is a frozen pydantic model that refuses unknown keys and wrong types: TOML has types, so nothing is
converted ("256" is not 256, and `true` is not 1).
"""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

NONE = "none"
"""How a person writes "not set" in TOML, which has no null."""


class Section(BaseModel):
    """A frozen table of options; an unknown key, a wrong type, NaN and infinity are refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, validate_default=False
    )


def _none_word(value: object) -> object:
    """Read the word "none" as None, in options that may be unset."""
    return None if isinstance(value, str) and value == NONE else value


def _one_path(value: object) -> object:
    """Read a single path or name as a list of one, and a list as the tuple it is kept in."""
    if isinstance(value, str):
        return () if value == NONE else (value,)
    return tuple(value) if isinstance(value, list) else value


def _pair(value: object) -> object:
    """Read a TOML array as the tuple it is kept in."""
    return tuple(value) if isinstance(value, list) else value


MayBeNone = BeforeValidator(_none_word)
Count = Annotated[int, Field(ge=1)]
CountOrZero = Annotated[int, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]
NotNegative = Annotated[float, Field(ge=0.0)]
Positive = Annotated[float, Field(gt=0.0)]
Layers = Annotated[int, Field(ge=1, le=256)]
Size = Annotated[int, Field(ge=1, le=65_536)]
OptionalCount = Annotated[Count | None, MayBeNone]
OptionalSize = Annotated[Size | None, MayBeNone]
OptionalFraction = Annotated[Fraction | None, MayBeNone]
OptionalPositive = Annotated[Positive | None, MayBeNone]
OptionalText = Annotated[Annotated[str, Field(min_length=1)] | None, MayBeNone]


def _allow_one_path(schema: dict[str, Any]) -> None:
    """Let the JSON schema allow a text where one path or name may stand for a list of one."""
    schema["type"] = ["array", "string"]


Paths = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    Field(json_schema_extra=_allow_one_path),
    BeforeValidator(_one_path),
]
NAMES = "names"  # told from files where an option's values are described
Names = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    NAMES,
    Field(json_schema_extra=_allow_one_path),
    BeforeValidator(_one_path),
]
Pair = Annotated[tuple[Fraction, Fraction], BeforeValidator(_pair)]


def contradiction(problem: str, mend: str, keys: Sequence[str]) -> PydanticCustomError:
    """Make the error for options that are each valid but don't go together.

    problem  a clause that names the keys and their values, without a full stop
    mend     a sentence that says what to write instead
    keys     the dotted keys at fault, from which the reader finds the file and line
    """
    return PydanticCustomError(
        "contradiction", "{problem}. {mend}", {"problem": problem, "mend": mend, "keys": tuple(keys)}
    )
