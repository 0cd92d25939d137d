"""What `import seqloom` gives, and what it says where torch is missing."""

import subprocess
import sys
from importlib import import_module

import pytest

import seqloom


def python(code: str) -> list[str]:
    """The lines that a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_every_public_name_is_the_pipeline_s() -> None:
    pipeline = import_module("seqloom.pipeline")
    models = [
        "Classifier",
        "Conversation",
        "Extraction",
        "Labelled",
        "Model",
        "Result",
        "Tagged",
        "Tagger",
        "Transcriber",
        "Transcript",
    ]
    names = [*models, "align", "average", "compare", "inspect", "load", "memory_span", "train", "train_seeds"]
    assert sorted(seqloom.PUBLIC) == sorted(seqloom.__all__) == names
    for name in seqloom.__all__:
        assert getattr(seqloom, name) is getattr(pipeline, name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'seqloom' has no attribute 'nonsense'"):
        _ = seqloom.nonsense
    assert not hasattr(seqloom, "nonsense")


def test_importing_loads_no_torch_and_without_torch_each_name_says_what_to_install() -> None:
    code = """
import sys, seqloom
print("torch" in sys.modules)
sys.modules["torch"] = None  # import torch fails as it does where it isn't installed
from seqloom.base.errors import MissingDependencyError, ResourceError
for name in ("train", "Model"):
    try:
        getattr(seqloom, name)
    except MissingDependencyError as error:
        print(isinstance(error, ResourceError), error.exit_code, error)
"""
    loaded, *errors = python(code)
    assert loaded == "False"
    assert errors == [
        f"True 5 seqloom.{name} needs PyTorch, which is not installed. "
        "Install it with: pip install 'seqloom[train]'"
        for name in ("train", "Model")
    ]


def test_another_missing_module_is_not_blamed_on_torch() -> None:
    code = """
import sys, seqloom
sys.modules["html"] = None
try:
    seqloom.load
except ModuleNotFoundError as error:
    print(type(error).__name__, error.name)
"""
    assert python(code) == ["ModuleNotFoundError html"]
