"""What can be seen inside a trained model of any kind while it reads, and writes or decides.

Each view is of one input, and of one output where something is written: the model's own if none is named. What a model
doesn't have is said in one sentence, as a UsageError.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqloom.base.errors import UsageError
from seqloom.base.randomness import derive
from seqloom.config.suggest import did_you_mean
from seqloom.inspection.attention import AttentionMap
from seqloom.inspection.attention_page import attention_page
from seqloom.inspection.beam_tree import BeamTree, grow_tree
from seqloom.inspection.cost import (
    Cost,
    count_parameters,
    measure_cost,
    measure_label_cost,
    measure_text_cost,
)
from seqloom.inspection.explanation import Explanation
from seqloom.inspection.gates import GateTrace, joined, trace_gates
from seqloom.inspection.gates_page import gates_page
from seqloom.inspection.gradient_flow import GradientFlow, gradient_flow
from seqloom.inspection.gradient_flow_picture import flow_fragment
from seqloom.inspection.heads import LayerHeads, trace_heads
from seqloom.inspection.notebook import Gallery, framed
from seqloom.inspection.word_by_word import WordByWord, trace_choices
from seqloom.models.speech import CTCModel, memory_lengths
from seqloom.pipeline.classifier import Classifier
from seqloom.pipeline.language_model import TextGenerator
from seqloom.pipeline.passage import Inspected, Passage, Target, as_turns, passage_of
from seqloom.pipeline.tagger import Tagger
from seqloom.pipeline.text_model import Model
from seqloom.pipeline.transcriber import Transcriber
from seqloom.search.options import SearchOptions
from seqloom.text.grouping import WordGroup
from seqloom.training.searching import search_options, within_positions

LOOKS = ("attention", "heads", "gates", "gradients", "words", "beam", "cost")
"""What `inspect` can show."""
NO_HEADS = (
    "This model has no heads to look at one by one: no part of it attends in several. Leave out --heads."
)
NO_GATES = {
    True: "This model has no gates to look at: neither its encoder nor its decoder is recurrent. Look at its attention "
    "instead.",
    False: "This model has no gates to look at: it is not recurrent. Look at its heads instead: --heads.",
}
"""By whether it writes what it doesn't read."""


def attention(
    model: Inspected, source: str, target: Target = None, *, words: bool = True
) -> AttentionMap | Explanation:
    """Where a model looked for each symbol that it wrote; of one that decides for labels, what carried the decision.

    target   what is written, text or ids, or the label to explain
    words    over whole words, not symbols
    Raises   UsageError for a model that looks nowhere
    """
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
        rows = passage.writer.word_groups(passage.outputs)
        return _listened(passage).merged(None, rows if words else None)
    found, given = _looked_back(passage), passage.given
    if words:
        rows = _words_apart(passage, passage.outputs, given)
        found = found.merged(_words_apart(passage, passage.inputs, given + 1), rows)
        given = sum(group.start < given for group in rows)
    return replace(found, label=f"{found.label}; the first {given} rows are given")


def _words_apart(passage: Passage, symbols: Sequence[int], given: int) -> list[WordGroup]:
    """Words, none of which is partly given and partly what goes on."""
    groups = passage.writer.word_groups
    further = groups(symbols[given:])
    return [
        *groups(symbols[:given]),
        *(WordGroup(group.text, group.start + given, group.stop + given) for group in further),
    ]


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


def gates(model: Inspected, source: str, target: Target = None) -> list[GateTrace]:
    """What the gates of all recurrent layers do over a sentence, encoder first.

    Raises   UsageError for a model without recurrent layers
    """
    return gates_of(passage_of(model, source, target))


def gates_of(passage: Passage) -> list[GateTrace]:
    """The same of what is read and written already."""
    network, pieces = passage.network, []
    for run in passage.runs():
        fed = passage.fed[run.start : run.stop]
        pieces.append(
            (run.new - run.start, trace_gates(network, run.call, passage.timeline or passage.read, fed))
        )
    if not pieces[0][1]:
        raise UsageError(NO_GATES[isinstance(passage.model, Model)])
    found = pieces[0][1] if len(pieces) == 1 else joined(pieces)
    texts = [text for text in (passage.source_text, passage.target_text) if text]
    return Gallery(found, lambda seen: framed(gates_page(seen, texts=texts)))


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


def heads(model: Inspected, source: str, target: Target = None) -> list[AttentionMap]:
    """The attention of every head of every layer over symbols, each a map of its own, told by its label.

    Raises   UsageError for a model without attention in heads
    """
    passage = passage_of(model, source, target)
    found = [
        _head_map(passage, layer, weights, number)
        for layer in layer_heads(passage)
        for number, weights in enumerate(layer.weights, start=1)
    ]
    if not found:
        raise UsageError(NO_HEADS)
    return Gallery(found, lambda seen: framed(attention_page(seen)))


