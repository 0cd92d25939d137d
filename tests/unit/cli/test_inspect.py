"""What `seqloom inspect` prints and draws of models that the tiny run isn't."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import inspected
from commands import Answer

Here = Callable[..., Answer]


@pytest.fixture
def transformer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run that is loaded is a Transformer over words."""
    model = inspected.translator("transformer-pre-sinusoidal", "transformer-pre-sinusoidal")
    monkeypatch.setattr("seqloom.pipeline.load", lambda *_: model)


@pytest.mark.usefixtures("transformer")
def test_the_parts_of_a_score_are_printed(here: Here) -> None:
    answer = here("inspect", "runs/mine", "one red cat", "--show", "beam")
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    start = lines.index("  score    model  length  coverage  text")
    rows = [line for line in lines[start + 1 :] if re.match(r" *-\d", line)]
    assert len(rows) == 3
    for row in rows:
        score, model, length, coverage = map(float, row.split()[:4])
        assert score == pytest.approx(model / length + coverage, abs=2e-3)
    assert "score = model / length + coverage" in answer.out


@pytest.mark.usefixtures("transformer")
@pytest.mark.parametrize(
    ("head", "label"),
    [
        ("2.1", "decoder, layer 2, looking at the source, head 1"),
        ("1", "decoder, layer 1, looking at the source, mean of 2 heads"),
        ("encoder.1.2", "encoder, layer 1, reading itself, head 2"),
    ],
)
def test_a_head_is_drawn_in_every_way(here: Here, tmp_path: Path, head: str, label: str) -> None:
    files = {kind: tmp_path / f"head.{kind}" for kind in ("png", "svg", "html", "json")}
    asked = [word for kind, path in files.items() for word in (f"--{kind}", path)]
    answer = here("inspect", "runs/mine", "one red cat", "--target", "un chat rouge", "--head", head, *asked)
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[:4] == ["one red cat", "un chat rouge", label, ""]
    assert answer.out.splitlines()[4].split() == ["at", "looking", "at", "weight"]
    (record,) = json.loads(files["json"].read_text(encoding="utf-8"))["maps"]
    assert record["label"] == label
    assert label in files["html"].read_text(encoding="utf-8")
    assert "<svg" in files["svg"].read_text(encoding="utf-8")
    assert files["png"].read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("transformer")
def test_the_sharpest_head_is_the_one_with_the_least_bits(here: Here) -> None:
    every = here("inspect", "runs/mine", "one red cat", "--heads").out
    across = re.findall(r"(.*looking at the source.*): (.*) bits", every)
    least = min(across, key=lambda each: float(each[1]))[0]
    found = here("inspect", "runs/mine", "one red cat", "--head", "sharpest")
    assert f"{least}, the sharpest of 4" in found.out.splitlines()
    assert "TEXT --head sharpest --html attention.html" in found.out


@pytest.mark.usefixtures("transformer")
def test_the_surprise_of_words_is_printed_where_it_is_asked_for(here: Here) -> None:
    answer = here("inspect", "runs/mine", "one red cat", "--target", "un chat", "--show", "words", "--words")
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[3].split() == ["wrote", "probability", "bits", "by", "symbol"]
    plain = here("inspect", "runs/mine", "one red cat", "--target", "un chat", "--show", "words", "--pieces")
    assert "entropy" in plain.out.splitlines()[3]
