"""The exception tree is the one that is drawn, exit codes included."""

import re

import pytest

from seqloom.base import errors
from seqloom.base.errors import EmptyMemoryError, SeqloomError, ShapeError


def drawn_tree() -> dict[str, tuple[str, int]]:
    """Each class in the module's drawing, with its parent and exit code."""
    found: dict[str, tuple[str, int]] = {}
    above: list[str] = []
    for branch, name, code in re.findall(r"^([│├└─ ]*)(\w+) +(\d+)   ", errors.__doc__ or "", re.MULTILINE):
        depth = len(branch) // 4
        above = above[:depth]
        found[name] = (above[-1] if above else "Exception", int(code))
        above.append(name)
    return found


def test_the_drawing_is_the_tree() -> None:
    written = {
        name: (value.__bases__[0].__name__, value.exit_code)
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, SeqloomError)
    }
    assert drawn_tree() == written
    assert len(written) >= 13


def test_exit_codes_are_the_documented_ones() -> None:
    expected = {"UsageError": 2, "ConfigError": 2, "DataError": 3, "EncodingFault": 3, "DamagedModelError": 4}
    expected |= {"ResourceError": 5, "MissingDependencyError": 5, "RunLockedError": 5, "Interrupted": 75}
    assert {name: getattr(errors, name).exit_code for name in expected} == expected


def test_a_wrong_shape_is_a_value_error_too() -> None:
    with pytest.raises(ValueError, match=r"^nothing to see$"):
        raise EmptyMemoryError("nothing to see")
    assert issubclass(EmptyMemoryError, ShapeError)


def test_the_message_is_what_a_person_reads() -> None:
    assert str(SeqloomError("The corpus is empty.")) == "The corpus is empty."
