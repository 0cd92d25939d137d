"""The tree of a search: every continuation once, what became of it, and the way to the best."""

import json
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch

import kinds
from seqloom.data.batch import collate
from seqloom.inspection.beam_tree import (
    BEST,
    DISPLACED,
    ON,
    PRUNED,
    STUCK,
    WHY,
    BeamTree,
    Node,
    Parts,
    grow_tree,
    write_tree,
)
from seqloom.inspection.beam_tree_page import places, tree_page, write_tree_page
from seqloom.search.beam import RIVALS, Competed, Fate, beam_search
from seqloom.search.options import SearchOptions

EOS = 3


def spell(ids: Sequence[int]) -> list[str]:
    return [f"<{number}>" for number in ids]


def grown(options: SearchOptions) -> tuple[BeamTree, list[list[int]]]:
    """The tree over a random model, and what the search finds without it."""
    model = kinds.model_of("gru-bi-1", "gru-between-additive", torch.float64)
    batch = collate([[4, 5, 6]])
    with torch.no_grad():
        memory = model.encode(batch)
        tree = grow_tree(
            model,
            model.start(memory),
            batch.source_lengths,
            options,
            spell=spell,
            decode=lambda ids: " ".join(map(str, ids)),
            source_text="a < b",
        )
        (found,) = beam_search(
            model, model.start(memory), batch.source_lengths, options, alignment=options.coverage_penalty > 0
        )
    assert [(parts.text, parts.score, parts.log_probability) for parts in tree.best] == [
        (" ".join(map(str, each.tokens)), each.score, each.log_probability) for each in found
    ]
    return tree, [each.tokens for each in found]


def ways(node: Node, before: tuple[Node, ...] = ()) -> Iterator[tuple[Node, ...]]:
    """The way to each node."""
    for child in node.children:
        yield (*before, child)
        yield from ways(child, (*before, child))


OPTIONS = [
    SearchOptions(beam=1, max_length=5),
    SearchOptions(beam=4, n_best=3, max_length=6),
    SearchOptions(beam=3, n_best=2, max_length=6, length_penalty=0.0),
    SearchOptions(beam=3, n_best=2, max_length=6, coverage_penalty=0.4),
]


@pytest.mark.parametrize("options", OPTIONS)
def test_the_tree_holds_the_ways_to_the_best(options: SearchOptions) -> None:
    tree, found = grown(options)
    all_ways = list(ways(tree.root))
    for way in all_ways:
        *_, last = way
        totals = [node.log_probability for node in way]
        assert totals == sorted(totals, reverse=True)
        if last.children:
            assert last.why in (ON, STUCK)
            assert last.token != EOS
            assert (last.why == STUCK) == all(child.why in PRUNED for child in last.children)
        else:
            assert last.why in (BEST, *PRUNED) or last.token == EOS
    for rank, tokens in enumerate(found, start=1):
        (way,) = [way for way in all_ways if [node.token for node in way] == [*tokens, EOS]]
        assert way[-1].rank == rank
        assert way[-1].why == BEST
        assert all(0 < node.rank <= rank for node in way)
    assert sum(tree.counts().values()) == len(all_ways)
    assert tree.counts()[BEST] == len(found)


@pytest.mark.parametrize("options", OPTIONS)
def test_what_held_its_place_to_the_end_is_behind_the_best(options: SearchOptions) -> None:
    tree, _ = grown(options)
    last = [way[-1] for way in ways(tree.root) if way[-1].token == EOS and way[-1].why not in PRUNED]
    best, behind = ([node.score for node in last if node.why == why] for why in (BEST, WHY[Fate.ENDED]))
    assert len(best) + len(behind) <= options.beam
    assert max(behind, default=-math.inf) <= min(best)
    assert {node.why for node in last} <= {BEST, WHY[Fate.ENDED], DISPLACED}


