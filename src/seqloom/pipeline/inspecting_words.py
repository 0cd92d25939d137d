"""What a trained model of any kind might have written, step by step, beside what it wrote."""

from typing import Any

import torch

from seqloom.base.errors import UsageError
from seqloom.inspection.word_by_word import WordByWord, trace_choices
from seqloom.pipeline.classifier import Classifier
from seqloom.pipeline.passage import Inspected, Passage, Target, passage_of
from seqloom.pipeline.tagger import Tagger


def word_by_word(
    model: Inspected, source: str, target: Target = None, *, alternatives: int = 10, words: bool = False
) -> WordByWord:
    """Each step of a sentence: what else might have been written, how surprised the model was, where it looked.

    Of a language model the prompt's own symbols too. Of a transcriber by what its search follows, scaled to sum to 1.
    words    whether the surprise of whole words is told too
    Raises   UsageError for a model that writes nothing
    """
    if isinstance(model, Classifier | Tagger):
        raise UsageError(
            "This model decides for labels and writes no text, so there are no other words that it might have written."
        )
    passage = passage_of(model, source, target)
    timeline, read = passage.timeline, passage.read
    return WordByWord(
        read,
        word_steps(passage, alternatives),
        passage.source_text,
        passage.target_text,
        passage.given,
        timeline.step(len(read)) if timeline else None,
        tuple(passage.written_groups) if words else (),
    )


@torch.no_grad()
def word_steps(passage: Passage, alternatives: int) -> Any:
    """A step for each symbol that is written."""
    model: Any = passage.model
    return trace_choices(
        passage.searched,
        passage.start(model.network, passage.searched),
        passage.inputs,
        passage.outputs,
        passage.spell,
        alternatives=alternatives,
        device=model.machine.device,
    )
