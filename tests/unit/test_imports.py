"""The rules of the house that can be read from its imports (CONTRIBUTING.md, "Floors").

Each rule is a function from a tree {module name: source} to a list of complaints. It is tried first on a
small tree that breaks it, so that a rule which sees nothing is found out, and then on the real one.
"""

import ast
import functools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "seqloom"

# A floor imports only lower floors; floors of one number don't import each other.
FLOORS = {
    "base": 0,
    "config": 1,
    "text": 2,
    "audio": 2,
    "data": 3,
    "layers": 4,
    "models": 5,
    "search": 6,
    "metrics": 6,
    "training": 7,
    "inspection": 8,
    "comparison": 9,
    "engine": 9,
    "pipeline": 9.5,  # text in, text out: what everyone above calls
    "serving": 10,
    "cli": 11,
    "seqloom": 12,  # __init__.py: the public names, imported lazily
    "__main__": 13,
}

# These load no torch when imported. In `data` only the modules that make tensors may.
NO_TORCH = {
    "base",
    "config",
    "text",
    "audio",
    "data",
    "metrics",
    "engine",
    "serving",
    "cli",
    "seqloom",
    "__main__",
}
MAKES_TENSORS = {"seqloom.data.batch", "seqloom.data.loader", "seqloom.data.text_batch"}

EXECUTES_WHAT_IT_READS = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
    "yaml",
}
EMPTY_NAMES = {
    "utils",
    "util",
    "utilities",
    "helpers",
    "helper",
    "common",
    "misc",
    "miscellaneous",
    "tools",
    "stuff",
}

TYPE_CHECKING_ONLY = {"TYPE_CHECKING", "typing.TYPE_CHECKING"}
Tree = dict[str, str]


class Import(NamedTuple):
    """One imported module, and when it is loaded."""

    module: str
    line: int
    at_load: bool  # False inside a function or under `if TYPE_CHECKING`


def room(module: str) -> str:
    """The floor's name: seqloom.data.batch -> data, seqloom -> seqloom."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def walk(node: ast.AST, at_load: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    """Every node below, and whether it runs when the module is imported."""
    for child in ast.iter_child_nodes(node):
        runs = at_load and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if isinstance(child, ast.If) and ast.unparse(child.test) in TYPE_CHECKING_ONLY:
            runs = False
        yield child, runs
        yield from walk(child, runs)


def imports(name: str, tree: Tree) -> list[Import]:
    """The modules that one module imports; `from seqloom.data import batch` counts as seqloom.data.batch."""
    found = []
    for node, at_load in walk(ast.parse(tree[name])):
        if isinstance(node, ast.Import):
            found += [Import(alias.name, node.lineno, at_load) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, (
                f"{name}, line {node.lineno}: a relative import hides the floor it reaches"
            )
            base = node.module or ""
            submodules = [f"{base}.{alias.name}" for alias in node.names]
            found += [Import(sub if sub in tree else base, node.lineno, at_load) for sub in submodules]
    return found


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def breaks_floors(tree: Tree) -> list[str]:
    complaints = []
    for name in tree:
        here = room(name)
        if here not in FLOORS:
            complaints.append(f"{name}: the plan has no floor named {here!r}")
            continue
        for found in imports(name, tree):
            there = room(found.module)
            if not within(found.module, "seqloom") or there == here:
                continue
            if there not in FLOORS or FLOORS[there] >= FLOORS[here]:
                complaints.append(
                    f"{name}, line {found.line}: imports {found.module}, which is no lower floor"
                )
    return complaints


def loads_torch(tree: Tree) -> dict[str, str]:
    """The modules that load torch when imported, each with the way it gets there."""
    ways: dict[str, str] = {}
    reaches: dict[str, list[str]] = {}
    for name in tree:
        loaded = [found for found in imports(name, tree) if found.at_load]
        for found in loaded:
            if within(found.module, "torch") or found.module == "safetensors.torch":
                ways.setdefault(name, f"{name} (line {found.line}) -> torch")
        # Python runs each package's __init__ on the way to a module.
        wanted = [name, *(found.module for found in loaded)]
        reaches[name] = [package for module in wanted for package in with_packages(module) if package in tree]
    grown = True
    while grown:
        grown = False
        for name, reach in reaches.items():
            further = next((module for module in reach if module in ways), None)
            if name not in ways and further:
                ways[name] = f"{name} -> {ways[further]}"
                grown = True
    return ways


def with_packages(module: str) -> list[str]:
    """seqloom.data.batch -> seqloom, seqloom.data, seqloom.data.batch."""
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


def breaks_no_torch(tree: Tree) -> list[str]:
    return [
        path
        for name, path in loads_torch(tree).items()
        if room(name) in NO_TORCH and name not in MAKES_TENSORS
    ]


def breaks_layers(tree: Tree) -> list[str]:
    """Layers get sizes and flags as plain arguments, never a config or a vocabulary."""
    return [
        f"{name}, line {found.line}: a layer imports {found.module}"
        for name in tree
        if room(name) == "layers"
        for found in imports(name, tree)
        if within(found.module, "seqloom") and room(found.module) not in {"base", "layers"}
    ]


def breaks_search(tree: Tree) -> list[str]:
    """Search knows start, step and reorder, and no architecture."""
    return [
        f"{name}, line {found.line}: search imports {found.module}"
        for name in tree
        if room(name) == "search"
        for found in imports(name, tree)
        if within(found.module, "seqloom")
        and room(found.module) in {"config", "layers", "models"}
        and found.module != "seqloom.models.state"
    ]


def breaks_safe_reading(tree: Tree) -> list[str]:
    """Nothing read from a file is executed: safetensors and JSON, never pickle; TOML, never YAML."""
    complaints = [
        f"{name}, line {found.line}: imports {found.module}"
        for name in tree
        for found in imports(name, tree)
        if found.module.split(".")[0] in EXECUTES_WHAT_IT_READS
    ]
    for name, source in tree.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"torch.load", "eval", "exec"}:
                complaints.append(f"{name}, line {node.lineno}: calls {ast.unparse(node.func)}")
    return complaints


def breaks_names(tree: Tree) -> list[str]:
    """A file's name is its charter, and every imported name is written out."""
    complaints = [
        f"{name}: says nothing of what is inside" for name in tree if EMPTY_NAMES & set(name.split("."))
    ]
    for name, source in tree.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
                complaints.append(f"{name}, line {node.lineno}: wildcard import from {node.module}")
    return complaints


