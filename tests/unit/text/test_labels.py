"""Labels and their numbers, as they stand in files and in a run's folder."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.base.errors import DamagedModelError, DataError
from seqloom.text.labels import Labels, collect_labels

ONE = Labels(("bad", "good"))
SEVERAL = Labels(("art", "law", "war"), "|")


def test_one_label_is_the_whole_text():
    assert ONE.split(" good ") == ("good",)
    assert ONE.split("good|bad") == ("good|bad",)
    assert ONE.join([1]) == "good"


def test_several_are_parted_and_each_counts_once():
    assert SEVERAL.split("war | art||war") == ("war", "art")
    assert SEVERAL.split("  ") == ()
    assert SEVERAL.join([2, 0]) == "art|war"


def test_a_name_that_there_is_none_of_is_refused():
    with pytest.raises(DataError, match=r"^the label 'ugly' is none of the training data's: 'bad', 'good'$"):
        ONE.numbers_of(["good", "ugly"])


def test_many_labels_are_not_all_named():
    labels = Labels(tuple(f"l{number}" for number in range(20)))
    assert labels.described() == "'l0', 'l1', 'l2', 'l3', 'l4', 'l5', 'l6', 'l7' and 12 more"


def test_numbers_are_in_the_order_of_their_values_and_before_words():
    found = collect_labels([("10",), ("2",), ("b",), ("-1.5",), ("a",)], "x.tsv")
    assert found.names == ("-1.5", "2", "10", "a", "b")


@given(st.lists(st.text(min_size=1).filter(str.strip).map(str.strip), min_size=2, unique=True))
def test_names_and_numbers_are_each_other_s(names):
    labels = collect_labels([(name,) for name in names], "x.tsv")
    assert sorted(labels.names) == sorted(names)
    assert [labels.names[number] for number in labels.numbers_of(names)] == names


@pytest.mark.parametrize(
    ("texts", "separator", "message"),
    [
        ([("a",), ("a",)], None, "x.tsv: one label, 'a'; a model that tells labels apart needs 2 or more."),
        ([], None, "x.tsv: no label; a model that tells labels apart needs 2 or more."),
        ([()], "|", "x.tsv: no label; a model that tells labels apart needs 1 or more."),
        (
            [(f"text {number}",) for number in range(1_200)],
            None,
            "x.tsv: 1,200 labels for 1,200 texts; expected a text, a tab, its label. Look whether the columns changed "
            "places.",
        ),
    ],
)
def test_what_is_no_set_of_labels_is_refused(texts, separator, message):
    with pytest.raises(DataError) as caught:
        collect_labels(texts, "x.tsv", separator)
    assert str(caught.value) == message


@pytest.mark.parametrize("labels", [ONE, SEVERAL])
def test_saved_and_loaded_they_are_the_same(labels, tmp_path: Path):
    labels.save(tmp_path)
    assert Labels.load(tmp_path) == labels
    assert Labels.load(tmp_path).fingerprint() == labels.fingerprint()
    assert ONE.fingerprint() != Labels(ONE.names, ",").fingerprint()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: {**content, "labels": ["good", "bad"]}, "its fingerprint is not that of its labels"),
        (lambda content: {**content, "version": 2}, "its fingerprint is not that of its labels"),
        (lambda content: {**content, "labels": [1, 2]}, "is no list of labels; it was altered."),
        (lambda content: [content], "is no list of labels; it was altered."),
    ],
)
def test_what_was_altered_is_refused(change, message, tmp_path: Path):
    ONE.save(tmp_path)
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(DamagedModelError, match=message):
        Labels.load(tmp_path)
