"""What `seqloom inspect` can show of a model of any kind: each view in a terminal and in files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqloom.inspection.attention import AttentionMap
    from seqloom.inspection.explanation import Explanation
    from seqloom.pipeline.passage import Inspected

Write = Callable[[Path], str | None]  # writes a file; gives a sentence for the user, or None


@dataclass(frozen=True)
class MemoryAsked:
    """tasks, and the longest distance and the updates of their trainings; () and None for the usual ones"""

    tasks: tuple[str, ...] = ()
    distance: int | None = None
    updates: int | None = None


@dataclass(frozen=True)
class Asked:
    """What is to be looked at.

    target  what the model is made to write; None for its own output
    words   whether symbols are merged into words, where a view can; None for what it does by itself
    order   of the units, for gates
    heads   whether attention is shown head by head instead of as the decoder's mean
    head    which head's or layer's attention is shown instead of that
    name    of the model, where several are told apart
    beside  further models by their names, to be set side by side
    memory  what memory span is asked for
    """

    text: str
    target: str | None = None
    words: bool | None = None
    order: str = "mean"
    heads: bool = False
    head: str = "mean"
    name: str = ""
    beside: Mapping[str, "Inspected"] = field(default_factory=dict)
    memory: MemoryAsked = MemoryAsked()


@dataclass(frozen=True)
class Shown:
    """summary: for the terminal · files: how each kind of file is written, by its ending without the dot"""

    summary: str
    files: Mapping[str, Write]


@dataclass(frozen=True)
class View:
    """look: what makes it · kinds: the files it can be written as · of_text: whether it is of one text"""

    look: Callable[["Inspected", Asked], Shown]
    kinds: tuple[str, ...]
    of_text: bool = True


def attention(model: "Inspected", asked: Asked) -> Shown:
    """Where the model looked for each symbol that it wrote, or what carried its decision."""
    from seqloom.inspection.explanation import Explanation
    from seqloom.pipeline.inspecting_attention import attention as look

    if asked.heads:
        return attention_by_heads(model, asked)
    found = look(model, asked.text, asked.target, words=asked.words is not False, head=asked.head)
    return explanation_view(found) if isinstance(found, Explanation) else map_view(found)


def map_view(found: "AttentionMap") -> Shown:
    """A map of what was looked at for what."""
    from seqloom.inspection.attention import write_maps
    from seqloom.inspection.attention_page import write_attention_page
    from seqloom.inspection.attention_picture import write_attention_picture

    def picture(path: Path) -> str | None:
        return write_attention_picture(found, path)

    told = [text for text in (found.source_text, found.target_text, found.label) if text]
    return Shown(
        "\n".join([*told, "", attention_summary(found)]),
        {
            "png": picture,
            "svg": picture,
            "html": lambda path: write_attention_page([found], path),
            "json": lambda path: write_maps([found], path),
        },
    )


def explanation_view(found: "Explanation") -> Shown:
    """Which words carried a decision."""
    from seqloom.inspection.explanation import write_explanation
    from seqloom.inspection.explanation_page import write_explanation_page
    from seqloom.inspection.explanation_picture import write_explanation_picture

    def picture(path: Path) -> str | None:
        return write_explanation_picture(found, path)

    return Shown(
        f"{found.text}\n{found.label}  {found.probabilities[found.label]:.1%}\n\n{explanation_summary(found)}",
        {
            "png": picture,
            "svg": picture,
            "html": lambda path: write_explanation_page(found, path),
            "json": lambda path: write_explanation(found, path),
        },
    )


def attention_by_heads(model: "Inspected", asked: Asked) -> Shown:
    """The same for every head of every layer: how sharply each looks, and where most."""
    import numpy as np

    from seqloom.inspection.attention import write_maps
    from seqloom.inspection.attention_page import write_attention_page
    from seqloom.inspection.head_choice import entropy
    from seqloom.pipeline.inspecting_attention import heads

    maps = heads(model, asked.text, asked.target, words=asked.words is not False)
    lines = [maps[0].source_text, maps[0].target_text, ""]
    for found in maps:
        looked = np.bincount(found.weights.argmax(axis=1), minlength=len(found.source))
        most = found.source[int(looked.argmax())]
        sharp = entropy(found.weights) / np.log(2)
        lines.append(f"{found.label}: {sharp:.2f} bits, mostly at {most}")
    return Shown(
        "\n".join(lines),
        {
            "html": lambda path: write_attention_page(maps, path),
            "json": lambda path: write_maps(maps, path),
        },
    )


def gates(model: "Inspected", asked: Asked) -> Shown:
    """What the gates of each recurrent layer did at each symbol."""
    from seqloom.inspection.gates import write_traces
    from seqloom.inspection.gates_page import write_gates_page
    from seqloom.inspection.gates_picture import write_gates_picture
    from seqloom.pipeline.inspecting import gates_of
    from seqloom.pipeline.passage import passage_of

    passage = passage_of(model, asked.text, asked.target)
    traces = gates_of(passage)
    texts = [text for text in (passage.source_text, passage.target_text) if text]
    lines = [*texts, ""]
    for layer in traces:
        parts = [
            f"{name} {found.shut:.0%} shut, {found.open:.0%} open"
            for name, found in layer.saturation().items()
        ]
        lines.append(f"{layer.label}: {'; '.join(parts) or 'no gates'}")

    def picture(path: Path) -> str | None:
        return write_gates_picture(traces, path, order=asked.order)

    return Shown(
        "\n".join(lines),
        {
            "png": picture,
            "svg": picture,
            "html": lambda path: write_gates_page(traces, path, texts=texts),
            "json": lambda path: write_traces(traces, path),
        },
    )


def gradients(model: "Inspected", asked: Asked) -> Shown:
    """How far back gradients reach in the decoder, trained and fresh, of one model or of several."""
    from seqloom.base.errors import UsageError
    from seqloom.inspection.gradient_flow import write_flows
    from seqloom.inspection.gradient_flow_page import named, write_flow_page
    from seqloom.inspection.gradient_flow_picture import say_flow, write_flow_picture
    from seqloom.pipeline.inspecting import flows, flows_of

    if asked.beside:
        found = flows_of({asked.name: model, **asked.beside}, asked.text, asked.target)
    else:
        found = flows(model, asked.text, asked.target)
    if not len(found[0].by_distance()):
        raise UsageError(
            "A gradient that flows back needs two symbols or more, the end included. Name a --target."
        )
    lines = [f"{named(flow)}: the gradient {say_flow(flow)}" for flow in found]

    def picture(path: Path) -> None:
        write_flow_picture(found, path)

    return Shown(
        "\n".join(lines),
        {
            "png": picture,
            "svg": picture,
            "html": lambda path: write_flow_page(found, path),
            "json": lambda path: write_flows(found, path),
        },
    )


def words(model: "Inspected", asked: Asked) -> Shown:
    """What else might have been written at each step."""
    from seqloom.inspection.word_by_word import summary, write_steps
    from seqloom.inspection.word_by_word_page import write_steps_page
    from seqloom.pipeline.inspecting_words import word_by_word

    found = word_by_word(model, asked.text, asked.target, words=asked.words is True)
    return Shown(
        f"{found.source_text}\n{found.target_text}\n\n{summary(found)}",
        {
            "html": lambda path: write_steps_page(found, path),
            "json": lambda path: write_steps(found, path),
        },
    )


def beam(model: "Inspected", asked: Asked) -> Shown:
    """How the search for the best output grew, and what it pruned."""
    from seqloom.base.errors import UsageError
    from seqloom.inspection.beam_tree import write_tree
    from seqloom.inspection.beam_tree_page import write_tree_page
    from seqloom.pipeline.inspecting import beam_tree
    from seqloom.training.searching import search_options

    if asked.target is not None:
        raise UsageError("--show beam shows how the model finds its own output. Leave out --target.")
    best = max(3, model.config.search.n_best)
    tree = beam_tree(model, asked.text, search_options(model.config.search, n_best=best))
    lines = [tree.source_text, "", "  score    model  length  coverage  text"]
    lines += [
        f"{parts.score:7.3f}  {parts.log_probability:7.3f}  {parts.length:6.3f}  {parts.coverage:8.3f}  {parts.text}"
        for parts in tree.best
    ]
    lines.append("score = model / length + coverage, where model is the log-probability in nats")
    lines += ["", *(f"{count:5,} {why}" for why, count in sorted(tree.counts().items()))]
    return Shown(
        "\n".join(lines),
        {
            "html": lambda path: write_tree_page(tree, path),
            "json": lambda path: write_tree(tree, path),
        },
    )


def cost(model: "Inspected", asked: Asked) -> Shown:
    """What a sentence costs, by part."""
    from seqloom.inspection.cost import write_cost
    from seqloom.inspection.cost_page import memory_rows, write_cost_page
    from seqloom.metrics.label_report import in_columns
    from seqloom.pipeline.inspecting import cost as measure

    found = measure(model, asked.text, asked.target)
    lines = [f"{name:10} {count:12,} parameters" for name, count in found.parameters.items()]
    lines += [
        f"{'together':10} {sum(found.parameters.values()):12,} parameters, {found.bytes / 1e6:,.1f} MB as float32",
        "",
    ]
    lines += [*found.said(), "", in_columns(memory_rows(found))]
    return Shown(
        "\n".join(lines),
        {"html": lambda path: write_cost_page(found, path), "json": lambda path: write_cost(found, path)},
    )


def memory(model: "Inspected", asked: Asked) -> Shown:
    """How far back its architecture remembers, learnt anew."""
    from seqloom.inspection.memory_span import write_spans
    from seqloom.inspection.memory_span_page import columns, said, write_span_page
    from seqloom.inspection.memory_span_picture import write_span_picture
    from seqloom.metrics.label_report import in_columns
    from seqloom.pipeline.inspecting_memory import DISTANCE, QUICK, UPDATES, memory_span

    wanted = asked.memory
    spans = memory_span(
        model,
        wanted.tasks or QUICK,
        distance=DISTANCE if wanted.distance is None else wanted.distance,
        updates=UPDATES if wanted.updates is None else wanted.updates,
        label=asked.name,
    )

    def picture(path: Path) -> None:
        write_span_picture(spans, path)

    head, rows = columns(spans)
    return Shown(
        "\n".join([*said(spans), "", in_columns([head, *rows])]),
        {
            "png": picture,
            "svg": picture,
            "html": lambda path: write_span_page(spans, path),
            "json": lambda path: write_spans(spans, path),
        },
    )


PICTURES, NUMBERS = ("png", "svg"), ("html", "json")
VIEWS: Mapping[str, View] = {
    "attention": View(attention, (*PICTURES, *NUMBERS)),
    "gates": View(gates, (*PICTURES, *NUMBERS)),
    "gradients": View(gradients, (*PICTURES, *NUMBERS)),
    "words": View(words, NUMBERS),
    "beam": View(beam, NUMBERS),
    "cost": View(cost, NUMBERS),
    "memory": View(memory, (*PICTURES, *NUMBERS), of_text=False),
}
"""By what --show says."""


def attention_summary(attention: "AttentionMap") -> str:
    """For each symbol the one it looked at most, the weight of that, and how sure the model was where that is known."""
    from rich.cells import cell_len

    from seqloom.inspection.lettering import visible

    rows: list[tuple[str, ...]]
    rows = [
        ("wrote", "looking at", "weight", "sure")
        if attention.probabilities
        else ("at", "looking at", "weight")
    ]
    for place, symbol in enumerate(attention.target):
        weights = attention.weights[place]
        best = int(weights.argmax()) if weights.size else -1
        looked = (visible(attention.source[best]), f"{weights[best]:.2f}") if weights.size else ("", "")
        sure = [f"{100 * attention.probabilities[place]:.0f} %"] if attention.probabilities else []
        rows.append((visible(symbol), *looked, *sure))
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, second, *figures in rows:
        left = (first + " " * (widths[0] - cell_len(first)), second + " " * (widths[1] - cell_len(second)))
        right = (figure.rjust(width) for figure, width in zip(figures, widths[2:], strict=True))
        lines.append("  ".join((*left, *right)).rstrip())
    return "\n".join(lines)


def explanation_summary(explanation: "Explanation") -> str:
    """For each symbol what it spoke for the label, below 0 against it, and what the pooling weighed."""
    from seqloom.inspection.lettering import visible
    from seqloom.metrics.label_report import in_columns

    weights = explanation.weights
    rows = [("read", "for it", *(() if weights is None else ("weight",)))]
    for place, symbol in enumerate(explanation.symbols):
        weight = () if weights is None else (f"{weights[place]:.2f}",)
        rows.append((visible(symbol), f"{explanation.contributions[place]:+.2f}", *weight))
    return in_columns(rows)