@functools.cache
def real_tree() -> Tree:
    tree = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        tree[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text(encoding="utf-8")
    return tree


SEQLOOM = {"seqloom": "", "seqloom.base": "", "seqloom.base.errors": ""}
BROKEN: list[tuple[Callable[[Tree], list[str]], Tree, str]] = [
    (breaks_floors, {"seqloom.text.x": "import seqloom.data.readers"}, "no lower floor"),
    (breaks_floors, {"seqloom.text.x": "def f():\n  from seqloom.layers import cells"}, "line 2"),
    (breaks_floors, {"seqloom.search.x": "from seqloom.metrics.bleu import bleu"}, "no lower floor"),
    (breaks_floors, {"seqloom.data.x": "from seqloom import train"}, "no lower floor"),
    (breaks_floors, {"seqloom.attic.x": ""}, "no floor named 'attic'"),
    (breaks_no_torch, {"seqloom.text.x": "from torch import nn"}, "seqloom.text.x (line 1) -> torch"),
    (breaks_no_torch, {"seqloom.data.x": "if True:\n  import torch.nn as nn"}, "line 2"),
    (breaks_no_torch, {"seqloom.base.x": "from safetensors.torch import load_file"}, "torch"),
    (
        breaks_no_torch,
        {"seqloom.data.batch": "import torch", "seqloom.data.x": "from seqloom.data import batch"},
        "seqloom.data.x -> seqloom.data.batch (line 1) -> torch",
    ),
    (
        breaks_no_torch,
        {"seqloom.data": "import torch", "seqloom.data.x": ""},
        "seqloom.data.x -> seqloom.data",
    ),
    (breaks_layers, {"seqloom.layers.x": "from seqloom.config.schema import Model"}, "a layer imports"),
    (breaks_layers, {"seqloom.layers.x": "from seqloom.text.vocabulary import PAD"}, "a layer imports"),
    (breaks_search, {"seqloom.search.x": "from seqloom.models.decoders import D"}, "search imports"),
    (breaks_search, {"seqloom.search.x": "import seqloom.layers.cells"}, "search imports"),
    (breaks_search, {"seqloom.search.x": "from seqloom.config.model import DecoderConfig"}, "search imports"),
    (breaks_safe_reading, {"seqloom.base.x": "import pickle"}, "imports pickle"),
    (
        breaks_safe_reading,
        {"seqloom.base.x": "def f(p):\n  return torch.load(p)"},
        "line 2: calls torch.load",
    ),
    (breaks_names, {"seqloom.base.utils": ""}, "says nothing"),
    (breaks_names, {"seqloom.base.x": "from os import *"}, "wildcard import from os"),
]
RULES = list(dict.fromkeys(rule for rule, _, _ in BROKEN))


@pytest.mark.parametrize(("rule", "tree", "expected"), BROKEN)
def test_each_rule_sees_what_breaks_it(rule: Callable[[Tree], list[str]], tree: Tree, expected: str) -> None:
    complaints = rule(SEQLOOM | tree)
    assert any(expected in complaint for complaint in complaints), complaints


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_each_rule_lets_what_is_allowed_pass(rule: Callable[[Tree], list[str]]) -> None:
    allowed = {
        "seqloom.models.state": "import torch",
        "seqloom.layers.x": "import torch\nfrom seqloom.base.errors import ShapeError",
        "seqloom.search.x": "from seqloom.models.state import Step\nfrom seqloom.data.batch import Batch",
        "seqloom.base.shapes": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n  import torch",
        "seqloom.cli.train": "def train():\n  import torch\n  from seqloom.training.loop import loop",
        "seqloom.data.batch": "import torch",
    }
    assert rule(SEQLOOM | allowed) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: Callable[[Tree], list[str]]) -> None:
    assert rule(real_tree()) == []


def loaded_after(code: str) -> set[str]:
    """The modules that a fresh interpreter holds after running `code`."""
    report = "import json, sys; sys.stdout.flush(); sys.stderr.write(json.dumps(sorted(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stderr))


def test_loaded_after_sees_a_loaded_module() -> None:
    assert "wave" in loaded_after("import wave")


def test_importing_seqloom_loads_no_torch() -> None:
    assert "torch" not in loaded_after("import seqloom")


def test_help_loads_no_torch() -> None:
    code = (
        "import sys; sys.argv = ['seqloom', '--help']\n"
        "from seqloom.cli.main import main\n"
        "try:\n  main()\n"
        "except SystemExit as stop:\n  assert stop.code in (0, None), stop.code\n"
    )
    loaded = loaded_after(code)
    assert "seqloom.cli.main" in loaded
    assert "torch" not in loaded


def test_torch_free_modules_really_load_without_torch() -> None:
    """The same by running: a library that loads torch behind our back would be seen here."""
    names = [
        name for name in real_tree() if room(name) in NO_TORCH - {"__main__"} and name not in MAKES_TENSORS
    ]
    loaded = loaded_after("\n".join(f"import {name}" for name in names))
    assert set(names) <= loaded
    assert "torch" not in loaded