def test_the_tree_tells_what_was_pushed_out_from_what_was_not_asked_for() -> None:
    one, _ = grown(SearchOptions(beam=5, n_best=1, max_length=6, length_penalty=2.0))
    assert (one.counts()[WHY[Fate.ENDED]], one.counts()[DISPLACED]) == (4, 1)
    all_four, _ = grown(SearchOptions(beam=4, n_best=4, max_length=6))
    assert not all_four.counts().keys() & {WHY[Fate.ENDED], DISPLACED}


@pytest.mark.parametrize("options", OPTIONS)
def test_runners_up_are_told_and_change_nothing(options: SearchOptions) -> None:
    tree, _ = grown(options)  # which compares with a search that nobody watches
    assert tree.counts()[WHY[Fate.PUSHED_OUT]] >= RIVALS
    model = kinds.model_of("gru-bi-1", "gru-between-additive", torch.float64)
    batch = collate([[4, 5, 6], [5, 4]])
    steps: list[Competed] = []
    with torch.no_grad():
        watched, alone = (
            beam_search(
                model,
                model.start(model.encode(batch)),
                batch.source_lengths,
                options,
                alignment=options.coverage_penalty > 0,
                watch=watch,
            )
            for watch in (steps.append, None)
        )
    assert [[(each.tokens, each.score) for each in own] for own in watched] == [
        [(each.tokens, each.score) for each in own] for own in alone
    ]
    for step in steps:
        assert step.fates.shape[1] == options.beam + RIVALS
        assert (step.fates[:, options.beam :] == Fate.PUSHED_OUT).all()
        totals = step.continuations.total
        assert (totals[:, :-1] >= totals[:, 1:]).all()


@pytest.mark.parametrize("options", OPTIONS)
def test_the_parts_make_the_score(options: SearchOptions) -> None:
    tree, found = grown(options)
    for parts, tokens in zip(tree.best, found, strict=True):
        assert parts.length == pytest.approx(((5 + len(tokens) + 1) / 6) ** options.length_penalty)
        assert parts.score == pytest.approx(parts.log_probability / parts.length + parts.coverage)
        assert (parts.coverage < -1e-6) == (options.coverage_penalty > 0)


def test_each_node_has_a_place_of_its_own_below_those_before() -> None:
    tree, _ = grown(OPTIONS[1])
    placed = places(tree)
    assert len({(place.column, place.row) for place in placed}) == len(placed)
    assert len(placed) == sum(tree.counts().values())
    by_place = {(place.column, place.row): place.node for place in placed}
    for place in placed:
        parent = by_place[place.column - 1, place.parent_row] if place.column else tree.root
        assert place.node in parent.children


def test_a_page_draws_every_node_and_needs_no_script(tmp_path: Path) -> None:
    tree, _ = grown(OPTIONS[1])
    page = tree_page(tree, title="T & T")
    assert "<script" not in page
    assert not re.search(r'(src|href)="', page)
    assert page.count("<rect") == sum(tree.counts().values())
    assert "a &lt; b" in page
    assert f"{tree.best[0].score:.3f}" in page
    write_tree_page(tree, tmp_path / "new" / "tree.html")
    assert (tmp_path / "new" / "tree.html").is_file()
    assert "Nothing was written" in tree_page(BeamTree(Node(2, "", 0.0, 0.0), ()))


def test_a_tree_is_written_as_json(tmp_path: Path) -> None:
    leaf = Node(3, "</s>", -1.5, -1.0, BEST, 1)
    tree = BeamTree(Node(2, "", 0.0, 0.0, children=[leaf]), (Parts("", -1.0, -1.5, 1.5, 0.0),), "x")
    write_tree(tree, tmp_path / "new" / "tree.json")
    found = json.loads((tmp_path / "new" / "tree.json").read_text())
    assert found["tree"]["children"][0] == {
        "symbol": "</s>",
        "log_probability": -1.5,
        "score": -1.0,
        "why": BEST,
        "rank": 1,
        "children": [],
    }
    assert found["best"] == [
        {"text": "", "score": -1.0, "log_probability": -1.5, "length": 1.5, "coverage": 0.0}
    ]
    assert math.isclose(tree.best[0].score, -1.0)
