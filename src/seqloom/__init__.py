"""seqloom: sequence models you own.

The public names are imported when they are first used, so that `import seqloom` loads no torch.

    seqloom.train("config.toml", "runs/demo")     train a run, or go on with it
    model = seqloom.load("runs/demo")             a trained model with its own preprocessing
    result = model("How are you?")                result.text, result.attention
    seqloom.inspect(model, "How are you?", "gates")   what happens inside; a notebook draws it
    seqloom.align(model, [("How are you?", "Comment ça va ?")])    which words belong together
    seqloom.compare("compare.toml")               several models, one corpus, one report
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqloom.pipeline import Classifier as Classifier
    from seqloom.pipeline import Conversation as Conversation
    from seqloom.pipeline import Extraction as Extraction
    from seqloom.pipeline import Labelled as Labelled
    from seqloom.pipeline import Model as Model
    from seqloom.pipeline import Result as Result
    from seqloom.pipeline import Tagged as Tagged
    from seqloom.pipeline import Tagger as Tagger
    from seqloom.pipeline import Transcriber as Transcriber
    from seqloom.pipeline import Transcript as Transcript
    from seqloom.pipeline import align as align
    from seqloom.pipeline import average as average
    from seqloom.pipeline import compare as compare
    from seqloom.pipeline import inspect as inspect
    from seqloom.pipeline import load as load
    from seqloom.pipeline import memory_span as memory_span
    from seqloom.pipeline import train as train
    from seqloom.pipeline import train_seeds as train_seeds

PUBLIC = {
    "train": "seqloom.pipeline",
    "train_seeds": "seqloom.pipeline",
    "load": "seqloom.pipeline",
    "average": "seqloom.pipeline",
    "compare": "seqloom.pipeline",
    "inspect": "seqloom.pipeline",
    "align": "seqloom.pipeline",
    "Extraction": "seqloom.pipeline",
    "memory_span": "seqloom.pipeline",
    "Conversation": "seqloom.pipeline",
    "Model": "seqloom.pipeline",
    "Result": "seqloom.pipeline",
    "Classifier": "seqloom.pipeline",
    "Labelled": "seqloom.pipeline",
    "Tagger": "seqloom.pipeline",
    "Tagged": "seqloom.pipeline",
    "Transcriber": "seqloom.pipeline",
    "Transcript": "seqloom.pipeline",
}
__all__ = [
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
    "align",
    "average",
    "compare",
    "inspect",
    "load",
    "memory_span",
    "train",
    "train_seeds",
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
