"""The reference of Python names: what each room of the package holds, from its source; nothing is imported."""

import ast
import html
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LONGEST = 88  # letters of a signature on one line
ROOMS = {  # by their floors, as CONTRIBUTING.md has them
    "base": "errors, shapes, randomness, files, progress",
    "config": "every option, presets, reading TOML",
    "text": "normalising, vocabularies, tokenizers",
    "audio": "waveforms to frames",
    "data": "readers, the corpus on disk, batching, memory tasks, the phrasebook",
    "layers": "cells, attention, positions, Transformer blocks",
    "models": "encoders, decoders, their state, building",
    "search": "greedy, beam, sampling, forced",
    "metrics": "one face over the field's metrics",
    "training": "loss, optimiser, schedule, loop, checkpoints, runs",
    "inspection": "attention maps, gates, gradient flow, memory span",
    "comparison": "several models, one corpus, one report",
    "pipeline": "text in, text out, over a run",
    "serving": "HTTP and the web page",
}


@dataclass(frozen=True)
class Name:
    """A class or function that others may call.

    signature  as it is written, without its body
    docstring  "" for none
    members    of a class: its public methods
    """

    name: str
    signature: str
    docstring: str
    members: tuple["Name", ...] = ()


def rooms(package: Path) -> list[str]:
    """The rooms that there are, in the order of their floors."""
    return [room for room in ROOMS if (package / room).is_dir()]


def room_page(package: Path, room: str) -> str:
    """A room's page in Markdown: its modules, and the public names of each."""
    parts = [f"# seqloom.{room}\n\n{ROOMS[room][0].upper()}{ROOMS[room][1:]}.\n"]
    for path in sorted((package / room).rglob("*.py")):
        module = ".".join(("seqloom", *path.relative_to(package).with_suffix("").parts)).removesuffix(
            ".__init__"
        )
        docstring, names = module_names(path.read_text(encoding="utf-8"))
        if not docstring and not names:
            continue
        parts.append(f"## {module}\n\n{preformatted(docstring)}")
        parts += [shown for name in names for shown in _shown(name)]
    return "\n".join(parts)


def public_page(package: Path) -> str:
    """What `import seqloom` gives."""
    docstring, _ = module_names((package / "__init__.py").read_text(encoding="utf-8"))
    parts = [f"# seqloom\n\n{preformatted(docstring)}"]
    for path in sorted((package / "pipeline").rglob("*.py")):
        wanted = set(public_names(package))
        for name in module_names(path.read_text(encoding="utf-8"))[1]:
            if name.name in wanted:
                parts += _shown(name, level=2)
    return "\n".join(parts)


def public_names(package: Path) -> list[str]:
    """`seqloom.__all__`."""
    for node in ast.parse((package / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            found: list[str] = ast.literal_eval(node.value)
            return found
    return []


def module_names(text: str) -> tuple[str, list[Name]]:
    """A module's docstring, and its public classes and functions in the order of the file."""
    tree = ast.parse(text)
    return ast.get_docstring(tree) or "", list(_public(tree.body))


def _public(nodes: list[ast.stmt]) -> Iterator[Name]:
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield Name(node.name, signature(node), ast.get_docstring(node) or "")
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            members = tuple(member for member in _public(node.body) if member.docstring)
            made = next((each for each in node.body if _named(each, "__init__")), None)
            taken = signature(made) if isinstance(made, ast.FunctionDef) else ""
            head = f"class {node.name}" + (
                f"({', '.join(map(ast.unparse, node.bases))})" if node.bases else ""
            )
            written = head if not taken else f"{head}\n{taken.replace('__init__', node.name, 1)}"
            yield Name(node.name, written, ast.get_docstring(node) or "", members)


def _named(node: ast.stmt, name: str) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == name


def signature(node: ast.FunctionDef) -> str:
    """A function's first lines: on one line where it fits, else an argument a line."""
    arguments = _arguments(node.args)
    if arguments[:1] in (["self"], ["cls"]):
        arguments = arguments[1:]
    result = ast.unparse(node.returns) if node.returns else "None"
    returned = "" if result == "None" else f" -> {result}"
    flat = f"{node.name}({', '.join(arguments)}){returned}"
    if len(flat) <= LONGEST:
        return flat
    lines = "".join(f"    {each},\n" for each in arguments)
    return f"{node.name}(\n{lines}){returned}"


def _arguments(arguments: ast.arguments) -> list[str]:
    """Each as it is written."""
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults))
    said = [_argument(*each) for each in zip(plain, [*defaults, *arguments.defaults], strict=True)]
    if arguments.posonlyargs:
        said.insert(len(arguments.posonlyargs), "/")
    if arguments.vararg:
        said.append(f"*{_argument(arguments.vararg)}")
    elif arguments.kwonlyargs:
        said.append("*")
    said += [_argument(*each) for each in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    return [*said, f"**{_argument(arguments.kwarg)}"] if arguments.kwarg else said


def _argument(argument: ast.arg, default: ast.expr | None = None) -> str:
    kind = f": {ast.unparse(argument.annotation)}" if argument.annotation else ""
    sign = " = " if kind else "="
    return argument.arg + kind + (f"{sign}{ast.unparse(default)}" if default else "")


def _shown(name: Name, level: int = 3) -> list[str]:
    parts = [
        f"{'#' * level} {name.name}\n\n```python\n{name.signature}\n```\n\n{preformatted(name.docstring)}"
    ]
    for member in name.members:
        parts.append(f"```python\n{name.name}.{member.signature}\n```\n\n{preformatted(member.docstring)}")
    return parts


def preformatted(docstring: str) -> str:
    """A docstring as it is written: its columns are its layout."""
    if not docstring:
        return ""
    escaped = html.escape(docstring, quote=False).replace(
        "\n\n", "\n&#8203;\n"
    )  # a blank line would end the block
    return f'<div class="docstring">{escaped}</div>\n'
