"""Where a trained model of any kind looks: the map of each output, and of every head of every layer."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from seqloom.base.errors import UsageError
from seqloom.inspection.attention import AttentionMap
from seqloom.inspection.attention_page import attention_page
from seqloom.inspection.explanation import Explanation
from seqloom.inspection.head_choice import MEAN, HeadChoice, find_choice, read_choice, sharpest
from seqloom.inspection.heads import LayerHeads, head_counts, trace_heads
from seqloom.inspection.notebook import Gallery, framed
from seqloom.models.speech import CTCModel
from seqloom.pipeline.classifier import Classifier
from seqloom.pipeline.inspecting_words import word_steps
from seqloom.pipeline.passage import Inspected, Passage, Target, as_turns, passage_of
from seqloom.pipeline.tagger import Tagger
from seqloom.pipeline.text_model import Model
from seqloom.pipeline.transcriber import Transcriber

NO_HEADS = (
    "This model has no heads to look at one by one: no part of it attends in several. Leave out --heads."
)


def attention(
    model: Inspected, source: str, target: Target = None, *, words: bool = True, head: str = MEAN
) -> AttentionMap | Explanation:
    """Where a model looked for each symbol that it wrote; of one that decides for labels, what carried the decision.

    target   what is written, text or ids, or the label to explain
    words    over whole words, not symbols
    head     whose attention, in place of the model's as a whole: LAYER.HEAD as 2.3, LAYER for the mean of its heads, or
             sharpest; with "encoder." or "decoder." before it for what reads itself or looks back
    Raises   UsageError for a model that looks nowhere, or a head that it hasn't
    """
    if choice := read_choice(head):
        return _chosen_head(passage_of(model, source, target), choice, words=words)
    if isinstance(model, Classifier):
        return model.explain(source, None if target is None else str(target), words=words)
    if isinstance(model, Tagger):
        if target is not None:
            raise UsageError(
                "--target is not for taggers: the labels that it gave are explained. Leave it out."
            )
        return model.explain(source.split(), words=words)
    if isinstance(model, Model):
        source = as_turns(model.config, source)
        return model.attention(source, model(source).tokens if target is None else target, words=words)
    passage = passage_of(model, source, target)
    if isinstance(model, Transcriber):
        return _listened(passage).merged(None, passage.written_groups if words else None)
    found, given = _looked_back(passage), passage.given
    if words:
        rows = passage.written_groups
        found = found.merged(passage.fed_groups, rows)
        given = sum(group.start < given for group in rows)
    return replace(found, label=f"{found.label}; the first {given} rows are given")


@torch.no_grad()
def _listened(passage: Passage) -> AttentionMap:
    """Where a transcriber listened for each symbol."""
    network, decoder = passage.network, passage.config.decoder
    if isinstance(network, CTCModel):
        raise UsageError(
            "This model has no attention to look at: by CTC alone it says at each moment by itself what is heard "
            "there. `seqloom transcribe --times` says when each word is."
        )
    if decoder.kind == "recurrent" and decoder.attention == "none":
        raise UsageError(
            'This model has no attention to look at: its model.decoder.attention is "none", so all it knows of '
            "the source is one vector."
        )
    found = network(passage.batch.to(passage.model.machine.device), alignment=True)
    shares = found.logits[0].double().softmax(dim=-1)
    return _map(
        passage,
        found.alignment[0].double().cpu().numpy(),
        [float(row[symbol]) for row, symbol in zip(shares, passage.outputs, strict=True)],
    )


def _looked_back(passage: Passage) -> AttentionMap:
    """Where a language model looked for each symbol: the top layer's heads in the mean."""
    layers = [layer for layer in layer_heads(passage) if layer.side == "decoder"]
    if not layers:
        raise UsageError(
            "This model has no attention to look at: all that it knows of a text is the state of its recurrent "
            "layers. Look at its gates instead: --show gates."
        )
    top = layers[-1]
    found = _map(passage, top.mean, [step.probability for step in word_steps(passage, 1)])
    return replace(found, label=f"layer {top.layer}, mean of {len(top.weights)} heads")


