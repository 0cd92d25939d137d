"""Figures quoted from a record: where each stands and how it is written, so that no number of a page is without origin.

A sentence is a template in which ⟦/models/0/parameters|whole⟧ stands for the figure at that place of the record.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from seqloom.base.progress import duration

QUOTE = re.compile(r"⟦([^|⟧]*)\|(\w+)⟧")
ABSENT = "–"


def _p_value(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


FORMATS: Mapping[str, Callable[[Any], str]] = {
    "whole": lambda value: f"{value:z,.0f}",
    "one": lambda value: f"{value:z,.1f}",
    "size": lambda value: f"{abs(value):z,.1f}",
    "two": lambda value: f"{value:z,.2f}",
    "three": lambda value: f"{value:z,.3f}",
    "percent": lambda value: f"{100 * value:z.0f} %",
    "percent_one": lambda value: f"{100 * value:+z.1f} %",
    "signed": lambda value: f"{value:+z.1f}",
    "p": _p_value,
    "duration": duration,
    "list": lambda value: ", ".join(map(str, value)),
    "text": str,
}
"""How a value is written, by name."""


def find(record: Any, place: str) -> Any:
    """The value at a place, its names after slashes. Raises KeyError for a place that isn't there."""
    for name in place.split("/")[1:]:
        if isinstance(record, list) and name.isdecimal() and int(name) < len(record):
            record = record[int(name)]
        elif isinstance(record, Mapping) and name in record:
            record = record[name]
        else:
            raise KeyError(place)
    return record


def written(record: Any, place: str, form: str) -> str:
    """The value at a place as it is written; a dash where it is null."""
    value = find(record, place)
    return ABSENT if value is None else FORMATS[form](value)


def quote(place: str, form: str) -> str:
    """A figure within a template."""
    return f"⟦{place}|{form}⟧"


def quote_interval(record: Any, place: str, form: str) -> str:
    """A mean within a template, with the bounds of its interval where there are any."""
    mean = quote(f"{place}/mean", form)
    if find(record, place)["low"] is None:
        return mean
    return f"{mean} ({quote(f'{place}/low', form)} to {quote(f'{place}/high', form)})"


def tell(record: Any, template: str, render: Callable[[str, str, str], str] | None = None) -> str:
    """The sentence of a template. render: of place, format and text, what stands for a figure; its text if None."""

    def replaced(match: re.Match[str]) -> str:
        text = written(record, match[1], match[2])
        return text if render is None else render(match[1], match[2], text)

    return QUOTE.sub(replaced, template)
