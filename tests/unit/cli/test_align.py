"""`seqloom align` by a head, and of pairs that are too long."""

from collections.abc import Callable
from pathlib import Path

import pytest

import inspected
from commands import Answer, Project

Here = Callable[..., Answer]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Three pairs; the second is longer than a model reads."""
    texts = {"a.en": ("one red cat", "one " * 1_030, "dog"), "a.fr": ("un chat rouge", "un", "chien")}
    for name, lines in texts.items():
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return tmp_path / "a.en", tmp_path / "a.fr"


def test_the_sharpest_head_of_each_model_is_named(
    here: Here, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = inspected.translator("gru-bi-1", "transformer-pre-sinusoidal")
    monkeypatch.setattr("seqloom.pipeline.load_as", lambda *_: model)
    answer = here("align", "runs/ab", *files, "--reverse", "runs/ba", "--head", "sharpest")
    assert answer.code == 0, answer.err
    said = [line for line in answer.err.splitlines() if "sharpest" in line]
    assert [line.split(": ")[1] for line in said] == ["runs/ab", "runs/ba"]
    head = said[0].partition(" pairs is ")[2].partition(";")[0]
    assert said[0] == f"seqloom: runs/ab: its sharpest head over the 3 pairs is {head}; aligning by it"
    by_name = here("align", "runs/ab", *files, "--head", head)
    alone = here("align", "runs/ab", *files, "--head", "sharpest")
    assert by_name.out == alone.out
    refused = here("align", "runs/ab", *files, "--head", "3.1")
    assert (refused.code, refused.out) == (2, "")
    assert refused.sentence == "This model has no head 3.1; it has 1.1 to 1.2, 2.1 to 2.2."


def test_pairs_that_are_too_long_are_counted_once(
    here: Here, trained: Project, files: tuple[Path, Path]
) -> None:
    answer = here("align", trained.run, *files)
    assert answer.code == 0
    assert answer.out.split("\n")[1] == ""
    assert answer.err.splitlines()[-1] == (
        f"seqloom: 1 of 3 pairs are longer than {trained.run} reads and get no links; the first is pair 2: its source "
        "has 1,030 symbols; the model reads 1,024"
    )
