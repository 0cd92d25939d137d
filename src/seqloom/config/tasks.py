"""The tasks, as one literal table: a new task is a new row, not a new code path."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Task:
    """What a model is for.

    name         as in the configuration
    description  one line
    source       how the source is read; "history" is the turns of a dialogue before the one that is written
    target       how the target is read: a text, a label of the whole source, or the labels of its tokens
    family       which family of model serves it
    metrics      what its outputs are measured by, the first one first
    preset       where its configuration starts from when none is named
    verb         the command that uses its models
    alike        whether the target says all that the source says, so that their lengths go together
    """

    name: str
    description: str
    source: Literal["text", "history", "audio", "nothing"]
    target: Literal["text", "label", "labels"]
    family: Literal["seq2seq", "language_model", "classifier", "speech"]
    metrics: tuple[str, ...]
    preset: str
    verb: str
    alike: bool = False

    @property
    def reads_pairs(self) -> bool:
        """Whether something is read before the target is written."""
        return self.source != "nothing"


TASKS = (
    Task(
        name="translation",
        description="One line of text to its translation.",
        source="text",
        target="text",
        family="seq2seq",
        metrics=("bleu", "chrf"),
        preset="translation-gru",
        verb="translate",
        alike=True,
    ),
    Task(
        name="summarization",
        description="A text to its summary, which may copy its words.",
        source="text",
        target="text",
        family="seq2seq",
        metrics=("rouge1", "rouge2", "rougeL"),
        preset="summarization-gru",
        verb="summarize",
    ),
    Task(
        name="classification",
        description="One line of text to its label, or to several.",
        source="text",
        target="label",
        family="classifier",
        metrics=("accuracy", "macro_f1"),
        preset="classification-lstm",
        verb="classify",
    ),
    Task(
        name="tagging",
        description="The tokens of a sentence to a label each.",
        source="text",
        target="labels",
        family="classifier",
        metrics=("span_f1", "token_accuracy"),
        preset="tagging-lstm",
        verb="classify",
    ),
    Task(
        name="generation",
        description="Text that goes on from any beginning, learnt from plain text.",
        source="nothing",
        target="text",
        family="language_model",
        metrics=("perplexity", "bits_per_character"),
        preset="generation-lstm",
        verb="generate",
    ),
    Task(
        name="transcription",
        description="A recording of speech to its words.",
        source="audio",
        target="text",
        family="speech",
        metrics=("wer", "cer"),
        preset="transcription-lstm",
        verb="transcribe",
    ),
    Task(
        name="dialogue",
        description="The turns of a dialogue so far to the next one.",
        source="history",
        target="text",
        family="seq2seq",
        metrics=("response_accuracy", "dialogue_accuracy"),
        preset="dialogue-gru",
        verb="chat",
    ),
    Task(
        name="transduction",
        description="Characters or other symbols to symbols: pronunciation, inflection, transliteration.",
        source="text",
        target="text",
        family="seq2seq",
        metrics=("accuracy", "output_error_rate", "symbol_error_rate"),
        preset="transduction-lstm",
        verb="transduce",
        alike=True,
    ),
)


def task_named(name: str) -> Task:
    """The row of a task whose name the configuration has checked."""
    return next(task for task in TASKS if task.name == name)
