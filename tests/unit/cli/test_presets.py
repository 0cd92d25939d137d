"""What `seqloom presets` prints is of use: configurations that read back, a schema, a line each."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import Answer
from seqloom.config.presets import preset_names
from seqloom.config.read import build_config, read_config
from seqloom.config.schema import json_schema

Here = Callable[..., Answer]


def test_a_line_each(here: Here) -> None:
    lines = here("presets").out.splitlines()
    assert tuple(line.split()[0] for line in lines[: len(preset_names())]) == preset_names()
    assert lines[-1] == "One of them as TOML: seqloom presets translation-gru"


@pytest.mark.parametrize("more", [[], ["--full"]])
@pytest.mark.parametrize("name", preset_names())
def test_what_is_shown_is_a_configuration(here: Here, tmp_path: Path, name: str, more: list[str]) -> None:
    shown = here("presets", name, *more).out
    (tmp_path / "shown.toml").write_text(shown)
    assert read_config(tmp_path / "shown.toml") == build_config({"preset": name})
    assert shown.startswith("# ")


def test_the_schema(here: Here) -> None:
    assert json.loads(here("presets", "--schema").out) == json.loads(json.dumps(json_schema()))
