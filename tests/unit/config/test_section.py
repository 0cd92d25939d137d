"""What every section shares: strict, frozen, and "none" for not set."""

import pytest
from pydantic import ValidationError

from seqloom.config.schema import Config, DataConfig, SearchConfig, TrainingConfig


def error_types(section, **values):
    with pytest.raises(ValidationError) as caught:
        section(**values)
    return [(error["type"], error["loc"]) for error in caught.value.errors()]


def test_nothing_is_converted():
    assert error_types(SearchConfig, beam="5") == [("int_type", ("beam",))]
    assert error_types(SearchConfig, beam=True) == [("int_type", ("beam",))]
    assert error_types(SearchConfig, beam=5.0) == [("int_type", ("beam",))]
    assert error_types(SearchConfig, length_penalty=True) == [("float_type", ("length_penalty",))]
    assert error_types(DataConfig, source_field=3) == [("string_type", ("source_field",))]


def test_whole_numbers_serve_as_numbers():
    penalty = SearchConfig(length_penalty=1).length_penalty
    assert (penalty, type(penalty)) == (1.0, float)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_are_finite(value):
    assert error_types(SearchConfig, length_penalty=value) == [("finite_number", ("length_penalty",))]


def test_unknown_keys_are_refused():
    assert error_types(SearchConfig, beams=3) == [("extra_forbidden", ("beams",))]


def test_sections_are_frozen():
    config = Config(training={"max_updates": 1})
    with pytest.raises(ValidationError, match="frozen"):
        config.search.beam = 3
    assert isinstance(hash(config), int)


def test_none_as_a_word_is_not_set():
    assert TrainingConfig(max_epochs="none").max_epochs is None
    assert TrainingConfig(max_epochs=None).max_epochs is None
    assert DataConfig(cache="none").cache is None
    assert DataConfig(train="none").train == ()


def test_paths_are_one_or_several():
    assert DataConfig(train="pairs.tsv").train == ("pairs.tsv",)
    assert DataConfig(train=["a.en", "a.de"]).train == ("a.en", "a.de")
    assert DataConfig(train=("a.en", "a.de")).train == ("a.en", "a.de")
    assert DataConfig(train=["a", "b", "c"]).train == (
        "a",
        "b",
        "c",
    )  # what a task has no use for, Config refuses
    assert error_types(DataConfig, train=[""]) == [("string_too_short", ("train", 0))]


def test_pairs_of_numbers():
    assert TrainingConfig(betas=[0.5, 0.75]).betas == (0.5, 0.75)
    assert error_types(TrainingConfig, betas=[0.5, 1.0]) == [("less_than", ("betas", 1))]
