"""The sections `data` and `text`: files that fit their format, sampling that has subwords."""

import pytest
from pydantic import ValidationError

from seqloom.config.data import DataConfig, TextConfig


def fault(section, **values) -> str:
    with pytest.raises(ValidationError) as caught:
        section(**values)
    (error,) = caught.value.errors()
    return error["msg"]


@pytest.mark.parametrize("name", ["train", "valid", "test"])
def test_parallel_text_is_two_files(name):
    assert fault(DataConfig, **{name: ["a.en"], "format": "parallel"}) == (
        f'data.format = "parallel" reads 2 files, but data.{name} names 1 file. '
        f'Name two files, as in data.{name} = ["{name}.en", "{name}.de"].'
    )


@pytest.mark.parametrize("form", ["tsv", "jsonl"])
def test_tables_are_one_file(form):
    assert fault(DataConfig, train=["a.en", "a.de"], format=form) == (
        f'data.format = "{form}" reads 1 file, but data.train names 2 files. '
        'Name one file, or set data.format = "parallel".'
    )
    assert DataConfig(train="a.txt", format=form).format == form


def test_auto_takes_either():
    assert DataConfig(train=["a.en", "a.de"], valid="valid.tsv").format == "auto"


@pytest.mark.parametrize("tokenizer", ["word", "character", "byte"])
def test_only_subwords_are_sampled(tokenizer):
    assert fault(TextConfig, sampling=0.1, tokenizer=tokenizer) == (
        f'text.sampling = 0.1 samples subwords, but text.tokenizer = "{tokenizer}" has none. '
        'Set text.sampling = 0, or text.tokenizer = "bpe" or "unigram".'
    )
    assert TextConfig(sampling=0, tokenizer=tokenizer).sampling == 0.0


@pytest.mark.parametrize("tokenizer", ["unigram", "bpe"])
def test_subwords_are_sampled(tokenizer):
    assert TextConfig(sampling=0.1, tokenizer=tokenizer).sampling == 0.1


def test_columns_are_numbers_or_names() -> None:
    config = DataConfig(source_columns=[1, "features"], target_column=3, feature_columns="features")
    assert (config.source_columns, config.target_column) == ((1, "features"), 3)
    assert config.feature_columns == ("features",)
    assert DataConfig(source_columns="none", target_column="none").target_column is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"feature_columns": [2]},
            "data.feature_columns names 2, which is none of data.source_columns. "
            "Name it there too, where it stands in the source.",
        ),
        (
            {"source_columns": [2], "feature_columns": [2]},
            "data.feature_columns describes the only one of data.source_columns, which leaves no text. "
            "Name the column of the text too, as in data.source_columns = [1, 2].",
        ),
        (
            {"format": "parallel", "target_column": 1},
            'data.target_column chooses columns, but data.format = "parallel" reads files that have none. '
            'Set data.format = "tsv" or "jsonl" and name one file.',
        ),
    ],
)
def test_columns_that_do_not_go_together(values, message) -> None:
    assert fault(DataConfig, **values) == message


def test_each_side_may_have_a_tokenizer_of_its_own() -> None:
    assert TextConfig(tokenizer="character", shared=False, target_tokenizer="space").kinds == (
        "character",
        "space",
    )
    assert TextConfig(tokenizer="word").kinds == ("word", "word")
    assert TextConfig(source_tokenizer="space", target_tokenizer="space").kinds == ("space", "space")


@pytest.mark.parametrize("side", ["source", "target"])
def test_one_vocabulary_needs_one_tokenizer(side) -> None:
    kinds = {"source": "bpe", "target": "bpe", side: "space"}
    assert fault(TextConfig, tokenizer="bpe", **{f"{side}_tokenizer": "space"}) == (
        "text.shared = true makes one vocabulary for both sides, but the source is read by "
        f'"{kinds["source"]}" and the target by "{kinds["target"]}". '
        "Set text.shared = false, or one tokenizer for both."
    )


def test_one_side_with_subwords_may_be_sampled() -> None:
    config = TextConfig(sampling=0.1, tokenizer="bpe", shared=False, target_tokenizer="space")
    assert config.sampling == 0.1
    with pytest.raises(ValidationError, match=r'but text\.tokenizer = "character" and "space" has none'):
        TextConfig(sampling=0.1, tokenizer="character", shared=False, target_tokenizer="space")
