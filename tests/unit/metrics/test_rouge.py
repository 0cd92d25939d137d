"""ROUGE: by hand, against several references, and what its signature says."""

import sys

import pytest

from seqloom.base.errors import DataError, MissingDependencyError, UsageError
from seqloom.metrics import rouge as module
from seqloom.metrics.measure import OF_SEVERAL, TITLES, measure, require_metrics
from seqloom.metrics.rouge import rouge

OUTPUT = "the cat sat on the mat"


def f1(shared: int, output: int, reference: int) -> float:
    return 100 * 2 * shared / (output + reference)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rouge1", f1(5, 6, 5)),  # the (twice), cat, on, mat
        ("rouge2", f1(2, 5, 4)),  # the cat, the mat
        ("rougeL", f1(4, 6, 5)),  # the cat ... the mat
    ],
)
def test_it_is_counted_as_by_hand(name: str, expected: float) -> None:
    assert rouge(name, [OUTPUT], [["The cat, the mat on!"]]).value == pytest.approx(expected)


def test_a_corpus_has_the_mean_of_its_summaries() -> None:
    score = rouge("rouge1", [OUTPUT, "nothing"], [[OUTPUT], ["at all"]])
    assert score.value == pytest.approx(50)
    assert score.name == "rouge1"


def test_of_several_references_the_best_counts_for_each_score() -> None:
    references = [["the cat", "on the mat sat cat the"]]
    assert rouge("rouge1", [OUTPUT], references).value == pytest.approx(100)
    assert rouge("rougeL", [OUTPUT], references).value == pytest.approx(
        max(rouge("rougeL", [OUTPUT], [[own]]).value for own in references[0])
    )


def test_words_are_stemmed_and_the_signature_says_so() -> None:
    score = rouge("rouge1", ["meetings confirmed"], [["Confirming a meeting"]])
    assert score.value == pytest.approx(f1(2, 2, 3))
    assert score.signature.startswith("nrefs:1|agg:mean|tok:rouge-score|stem:porter|version:0.")
    several = rouge("rouge1", ["a", "b"], [["a", "b"], ["c"]])
    assert several.signature.startswith("nrefs:1-2|agg:mean|refs:best|tok:")


def test_other_letters_count_as_letters() -> None:
    score = rouge("rouge1", ["встреча во вторник"], [["Встреча в среду"]])
    assert score.value == pytest.approx(f1(1, 3, 3))
    assert "tok:unicode|stem:no" in score.signature
    assert rouge("rouge1", ["größe"], [["Größe"]]).value == pytest.approx(100)
    english = ["a rather long English reference with one naïve word among " + "many others " * 20]
    assert "tok:rouge-score" in rouge("rouge1", ["naïve"], [english]).signature


@pytest.mark.parametrize(
    ("output", "reference", "shared", "words", "letters"),
    [
        ("हिन्दी में", "हिन्दी है", 1, (2, 2), ""),
        ("می‌خواهم", "می‌خواهم", 1, (1, 1), ""),
        ("مُدَرِّس", "مُدَرِّسة", 0, (1, 1), ""),
        ("cafe\u0301 noir", "caf\u00e9 été", 1, (2, 2), ""),
        ("안녕 세상", "안녕 하세요", 1, (2, 2), ""),
        ("今天天气很好", "今天天气不好", 5, (6, 6), "letters:Han|"),
        ("私はGPU2台を使う", "私はGPU2個を使う", 6, (7, 7), "letters:Han+kana|"),
        ("น้ำดี", "น้ำร้อน", 2, (3, 5), "letters:Thai|"),
    ],
)
def test_words_of_other_scripts(
    output: str, reference: str, shared: int, words: tuple[int, int], letters: str
) -> None:
    """A mark belongs to its letter; where no spaces stand between words, each letter counts."""
    score = rouge("rouge1", [output], [[reference]])
    assert score.value == pytest.approx(f1(shared, *words))
    assert f"tok:unicode|{letters}stem:no" in score.signature


def test_what_cant_be_compared_is_refused() -> None:
    with pytest.raises(DataError, match="There are 1 outputs and 2 references"):
        rouge("rouge1", ["a"], [["a"], ["b"]])
    with pytest.raises(DataError, match="0 outputs and 0 references"):
        rouge("rouge1", [], [])
    with pytest.raises(
        DataError, match="Output 2 has no list of references; expected one reference or several"
    ):
        rouge("rouge1", ["a", "b"], [["a"], []])
    with pytest.raises(DataError, match="Output 1 has no list of references"):
        rouge("rouge1", ["a"], ["a"])


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    module._scorer.cache_clear()
    monkeypatch.setitem(sys.modules, "rouge_score.rouge_scorer", None)
    monkeypatch.setitem(sys.modules, "rouge_score", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'seqloom\[train\]'"):
        rouge("rouge1", ["a"], [["a"]])
    with pytest.raises(MissingDependencyError, match="ROUGE needs rouge-score"):
        require_metrics(["bleu", "rouge2"])
    require_metrics(["bleu", "chrf"])
    module._scorer.cache_clear()


def test_all_metrics_by_name_with_one_reference_and_several() -> None:
    names = list(OF_SEVERAL)
    one = measure(names, [OUTPUT], ["the cat on the mat"])
    assert [score.name for score in one] == names
    assert measure(names, [OUTPUT], ["the cat on the mat"], [[]]) == one
    several = measure(list(OF_SEVERAL), [OUTPUT], ["another one"], [[OUTPUT]])
    assert [round(score.value, 6) for score in several] == [100.0] * len(OF_SEVERAL)
    assert set(OF_SEVERAL) <= set(TITLES)
    uneven = measure(["bleu", "chrf"], [OUTPUT, "a dog"], [OUTPUT, "no"], [[], ["a dog"]])
    assert [round(score.value, 6) for score in uneven] == [100.0] * 2
    assert "nrefs:var" in uneven[0].signature


def test_a_metric_of_one_reference_refuses_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqloom.metrics.measure.OF_SEVERAL", {})
    with pytest.raises(
        UsageError, match="BLEU compares with one reference for each output, and there are several"
    ):
        measure(["bleu"], ["a"], ["a"], [["b"]])
