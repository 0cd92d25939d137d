"""Which head is meant, and which a model has."""

import numpy as np
import pytest

from seqloom.base.errors import ShapeError, UsageError
from seqloom.inspection.head_choice import HeadChoice, entropy, find_choice, read_choice, sharpest

COUNTS = {("encoder", 1): 4, ("decoder", 1): 2, ("source", 1): 2, ("source", 2): 1}


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("mean", None),
        ("2.3", HeadChoice(None, 2, 3)),
        ("2", HeadChoice(None, 2)),
        ("sharpest", HeadChoice(None)),
        ("encoder.2.3", HeadChoice("encoder", 2, 3)),
        ("decoder.1", HeadChoice("decoder", 1)),
        ("source.sharpest", HeadChoice("source")),
    ],
)
def test_a_choice_is_read_and_written(text: str, choice: HeadChoice | None) -> None:
    assert read_choice(text) == choice
    if choice is not None:
        assert str(choice) == text


@pytest.mark.parametrize("text", ["", "a", "1.2.3", "1.", "-1", "encoder", "sharpest.1", "²"])
def test_what_is_no_choice_is_refused(text: str) -> None:
    with pytest.raises(
        UsageError, match=r"can't be found; expected LAYER.HEAD as in 2.3, LAYER for the mean"
    ):
        read_choice(text)


def test_a_choice_is_of_the_main_side_unless_another_is_named() -> None:
    assert find_choice(HeadChoice(None, 2), COUNTS) == HeadChoice("source", 2)
    assert find_choice(HeadChoice("encoder", 1, 4), COUNTS) == HeadChoice("encoder", 1, 4)
    assert find_choice(HeadChoice(None), {("encoder", 1): 4}) == HeadChoice("encoder")


@pytest.mark.parametrize("text", ["3", "0", "2.2", "1.0", "encoder.2"])
def test_a_head_that_is_not_there_is_answered_by_those_that_are(text: str) -> None:
    choice = read_choice(text)
    assert choice is not None
    with pytest.raises(UsageError) as caught:
        find_choice(choice, COUNTS)
    assert str(caught.value) == (
        f"This model has no head {text}; it has 1.1 to 1.2, 2.1, decoder.1.1 to decoder.1.2, encoder.1.1 to "
        "encoder.1.4."
    )


def test_without_heads_there_is_no_choice() -> None:
    with pytest.raises(UsageError, match="no heads to choose from: no part of it attends in several"):
        find_choice(HeadChoice(None), {})
    with pytest.raises(UsageError, match=r"no head decoder\.sharpest; it has 1\.1 to 1\.2\."):
        find_choice(HeadChoice("decoder"), {("source", 1): 2})


def test_the_sharpest_head_has_the_least_entropy() -> None:
    flat, between, sharp = np.full((2, 4), 0.25), np.array([[0.5, 0.5, 0.0, 0.0]]), np.eye(4)[:2]
    assert entropy(flat) == pytest.approx(np.log(4))
    assert entropy(sharp) == 0.0
    assert entropy(np.zeros((0, 4))) == 0.0
    assert sharpest([flat, between, sharp]) == 2
    assert sharpest([flat, sharp, sharp]) == 1
    with pytest.raises(ShapeError, match="no head"):
        sharpest([])
