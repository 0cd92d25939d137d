"""Another run's vocabulary brings the settings that it was made with; others are refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from seqloom.base.errors import ConfigError
from seqloom.config.read import build_config, read_config
from seqloom.config.schema import Config
from seqloom.config.write import write_config

Written = Callable[..., Path]


@pytest.fixture
def run(tmp_path: Path) -> Written:
    """Writes the configuration of a run, and gives its folder."""

    def write(*overrides: str, task: str = "transcription") -> Path:
        folder = tmp_path / "runs" / task
        folder.mkdir(parents=True)
        config = build_config({"task": task}, overrides)
        (folder / "config.toml").write_text(write_config(config), encoding="utf-8")
        return folder

    return write


def taking(folder: Path | str, *overrides: str, task: str = "generation") -> Config:
    return build_config({"task": task}, [f"text.vocabulary={folder}", *overrides])


def refusal(folder: Path | str, *overrides: str, task: str = "generation") -> str:
    with pytest.raises(ConfigError) as caught:
        taking(folder, *overrides, task=task)
    return str(caught.value)


def test_its_settings_come_with_a_vocabulary(run: Written) -> None:
    folder = run("text.tokenizer=bpe", "text.vocabulary_size=700", "text.lowercase=true")
    text = taking(folder).text
    assert (text.tokenizer, text.vocabulary_size, text.lowercase) == ("bpe", 700, True)
    assert text.vocabulary == str(folder)
    assert taking(folder, "text.tokenizer=bpe", "text.normalisation=NFC").text == text  # the same, said again
    assert build_config({"task": "generation"}).text.vocabulary is None


def test_the_other_way_round_and_for_both_sides(run: Written) -> None:
    language = run("text.tokenizer=unigram", task="generation")
    assert taking(language, task="transcription").text.tokenizer == "unigram"
    pairs = run(
        "text.source_tokenizer=byte", "text.shared=false", "model.share_embeddings=false", task="translation"
    )
    text = taking(pairs, "model.share_embeddings=false", task="translation").text
    assert (text.kinds, text.shared) == (("byte", "bpe"), False)


def test_what_was_written_out_can_be_read_again(run: Written, tmp_path: Path) -> None:
    config = taking(run("text.tokenizer=byte", "text.vocabulary_size=500"))
    assert config.text.tokenizer == "byte"
    (tmp_path / "config.toml").write_text(write_config(config), encoding="utf-8")
    assert read_config(tmp_path / "config.toml") == config
    (tmp_path / "runs" / "transcription" / "config.toml").unlink()
    assert read_config(tmp_path / "config.toml") == config


def test_a_run_is_seen_from_the_file_that_names_it(run: Written, tmp_path: Path) -> None:
    folder = run("text.tokenizer=bpe")
    (tmp_path / "config.toml").write_text(
        'task = "generation"\n[text]\nvocabulary = "runs/transcription"\n', encoding="utf-8"
    )
    text = read_config(tmp_path / "config.toml").text
    assert (text.vocabulary, text.tokenizer) == (str(folder), "bpe")


def test_other_settings_of_text_are_refused(run: Written) -> None:
    folder = run("text.tokenizer=bpe")
    assert refusal(folder, "text.tokenizer=word") == (
        f'text.tokenizer = "word" (command line) contradicts text.vocabulary = "{folder}", which has "bpe". Leave out '
        "one of the two."
    )
    assert refusal(folder, "text.lowercase=true").startswith(
        "text.lowercase = true (command line) contradicts"
    )
    assert refusal(folder, "text.vocabulary_size=9").startswith(
        "text.vocabulary_size = 9 (command line) contra"
    )


def test_a_vocabulary_of_another_sort_is_refused(run: Written) -> None:
    pairs = run(task="translation")
    assert refusal(pairs) == (
        f'text.vocabulary = "{pairs}" is a run for task = "translation", whose vocabulary can\'t serve task = '
        '"generation". Name a run for "generation" or "transcription".'
    )
    speech = run()
    assert refusal(speech, task="translation").endswith(
        'Name a run for "translation", "summarization", "dialogue" or "transduction".'
    )
    labels = run(task="classification")
    assert "text.vocabulary" in refusal(labels, task="classification")
    assert "would be ignored" in refusal(labels, task="classification")


def test_a_run_to_start_from_brings_its_own(run: Written) -> None:
    folder = run()
    assert refusal(folder, f"training.start_from={folder}").startswith(
        "text.vocabulary and training.start_from both name a run whose vocabulary is taken"
    )