def _head_map(passage: Passage, layer: LayerHeads, weights: NDArray[np.float64], number: int) -> AttentionMap:
    """One head's: the encoder reads itself, a decoder what it has written, or the encoder."""
    read, step, positions = passage.read, None, weights.shape[1]
    if passage.timeline is not None and layer.side != "decoder":
        read, step = passage.timeline.names(positions), passage.timeline.step(positions)
    sides = {
        "encoder": (read, read),
        "decoder": (passage.fed, passage.fed),
        "source": (read, passage.written),
    }
    return AttentionMap(
        *sides[layer.side],
        weights,
        source_text=passage.source_text,
        target_text=passage.target_text,
        label=f"{layer.label}, head {number}",
        source_seconds=step,
        target_seconds=step if layer.side == "encoder" else None,
    )


def flows(model: Inspected, source: str, target: Target = None) -> list[GradientFlow]:
    """How far back the gradients of a sentence reach in what writes: as it is trained, and as it was when fresh.

    Raises   UsageError for a model that writes nothing symbol by symbol
    """
    therefore = "so no gradient goes back from one written symbol to another"
    if isinstance(model, Classifier | Tagger):
        raise UsageError(
            f"This model decides for labels and writes no text, {therefore}. Its decision's gradient by each word is "
            "shown without --show."
        )
    passage = passage_of(model, source, target)
    network = passage.network
    if isinstance(network, CTCModel):
        raise UsageError(f"This model has no decoder: CTC says at each moment what is heard, {therefore}.")
    torch.manual_seed(derive(model.config.seed, "parameters"))
    fresh = passage.fresh().eval()
    found = [
        gradient_flow(each, passage.start, passage.inputs, passage.outputs, label)
        for label, each in (("trained", network), ("fresh", fresh))
    ]
    return Gallery(found, flow_fragment)


def word_by_word(
    model: Inspected, source: str, target: Target = None, *, alternatives: int = 10
) -> WordByWord:
    """Each step of a sentence: what else might have been written, how surprised the model was, where it looked.

    Of a language model the prompt's own symbols too. Of a transcriber by what its search follows, scaled to sum to 1.
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


def cost(model: Inspected, source: str, target: Target = None) -> Cost:
    """What a sentence costs: the parameters of each part, multiply-adds computed and measured."""
    passage = passage_of(model, source, target)
    network, batch = passage.network, passage.batch
    if next(network.parameters()).device.type != "cpu":
        network = copy.deepcopy(network).cpu()
    if isinstance(model, TextGenerator):
        found = measure_text_cost(network, passage.config, batch.source)
    elif isinstance(model, Classifier | Tagger):
        found = measure_label_cost(network, passage.config, batch)
    else:
        found = measure_cost(network, passage.config, batch)
    with torch.device("meta"):  # as it was learnt: laid out for searches, it keeps a shared table twice
        learnt = passage.fresh()
    return replace(found, parameters=count_parameters(learnt))


@torch.no_grad()
def beam_tree(model: Inspected, source: str, options: SearchOptions | None = None) -> BeamTree:
    """The tree that the search for a text's best outputs grows; as the configuration searches if not told.

    Raises   UsageError for a model that searches for nothing, or over all moments at once
    """
    if isinstance(model, Classifier | Tagger):
        raise UsageError(
            "This model decides for labels and writes no text, so there is no search to look at."
        )
    if isinstance(model, TextGenerator):
        raise UsageError(
            "A language model draws one symbol after the other and goes back on none, so there is no tree of a search. "
            "What else it might have written: --show words."
        )
    passage = passage_of(model, source, [])
    if isinstance(model, Transcriber) and isinstance(model.network, CTCModel) and not model.fusion:
        raise UsageError(
            "By CTC alone this model searches moment by moment over all texts at once, which is no tree of symbols. "
            "What else it might have written: --show words."
        )
    options = options or search_options(model.config.search)
    for config in getattr(model, "configs", (model.config,)):
        options = within_positions(options, config)
    network: Any = model.network
    batch = passage.batch.to(model.machine.device)
    memory = network.encode(batch)
    return grow_tree(
        passage.searched,
        passage.searched.start(memory),
        memory_lengths(memory) if isinstance(model, Transcriber) else batch.source_lengths,
        options,
        spell=passage.spell,
        decode=passage.writer.decode,
        source_text=passage.source_text,
    )


def inspect(model: Inspected, source: str, show: str = "attention", target: Target = None) -> Any:
    """What happens inside a model while it reads a source; a notebook draws whatever comes of it.

    >>> seqloom.inspect(model, "How are you?", "gates")

    source   text; of a bot its history, with tabs, or what the user says; of a transcriber a recording's path; of a
             language model its prompt
    show     "attention", "heads", "gates", "gradients", "words", "beam" or "cost"
    target   what it is made to write, or the label to explain; its own output if None
    Raises   UsageError for another `show`, and with one sentence for a model that has no such thing
    """
    if show not in LOOKS:
        near = did_you_mean(show, LOOKS)
        raise UsageError(f'show = "{show}" is none of {", ".join(LOOKS)}. {near}'.rstrip())
    if show == "beam":
        if target is not None:
            raise UsageError("The beam shows how a model finds its own output. Leave out the target.")
        return beam_tree(model, source)
    looks: dict[str, Callable[..., Any]] = {
        "attention": attention,
        "heads": heads,
        "gates": gates,
        "gradients": flows,
        "words": word_by_word,
        "cost": cost,
    }
    return looks[show](model, source, target)
