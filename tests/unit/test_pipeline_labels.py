"""Classifiers and taggers called with text: results in order, probabilities, explanations, ensembles, calibration."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import seqloom
from seqloom.base.errors import DataError, UsageError
from seqloom.data.pairs import Pair
from seqloom.inspection.explanation import Explanation
from seqloom.pipeline import Classifier, Model, Tagger, load_as
from seqloom.pipeline.labelling import TOGETHER
from seqloom.training.searching import LONGEST_SOURCE
from seqloom.training.vocabularies import pair_files

pytestmark = pytest.mark.usefixtures("machine_as_before")
TEXTS = ["a warm film", "", "the very dull story", "funny", "a film a film loud", "unheard words"]


def loaded(run: Path | list[Path]) -> Any:
    return seqloom.load(run, device="cpu", threads=1)


@pytest.fixture
def reviews(labelled_runs: Mapping[str, Path]) -> Classifier:
    found: Classifier = loaded(labelled_runs["classification"])
    return found


@pytest.fixture
def topics(labelled_runs: Mapping[str, Path]) -> Classifier:
    found: Classifier = loaded(labelled_runs["topics"])
    return found


@pytest.fixture
def tagger(labelled_runs: Mapping[str, Path]) -> Tagger:
    found: Tagger = loaded(labelled_runs["tagging"])
    return found


def test_results_are_in_order_and_an_empty_text_has_no_label(reviews: Classifier):
    found = reviews(TEXTS)
    assert [result.label for result in found[:5]] == ["good", "", "bad", "good", "bad"]
    assert [result.text for result in found] == TEXTS
    assert (found[1].labels, found[1].probabilities, found[1].probability) == ((), {}, 0.0)
    for result in found[:1] + found[2:]:
        assert sum(result.probabilities.values()) == pytest.approx(1)
        assert list(result.probabilities.values()) == sorted(result.probabilities.values(), reverse=True)
        assert result.probability == result.probabilities[result.label]


def test_a_text_s_probabilities_do_not_depend_on_its_company(reviews: Classifier):
    many = [f"{text} {filling}" for text in TEXTS for filling in ("", "a", "the film", "and " * 9)] * 4
    assert len(many) > TOGETHER
    together = reviews.classify(many)
    for text, result in list(zip(many, together, strict=True))[:24]:
        assert result.probabilities == pytest.approx(reviews(text).probabilities, abs=1e-6)


def test_a_text_may_have_several_labels_or_none(topics: Classifier):
    both, one, none = topics(["a warm funny film", "the funny story", "the very film"])
    assert (both.label, set(both.labels)) == ("funny|warm", {"funny", "warm"})
    assert (one.label, none.label) == ("funny", "")
    assert both.probability == pytest.approx(min(both.probabilities.values()))
    assert none.probability == pytest.approx(1 - max(none.probabilities.values()))
    topics.members[0] = topics.members[0]._replace(temperature=1.0)
    sure = topics("the very film", threshold=1e-9)
    assert sure.label == "funny|warm"


@pytest.mark.parametrize("threshold", [0.0, 1.0, -1.0])
def test_a_threshold_that_is_no_probability_is_refused(topics: Classifier, threshold: float):
    with pytest.raises(UsageError, match="is no probability between 0 and 1"):
        topics("a film", threshold=threshold)


def test_a_text_longer_than_was_trained_on_is_cut_with_a_notice(reviews: Classifier):
    longest = LONGEST_SOURCE * reviews.config.data.max_length
    (result,) = reviews.classify(["warm " * (longest + 9)])
    assert result.notice == f"it has {longest + 9:,} symbols; only the first {longest:,} were read"


def test_one_string_in_place_of_several_is_refused(reviews: Classifier, tagger: Tagger):
    with pytest.raises(UsageError, match=r"call the model itself: model\(text\)"):
        reviews.classify("a film")
    for wrong in ("a film", ["a film"]):
        with pytest.raises(UsageError, match="tag takes lists of tokens"):
            tagger.tag(wrong)
    with pytest.raises(UsageError, match="sentence 2 has an empty token; leave it out"):
        tagger.tag([["a"], ["a", " "]])


def test_evaluation_says_what_was_taken_for_what(reviews: Classifier):
    pairs = [Pair("a warm film", "good"), Pair("so dull", "good"), Pair("flat", "bad"), Pair("loud", "bad")]
    report, outputs = reviews.evaluate(pairs)
    assert outputs == ["good", "bad", "bad", "bad"]
    assert report.matrix is not None
    assert report.matrix.tolist() == [[2, 0], [1, 1]]
    assert [(score.name, round(score.value, 1)) for score in report.scores] == [
        ("accuracy", 75.0),
        ("macro_f1", 73.3),
    ]
    with pytest.raises(DataError, match="the label 'ugly' is none of the training data's"):
        reviews.evaluate([Pair("a film", "ugly")])


def test_evaluation_of_several_labels_takes_them_in_any_order(topics: Classifier):
    report, outputs = topics.evaluate([Pair("warm and funny", "warm|funny"), Pair("a film", "")])
    assert outputs == ["funny|warm", ""]
    assert [score.value for score in report.scores] == [100, 100]
    assert report.matrix is None


def test_what_carried_a_decision(reviews: Classifier):
    explanation = reviews.explain("a very warm film")
    assert explanation.symbols == ("a", "very", "warm", "film", "</s>")
    assert explanation.label == "good"
    assert explanation.symbols[int(np.argmax(explanation.contributions))] == "warm"
    assert explanation.weights is not None
    assert explanation.weights.sum() == pytest.approx(1)
    other = reviews.explain("a very warm film", "bad")
    assert other.contributions == pytest.approx(
        -explanation.contributions
    )  # of two, one is the other's opposite
    assert "warm" in reviews("a very warm film")._repr_html_()
    assert reviews("")._repr_html_() == "<p></p>"
    with pytest.raises(UsageError, match=r"'fine' is no label of this model. Its labels: 'bad', 'good'"):
        reviews.explain("a film", "fine")
    with pytest.raises(UsageError, match="nothing to look at in an empty text"):
        reviews.explain(" ")


def test_symbols_are_added_up_to_words():
    whole = Explanation(
        ("wa", "rm", "film", "</s>"), np.array([1.0, 2, -1, 0.5]), None, "last", "x", {"x": 1.0}
    )

    class Group:
        text, start, stop = "warm", 0, 2

    class Film:
        text, start, stop = "film", 2, 3

    merged = whole.merged([Group(), Film()])
    assert merged.symbols == ("warm", "film", "</s>")
    assert merged.contributions.tolist() == [3, -1, 0.5]
    assert merged.weights is None


def test_each_token_has_a_label(tagger: Tagger):
    result = tagger("Ann lives in New York .")
    assert result.tokens == ("Ann", "lives", "in", "New", "York", ".")
    assert result.labels == ("B-PER", "O", "O", "B-LOC", "I-LOC", "O")
    assert all(0.25 < share <= 1 for share in result.probabilities)
    assert tagger("").labels == ()
    kept = tagger(["Ben", "lives", "in", "New York", "\u00ad"])
    assert (kept.tokens[3:], len(kept.labels)) == (("New York", "\u00ad"), 5)


def test_a_sentence_longer_than_the_model_reads_is_tagged_in_pieces(tagger: Tagger):
    longest = LONGEST_SOURCE * tagger.config.data.max_length
    tokens = ["Ann", "lives", "in", "Rome", "."] * (longest // 4)
    (result,) = tagger.tag([tokens])
    assert len(tokens) > longest
    assert len(result.labels) == len(tokens)
    assert result.labels[:5] == result.labels[-5:] == ("B-PER", "O", "O", "B-LOC", "O")
    with pytest.raises(UsageError, match="longer than the model reads at once"):
        tagger.explain(tokens)


def test_sentences_are_tagged_as_they_are_alone(tagger: Tagger):
    sentences = [["Ann", "lives"], [], ["Cleo", "lives", "in", "Paris", "."]]
    for tokens, result in zip(sentences, tagger.tag(sentences), strict=True):
        alone = tagger(tokens)
        assert result.labels == alone.labels
        assert result.probabilities == pytest.approx(alone.probabilities, abs=1e-6)


@pytest.mark.parametrize("words", [True, False])
def test_which_tokens_carried_each_label(tagger: Tagger, words: bool):
    found = tagger.explain(["Ann", "lives", "in", "Rome"], words=words)
    assert found.target == ("Ann/B-PER", "lives/O", "in/O", "Rome/B-LOC")
    assert found.source == ("Ann", "lives", "in", "Rome", "</s>")
    assert found.weights.sum(axis=1) == pytest.approx(np.ones(4))
    assert found.source[int(found.weights[0].argmax())] == "Ann"
    assert "Rome/B-LOC" in tagger("Ann lives in Rome")._repr_html_()


def test_evaluation_of_tags(tagger: Tagger):
    pairs = [Pair("Ann lives in Rome", "B-PER O O B-LOC"), Pair("Ben lives", "O O")]
    report, outputs = tagger.evaluate(pairs)
    assert outputs == ["B-PER O O B-LOC", "B-PER O"]
    assert [(score.name, round(score.value, 1)) for score in report.scores] == [
        ("span_f1", 80.0),
        ("token_accuracy", 83.3),
    ]
    assert (report.unit, len(report.wanted)) == ("tokens", 6)


@pytest.mark.parametrize("kind", ["classification", "topics", "tagging"])
def test_a_run_keeps_the_temperature_of_its_best_weights(
    kind: str, labelled_runs: Mapping[str, Path], tmp_path: Path
):
    run = tmp_path / "run"
    shutil.copytree(labelled_runs[kind], run)
    kept = json.loads((run / "calibration.json").read_text())
    model = loaded(run)
    assert model.members[0].temperature == kept["temperature"]
    config = model.config
    logits, targets = model.predictions(model.members[0], list(pair_files(config, "valid").read()))
    assert kept["predictions"] == targets.numel()
    shares = model._shares(logits / kept["temperature"])
    first = next(pair_files(config, "valid").read()).source
    if kind == "tagging":
        assert model(first).probabilities == pytest.approx(
            shares.max(-1).values[: len(first.split())].tolist(), abs=1e-5
        )
    else:
        assert sorted(model(first).probabilities.values()) == pytest.approx(
            sorted(shares[0].tolist()), abs=1e-5
        )
    before = kept["weights"]
    seqloom.average(run, 2)
    after = json.loads((run / "calibration.json").read_text())
    assert after["weights"] != before
    assert loaded(run).members[0].temperature == after["temperature"]
    (run / "calibration.json").unlink()
    assert loaded(run).members[0].temperature == 1.0


def test_an_average_without_its_validation_data_says_that_it_is_not_calibrated(
    labelled_runs: Mapping[str, Path], tmp_path: Path
):
    shutil.copytree(labelled_runs["classification"].parent, tmp_path / "x")
    run = tmp_path / "x" / "run"
    text = (run / "config.toml").read_text()
    (run / "config.toml").write_text(
        text.replace(str(labelled_runs["classification"].parent), str(tmp_path / "x"))
    )
    (tmp_path / "x" / "valid.tsv").unlink()
    with pytest.raises(
        DataError, match=r"is the mean now, but its probabilities aren't calibrated: .*does not exist"
    ):
        seqloom.average(run, 1)


def test_an_ensemble_averages_probabilities(labelled_runs: Mapping[str, Path], tmp_path: Path):
    run = labelled_runs["classification"]
    other = tmp_path / "other"
    shutil.copytree(run, other)
    changed = loaded(other)
    (other / "calibration.json").unlink()
    found = loaded([run, other])
    assert [member.temperature for member in found.members] == [changed.members[0].temperature, 1.0]
    for text in TEXTS[:1] + TEXTS[2:]:
        each = [loaded(one)(text).probabilities for one in (run, other)]
        for name, share in found(text).probabilities.items():
            assert share == pytest.approx((each[0][name] + each[1][name]) / 2, abs=1e-6)
    assert np.isfinite(found.explain("a warm film").contributions).all()


def test_runs_that_don_t_go_together_are_refused(labelled_runs: Mapping[str, Path], tiny_run: Any):
    reviews, topics, tagging = (labelled_runs[kind] for kind in ("classification", "topics", "tagging"))
    for one, other in ((reviews, topics), (reviews, tagging)):
        with pytest.raises(UsageError, match="has another vocabulary or other labels than"):
            loaded([one, other])
    with pytest.raises(UsageError, match="The runs are of different kinds, classification and translation"):
        loaded([reviews, tiny_run.path])


def test_a_verb_names_the_other_verb(labelled_runs: Mapping[str, Path], tiny_run: Any):
    run = labelled_runs["tagging"]
    with pytest.raises(UsageError) as caught:
        load_as(Model, run, "translate")
    assert str(caught.value) == (
        f'{run} was trained for task = "tagging", which `seqloom translate` is not for. Use it with: '
        f"seqloom classify {run}"
    )
    with pytest.raises(UsageError, match="Use it with: seqloom translate"):
        load_as((Classifier, Tagger), tiny_run.path, "classify")
    assert isinstance(load_as((Classifier, Tagger), run, "classify", device="cpu"), Tagger)


def test_nothing_of_a_loaded_model_is_trained(reviews: Classifier):
    assert not any(parameter.requires_grad for parameter in reviews.members[0].network.parameters())
    assert torch.is_grad_enabled()
