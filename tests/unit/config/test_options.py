"""The options as a flat list."""

import pytest

from seqloom.config.options import all_options, list_words, options_named


def test_every_option_has_one_sentence():
    for option in all_options():
        text = option.description
        assert text.endswith("."), option.key
        assert text[0].isupper(), option.key
        assert len(text) <= 200, option.key
        assert ". " not in text.replace("et al. ", ""), option.key


def test_tables_and_options_are_told_apart():
    tables = [option.key for option in all_options() if option.is_table]
    assert tables == ["data", "text", "model", "model.encoder", "model.decoder", "training", "search"]


def test_an_option_of_two_kinds_is_listed_for_each():
    assert [option.kind for option in options_named("model.encoder.layers")] == ["recurrent", "transformer"]
    assert [option.default for option in options_named("model.decoder.layers")] == [2, 4]
    assert [option.kind for option in options_named("model.encoder.heads")] == ["transformer"]
    assert [option.kind for option in options_named("model.width")] == [None]
    assert options_named("model.heads") == ()


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("data.train", "a list of file names"),
        ("data.cache", 'a text in quotes, or "none"'),
        ("model", "a table"),
        ("model.dropout", "a number of at least 0 and below 1"),
        ("model.share_embeddings", "true or false"),
        ("model.width", "a whole number from 1 to 65536"),
        ("search.beam", "a whole number from 1 to 1000"),
        ("seed", "a whole number of at least 0 and below 9223372036854775808"),
        ("text.normalisation", '"NFC", "NFKC" or "none"'),
        ("training.betas", "a list of 2 values, each a number of at least 0 and below 1"),
        ("training.final_learning_rate_fraction", "a number from 0 to 1"),
        ("training.max_minutes", 'a number above 0, or "none"'),
        ("training.max_updates", 'a whole number of at least 1, or "none"'),
    ],
)
def test_what_may_stand_there_is_said_in_words(key, expected):
    (option,) = options_named(key)
    assert option.expected == expected


def test_choices_and_none():
    (optimiser,) = options_named("training.optimiser")
    assert (optimiser.choices, optimiser.may_be_none) == (("adamw", "adam", "sgd"), False)
    (cache,) = options_named("data.cache")
    assert (cache.choices, cache.may_be_none, cache.default) == ((), True, None)
    assert (cache.leaf, cache.parent) == ("cache", "data")


def test_words_are_joined_as_in_a_sentence():
    assert [list_words(list("abc")[:count]) for count in range(4)] == ["", "a", "a or b", "a, b or c"]
    assert list_words(["a", "b"], last="and") == "a and b"
