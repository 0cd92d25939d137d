"""The reference of options: each section of a configuration as a table, from the schema of `seqloom presets`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]
OPENING = """\
# Options

Every option of a configuration file, from the schema that training itself checks it by. Any of them can be set on the
command line too: `seqloom train mine/config.toml model.width=128`. `seqloom presets NAME --full` shows each with the
value that a preset gives it. Editors that complete and check TOML take [the schema](schema.json), which is what
`seqloom presets --schema` prints.
"""


def options_page(schema: Schema) -> str:
    """The page in Markdown, from `seqloom.config.schema.json_schema()`."""
    parts = [OPENING]
    for name, kind, section in sections(schema, "", schema):
        heading = "The run itself" if not name else f"[{name}]"
        parts.append(f"## {heading}{f', kind = {kind}' if kind else ''}\n")
        if described := _sentence(section.get("description", "")):
            parts.append(f"{described}\n")
        parts.append(_table(name, section["properties"], schema))
    return "\n".join(parts)


def sections(schema: Schema, name: str, section: Schema) -> Iterator[tuple[str, str, Schema]]:
    """This section and those below it: its dotted name, its kind where there are several, its schema."""
    kind = section.get("properties", {}).get("kind", {}).get("const", "")
    yield name, kind, section
    for key, option in section["properties"].items():
        for below in subsections(option, schema):
            yield from sections(schema, f"{name}.{key}" if name else key, below)


def subsections(option: Schema, schema: Schema) -> list[Schema]:
    """The tables that an option may be; none for one that is a value."""
    found = [_resolved(each, schema) for each in (option, *option.get("anyOf", ()), *option.get("allOf", ()))]
    return [each for each in found if "properties" in each]


def _resolved(node: Schema, schema: Schema) -> Schema:
    reference = node.get("$ref")
    return schema["$defs"][reference.rpartition("/")[2]] if reference else node


def _table(name: str, options: Mapping[str, Schema], schema: Schema) -> str:
    rows = ["| option | value | default | what it is |", "| --- | --- | --- | --- |"]
    for key, option in options.items():
        described = _cell(option.get("description", ""))
        below = subsections(option, schema)
        if below:
            target = f"{name}.{key}" if name else key
            described = described or _cell(below[0].get("description", ""))
            rows.append(f"| `{key}` | a table: `[{target}]` | | {described} |")
        else:
            rows.append(f"| `{key}` | {_cell(values(option))} | {_cell(default(option))} | {described} |")
    return "\n".join(rows) + "\n"


def values(option: Schema) -> str:
    """What an option may be, in words."""
    if "const" in option:
        return f"`{said(option['const'])}`"
    if "enum" in option:
        return ", ".join(f"`{said(each)}`" for each in option["enum"])
    if "anyOf" in option:
        return " or ".join(dict.fromkeys(values(each) for each in option["anyOf"]))
    kinds = option.get("type", "value")
    if isinstance(kinds, list):
        return " or ".join(values({**option, "type": kind}) for kind in kinds)
    names = {"integer": "whole number", "number": "number", "string": "text", "boolean": "`true` or `false`"}
    if kinds == "array":
        return "a list"
    return " ".join([names.get(kinds, str(kinds)), *_bounds(option)])


def _bounds(option: Schema) -> Sequence[str]:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {_number(option[key])}" for key, sign in signs.items() if key in option]
    return [" and ".join(bounds)] if bounds else []


def _number(value: float) -> str:
    """A bound; one that only a processor sets, as the power of two that it is."""
    if isinstance(value, int) and value >= 2**31 and value & (value - 1) == 0:
        return f"2^{value.bit_length() - 1}"
    return f"{value:,}"


def default(option: Schema) -> str:
    """What an option is where nobody sets it."""
    if "default" not in option:
        return ""
    value = option["default"]
    return "" if value == "" or value == [] else f"`{said(value)}`"


def said(value: object) -> str:
    """A value as TOML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _sentence(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _sentence(text).replace("|", "\\|")
