"""Each fault of a configuration as one sentence: what, where, expected, found, and how to mend it."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from seqloom.base.errors import ConfigError
from seqloom.config.layers import PARTS, Layer
from seqloom.config.options import Option, list_words, options_named
from seqloom.config.suggest import suggest_choice, suggest_key
from seqloom.config.toml import show_text, show_value

LARGEST_WRITTEN = 65_536  # a suggestion beyond it would mostly be refused in its turn


def explain(error: ValidationError, tree: dict[str, Any], layers: Sequence[Layer]) -> ConfigError:
    """Turn what the schema refused into one sentence about the first fault, and the keys of the others.

    tree    the values that were refused
    layers  where they came from, the lowest first; the last two are the file and the command line
    """
    sentences: dict[str, str] = {}  # a list with two faulty items is one fault
    for details in error.errors(include_url=False):
        key, sentence = _explain_one(details, tree, layers)
        sentences.setdefault(key, sentence)
    first, *others = sentences
    if not others:
        return ConfigError(sentences[first])
    others = [show_text(key) for key in others]
    shown = others if len(others) <= 4 else [*others[:3], f"{len(others) - 3} more"]
    return ConfigError(f"{sentences[first]} (Also wrong: {list_words(shown, last='and')}.)")


def _explain_one(details: ErrorDetails, tree: Mapping[str, Any], layers: Sequence[Layer]) -> tuple[str, str]:
    """Give the key at fault and the sentence about it."""
    key = _key_of(details["loc"])
    match details["type"]:
        case "contradiction":
            keys = list(details["ctx"]["keys"])
            place = _place_of(keys, layers)
            return keys[0], f"{details['ctx']['problem']}{place}. {details['ctx']['mend']}"
        case "extra_forbidden" | "invalid_key":
            return key, _explain_unknown(key, tree, layers)
        case "union_tag_invalid" | "union_tag_not_found":
            key = f"{key}.kind"
    while not options_named(key):
        key = key.rpartition(".")[0]  # an item of a list
    return key, _explain_value(key, tree, layers)


def _key_of(location: tuple[int | str, ...]) -> str:
    """Write pydantic's location as a key, without the kind that it puts after encoder and decoder."""
    names = [str(name) for name in location]
    if len(names) > 2 and names[0] == "model" and names[1] in PARTS:
        del names[2]
    return ".".join(names)


def _place_of(keys: Sequence[str], layers: Sequence[Layer]) -> str:
    """Name where the first of the keys was set, by the topmost layer that sets any: that is what to change."""
    for layer in reversed(layers):
        for key in keys:
            if layer.sets(key):
                return f" ({layer.locate(key)})"
    return f" ({layers[-2].place})"  # what is missing is missed in the file


def _find(tree: Any, key: str) -> object:
    """Give the value of a key, or None where the tree holds none."""
    for name in key.split("."):
        if not isinstance(tree, Mapping) or name not in tree:
            return None
        tree = tree[name]
    return tree


def _explain_unknown(key: str, tree: Mapping[str, Any], layers: Sequence[Layer]) -> str:
    place = _place_of([key], layers)
    kinds = [option.kind for option in options_named(key)]
    if not kinds:
        return f"{show_text(key)} is not an option{place}. {suggest_key(key)}"
    part, _, leaf = key.rpartition(".")
    found = show_value(_find(tree, f"{part}.kind"))
    return (
        f'{key} is an option of kind = "{kinds[0]}", but {part}.kind = {found}{place}. '
        f'Set {part}.kind = "{kinds[0]}", or leave out {leaf}.'
    )


def _explain_value(key: str, tree: Mapping[str, Any], layers: Sequence[Layer]) -> str:
    options = options_named(key)
    choices = tuple(dict.fromkeys(choice for option in options for choice in option.choices))
    expected = list_words([f'"{choice}"' for choice in choices]) if choices else options[0].expected
    value = _find(tree, key)
    mend = _mend_value(value, options[0], choices)
    return (
        f"{key} must be {expected}, but is {show_value(value)}{_place_of([key], layers)}.{mend and ' '}{mend}"
    )


def _mend_value(value: object, option: Option, choices: tuple[str, ...]) -> str:
    """Say what was probably meant, or "" where that can't be told."""
    if option.is_table:
        return f"Write its options under [{option.key}]."
    if choices:
        return suggest_choice(value, choices) if isinstance(value, str) else ""
    if isinstance(value, str):
        return _mend_text(value.strip(), option)
    if isinstance(value, float) and value.is_integer() and "a whole number" in option.expected:
        return f"Write {int(value)}." if abs(value) <= LARGEST_WRITTEN else ""
    if isinstance(value, int) and "a text" in option.expected:
        return f'Put it in quotes: "{value}".'
    if value is False and option.may_be_none:
        return 'Write "none" to leave it unset.'
    return ""


def _mend_text(text: str, option: Option) -> str:
    """Find the number or truth value that stands in a text."""
    if option.expected == "true or false":
        word = text.casefold()
        if word in ("true", "yes", "on", "1", "y"):
            return "Write true, without quotes."
        return "Write false, without quotes." if word in ("false", "no", "off", "0", "n", "none") else ""
    try:
        number = float(text)
    except ValueError:
        return ""
    return f"Write {int(number) if number.is_integer() else number}, without quotes."
