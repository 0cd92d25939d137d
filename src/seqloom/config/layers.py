"""The layers of a configuration: preset, file and command line, each over the one before.

Two rules go beyond "the later layer wins": a layer that changes the kind of encoder or decoder starts that part
afresh, and a layer that sets a bound of the training replaces the bounds of the layers below it.
"""

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seqloom.base.errors import ConfigError
from seqloom.config.data import PARTS as DATA_PARTS
from seqloom.config.section import NONE
from seqloom.config.toml import check_depth, show_text, too_deep
from seqloom.config.training import BOUNDS

PARTS = ("encoder", "decoder")
RUNS = ("start_from", "teacher")  # options of training that name the folder of a run
ALONE = {
    "training": RUNS,
    "search": ("language_model",),
    "text": ("vocabulary",),
    "data": ("cache", "alignments", "vectors"),
}
"""Options that name one file or folder, by their tables."""
COMMAND_LINE = "command line"


@dataclass(frozen=True)
class Layer:
    """Values from one place.

    place  how messages name it: "config.toml", "command line", "preset translation-gru"
    tree   nested tables as TOML gives them
    lines  line of each key, where the place is a file
    """

    place: str
    tree: dict[str, Any]
    lines: Mapping[tuple[str, ...], int] = field(default_factory=dict)

    def sets(self, key: str) -> bool:
        """Whether this layer holds the key, or the table of that name."""
        node: Any = self.tree
        for name in key.split("."):
            if not isinstance(node, dict) or name not in node:
                return False
            node = node[name]
        return True

    def locate(self, key: str) -> str:
        """Name the place of a key of this layer, with its line where there is one."""
        line = self.lines.get(tuple(key.split(".")))
        return self.place if line is None else f"{self.place}, line {line}"


def read_overrides(overrides: Sequence[str]) -> Layer:
    """Read overrides such as "model.width=256" into a layer; a later one wins over an earlier one.

    Values are TOML, and what isn't is taken as text, so that `model.encoder.cell=lstm` needs no quotes.
    Raises ConfigError for one without "=", with an empty name, or with a list or text that doesn't end.
    """
    tree: dict[str, Any] = {}
    for override in overrides:
        key, equals, text = override.partition("=")
        names = [name.strip() for name in key.split(".")]
        if not equals or not all(names):
            raise ConfigError(
                f'The override "{show_text(override)}" ({COMMAND_LINE}) is not of the form key=value. '
                "Write it as in model.width=256."
            )
        node = tree
        for name in names[:-1]:
            inner = node.setdefault(name, {})
            if not isinstance(inner, dict):
                raise _table_and_value(key)
            node = inner
        value = _read_value(text.strip(), override)
        if isinstance(node.get(names[-1]), dict) and not isinstance(value, dict):
            raise _table_and_value(key)
        node[names[-1]] = value
    check_depth(tree, f"An override ({COMMAND_LINE})")
    return Layer(COMMAND_LINE, tree)


def _table_and_value(key: str) -> ConfigError:
    return ConfigError(
        f'The override of "{show_text(key.strip())}" ({COMMAND_LINE}) contradicts another one: what is a table for the '
        "one is a value for the other. Leave out one of the two."
    )


def _read_value(text: str, override: str) -> object:
    """Read a value as TOML, or as the bare words that are left when a shell took the quotes."""
    try:
        parsed = tomllib.loads(f"value = {text}")
        if set(parsed) == {"value"}:
            return parsed["value"]
    except tomllib.TOMLDecodeError:
        pass
    except RecursionError:
        raise ConfigError(too_deep(f"An override ({COMMAND_LINE})")) from None
    if text.startswith("[") and text.endswith("]"):
        words = [word.strip() for word in text[1:-1].split(",")]
        return [_read_value(word, override) for word in words if word]
    if text[:1] in tuple("[{\"'"):
        raise ConfigError(
            f'The override "{show_text(override)}" ({COMMAND_LINE}) has a value that is not valid TOML. '
            "Close its brackets and quotation marks, and put the whole in single quotes for the shell."
        )
    return text


def merge(layers: Sequence[Layer]) -> dict[str, Any]:
    """Lay each layer over those before it and give the whole."""
    whole: dict[str, Any] = {"model": {part: {"kind": "recurrent"} for part in PARTS}}
    for layer in layers:
        for part in PARTS:
            _restart_part(whole, layer.tree, part)
        _replace_bounds(whole, layer.tree)
        _overlay(whole, layer.tree)
    return whole


def _overlay(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    for name, value in above.items():
        if isinstance(value, Mapping):
            table = below.get(name)
            below[name] = dict(table) if isinstance(table, dict) else {}
            _overlay(below[name], value)
        else:
            below[name] = value


def _table(tree: Any, *names: str) -> dict[str, Any]:
    """Give a table within a tree, or an empty one where there is none."""
    for name in names:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree if isinstance(tree, dict) else {}


def _restart_part(below: dict[str, Any], above: dict[str, Any], part: str) -> None:
    """Forget the encoder's or decoder's options when the layer above makes it another kind."""
    now = _table(below, "model", part)
    kind = _table(above, "model", part).get("kind")
    if kind is not None and now.get("kind") != kind:
        now.clear()


def _replace_bounds(below: dict[str, Any], above: dict[str, Any]) -> None:
    """Forget the bounds of the training when the layer above sets one."""
    training = _table(above, "training")
    if any(training.get(bound) not in (None, NONE) for bound in BOUNDS):
        for bound in BOUNDS:
            _table(below, "training").pop(bound, None)


def resolve_paths(tree: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Give the tree with the paths of data and runs made absolute, seen from the folder; "~" is the home folder.

    What isn't text is left for the schema to refuse.
    """
    for table, name in ((table, name) for table, names in ALONE.items() for name in names):
        path = _table(tree, table).get(name)
        if isinstance(path, str) and path != NONE:
            tree = {**tree, table: {**tree[table], name: _absolute(path, folder)}}
    data = _table(tree, "data")
    if not data:
        return tree
    resolved = dict(data)
    for name in DATA_PARTS:
        paths = resolved.get(name)
        if isinstance(paths, str):
            resolved[name] = paths if paths == NONE else _absolute(paths, folder)
        elif isinstance(paths, list | tuple):
            resolved[name] = [_absolute(path, folder) if isinstance(path, str) else path for path in paths]
    return {**tree, "data": resolved}


def _absolute(path: str, folder: Path) -> str:
    """Join and tidy without looking at the disk: links stay, and an unknown ~user is left as it is."""
    return os.path.abspath(folder / os.path.expanduser(path)) if path else path  # noqa: PTH100, PTH111
