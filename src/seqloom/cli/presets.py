"""`seqloom presets`: the recipes to start from, and the schema of every option."""

import json
from typing import Annotated

import typer

from seqloom.cli.completion import complete_preset

EXAMPLES = """
\b
Examples:
  seqloom presets translation-transformer-tiny > mine.toml
      A configuration of your own that starts from the preset.
  seqloom presets --schema > seqloom.schema.json
      For editors that complete and check TOML.
"""


def presets(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Show this one.", autocompletion=complete_preset),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Every option, with its meaning and its value.")
    ] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="The JSON schema of a configuration file, for editors.")
    ] = False,
) -> None:
    """List the presets, or show one as TOML."""
    from seqloom.base.errors import UsageError
    from seqloom.config.presets import preset_description, preset_names

    if schema:
        if name or full:
            raise UsageError("--schema is the same for every preset. Leave out the name and --full.")
        from seqloom.config.schema import json_schema

        print(json.dumps(json_schema(), ensure_ascii=False, indent=2))
    elif name:
        print(_full(name) if full else _recipe(name), end="")
    elif full:
        raise UsageError("--full shows one preset. Name it, as in: seqloom presets translation-gru --full")
    else:
        width = max(map(len, preset_names()))
        for each in preset_names():
            print(f"{each:{width}}  {preset_description(each)}")
        print(f"\nOne of them as TOML: seqloom presets {preset_names()[0]}")


def _recipe(name: str) -> str:
    """The preset's own file as a configuration that reads back: its description becomes a comment."""
    from seqloom.config.presets import preset_description, preset_text

    lines = [line for line in preset_text(name).splitlines() if not line.startswith("description = ")]
    body = "\n".join(lines).strip()
    return f'# {preset_description(name)}\n\npreset = "{name}"\n\n{body}\n'


def _full(name: str) -> str:
    from seqloom.config.read import build_config
    from seqloom.config.write import write_config

    return write_config(build_config({"preset": name}), comments=True)
