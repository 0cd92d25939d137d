"""Scores of labels, against scikit-learn, which seqeval brings, and against counts by hand."""

import numpy as np
import pytest
from seqeval import metrics as seqeval
from seqeval import scheme as seqeval_scheme
from sklearn import metrics as sklearn

from seqloom.base.errors import DataError
from seqloom.metrics.classes import (
    LabelTable,
    accuracy,
    calibration_error,
    macro_f1,
    span_f1,
    table_of,
    token_accuracy,
)
from seqloom.metrics.label_report import LabelReport, report_text

NAMES = ("a", "b", "c", "d")


def drawn(seed: int, count: int = 60) -> tuple[list[str], list[str]]:
    """Outputs and references; no reference is a "d", no output a "c"."""
    generator = np.random.default_rng(seed)
    return (
        [str(name) for name in generator.choice(["a", "b", "d"], count)],
        [str(name) for name in generator.choice(["a", "b", "c"], count)],
    )


@pytest.mark.parametrize("seed", range(3))
def test_as_scikit_learn_counts(seed: int):
    outputs, references = drawn(seed)
    assert accuracy(outputs, references).value == pytest.approx(
        100 * sklearn.accuracy_score(references, outputs)
    )
    expected = sklearn.f1_score(references, outputs, average="macro", zero_division=0)
    assert macro_f1(outputs, references).value == pytest.approx(100 * expected)
    numbers = [[NAMES.index(name) for name in side] for side in (outputs, references)]
    matrix = report(NAMES, *numbers).matrix
    assert matrix is not None
    assert matrix.tolist() == sklearn.confusion_matrix(references, outputs, labels=list(NAMES)).tolist()


def test_several_labels_a_text_as_scikit_learn_counts():
    outputs, references = ["a|b", "b", "", "c"], ["b|a", "a", "c", "c|a"]

    def marks(side: list[str]) -> list[list[int]]:
        return [[int(name in text.split("|")) for name in "abc"] for text in side]

    expected = sklearn.f1_score(marks(references), marks(outputs), average="macro", zero_division=0)
    assert macro_f1(outputs, references, "|").value == pytest.approx(100 * expected)
    assert accuracy(outputs, references).value == 0  # written otherwise, it is another output


def test_spans_count_only_whole_and_of_their_kind():
    references = ["B-PER I-PER O B-LOC", "O B-LOC I-LOC"]
    assert span_f1(references, references).value == 100
    # one of three found; given are three: right, too short, of another kind
    outputs = ["B-PER I-PER O B-PER", "O B-LOC O"]
    assert span_f1(outputs, references).value == pytest.approx(100 / 3)
    assert token_accuracy(outputs, references).value == pytest.approx(100 * 5 / 7)
    assert span_f1(["O O"], ["B-LOC O"]).value == 0
    assert span_f1(outputs, references).signature.startswith("seqeval:")


def test_tags_that_mark_no_spans_are_spans_of_one_token():
    assert span_f1(["DET NOUN NOUN VERB"], ["DET NOUN NOUN NOUN"]).value == pytest.approx(75)


SCHEMES = {
    "IOB2": ("B-X I-X B-X I-X B-X", "B-X I-X I-X I-X B-X", "B-X I-X B-X I-X O"),
    "IOBES": ("B-X E-X B-X E-X S-X", "B-X I-X I-X E-X S-X", "B-X E-X B-X E-X O"),
    "BILOU": ("B-X L-X B-X L-X U-X", "B-X I-X I-X L-X U-X", "B-X L-X B-X L-X O"),
}
"""The references of three sentences: two spans and one of one token, one long span and another, two spans."""


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("wrong", range(3))
def test_adjacent_spans_are_told_apart_in_each_scheme_as_by_seqeval(scheme: str, wrong: int) -> None:
    references = SCHEMES[scheme]
    outputs = [*references[:wrong], references[wrong - 1], *references[wrong + 1 :]]
    given, wanted = ([line.split() for line in side] for side in (outputs, references))
    expected = seqeval.f1_score(wanted, given, mode="strict", scheme=getattr(seqeval_scheme, scheme))
    assert span_f1(outputs, references).value == pytest.approx(100 * expected)
    assert span_f1(references, references).value == 100
    bio = [" ".join(_as_bio(tag) for tag in line.split()) for line in outputs]
    assert span_f1(bio, SCHEMES["IOB2"]).value == pytest.approx(100 * expected)