def _map(passage: Passage, weights: NDArray[np.float64], probabilities: Sequence[float]) -> AttentionMap:
    source = passage.read or passage.fed
    timeline = passage.timeline
    return AttentionMap(
        source,
        passage.written,
        weights,
        tuple(min(probability, 1.0) for probability in probabilities),
        passage.source_text,
        passage.target_text,
        source_seconds=timeline.step(len(source)) if timeline else None,
    )


def layer_heads(passage: Passage) -> list[LayerHeads]:
    """The attention of all layers with heads; [] where there are none."""
    network, length = passage.network, len(passage.inputs)
    whole: dict[str, LayerHeads] = {}
    for run in passage.runs():
        for layer in trace_heads(network, run.call):
            if run.stop - run.start == length or layer.side != "decoder":
                whole[layer.label] = layer
                continue
            weights = np.zeros((len(layer.weights), length, length))
            held = whole.setdefault(layer.label, replace(layer, weights=weights))
            held.weights[:, run.new : run.stop, run.start : run.stop] = layer.weights[
                :, run.new - run.start :
            ]
    return list(whole.values())


def heads(model: Inspected, source: str, target: Target = None, *, words: bool = True) -> list[AttentionMap]:
    """The attention of every head of every layer, each a map of its own, told by its label.

    words    over whole words, not symbols
    Raises   UsageError for a model without attention in heads
    """
    passage = passage_of(model, source, target)
    found = _all_heads(passage, layer_heads(passage), words=words)
    if not found:
        raise UsageError(NO_HEADS)
    return Gallery(found, lambda seen: framed(attention_page(seen)))


def _all_heads(passage: Passage, layers: Sequence[LayerHeads], *, words: bool) -> list[AttentionMap]:
    return [
        _head_map(passage, layer, weights, f"head {number}", words=words)
        for layer in layers
        for number, weights in enumerate(layer.weights, start=1)
    ]


def _chosen_head(passage: Passage, asked: HeadChoice, *, words: bool) -> AttentionMap:
    """One head's, a layer's mean, or the sharpest head's of what is shown."""
    choice = find_choice(asked, head_counts(passage.network))
    layers = [layer for layer in layer_heads(passage) if layer.side == choice.side]
    if choice.layer is None:
        every = _all_heads(passage, layers, words=words)
        found = every[sharpest([each.weights for each in every])]
        return replace(found, label=f"{found.label}, the sharpest of {len(every)}")
    (layer,) = (layer for layer in layers if layer.layer == choice.layer)
    if choice.head is None:
        return _head_map(passage, layer, layer.mean, f"mean of {len(layer.weights)} heads", words=words)
    return _head_map(passage, layer, layer.weights[choice.head - 1], f"head {choice.head}", words=words)


def _head_map(
    passage: Passage, layer: LayerHeads, weights: NDArray[np.float64], name: str, *, words: bool
) -> AttentionMap:
    """One head's: the encoder reads itself, a decoder what it has written, or the encoder."""
    read, step, positions = passage.read, None, weights.shape[1]
    if passage.timeline is not None and layer.side != "decoder":
        read, step = passage.timeline.names(positions), passage.timeline.step(positions)
    symbols, groups = {
        "encoder": ((read, read), (passage.read_groups, passage.read_groups)),
        "decoder": ((passage.fed, passage.fed), (passage.fed_groups, passage.fed_groups)),
        "source": ((read, passage.written), (passage.read_groups, passage.written_groups)),
    }[layer.side]
    found = AttentionMap(
        *symbols,
        weights,
        source_text=passage.source_text,
        target_text=passage.target_text,
        label=f"{layer.label}, {name}",
        source_seconds=step,
        target_seconds=step if layer.side == "encoder" else None,
    )
    return found.merged(*groups) if words else found
