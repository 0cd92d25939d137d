"""Text in, text out: train a run, load it, use it. What the command line and Python both call."""

from seqloom.pipeline.aligning import Extraction as Extraction
from seqloom.pipeline.aligning import align as align
from seqloom.pipeline.classifier import Classifier as Classifier
from seqloom.pipeline.classifier import Labelled as Labelled
from seqloom.pipeline.comparing import compare as compare
from seqloom.pipeline.conversation import Conversation as Conversation
from seqloom.pipeline.inspecting import inspect as inspect
from seqloom.pipeline.inspecting_memory import memory_span as memory_span
from seqloom.pipeline.language_model import Likelihood as Likelihood
from seqloom.pipeline.language_model import TextGenerator as TextGenerator
from seqloom.pipeline.loading import AnyModel as AnyModel
from seqloom.pipeline.loading import load as load
from seqloom.pipeline.loading import load_as as load_as
from seqloom.pipeline.tagger import Tagged as Tagged
from seqloom.pipeline.tagger import Tagger as Tagger
from seqloom.pipeline.text_model import Model as Model
from seqloom.pipeline.text_model import Result as Result
from seqloom.pipeline.training import average as average
from seqloom.pipeline.training import train as train
from seqloom.pipeline.training import train_seeds as train_seeds
from seqloom.pipeline.transcriber import Transcriber as Transcriber
from seqloom.pipeline.transcriber import Transcript as Transcript