def _as_bio(tag: str) -> str:
    return tag.translate(str.maketrans("ELSU", "IIBB"))


def test_chinese_words_by_their_places() -> None:
    assert span_f1(["B M E S B E"], ["B M E S S S"]).value == pytest.approx(100 * 2 * 2 / (3 + 4))
    assert span_f1(["B-N M-N E-N S-N"], ["B-N M-N E-N B-N"]).value == 100


@pytest.mark.parametrize(
    ("outputs", "references"),
    [("B I O", "B I I"), ("B I B I", "B I I I"), ("B I O B I", "B I O B I"), ("B I B", "B O B")],
)
def test_places_without_a_kind_are_as_seqeval_has_them(outputs: str, references: str) -> None:
    expected = seqeval.f1_score([references.split()], [outputs.split()], zero_division=0)
    assert span_f1([outputs], [references]).value == pytest.approx(100 * expected)


def test_a_letter_beside_other_labels_says_no_place() -> None:
    assert span_f1(["B I N"], ["B I B"]).value == 50  # an output's N is of another kind than what has none
    assert span_f1(["B I N"], ["B N N"]).value == pytest.approx(100 * 2 / 3)


@pytest.mark.parametrize("metric", [accuracy, macro_f1, span_f1, token_accuracy])
def test_both_sides_are_counted_first(metric):
    with pytest.raises(DataError, match="There are 1 outputs and 2 references"):
        metric(["a"], ["a", "b"])
    with pytest.raises(DataError, match="There are 0 outputs"):
        metric([], [])


def test_the_figures_of_a_label():
    table = table_of(np.array([1, 1, 0, 0, 1], bool), np.array([1, 0, 1, 0, 1], bool))
    assert table == LabelTable(right=2, wrong=1, missed=1)
    assert (table.precision, table.recall, table.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert (LabelTable(0, 0, 0).precision, LabelTable(0, 0, 0).f1) == (0, 0)


def test_the_calibration_error_is_the_mean_gap_of_the_bins():
    confidences = np.array([0.95, 0.91, 0.55, 0.52, 1.0])
    right = np.array([1, 0, 1, 1, 1], bool)
    # ten bins: [.9, 1] has 3 texts, 2 right, sum of confidences 2.86; [.5, .6] has 2, 2 right, 1.07
    expected = (abs(2.86 - 2) + abs(1.07 - 2)) / 5
    assert calibration_error(confidences, right, bins=10) == pytest.approx(expected)
    assert calibration_error(np.ones(4), np.ones(4, bool)) == 0
    assert calibration_error(np.empty(0), np.empty(0, bool)) == 0


def report(names: tuple[str, ...], said: list[int], right: list[int], several: bool = False) -> LabelReport:
    marks = np.eye(len(names), dtype=bool)
    return LabelReport(names, marks[said], marks[right], (), 0.05, several, "texts")


def test_a_report_as_text_names_every_label_and_confusion():
    text = report_text(report(("bad", "good"), [0, 0, 1, 1, 1], [0, 1, 1, 1, 0]))
    assert text.splitlines() == [
        "  label  texts   found  of those given, right      F1",
        "  bad        2  50.0 %                 50.0 %  50.0 %",
        "  good       3  66.7 %                 66.7 %  66.7 %",
        "",
        "  is, said to be  bad  good",
        "  bad               1     1",
        "  good              1     2",
    ]


def test_of_many_labels_the_most_frequent_mistakes_are_named():
    names = tuple(f"label {number}" for number in range(14))
    lines = report_text(report(names, [0, 0, 0, 3, 5], [1, 1, 2, 3, 5])).splitlines()
    assert lines[-3:] == [
        "  is       was taken for  times",
        "  label 1  label 0            2",
        "  label 2  label 0            1",
    ]
    assert "was taken for" not in report_text(report(names, [0, 1], [0, 1]))


def test_where_several_go_together_nothing_is_taken_for_another():
    found = report(("a", "b"), [0, 1], [1, 1], several=True)
    assert found.matrix is None
    assert "said to be" not in report_text(found)
    record = found.to_record()
    assert record["confusion"] is None
    assert record["labels"]["b"] == {
        "count": 2,
        "right": 1,
        "wrong": 0,
        "missed": 1,
        "precision": 1.0,
        "recall": 0.5,
        "f1": pytest.approx(2 / 3),
    }
