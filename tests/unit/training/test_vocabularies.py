"""The vocabularies of a run: joint or one for each side, and the text they are learned from."""

from pathlib import Path
from typing import Any

import pytest

from commands import write_project
from seqloom.base.errors import ConfigError, DamagedModelError, DataError, UsageError
from seqloom.config.read import build_config, read_config
from seqloom.config.schema import Config
from seqloom.data.readers import PairFiles
from seqloom.text.segmented import SegmentedTokenizer
from seqloom.training.vocabularies import (
    Tokenizers,
    history_bound,
    layout_of,
    origin_of,
    pair_files,
    require_files,
    require_text,
    symbols_of,
    train_text_tokenizer,
    train_tokenizers,
)
from small_tasks import write_dialogues, write_inflections
from tiny import TinyRun

ENGLISH, FRENCH = (
    {"one", "two", "three", "red", "cat", "dog"},
    {"un", "deux", "trois", "rouge", "chat", "chien"},
)


def config(folder: Path, *overrides: str) -> Config:
    return read_config(write_project(folder), overrides)


def words(tokenizer: Any) -> set[str]:
    return {tokenizer.pieces([number])[0] for number in range(4, len(tokenizer))}


def test_a_joint_vocabulary_is_learned_from_both_sides(tmp_path: Path) -> None:
    tokenizers = train_tokenizers(config(tmp_path))
    assert tokenizers.source is tokenizers.target
    assert words(tokenizers.source) == ENGLISH | FRENCH
    tokenizers.save(tmp_path / "vocabulary")
    assert [path.name for path in (tmp_path / "vocabulary").iterdir()] == ["shared"]
    loaded = Tokenizers.load(tmp_path / "vocabulary")
    assert loaded.source is loaded.target
    assert loaded.source.fingerprint() == tokenizers.source.fingerprint()


def test_separate_vocabularies_are_learned_each_from_its_side(tmp_path: Path) -> None:
    tokenizers = train_tokenizers(config(tmp_path, "text.shared=false", "model.share_embeddings=false"))
    assert words(tokenizers.source) == ENGLISH
    assert words(tokenizers.target) == FRENCH
    tokenizers.save(tmp_path / "vocabulary")
    assert sorted(path.name for path in (tmp_path / "vocabulary").iterdir()) == ["source", "target"]
    loaded = Tokenizers.load(tmp_path / "vocabulary")
    assert loaded.source.fingerprint() == tokenizers.source.fingerprint()
    assert loaded.target.fingerprint() == tokenizers.target.fingerprint()
    assert loaded.source.fingerprint() != loaded.target.fingerprint()


def test_the_text_options_reach_the_tokenizer(tmp_path: Path) -> None:
    settings = ("text.tokenizer=character", "text.lowercase=true", "text.normalisation=NFKC")
    tokenizer = train_tokenizers(config(tmp_path, *settings, "text.vocabulary_size=60")).source
    assert tokenizer.kind == "character"
    assert tokenizer.normalise("ONE ﬁ") == "one fi"
    small = train_tokenizers(config(tmp_path, "text.vocabulary_size=9")).source
    assert len(small) == 9


def test_the_vocabulary_of_another_run_is_taken(tiny_run: TinyRun, tmp_path: Path) -> None:
    (tmp_path / "train.en").write_text("other words\n", encoding="utf-8")
    mapping = {
        "data": {"train": [str(tmp_path / "train.en")] * 2},
        "text": {"vocabulary": str(tiny_run.path)},
    }
    settings = build_config(mapping)
    taken = train_tokenizers(settings)
    assert taken.fingerprint() == Tokenizers.load(tiny_run.path / "vocabulary").fingerprint()
    assert origin_of(settings) == f"Taking the vocabulary of {tiny_run.path}"
    other = settings.model_copy(update={"text": settings.text.model_copy(update={"lowercase": True})})
    with pytest.raises(
        ConfigError, match=r"which text\.vocabulary names, has another text\.lowercase, which goes"
    ):
        train_tokenizers(other)
    columns = settings.data.model_copy(update={"source_columns": (1, 2), "feature_columns": (2,)})
    with pytest.raises(
        ConfigError, match=r"has another data\.source_columns or data\.feature_columns, which goes"
    ):
        train_tokenizers(settings.model_copy(update={"data": columns}))


