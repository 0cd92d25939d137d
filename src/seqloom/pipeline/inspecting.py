"""What can be seen inside a trained encoder-decoder while it reads one text and writes another."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from seqloom.base.errors import UsageError
from seqloom.base.randomness import derive
from seqloom.data.batch import collate
from seqloom.inspection.attention import AttentionMap
from seqloom.inspection.beam_tree import BeamTree, grow_tree
from seqloom.inspection.cost import Cost, count_parameters, measure_cost
from seqloom.inspection.gates import GateTrace, trace_gates
from seqloom.inspection.gradient_flow import GradientFlow, gradient_flow
from seqloom.inspection.heads import trace_heads
from seqloom.inspection.word_by_word import WordByWord, trace_steps
from seqloom.models.build import build_model
from seqloom.models.ensemble import Ensemble
from seqloom.models.seq2seq import Seq2Seq
from seqloom.pipeline.text_model import Model
from seqloom.search.options import SearchOptions
from seqloom.text.vocabulary import BOS, EOS
from seqloom.training.searching import search_options, within_positions

Target = str | Sequence[int] | None


def single(model: Model) -> Seq2Seq:
    """The network of a model that is no ensemble. Raises UsageError."""
    if isinstance(model.network, Ensemble):
        raise UsageError("An ensemble has several networks; look into each run by itself.")
    return model.network


def gates(model: Model, source: str, target: Target = None) -> list[GateTrace]:
    """What the gates of all recurrent layers do over a sentence, encoder first.

    Raises   UsageError for a model without recurrent layers
    """
    network, sentence = single(model), model.sentence(source, target)
    batch = collate([sentence.ids], [sentence.symbols]).to(model.machine.device)
    traces = trace_gates(network, lambda: network(batch), sentence.read, sentence.fed)
    if not traces:
        raise UsageError(
            "This model has no gates to look at: neither its encoder nor its decoder is recurrent. Look at its "
            "attention instead."
        )
    return traces


def heads(model: Model, source: str, target: Target = None) -> list[AttentionMap]:
    """The attention of every head of every layer over symbols, each a map of its own, told by its label.

    Raises   UsageError for a model without attention in heads
    """
    network, sentence = single(model), model.sentence(source, target)
    batch = collate([sentence.ids], [sentence.symbols]).to(model.machine.device)
    sides = {
        "encoder": (sentence.read, sentence.read),
        "decoder": (sentence.fed, sentence.fed),
        "source": (sentence.read, sentence.written),
    }
    maps = [
        AttentionMap(
            *sides[layer.side],
            weights,
            source_text=source,
            target_text=sentence.target_text,
            label=f"{layer.label}, head {number}",
        )
        for layer in trace_heads(network, lambda: network(batch))
        for number, weights in enumerate(layer.weights, start=1)
    ]
    if not maps:
        raise UsageError(
            "This model has no heads to look at one by one: no part of it attends in several. Leave out --heads."
        )
    return maps


def flows(model: Model, source: str, target: Target = None) -> list[GradientFlow]:
    """How far back the gradients of a sentence reach in the decoder: as it is trained, and as it was when fresh."""
    network, sentence = single(model), model.sentence(source, target)
    batch = collate([sentence.ids])
    torch.manual_seed(derive(model.config.seed, "parameters"))
    fresh = build_model(model.config.model, len(model.tokenizers.source), len(model.tokenizers.target)).eval()

    def start(exact: Any) -> Any:
        return exact.start(exact.encode(batch))

    read, written = [BOS, *sentence.symbols], [*sentence.symbols, EOS]
    return [
        gradient_flow(each, start, read, written, label)
        for label, each in (("trained", network.cpu()), ("fresh", fresh))
    ]


@torch.no_grad()
def word_by_word(model: Model, source: str, target: Target = None, *, alternatives: int = 10) -> WordByWord:
    """Each step of a sentence: what else might have been written, how surprised the model was, where it looked."""
    sentence = model.sentence(source, target)
    batch = collate([sentence.ids]).to(model.machine.device)
    state = model.network.start(model.network.encode(batch))
    steps = trace_steps(
        model.network,
        state,
        sentence.symbols,
        sentence.writer.pieces,
        alternatives=alternatives,
        device=model.machine.device,
    )
    return WordByWord(sentence.read, steps, source, sentence.target_text)


def cost(model: Model, source: str, target: Target = None) -> Cost:
    """What a sentence costs: the parameters of each part, multiply-adds computed and measured."""
    network, sentence = single(model), model.sentence(source, target)
    found = measure_cost(network.cpu(), model.config.model, collate([sentence.ids], [sentence.symbols]))
    with torch.device("meta"):  # as it was learnt: laid out for searches, it keeps a shared table twice
        learnt = build_model(model.config.model, len(model.tokenizers.source), len(model.tokenizers.target))
    return replace(found, parameters=count_parameters(learnt))


@torch.no_grad()
def beam_tree(model: Model, source: str, options: SearchOptions | None = None) -> BeamTree:
    """The tree that the search for a text's best outputs grows; as the configuration searches if not told."""
    sentence = model.sentence(source, [])
    batch = collate([sentence.ids]).to(model.machine.device)
    return grow_tree(
        model.network,
        model.network.start(model.network.encode(batch)),
        batch.source_lengths,
        within_positions(options or search_options(model.config.search), model.config),
        spell=sentence.writer.pieces,
        decode=sentence.writer.decode,
        source_text=source,
    )
