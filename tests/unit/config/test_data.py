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
