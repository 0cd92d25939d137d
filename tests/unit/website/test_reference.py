"""The reference says what the code says: every option, preset and verb, and the public names with their docstrings."""

from pathlib import Path

import seqloom
from seqloom.config.presets import preset_names
from seqloom.config.schema import json_schema
from seqloom_docs.commands import commands_page
from seqloom_docs.names import ROOMS, module_names, public_page, room_page, rooms
from seqloom_docs.options import options_page, sections, subsections, values
from seqloom_docs.presets import presets_page

PACKAGE = Path(seqloom.__file__).parent

SOURCE = '''\
"""What it is for.

Second paragraph, x < 1.
"""

LIMIT = 3


class Cell(Base):
    """A cell."""

    def __init__(self, size: int, *, bias: bool = True) -> None:
        self.size = size

    def step(self, x: Tensor) -> Tensor:
        """One step."""

    def undocumented(self): ...

    def _hidden(self) -> None:
        """Not shown."""


def long(
    first: dict[str, int], second: tuple[int, ...], /, third: str = "a, b", *more: float, fifth: int = 2, **rest
) -> int:
    """Many arguments."""


def bare(x, y=1): ...


def _hidden() -> None:
    """Not shown."""
'''


def test_every_option_has_its_row() -> None:
    schema = json_schema()
    page = options_page(schema)
    rows = page.splitlines()
    for name, _, section in sections(schema, "", schema):
        for key, option in section["properties"].items():
            found = [row for row in rows if row.startswith(f"| `{key}` |")]
            assert found, f"{name}.{key}"
            below = [
                each.get("description", "") for each in subsections(option, schema)
            ]  # where both say the same
            sentence = " ".join((option.get("description") or below[0]).split()).replace("|", "\\|")
            assert any(row.endswith(f"| {sentence} |") for row in found)
    assert "## [model.encoder], kind = transformer" in page
    assert "| `layers` | whole number ≥ 1 and ≤ 256 | `4` |" in page


def test_values_are_said_in_words() -> None:
    assert values({"enum": ["pre", "post"]}) == '`"pre"`, `"post"`'
    assert values({"type": "boolean"}) == "`true` or `false`"
    assert (
        values({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": "none"}]})
        == 'number > 0 or `"none"`'
    )
    assert values({"type": ["array", "string"]}) == "a list or text"
    assert (
        values({"type": "integer", "minimum": 0, "exclusiveMaximum": 2**63}) == "whole number ≥ 0 and < 2^63"
    )


def test_names_are_read_from_the_source() -> None:
    docstring, names = module_names(SOURCE)
    assert docstring.startswith("What it is for.")
    cell, long, bare = names
    assert bare.signature == "bare(x, y=1)"
    assert cell.signature == "class Cell(Base)\nCell(size: int, *, bias: bool = True)"
    assert [member.signature for member in cell.members] == ["step(x: Tensor) -> Tensor"]
    assert long.signature == (
        "long(\n    first: dict[str, int],\n    second: tuple[int, ...],\n    /,\n    third: str = 'a, b',\n"
        "    *more: float,\n    fifth: int = 2,\n    **rest,\n) -> int"
    )


def test_a_room_s_page_keeps_docstrings_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers" / "cells.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "layers" / "__init__.py").write_text("", encoding="utf-8")
    assert rooms(tmp_path) == ["layers"]
    page = room_page(tmp_path, "layers")
    assert page.startswith(f"# seqloom.layers\n\n{ROOMS['layers'][0].upper()}")
    assert "## seqloom.layers.cells" in page
    assert '<div class="docstring">What it is for.\n&#8203;\nSecond paragraph, x &lt; 1.</div>' in page
    assert "```python\nCell.step(x: Tensor) -> Tensor\n```" in page
    assert "_hidden" not in page


def test_every_room_of_the_package_is_listed() -> None:
    there = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert there - {"cli", "engine"} == set(rooms(PACKAGE))


def test_the_public_names_are_all_there() -> None:
    page = public_page(PACKAGE)
    for name in seqloom.__all__:
        assert f"\n## {name}\n" in page


def test_every_preset_and_every_verb_is_there() -> None:
    presets, commands = presets_page(), commands_page()
    for name in preset_names():
        assert f"\n## {name}\n" in presets
    for verb in ("new", "check", "train", "translate", "evaluate", "inspect", "average", "presets"):
        assert f"\n## {verb}\n\n``` {{ .text .printed }}\nUsage: seqloom {verb} " in commands
    assert max(map(len, commands.splitlines())) <= 100
