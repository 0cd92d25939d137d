"""The presets: complete recipes to start from, kept as TOML beside this file."""

import tomllib
from importlib.resources import files
from typing import Any

from seqloom.base.errors import ConfigError
from seqloom.config.suggest import did_you_mean

PRESETS = (
    "translation-gru",
    "translation-lstm",
    "translation-rnn",
    "translation-transformer-tiny",
    "translation-transformer-ssru",
    "translation-transformer-base",
    "translation-hybrid",
    "summarization-gru",
    "generation-lstm",
    "generation-gru",
    "generation-min-gru",
    "generation-elman",
    "generation-transformer",
    "classification-lstm",
    "tagging-lstm",
)


def preset_names() -> tuple[str, ...]:
    """Name the presets, the default one first."""
    return PRESETS


def preset_description(name: str) -> str:
    """Give the one line that says what a preset is for; ConfigError for an unknown name."""
    return str(tomllib.loads(preset_text(name))["description"])


def read_preset(name: str) -> dict[str, Any]:
    """Read a preset as the nested mapping that a configuration file would give; ConfigError if unknown."""
    content = tomllib.loads(preset_text(name))
    del content["description"]
    return content


def preset_text(name: str) -> str:
    """Give the TOML text of a preset, comments included; ConfigError for an unknown name."""
    if name not in PRESETS:
        mend = did_you_mean(name, PRESETS) or f"The presets are: {', '.join(PRESETS)}."
        raise ConfigError(f'There is no preset "{name}". {mend}')
    return files("seqloom.config").joinpath("presets", f"{name}.toml").read_text(encoding="utf-8")
