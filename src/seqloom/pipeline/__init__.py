"""Text in, text out: train a run, load it, use it. What the command line and Python both call."""

from seqloom.pipeline.comparing import compare as compare
from seqloom.pipeline.loading import load as load
from seqloom.pipeline.text_model import Model as Model
from seqloom.pipeline.text_model import Result as Result
from seqloom.pipeline.training import average as average
from seqloom.pipeline.training import train as train
