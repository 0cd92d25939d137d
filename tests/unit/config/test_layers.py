"""Layers: overrides read as TOML or bare words, and the rules by which one layer covers another."""

from pathlib import Path

import pytest

from seqloom.base.errors import ConfigError
from seqloom.config.layers import Layer, merge, read_overrides, resolve_paths


@pytest.mark.parametrize(
    ("override", "tree"),
    [
        ("seed=3", {"seed": 3}),
        ("model.encoder.cell=lstm", {"model": {"encoder": {"cell": "lstm"}}}),
        ('model.encoder.cell="lstm"', {"model": {"encoder": {"cell": "lstm"}}}),
        (" model . width = 64 ", {"model": {"width": 64}}),
        ("training.learning_rate=1e-3", {"training": {"learning_rate": 1e-3}}),
        ("model.tie_output=false", {"model": {"tie_output": False}}),
        ("data.train=corpus/train.tsv", {"data": {"train": "corpus/train.tsv"}}),
        ("data.train=[a.en,a.de]", {"data": {"train": ["a.en", "a.de"]}}),
        ('data.train=["a.en", "a.de"]', {"data": {"train": ["a.en", "a.de"]}}),
        ("training.betas=[0.9, 0.99]", {"training": {"betas": [0.9, 0.99]}}),
        ("data.cache=a=b", {"data": {"cache": "a=b"}}),
        ("data.cache=", {"data": {"cache": ""}}),
        ("data.cache=1\nseed=2", {"data": {"cache": "1\nseed=2"}}),
        ('model.encoder={kind = "transformer"}', {"model": {"encoder": {"kind": "transformer"}}}),
    ],
)
def test_an_override_is_toml_or_a_bare_word(override, tree):
    assert read_overrides([override]).tree == tree


def test_the_last_override_wins():
    assert read_overrides(["seed=1", "seed=2"]).tree == {"seed": 2}
    assert read_overrides(["a.b=1", "a.c=2"]).tree == {"a": {"b": 1, "c": 2}}


@pytest.mark.parametrize(
    ("overrides", "key"),
    [(["a=1", "a.b=2"], "a.b"), (["a.b=2", "a=1"], "a"), (["a.b=1", "a.b.c=1"], "a.b.c")],
)
def test_a_table_is_no_value(overrides, key):
    with pytest.raises(
        ConfigError, match=rf'^The override of "{key}" \(command line\) contradicts another one: '
    ):
        read_overrides(overrides)


@pytest.mark.parametrize("override", ["seed", "=3", "model..width=3", ""])
def test_an_override_has_a_key_and_a_value(override):
    with pytest.raises(ConfigError) as caught:
        read_overrides([override])
    assert str(caught.value) == (
        f'The override "{override}" (command line) is not of the form key=value. Write it as in model.width=256.'
    )


@pytest.mark.parametrize("override", ['data.train=["a.en', 'data.cache="x', "model.encoder={kind", "a='x"])
def test_an_override_ends_what_it_opens(override):
    with pytest.raises(ConfigError) as caught:
        read_overrides([override])
    assert str(caught.value) == (
        f'The override "{override}" (command line) has a value that is not valid TOML. '
        "Close its brackets and quotation marks, and put the whole in single quotes for the shell."
    )


@pytest.mark.parametrize("override", ["x=" + "[" * 5000, ".".join("a" * 50) + "=1"])
def test_a_deep_override_is_refused(override):
    with pytest.raises(
        ConfigError, match=r"^An override \(command line\) nests lists or tables too deeply\."
    ):
        read_overrides([override])


def test_later_layers_cover_earlier_ones():
    below = Layer("below", {"seed": 1, "text": {"lowercase": True, "sampling": 0.1}, "model": {"width": 8}})
    above = Layer("above", {"seed": 2, "text": {"sampling": 0.5}})
    whole = merge([below, above])
    assert whole == {
        "seed": 2,
        "text": {"lowercase": True, "sampling": 0.5},
        "model": {"width": 8, "encoder": {"kind": "recurrent"}, "decoder": {"kind": "recurrent"}},
    }
    assert below.tree["text"] == {"lowercase": True, "sampling": 0.1}


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_another_kind_starts_the_part_afresh(part):
    below = Layer("below", {"model": {part: {"kind": "recurrent", "cell": "lstm"}}})
    assert merge([below, Layer("above", {"model": {part: {"kind": "transformer", "heads": 2}}})])["model"][
        part
    ] == {"kind": "transformer", "heads": 2}
    assert merge([below, Layer("above", {"model": {part: {"kind": "recurrent", "layers": 3}}})])["model"][
        part
    ] == {"kind": "recurrent", "cell": "lstm", "layers": 3}


def test_a_bound_replaces_the_bounds_below():
    below = Layer("below", {"training": {"max_epochs": 10, "max_minutes": 60, "samples": 3}})
    above = Layer("above", {"training": {"max_updates": 5}})
    assert merge([below, above])["training"] == {"max_updates": 5, "samples": 3}
    above = Layer("above", {"training": {"max_minutes": "none"}})
    assert merge([below, above])["training"] == {"max_epochs": 10, "max_minutes": "none", "samples": 3}


@pytest.mark.parametrize("tree", [{"model": 3}, {"model": {"encoder": 3}}, {"training": 3}, {"data": 3}])
def test_a_value_in_place_of_a_table_is_left_for_the_schema(tree):
    below = Layer("below", {"training": {"max_epochs": 3}, "model": {"encoder": {"cell": "gru"}}})
    (name, value), *_ = tree.items()
    assert merge([below, Layer("above", tree)])[name] == (
        value if value == 3 else {"encoder": 3, "decoder": {"kind": "recurrent"}}
    )
    assert merge([Layer("below", tree), below])["training"] == {"max_epochs": 3}


def test_places():
    layer = Layer("c.toml", {"model": {"width": 3}}, {("model",): 1, ("model", "width"): 2})
    assert layer.sets("model")
    assert layer.sets("model.width")
    assert not layer.sets("model.width.x")
    assert not layer.sets("model.heads")
    assert layer.locate("model.width") == "c.toml, line 2"
    assert layer.locate("model.heads") == "c.toml"


def test_paths_are_seen_from_the_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    data = {
        "train": ["a.en", "../b.de"],
        "valid": "/elsewhere/valid.tsv",
        "test": "none",
        "cache": "~/cache",
        "alignments": "links.txt",
        "max_length": 3,
    }
    assert resolve_paths({"seed": 1, "data": data}, Path("/project/configs")) == {
        "seed": 1,
        "data": {
            "train": ["/project/configs/a.en", "/project/b.de"],
            "valid": "/elsewhere/valid.tsv",
            "test": "none",
            "cache": "/home/someone/cache",
            "alignments": "/project/configs/links.txt",
            "max_length": 3,
        },
    }


def test_paths_that_are_none_are_left_for_the_schema():
    tree = {"data": {"train": [3, ""], "valid": 5, "cache": 7, "alignments": "none"}}
    assert resolve_paths(tree, Path("/project")) == tree
    assert resolve_paths({"data": 3}, Path("/project")) == {"data": 3}
    assert resolve_paths({}, Path("/project")) == {}