@pytest.mark.parametrize(
    ("there", "message"),
    [((), "does not exist"), (("vocabulary/",), "is no run with"), (("config.toml",), "is no run with")],
)
def test_a_vocabulary_that_is_none_can_t_be_taken(
    there: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    (tmp_path / "text.txt").write_text("words\n", encoding="utf-8")
    for name in there:
        (tmp_path / "run" / name).mkdir(parents=True)
    mapping = {"task": "generation", "data": {"train": str(tmp_path / "text.txt"), "held_out": 0.5}}
    settings = build_config(mapping, [f"text.vocabulary={tmp_path / 'run'}"])
    with pytest.raises(UsageError, match=rf"^text\.vocabulary: {tmp_path}/run {message}") as caught:
        train_text_tokenizer(settings)
    assert str(caught.value).endswith("Give the folder that `seqloom train` wrote, as runs/NAME.")


@pytest.mark.parametrize("name", ["shared", "source", "target"])
def test_a_vocabulary_that_is_incomplete_is_damaged(tmp_path: Path, name: str) -> None:
    extra = () if name == "shared" else ("text.shared=false", "model.share_embeddings=false")
    train_tokenizers(config(tmp_path, *extra)).save(tmp_path / "vocabulary")
    for path in (tmp_path / "vocabulary" / name).iterdir():
        path.unlink()
    with pytest.raises(DamagedModelError, match=f"vocabulary/{name}"):
        Tokenizers.load(tmp_path / "vocabulary")


def test_no_vocabulary_at_all_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(DamagedModelError, match="vocabulary"):
        Tokenizers.load(tmp_path / "vocabulary")


def test_the_files_of_a_part_are_read_as_the_configuration_says(tmp_path: Path) -> None:
    settings = config(
        tmp_path,
        "data.format=jsonl",
        f"data.train={tmp_path}/t",
        f"data.valid={tmp_path}/v",
        "data.source_field=en",
    )
    assert pair_files(settings, "train") == PairFiles((tmp_path / "t",), "jsonl", "en", "target")
    assert pair_files(settings, "valid").paths == (tmp_path / "v",)
    assert pair_files(settings, "test").paths == ()


def test_every_file_of_training_is_asked_for(tmp_path: Path) -> None:
    links, more = tmp_path / "links.txt", tmp_path / "more.tsv"
    settings = config(
        tmp_path,
        f"data.alignments={links}",
        "training.guided_alignment=1",
        f"data.back_translated={more}",
    )
    links.write_text("")
    more.write_text("")
    require_files(settings)
    for path in map(Path, [*settings.data.train, more, links, *settings.data.valid]):
        path.rename(tmp_path / "moved")
        with pytest.raises(DataError, match=f"^{path} does not exist"):
            require_files(settings)
        (tmp_path / "moved").rename(path)


def test_a_corpus_without_text_on_both_sides_of_any_pair_is_refused(tmp_path: Path) -> None:
    files = PairFiles((tmp_path / "a.tsv",))
    files.paths[0].write_text("one\t\n\tun\n  \t \n")
    with pytest.raises(DataError) as caught:
        require_text(files)
    assert str(caught.value) == (
        f"{tmp_path}/a.tsv: no pair with text on both sides. Give a corpus that isn't empty."
    )
    files.paths[0].write_text("one\t\none\tun\n")
    require_text(files)


def test_no_vocabulary_is_learned_from_nothing(tmp_path: Path) -> None:
    settings = config(tmp_path)
    for name in ("train.en", "train.fr"):
        (tmp_path / name).write_text("\n\n")
    with pytest.raises(DataError, match=r"train\.en and .*train\.fr: no pair with text"):
        train_tokenizers(settings)


def test_a_dialogue_s_vocabulary_counts_each_turn_once_and_has_its_speakers(tmp_path: Path) -> None:
    settings = read_config(write_dialogues(tmp_path))
    tokenizer = train_tokenizers(settings).source
    assert isinstance(tokenizer, SegmentedTokenizer)
    assert (tokenizer.layout, tokenizer.atoms) == ("turns", ("bot", "kb", "user"))
    spelled = words(tokenizer.base)
    assert {"hello", "anna", "R_room", "your"} <= spelled
    assert not {"user", "bot"} & spelled
    assert history_bound(settings, tokenizer) is not None


def test_features_are_symbols_of_the_source_alone(tmp_path: Path) -> None:
    settings = read_config(write_inflections(tmp_path))
    tokenizers = train_tokenizers(settings)
    assert isinstance(tokenizers.source, SegmentedTokenizer)
    assert tokenizers.source.atoms == ("", "NFIN", "NOM(3,SG)", "PRS", "PST", "V")
    assert tokenizers.source.layout == layout_of(settings) == ("text", "features")
    assert tokenizers.target.kind == "character"
    assert not {";", "("} & words(tokenizers.source.base)
    tokenizers.save(tmp_path / "vocabulary")
    assert Tokenizers.load(tmp_path / "vocabulary").fingerprint() == tokenizers.fingerprint()


@pytest.mark.parametrize(
    ("overrides", "text", "symbols"),
    [([], "a b", ["a", " ", "b"]), (["text.target_tokenizer=space"], "a: b", ["a:", "b"])],
)
def test_what_an_error_rate_counts(
    tmp_path: Path, overrides: list[str], text: str, symbols: list[str]
) -> None:
    assert list(symbols_of(read_config(write_inflections(tmp_path), overrides))(text)) == symbols
