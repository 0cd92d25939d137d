"""A sentence as the model writes it, symbol by symbol: what else it might have written, how sure, looking where.

The sentence may be the model's own or one that it is forced through; then the surprise of each symbol says what it
would not have written.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch

from seqloom.base.files import atomic_write, make_folder
from seqloom.inspection.lettering import visible
from seqloom.models.state import SearchableModel
from seqloom.text.grouping import WordGroup

FORMAT, VERSION = "seqloom-word-by-word", 1
BITS = 1 / math.log(2)
Spell = Callable[[Sequence[int]], list[str]]


class Continuation(NamedTuple):
    """A symbol that might have been written, and its probability."""

    symbol: str
    probability: float


@dataclass(frozen=True)
class Step:
    """One symbol written.

    symbol       what was written
    probability  that the model gave it
    rank         1 if it was the likeliest, 2 if one was likelier ...
    entropy      bits, of the distribution it was chosen from
    best         the likeliest continuations, best first
    looked       weights over what was read, S of them; None without attention
    """

    symbol: str
    probability: float
    rank: int
    entropy: float
    best: tuple[Continuation, ...]
    looked: tuple[float, ...] | None = None

    @property
    def surprise(self) -> float:
        """Bits: -log2 of the probability."""
        return -math.log2(self.probability) if self.probability else math.inf


@dataclass(frozen=True)
class WordByWord:
    """A sentence of T symbols, the end included.

    read     S printable symbols that were read before; () for a language model
    steps    one a symbol
    given    how many of the first steps were not chosen but given: the prompt of a language model
    seconds  from one position of a recording to the next, where that is what was read
    words    those that the symbols spell, where they are asked for
    """

    read: tuple[str, ...]
    steps: tuple[Step, ...]
    source_text: str = ""
    target_text: str = ""
    given: int = 0
    seconds: float | None = None
    words: tuple[WordGroup, ...] = ()

    @property
    def surprise(self) -> float:
        """Bits, of the whole."""
        return sum(step.surprise for step in self.steps)

    def surprise_of(self, word: WordGroup) -> float:
        """Bits, of all symbols of a word."""
        return sum(step.surprise for step in self.steps[word.start : word.stop])

    def _repr_html_(self) -> str:
        """The page, in a notebook."""
        from seqloom.inspection.notebook import framed
        from seqloom.inspection.word_by_word_page import steps_page

        return framed(steps_page(self))

    def to_record(self) -> dict[str, Any]:
        """As plain values for JSON."""
        steps = [
            {
                **asdict(step),
                "best": [list(other) for other in step.best],
                "surprise": _finite(step.surprise),
            }
            for step in self.steps
        ]
        words = [{**word._asdict(), "surprise": _finite(self.surprise_of(word))} for word in self.words]
        return {
            "format": FORMAT,
            "version": VERSION,
            "source_text": self.source_text,
            "target_text": self.target_text,
            "read": list(self.read),
            **({} if self.seconds is None else {"seconds": self.seconds}),
            **({"given": self.given} if self.given else {}),
            "steps": steps,
            **({"words": words} if words else {}),
        }


def _finite(bits: float) -> float | None:
    """JSON has no infinity."""
    return bits if math.isfinite(bits) else None


def write_steps(written: WordByWord, path: Path) -> None:
    """Write it as JSON, atomically."""
    make_folder(path.parent)
    atomic_write(path, json.dumps(written.to_record(), ensure_ascii=False) + "\n")


def trace_steps(
    model: SearchableModel,
    state: Any,
    symbols: Sequence[int],
    spell: Spell,
    *,
    alternatives: int = 10,
    device: torch.device | str = "cpu",
    bos: int = 2,
    eos: int = 3,
) -> tuple[Step, ...]:
    """Force the model through a sentence, symbols without BOS and EOS; a step for each of them, and one for EOS.

    The rest as for `trace_choices`, which this is.
    """
    return trace_choices(
        model, state, [bos, *symbols], [*symbols, eos], spell, alternatives=alternatives, device=device
    )


@torch.no_grad()
def trace_choices(
    model: SearchableModel,
    state: Any,
    read: Sequence[int],
    written: Sequence[int],
    spell: Spell,
    *,
    alternatives: int = 10,
    device: torch.device | str = "cpu",
) -> tuple[Step, ...]:
    """Force the model to write T symbols; a step for each.

    state         before the first symbol, of one row
    read          T symbols, each the one before what is written
    spell         ids -> a printable symbol each
    alternatives  likeliest continuations told at each step
    device        where the model is
    """
    steps = []
    for before, chosen in zip(read, written, strict=True):
        found = model.step(torch.tensor([before], device=device), state, alignment=True)
        scores, looked, state = found.scores, found.alignment, found.state
        log_probs = scores[0].double()
        if not bool(log_probs.isneginf().all()):  # as CTC says of a text longer than what was heard
            log_probs = log_probs.log_softmax(dim=-1)
        probabilities = log_probs.exp()
        likeliest = log_probs.topk(min(alternatives, len(log_probs)))
        best = zip(spell(likeliest.indices.tolist()), likeliest.values.exp().tolist(), strict=True)
        steps.append(
            Step(
                symbol=spell([chosen])[0],
                probability=float(probabilities[chosen]),
                rank=1 + int((log_probs > log_probs[chosen]).sum()),
                entropy=BITS * -float(torch.xlogy(probabilities, probabilities).sum()),
                best=tuple(Continuation(*each) for each in best),
                looked=None if looked is None else tuple(looked[0].tolist()),
            )
        )
    return tuple(steps)


def summary(written: WordByWord) -> str:
    """A line for each symbol: how sure, how surprised, its best rivals; one between a prompt and what goes on.

    Where words are asked for, a line for each word: how sure and how surprised, in all and by its symbols.
    """
    from rich.cells import cell_len

    wrote = "read" if written.given else "wrote"
    rows: list[tuple[str, ...]]
    if written.words:
        rows = [
            (wrote, "probability", "bits", "by symbol"),
            *(_word_row(written, word) for word in written.words),
        ]
        starts = [word.start for word in written.words]
    else:
        rows = [
            (wrote, "probability", "bits", "entropy", "rank", "instead"),
            *map(_symbol_row, written.steps),
        ]
        starts = list(range(len(written.steps)))
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for start, (first, *middle, last) in zip([-1, *starts], rows, strict=True):
        if written.given and start == written.given:
            lines.append("and goes on")
        cells = [cell.rjust(width) for cell, width in zip(middle, widths[1:-1], strict=True)]
        lines.append("  ".join((first + " " * (widths[0] - cell_len(first)), *cells, last)).rstrip())
    return "\n".join(lines)


def _symbol_row(step: Step) -> tuple[str, ...]:
    rivals = [other for other in step.best if other.symbol != step.symbol][:3]
    return (
        visible(step.symbol),
        f"{step.probability:.1%}",
        f"{step.surprise:.2f}",
        f"{step.entropy:.2f}",
        f"{step.rank}",
        ", ".join(f"{visible(other.symbol)} {other.probability:.0%}" for other in rivals),
    )


def _word_row(written: WordByWord, word: WordGroup) -> tuple[str, ...]:
    steps = written.steps[word.start : word.stop]
    each = [f"{visible(step.symbol)} {step.surprise:.2f}" for step in steps]
    return (
        visible(word.text),
        f"{math.prod(step.probability for step in steps):.1%}",
        f"{written.surprise_of(word):.2f}",
        " + ".join(each) if len(each) > 1 else "",
    )
