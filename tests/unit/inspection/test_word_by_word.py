"""Each step of a sentence, told by what the model gives at it."""

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

import kinds
from seqloom.data.batch import collate
from seqloom.inspection.word_by_word import Continuation, Step, WordByWord, summary, trace_steps, write_steps
from seqloom.inspection.word_by_word_page import steps_page, write_steps_page
from seqloom.search.forced import force
from seqloom.text.grouping import WordGroup

SOURCE, WRITTEN = [4, 5, 6], [7, 4, 9]


def spell(ids: Sequence[int]) -> list[str]:
    return [f"<{number}>" for number in ids]


@pytest.mark.parametrize("decoder", ["gru-between-additive", "transformer-pre-sinusoidal", "lstm-fixed"])
def test_steps_are_those_of_forced_scoring(decoder: str) -> None:
    model = kinds.model_of("gru-bi-1", decoder, torch.float64)
    batch = collate([SOURCE])
    with torch.no_grad():
        state = model.start(model.encode(batch))
    steps = trace_steps(model, state, WRITTEN, spell, alternatives=4)
    (forced,) = force(model, state, batch.source_lengths, [WRITTEN], alignment=True)
    assert [step.symbol for step in steps] == ["<7>", "<4>", "<9>", "<3>"]
    logs = [math.log(step.probability) for step in steps]
    assert logs == pytest.approx(forced.token_log_probabilities, abs=1e-6)
    logits = model(collate([SOURCE], [WRITTEN])).logits[0].detach().softmax(-1)
    for step, given, own in zip(steps, logits, [*WRITTEN, 3], strict=True):
        assert step.rank == 1 + sum(bool(other > given[own]) for other in given)
        assert step.entropy == pytest.approx(-sum(p * math.log2(p) for p in given.tolist()), abs=1e-9)
        order = given.argsort(descending=True)[:4].tolist()
        assert [other.symbol for other in step.best] == spell(order)
        assert [other.probability for other in step.best] == pytest.approx(given[order].tolist(), abs=1e-12)
    if decoder == "lstm-fixed":
        assert all(step.looked is None for step in steps)
    else:
        assert forced.alignment is not None
        for step, row in zip(steps, forced.alignment, strict=True):
            assert step.looked == pytest.approx(row.tolist(), abs=1e-6)


SURE = Step("a", 0.5, 1, 1.0, (Continuation("a", 0.5), Continuation("<b>", 0.25)), (0.75, 0.25))
LOST = Step("c", 0.0, 9, 2.0, (Continuation("a", 1.0),), (0.0, 1.0))
SENTENCE = WordByWord(("x", "y"), (SURE, SURE), "x & y", "a a")


def test_surprise_is_in_bits() -> None:
    assert SURE.surprise == 1.0
    assert SENTENCE.surprise == 2.0
    assert LOST.surprise == math.inf


def test_a_summary_has_a_line_for_each_symbol() -> None:
    assert summary(SENTENCE).splitlines() == [
        "wrote  probability  bits  entropy  rank  instead",
        "a            50.0%  1.00     1.00     1  <b> 25%",
        "a            50.0%  1.00     1.00     1  <b> 25%",
    ]


def test_a_summary_of_words_adds_up_their_symbols() -> None:
    words = (WordGroup("aa", 0, 2), WordGroup("b", 2, 3))
    other = Step("b", 0.25, 1, 1.0, ())
    assert summary(WordByWord((), (SURE, SURE, other), words=words)).splitlines() == [
        "wrote  probability  bits  by symbol",
        "aa           25.0%  2.00  a 1.00 + a 1.00",
        "b            25.0%  2.00",
    ]
    given = summary(WordByWord((), (SURE, SURE, LOST), given=2, words=words)).splitlines()
    assert given[0].startswith("read ")
    assert given[2:] == ["and goes on", "b            0.0%   inf"]


def test_words_are_in_the_page_and_in_json_where_they_are_asked_for() -> None:
    written = WordByWord(("x", "y"), (SURE, SURE, LOST), words=(WordGroup("<aa", 0, 2), WordGroup("c", 2, 3)))
    page = steps_page(written)
    assert "<bdi>&lt;aa</bdi>" in page
    assert '<small dir="ltr">2.00</small>' in page
    assert '<small dir="ltr">∞</small>' in page
    assert "Bits of surprise of each word" not in steps_page(SENTENCE)
    assert written.to_record()["words"] == [
        {"text": "<aa", "start": 0, "stop": 2, "surprise": 2.0},
        {"text": "c", "start": 2, "stop": 3, "surprise": None},
    ]
    assert "words" not in SENTENCE.to_record()


def test_a_page_opens_each_symbol_without_a_script() -> None:
    page = steps_page(SENTENCE, title="T & T")
    assert "<script" not in page
    assert not re.search(r'(src|href)="', page)
    assert page.count("<details") == 2
    assert page.count(" open>") == 1
    assert "<bdi>&lt;b&gt;</bdi>" in page
    assert "surprised by\n2.0 bits, 1.00 a symbol" in page
    assert "75%" in page
    assert "surprised by\n∞ bits" in steps_page(WordByWord(("x", "y"), (LOST,)))


def test_without_attention_no_place_is_shown() -> None:
    alone = Step("a", 0.5, 1, 1.0, ())
    assert "Where it looked" not in steps_page(WordByWord((), (alone,)))
    assert "Where it looked" in steps_page(SENTENCE)


def test_steps_are_written(tmp_path: Path) -> None:
    write_steps(WordByWord(("x", "y"), (SURE, LOST)), tmp_path / "new" / "steps.json")
    found = json.loads((tmp_path / "new" / "steps.json").read_text(encoding="utf-8"))
    assert found["read"] == ["x", "y"]
    assert found["steps"][0]["best"] == [["a", 0.5], ["<b>", 0.25]]
    assert [step["surprise"] for step in found["steps"]] == [1.0, None]
    write_steps_page(SENTENCE, tmp_path / "new" / "steps.html")
    assert "x &amp; y" in (tmp_path / "new" / "steps.html").read_text(encoding="utf-8")
