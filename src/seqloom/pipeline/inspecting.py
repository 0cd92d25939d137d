"""What can be seen inside a trained model of any kind while it reads, and writes or decides.

Each view is of one input, and of one output where something is written: the model's own if none is named. What a model
doesn't have is said in one sentence, as a UsageError.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch

from seqloom.base.errors import UsageError
from seqloom.base.randomness import derive
from seqloom.config.suggest import did_you_mean
from seqloom.inspection.beam_tree import BeamTree, grow_tree
from seqloom.inspection.cost import (
    Cost,
    count_parameters,
    measure_cost,
    measure_label_cost,
    measure_text_cost,
)
from seqloom.inspection.gates import GateTrace, joined, trace_gates
from seqloom.inspection.gates_page import gates_page
from seqloom.inspection.gradient_flow import GradientFlow, gradient_flow
from seqloom.inspection.gradient_flow_page import flow_fragment
from seqloom.inspection.notebook import Gallery, framed
from seqloom.models.speech import CTCModel, memory_lengths
from seqloom.pipeline.classifier import Classifier
from seqloom.pipeline.inspecting_attention import attention, heads
from seqloom.pipeline.inspecting_memory import memory_span
from seqloom.pipeline.inspecting_words import word_by_word
from seqloom.pipeline.language_model import TextGenerator
from seqloom.pipeline.passage import Inspected, Passage, Target, passage_of
from seqloom.pipeline.tagger import Tagger
from seqloom.pipeline.text_model import Model
from seqloom.pipeline.transcriber import Transcriber
from seqloom.search.options import SearchOptions
from seqloom.training.searching import search_options, within_positions

LOOKS = ("attention", "heads", "gates", "gradients", "words", "beam", "cost", "memory")
"""What `inspect` can show."""
TO_WORDS = ("attention", "heads", "words")
"""Where symbols can be merged into words."""
NO_GATES = {
    True: "This model has no gates to look at: neither its encoder nor its decoder is recurrent. Look at its attention "
    "instead.",
    False: "This model has no gates to look at: it is not recurrent. Look at its heads instead: --heads.",
}
"""By whether it writes what it doesn't read."""


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


def flows_of(models: Mapping[str, Inspected], source: str, target: Target = None) -> list[GradientFlow]:
    """The same of several models by their names, side by side.

    target   what all are made to write; what the first one writes itself if None
    Raises   UsageError as `flows` does, naming the model
    """
    found: list[GradientFlow] = []
    for name, model in models.items():
        try:
            if target is None:
                target = passage_of(model, source).target_text
            found += [replace(flow, model=name) for flow in flows(model, source, target)]
        except UsageError as error:
            raise UsageError(f"{name}: {error}") from None
    return Gallery(found, flow_fragment)


def cost(model: Inspected, source: str, target: Target = None) -> Cost:
    """What a sentence costs: parameters of each part, multiply-adds and memory computed and measured.

    Written by as many rows as the configuration's beam has.
    """
    passage = passage_of(model, source, target)
    network, batch = passage.network, passage.batch
    if next(network.parameters()).device.type != "cpu":
        network = copy.deepcopy(network).cpu()
    if isinstance(model, TextGenerator):
        found = measure_text_cost(network, passage.config, batch.source)
    elif isinstance(model, Classifier | Tagger):
        found = measure_label_cost(network, passage.config, batch)
    else:
        found = measure_cost(network, passage.config, batch, model.config.search.beam)
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


def inspect(
    model: Inspected | Mapping[str, Inspected],
    source: str | None = None,
    show: str = "attention",
    target: Target = None,
    *,
    words: bool | None = None,
    head: str | None = None,
) -> Any:
    """What happens inside a model while it reads a source; a notebook draws whatever comes of it.

    >>> seqloom.inspect(model, "How are you?", "gates")

    model    or, for "gradients", several by their names, to be set side by side
    source   text; of a bot its history, with tabs, or what the user says; of a transcriber a recording's path; of a
             language model its prompt; None for "memory", which `memory_span` asks in other ways too
    show     "attention", "heads", "gates", "gradients", "words", "beam", "cost" or "memory"
    target   what it is made to write, or the label to explain; its own output if None
    words    whole words, the default of attention and heads, or symbols, that of words
    head     of attention: LAYER.HEAD, as "2.3", LAYER for the mean of its heads, or "sharpest"
    Raises   UsageError for another `show`, for an option that it doesn't take, and with one sentence for a model that
             has no such thing
    """
    if show not in LOOKS:
        near = did_you_mean(show, LOOKS)
        raise UsageError(f'show = "{show}" is none of {", ".join(LOOKS)}. {near}'.rstrip())
    options: dict[str, Any] = {}
    for name, value, views in (("words", words, TO_WORDS), ("head", head, ("attention",))):
        if value is not None:
            options[name] = value
            if show not in views:
                raise UsageError(
                    f'{name} is for show = {" or ".join(views)}, not for "{show}". Leave it out.'
                )
    if isinstance(model, Mapping):
        if show != "gradients":
            raise UsageError(f'show = "{show}" is of one model. Several are set side by side by "gradients".')
        return flows_of(model, _named(source, show), target)
    if show == "memory":
        if source is not None or target is not None:
            raise UsageError("Memory span is of no text. Leave out source and target.")
        return memory_span(model)
    source = _named(source, show)
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
    return looks[show](model, source, target, **options)


def _named(source: str | None, show: str) -> str:
    """The source. Raises UsageError where there is none."""
    if source is None:
        raise UsageError(f'show = "{show}" looks at one text. Name a source.')
    return source
