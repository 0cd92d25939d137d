"""The tree that a beam search grew: each continuation it weighed, what became of it and why; and the n best by part.

score = log P / lp + cp (search/penalties.py): what the model says, what length does to it, what was left unread.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seqloom.base.files import atomic_write, make_folder
from seqloom.models.state import SearchableModel
from seqloom.search.beam import Competed, Fate, beam_search
from seqloom.search.hypothesis import Hypothesis
from seqloom.search.options import SearchOptions
from seqloom.search.penalties import length_penalty
from seqloom.search.trail import Ended
from seqloom.text.vocabulary import BOS, EOS

FORMAT, VERSION = "seqloom-beam-tree", 1
WHY = {
    Fate.PUSHED_OUT: "pruned: better ones took the places",
    Fate.HOPELESS: "pruned: it could not beat what had ended",
    Fate.GOES_ON: "went on",
    Fate.ENDED: "ended, behind the best that were asked for",
}
BEST, ON, STUCK = "among the best", WHY[Fate.GOES_ON], "pruned: none of its continuations got a place"
DISPLACED = "ended, and was pushed out by better ones"
PRUNED = (WHY[Fate.PUSHED_OUT], WHY[Fate.HOPELESS])


@dataclass
class Node:
    """A symbol written after those above it.

    token, symbol    its id, and the same printable
    log_probability  nats so far
    score            what it competed by
    why              what became of it
    rank             1 for the best hypothesis of the search, 2 for the next ...; 0 if it is on the way to none
    """

    token: int
    symbol: str
    log_probability: float
    score: float
    why: str = ""
    rank: int = 0
    children: list["Node"] = field(default_factory=list)

    def to_record(self) -> dict[str, Any]:
        """As plain values for JSON, children included."""
        return {
            "symbol": self.symbol,
            "log_probability": self.log_probability,
            "score": self.score,
            "why": self.why,
            "rank": self.rank,
            "children": [child.to_record() for child in self.children],
        }


@dataclass(frozen=True)
class Parts:
    """A hypothesis of the n best, and what its score is made of: score = log_probability / length + coverage.

    length    what the log-probability is divided by
    coverage  nats, 0 or less, for what was left unread
    """

    text: str
    score: float
    log_probability: float
    length: float
    coverage: float


@dataclass(frozen=True)
class BeamTree:
    """root: the begin of the sentence · best: the hypotheses found, best first"""

    root: Node
    best: tuple[Parts, ...]
    source_text: str = ""

    def counts(self) -> dict[str, int]:
        """How many nodes there are of each fate."""
        found: dict[str, int] = {}

        def count(node: Node) -> None:
            for child in node.children:
                found[child.why] = found.get(child.why, 0) + 1
                count(child)

        count(self.root)
        return found

    def _repr_html_(self) -> str:
        """The page, in a notebook."""
        from seqloom.inspection.beam_tree_page import tree_page
        from seqloom.inspection.notebook import framed

        return framed(tree_page(self))

    def to_record(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "source_text": self.source_text,
            "best": [vars(parts) for parts in self.best],
            "tree": self.root.to_record(),
        }


def write_tree(tree: BeamTree, path: Path) -> None:
    """Write it as JSON, atomically."""
    make_folder(path.parent)
    atomic_write(path, json.dumps(tree.to_record(), ensure_ascii=False) + "\n")


def grow_tree(
    model: SearchableModel,
    state: Any,
    source_length: Any,
    options: SearchOptions,
    *,
    spell: Callable[[Sequence[int]], list[str]],
    decode: Callable[[Sequence[int]], str],
    source_text: str = "",
) -> BeamTree:
    """Search one sentence and keep the whole tree.

    state          before the first symbol, of one row
    source_length  (1,) as a search takes it
    spell, decode  ids -> a printable symbol each · the text they are
    """
    growth = _Growth(spell)
    found = beam_search(
        model, state, source_length, options, alignment=options.coverage_penalty > 0, watch=growth.watch
    )[0]
    for rank, hypothesis in enumerate(found, start=1):
        _mark(growth.root, [*hypothesis.tokens, EOS], rank)
    return BeamTree(growth.root, tuple(_parts(each, options, decode) for each in found), source_text)


class _Growth:
    """The tree as the search goes on.

    alive  the node that holds each place
    ended  what has ended so far, by the step at which it did and the place that it ended from
    """

    def __init__(self, spell: Callable[[Sequence[int]], list[str]]) -> None:
        self.spell = spell
        self.root = Node(BOS, "", 0.0, 0.0)
        self.alive = [self.root]
        self.ended: dict[tuple[int, int], Node] = {}
        self.steps = 0

    def watch(self, step: Competed) -> None:
        """Grow by a step."""
        parents, tokens, _, totals = step.continuations
        nodes: list[Node] = []
        for place, (parent, token, total) in enumerate(
            zip(parents[0].tolist(), tokens[0].tolist(), totals[0].tolist(), strict=True)
        ):
            fate = Fate(int(step.fates[0, place]))
            score = float(step.scores[0, place])
            nodes.append(Node(token, self.spell([token])[0], total, score, WHY[fate]))
            if math.isfinite(total):
                self.alive[parent].children.append(nodes[-1])
            if fate == Fate.ENDED:
                self.ended[self.steps, parent] = nodes[-1]
        for holder in self.alive:
            if all(child.why in PRUNED for child in holder.children):
                holder.why = STUCK
        self.alive = [nodes[place] for place in step.places[0]]
        self.steps += 1
        self._settle(step.ended)

    def _settle(self, held: Ended) -> None:
        """Say of what has ended whether it still holds its place."""
        there = held.score[0] > -math.inf
        holding = set(zip(held.position[0][there].tolist(), held.row[0][there].tolist(), strict=True))
        for where, node in self.ended.items():
            node.why = WHY[Fate.ENDED] if where in holding else DISPLACED


def _mark(root: Node, tokens: Sequence[int], rank: int) -> None:
    """Say of the nodes on the way to a hypothesis that it is one of the best; the better rank stays."""
    node = root
    for place, token in enumerate(tokens):
        following = next((child for child in node.children if child.token == token), None)
        if following is None:  # ended at the cap, where EOS was not weighed against others
            return
        following.rank = following.rank or rank
        if place == len(tokens) - 1:
            following.why = BEST
        node = following


def _parts(hypothesis: Hypothesis, options: SearchOptions, decode: Callable[[Sequence[int]], str]) -> Parts:
    length = length_penalty(len(hypothesis.tokens) + 1, options.length_penalty)
    return Parts(
        text=decode(hypothesis.tokens),
        score=hypothesis.score,
        log_probability=hypothesis.log_probability,
        length=length,
        coverage=hypothesis.score - hypothesis.log_probability / length if options.coverage_penalty else 0.0,
    )
