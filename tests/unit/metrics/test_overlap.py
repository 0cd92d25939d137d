import json
import math
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.base.errors import DataError, MissingDependencyError, UsageError
from seqloom.metrics.overlap import Score, bleu, chrf, sentence_score

OUTPUTS = ["The cat sat on the mat.", "A dog runs in the park ."]
REFERENCES = ["The cat sat on the mat.", "A dog runs through the park."]


def bleu_by_hand(output: list[str], reference: list[str]) -> float:
    """Papineni et al. 2002 for one sentence of words, when every order has a match and the output isn't longer."""
    precisions = []
    for n in range(1, 5):
        ours = [tuple(output[i : i + n]) for i in range(len(output) - n + 1)]
        theirs = [tuple(reference[i : i + n]) for i in range(len(reference) - n + 1)]
        matches = sum(min(ours.count(gram), theirs.count(gram)) for gram in set(ours))
        precisions.append(matches / len(ours))
    brevity = math.exp(min(0.0, 1 - len(reference) / len(output)))
    return 100 * brevity * math.exp(sum(map(math.log, precisions)) / 4)


def test_bleu_is_that_of_the_paper() -> None:
    output, reference = "a b c d e x", "a b c d e f g h"
    score = bleu([output], [reference], tokenize="none")
    assert score.value == pytest.approx(bleu_by_hand(output.split(), reference.split()))
    assert 40 < score.value < 60


def test_chrf_is_that_of_the_paper() -> None:
    """chrF2 of one word each: the mean over orders of precision and of recall, recall counting twice as much."""
    output, reference = "abcdefgh", "abcdefxy"
    shares = []
    for n in range(1, 7):
        ours = [output[i : i + n] for i in range(8 - n + 1)]
        theirs = [reference[i : i + n] for i in range(8 - n + 1)]
        shares.append(
            len(set(ours) & set(theirs)) / len(ours)
        )  # precision, and as long a reference: recall too
    assert chrf([output], [reference]).value == pytest.approx(100 * sum(shares) / 6)


@given(
    st.lists(
        st.sampled_from(["Guten Morgen, wie geht es dir?", "Ça va ?", "x", "日本語"]), min_size=1, max_size=4
    )
)
def test_what_equals_its_reference_has_the_full_score_and_never_more(lines: list[str]) -> None:
    assert chrf(lines, lines).value == 100
    assert bleu(["a b c d", *lines], ["a b c d", *lines]).value <= 100


def test_a_score_says_how_it_was_computed() -> None:
    score = bleu(OUTPUTS, REFERENCES)
    assert score.name == "bleu"
    assert re.fullmatch(r"nrefs:1\|case:mixed\|eff:no\|tok:13a\|smooth:exp\|version:[\d.]+", score.signature)
    assert str(Score("bleu", 37.126, "tok:13a")) == "bleu 37.13  (tok:13a)"
    assert chrf(OUTPUTS, REFERENCES).name == "chrf"
    assert "nw:0" in chrf(OUTPUTS, REFERENCES).signature
    assert chrf(OUTPUTS, REFERENCES, word_order=2).name == "chrf++"


def test_options_change_the_value_and_the_signature() -> None:
    outputs = ["the CAT sat on the mat, again"]
    references = ["The cat sat on the mat , again"]
    lower = bleu(outputs, references, lowercase=True)
    assert (lower.value, "case:lc" in lower.signature) == (100, True)
    assert bleu(outputs, references).value < 70
    plain = bleu(outputs, references, lowercase=True, tokenize="none")
    assert plain.value < 70
    assert "tok:none" in plain.signature
    assert chrf(outputs, references, lowercase=True).value == 100 > chrf(outputs, references).value


@pytest.mark.parametrize("metric", [bleu, chrf])
@pytest.mark.parametrize(
    ("outputs", "references", "message"),
    [
        (
            ["a"] * 1200,
            ["a"] * 3,
            "There are 1,200 outputs and 3 references; expected one reference for each output.",
        ),
        ([], ["a"], "There are 0 outputs and 1 references"),
        ([], [], "There are 0 outputs and 0 references; a score needs at least one of each."),
        ("abc", "abc", "The outputs are one text; expected a list with one text a sentence."),
        (["a"], "a", "The references are one text; expected a list with one text a sentence."),
    ],
)
def test_sides_that_do_not_match_are_refused_with_both_counts(
    metric, outputs, references, message: str
) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        metric(outputs, references)


def test_an_unknown_tokenizer_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        UsageError, match=re.escape('There is no tokenizer "14a" for BLEU. Use one of: 13a, intl, zh')
    ):
        bleu(OUTPUTS, REFERENCES, tokenize="14a")


def test_a_tokenizer_whose_package_is_missing_says_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "MeCab", None)
    monkeypatch.delitem(sys.modules, "sacrebleu.tokenizers.tokenizer_ja_mecab", raising=False)
    with pytest.raises(MissingDependencyError, match=re.escape('Run: pip install "sacrebleu[ja]"')):
        bleu(OUTPUTS, REFERENCES, tokenize="ja-mecab")


def test_a_negative_word_order_is_refused() -> None:
    with pytest.raises(UsageError, match="word_order = -1 is out of range"):
        chrf(OUTPUTS, REFERENCES, word_order=-1)


def test_empty_outputs_are_scored_not_refused() -> None:
    assert bleu(["", ""], REFERENCES).value == 0
    assert chrf(["", ""], REFERENCES).value == 0


def test_importing_the_metrics_loads_neither_torch_nor_sacrebleu() -> None:
    code = "import sys, json, seqloom.metrics.overlap; print(json.dumps(list(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"torch", "sacrebleu"}.isdisjoint(json.loads(found.stdout))


@pytest.mark.parametrize("name", ["bleu", "chrf"])
def test_a_sentence_s_score_ranks_outputs(name: str) -> None:
    reference = "a man sleeps in a chair"
    outputs = [reference, "a man sleeps in the chair", "a dog", ""]
    scores = [sentence_score(name, output, reference) for output in outputs]
    assert scores[0] == 100.0
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] == 0.0
    assert len(set(scores)) == 4
