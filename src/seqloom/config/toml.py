"""TOML as a person writes it: parsed with faults explained, keys found again by their line, and written.

Python reads TOML but doesn't write it, and its parser doesn't tell lines. Both are small for what a
configuration holds: tables, strings, numbers, booleans and lists of these.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from seqloom.base.errors import ConfigError

LONGEST_STATEMENT = 20  # lines; what comes after a longer list has no line in messages
DEEPEST_KEY = 16  # tables within tables; a configuration has three

_AT_LINE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")
_BARE_VALUE = re.compile(r"^\s*[\w.\"'-]+\s*=\s*([^\s\"'\[{#][^#]*?)\s*(#.*)?$")


def parse_toml(text: str, place: str) -> dict[str, Any]:
    """Parse TOML text; a fault is a ConfigError that names the place, the line and what stands there."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        reason = _AT_LINE.sub("", str(error))
        lines = text.split("\n")
        number = int(found[1]) if found and found[1] else len(lines)
        line = lines[number - 1].strip() if number <= len(lines) else ""
        seen = f', in "{show_text(line)}"' if line else ""
        raise ConfigError(
            f"{place}, line {number}, is not valid TOML: {reason[:1].lower()}{reason[1:]}{seen}. "
            + _mend_syntax(reason, line)
        ) from None
    except RecursionError:
        raise ConfigError(too_deep(place)) from None
    check_depth(tree, place)
    return tree


def too_deep(place: str) -> str:
    """Say that a place holds tables within tables within tables."""
    return f"{place} nests lists or tables too deeply. A configuration has tables within tables, as [model.encoder]."


def check_depth(tree: Mapping[Any, Any], place: str) -> None:
    """Raise ConfigError for tables nested deeper than any configuration's, before something recurses into them."""
    pending: list[tuple[Mapping[Any, Any], int]] = [(tree, 1)]
    while pending:
        table, depth = pending.pop()
        if depth > DEEPEST_KEY:
            raise ConfigError(too_deep(place))
        pending += [(value, depth + 1) for value in table.values() if isinstance(value, Mapping)]


def _mend_syntax(reason: str, line: str) -> str:
    """Say how the fault in this line is mended, as far as the line shows it."""
    bare = _BARE_VALUE.match(line)
    if bare and bare[1].casefold() in ("true", "false", "yes", "no", "on", "off"):
        return "Write true or false."
    if bare and re.fullmatch(r"[+-]?\.\d+|[+-]?\d+\.", bare[1]):
        return "Write digits on both sides of the point, as in 0.3."
    if bare and not bare[1][0].isdigit():
        return f'Put text in quotes: "{show_text(bare[1])}".'
    if re.search(r"unclosed|unterminated|illegal character '.n'", reason, re.IGNORECASE):
        return "Close what is open: a list with ], a text with its quotation mark."
    if "table declaration" in reason:
        return "Write the table's name in brackets, as in [model.encoder]."
    if re.search(r"overwrite|twice|already|duplicate", reason, re.IGNORECASE):
        return "A key or table stands there twice; remove one."
    if ":" in line and "=" not in line:
        return "TOML separates key and value with =, not with a colon."
    return "Write it as key = value, with text in quotes, under a [table]."


def locate_keys(text: str) -> dict[tuple[str, ...], int]:
    """Find the line, counted from 1, on which each key and table of a valid TOML text is written first."""
    lines_of: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, statement in _statements(text):
        if statement.lstrip().startswith("["):
            table = next(iter(_keys_of(tomllib.loads(statement))), ())
            keys = [table]
        else:
            keys = [table + key for key in _keys_of(tomllib.loads(statement))]
        for key in keys:
            for length in range(1, len(key) + 1):
                lines_of.setdefault(key[:length], number)
    return lines_of


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Cut a TOML text into headers and assignments, each with its first line; a value may span lines."""
    pending: list[str] = []
    start = 0
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if not pending:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            start = number
        pending.append(line)
        statement = "\n".join(pending)
        try:
            tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            if len(pending) >= LONGEST_STATEMENT:
                return
            continue
        yield start, statement
        pending = []


def _keys_of(tree: Any) -> Iterator[tuple[str, ...]]:
    """Give the path of each leaf of a parsed statement."""
    if isinstance(tree, list) and tree and isinstance(tree[0], dict) and not tree[0]:
        tree = tree[0]  # a header of an array of tables
    if not isinstance(tree, dict) or not tree:
        yield ()
        return
    for name, value in tree.items():
        for rest in _keys_of(value):
            yield (name, *rest)


def write_value(value: object) -> str:
    """Write a value as TOML; None, which TOML lacks, as "none".

    Raises TypeError for what a configuration never holds.
    """
    if value is None:
        return '"none"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(write_value(item) for item in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key} = {write_value(item)}' for key, item in value.items())}}}"
    raise TypeError(f"a configuration holds no {type(value).__name__}")


def show_value(value: object) -> str:
    """Write a value for a message: as TOML where it can be, cut where it is long."""
    try:
        return show_text(write_value(value))
    except (TypeError, RecursionError):
        return show_text(str(value))


def show_text(text: str, most: int = 60) -> str:
    """Cut a text for a message, and spell out the characters that a terminal would obey or can't print."""
    cut = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in cut
    )
