"""seqloom: sequence models you own.

The public names are imported when they are first used, so that `import seqloom` loads no torch.

    seqloom.train("config.toml", "runs/demo")     train a run, or go on with it
    model = seqloom.load("runs/demo")             a trained model with its own preprocessing
    result = model("How are you?")                result.text, result.attention
    seqloom.compare("compare.toml")               several models, one corpus, one report
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqloom.pipeline import Classifier as Classifier
    from seqloom.pipeline import Labelled as Labelled
    from seqloom.pipeline import Model as Model
    from seqloom.pipeline import Result as Result
    from seqloom.pipeline import Tagged as Tagged
    from seqloom.pipeline import Tagger as Tagger
    from seqloom.pipeline import average as average
    from seqloom.pipeline import compare as compare
    from seqloom.pipeline import load as load
    from seqloom.pipeline import train as train

PUBLIC = {
    "train": "seqloom.pipeline",
    "load": "seqloom.pipeline",
    "average": "seqloom.pipeline",
    "compare": "seqloom.pipeline",
    "Model": "seqloom.pipeline",
    "Result": "seqloom.pipeline",
    "Classifier": "seqloom.pipeline",
    "Labelled": "seqloom.pipeline",
    "Tagger": "seqloom.pipeline",
    "Tagged": "seqloom.pipeline",
}
__all__ = [
    "Classifier",
    "Labelled",
    "Model",
    "Result",
    "Tagged",
    "Tagger",
    "average",
    "compare",
    "load",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import a public name. Raises MissingDependencyError when it needs torch and there is none."""
    if name not in PUBLIC:
        raise AttributeError(f"module 'seqloom' has no attribute {name!r}")
    try:
        return getattr(import_module(PUBLIC[name]), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "torch":
            raise
        from seqloom.base.errors import MissingDependencyError

        raise MissingDependencyError(
            f"seqloom.{name} needs PyTorch, which is not installed. Install it with: pip install 'seqloom[train]'"
        ) from error
