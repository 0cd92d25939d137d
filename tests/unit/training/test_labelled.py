"""Runs that learn labels: prepared, trained, gone on with, started from another, and refused in one sentence."""

import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import seqloom
from labelled import settings, write_labelled
from seqloom.base.errors import ConfigError, DataError, Interrupted
from seqloom.base.progress import Progress
from seqloom.config.read import build_config, read_config
from seqloom.training.checkpoint import read_checkpoint
from seqloom.training.events import Event, StepEvent
from seqloom.training.labelled import Lexicon, PreparedLabels, prepare_labelled
from seqloom.training.listeners import Listener
from seqloom.training.run_folder import RunFolder
from tiny import CPU, same_bits

pytestmark = pytest.mark.usefixtures("machine_as_before")


class Said(Progress):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def update(self, *_: Any) -> None:
        """Nobody looks."""


def prepare(config: Path, run: Path, *overrides: str) -> tuple[PreparedLabels, list[str]]:
    said = Said()
    return prepare_labelled(RunFolder(run), read_config(config, overrides), said), said.lines


@pytest.mark.parametrize(
    ("kind", "names", "examples"),
    [
        ("classification", ("bad", "good"), 160),
        ("topics", ("funny", "warm"), 160),
        ("tagging", ("B-LOC", "B-PER", "I-LOC", "O"), 160),
    ],
)
def test_what_is_prepared(kind: str, names: tuple[str, ...], examples: int, tmp_path: Path):
    prepared, said = prepare(write_labelled(tmp_path / "x", kind), tmp_path / "run")
    assert prepared.lexicon.labels.names == names
    assert len(prepared.train) == examples
    assert prepared.valid is not None
    assert Lexicon.load(tmp_path / "run" / "vocabulary").fingerprint() == prepared.lexicon.fingerprint()
    assert said[-1].startswith("160 training texts, 40 for validation; vocabulary ")
    batch = next(prepared.batches().batches(0, 0))
    logits = prepared.network()(batch.batch).logits
    assert logits.shape[-1] == len(names)
    assert batch.predictions(logits)[0].shape == (
        batch.target_tokens,
        len(names),
    )


@pytest.mark.parametrize("kind", ["classification", "topics", "tagging"])
def test_they_learn_what_no_model_knows_untrained(kind: str, labelled_runs: Mapping[str, Path]):
    run = labelled_runs[kind]
    model = seqloom.load(run, device="cpu", threads=1)
    pairs = list(_files(run).read())
    score = model.evaluate(pairs)[0].scores[0].value
    network = prepare(run / "config.toml", run)[0].network()
    untrained = type(model)([model.members[0]._replace(network=network)], model.lexicon, [model.config], CPU)
    assert score >= 95
    assert untrained.evaluate(pairs)[0].scores[0].value < 80


def _files(run: Path, part: str = "test") -> Any:
    from seqloom.training.vocabularies import pair_files

    return pair_files(read_config(run / "config.toml", written=True), part)


def stopping_at(update: int) -> Listener:
    """As Ctrl-C would."""

    def stop(event: Event) -> None:
        if isinstance(event, StepEvent) and event.update == update:
            os.kill(os.getpid(), signal.SIGINT)

    return stop


@pytest.mark.parametrize("kind", ["classification", "tagging"])
def test_a_run_that_was_stopped_ends_with_the_same_bits(kind: str, tmp_path: Path):
    config = write_labelled(tmp_path / "x", kind, texts=60)
    overrides = [
        "training.max_updates=9",
        "training.warmup_updates=2",
        "model.dropout=0.3",
        "model.word_dropout=0.2",
        "training.log_every=1",
        "training.ema=0.9",
    ]
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    seqloom.train(config, whole, overrides=overrides)
    with pytest.raises(Interrupted):
        seqloom.train(config, stopped, overrides=overrides, listeners=[stopping_at(4)])
    seqloom.train(config, stopped, overrides=overrides)
    one, other = (read_checkpoint(run / "checkpoints" / "step-9") for run in (whole, stopped))
    assert same_bits(one.model, other.model)
    assert same_bits(one.optimiser, other.optimiser)


def test_a_run_begins_with_the_words_and_weights_of_another(
    labelled_runs: Mapping[str, Path], tmp_path: Path
):
    before = labelled_runs["classification"]
    config = settings(before, start_from=str(before), max_epochs=None, max_updates=1, warmup_updates=0)
    config = {**config, "training": {**config["training"], "learning_rate": 1e-9}}
    seqloom.train(build_config(config), tmp_path / "run")
    one, other = (RunFolder(run).best().model for run in (before, tmp_path / "run"))
    assert all(torch.allclose(one[name], other[name], atol=1e-6) for name in one)
    assert Lexicon.load(tmp_path / "run" / "vocabulary").fingerprint() == (
        Lexicon.load(before / "vocabulary").fingerprint()
    )


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("classification", {"text": {"lowercase": False}}, "text.lowercase was true, is false"),
        ("tagging", {}, 'task was "classification", is "tagging"'),
    ],
)
def test_another_vocabulary_to_start_from_is_refused(
    kind: str, change: dict[str, Any], message: str, labelled_runs: Mapping[str, Path], tmp_path: Path
):
    config = settings(labelled_runs[kind], start_from=str(labelled_runs["classification"]))
    config = {**config, "text": {**config["text"], **change.get("text", {})}}
    with pytest.raises(ConfigError, match="names, has another vocabulary: ") as caught:
        seqloom.train(build_config(config), tmp_path / "run")
    assert message in str(caught.value)


def test_vectors_are_where_embeddings_start(tmp_path: Path):
    config = write_labelled(tmp_path / "x", "classification")
    rows = {"warm": range(16), "dull": range(1, 17)}
    lines = [f"{word} {' '.join(map(str, row))}\n" for word, row in rows.items()]
    (tmp_path / "v.txt").write_text("".join(lines))
    prepared, said = prepare(config, tmp_path / "run", f"data.vectors={tmp_path / 'v.txt'}")
    assert f"Word vectors from {tmp_path / 'v.txt'}: 2 of the vocabulary's 14 words (14%)" in said[1]
    torch.manual_seed(3)
    network = prepared.network()
    pieces = prepared.lexicon.tokenizer.pieces(range(len(prepared.lexicon.tokenizer)))
    found = network.source.embedding(torch.tensor([[pieces.index("warm"), pieces.index("dull")]]))[0].detach()
    vectors = np.array([range(16), range(1, 17)], np.float32)
    assert np.allclose(found.numpy(), vectors / vectors.std(ddof=1), atol=1e-5)
    torch.manual_seed(3)
    table = prepare(config, tmp_path / "other")[0].network().source.embedding.table
    same = (network.source.embedding.table == table).all(dim=1)
    assert int((~same).sum()) == 2


def test_a_run_goes_on_without_the_file_of_vectors(tmp_path: Path):
    config = write_labelled(tmp_path / "x", "classification", texts=40)
    vectors = tmp_path / "v.txt"
    vectors.write_text("warm " + " ".join(["1", "-1"] * 8) + "\n")
    overrides = [
        "training.max_updates=4",
        "training.warmup_updates=1",
        "training.log_every=1",
        f"data.vectors={vectors}",
    ]
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    seqloom.train(config, whole, overrides=overrides)
    with pytest.raises(Interrupted):
        seqloom.train(config, stopped, overrides=overrides, listeners=[stopping_at(2)])
    assert not (stopped / "checkpoints" / "step-4").exists()
    vectors.unlink()
    seqloom.train(config, stopped, overrides=overrides)
    one, other = (read_checkpoint(run / "checkpoints" / "step-4") for run in (whole, stopped))
    assert same_bits(one.model, other.model)


@pytest.mark.parametrize(
    ("part", "text", "message"),
    [
        (
            "valid",
            "a film\tugly\n",
            "{path}:1: the label 'ugly' is none of the training data's: 'bad', 'good'. Mend",
        ),
        ("valid", "a film\n", "{path}:1: no tab in the line; expected source, a tab, target."),
        (
            "train",
            "a film\tgood\n" * 9,
            "{path}: one label, 'good'; a model that tells labels apart needs 2 or more.",
        ),
        ("train", "", "{path}: no pair with text on both sides. Give a corpus that isn't empty."),
        ("train", None, "{path} does not exist."),
    ],
)
def test_data_that_can_t_be_used_is_refused(part: str, text: str | None, message: str, tmp_path: Path):
    config = write_labelled(tmp_path / "x", "classification")
    path = config.parent / f"{part}.tsv"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(DataError) as caught:
        seqloom.train(config, tmp_path / "run")
    assert str(caught.value).startswith(message.replace("{path}", str(path)))


def test_a_finished_run_refuses_training_data_with_other_labels(
    tmp_path: Path, labelled_runs: Mapping[str, Path]
):
    shutil.copytree(
        labelled_runs["classification"].parent, tmp_path / "x", ignore=shutil.ignore_patterns("run")
    )
    config = tmp_path / "x" / "config.toml"
    overrides = ["training.max_updates=2", "training.warmup_updates=1"]
    seqloom.train(config, tmp_path / "run", overrides=overrides)
    with (tmp_path / "x" / "train.tsv").open("a") as stream:
        stream.write("a film\tugly\n")
    with pytest.raises(DataError, match=r"train\.tsv:161: the label 'ugly' is none of the training data's"):
        seqloom.train(config, tmp_path / "run", overrides=overrides)


def test_label_weights_reach_the_loss(tmp_path: Path):
    config = write_labelled(tmp_path / "x", "classification")
    weighed = prepare(config, tmp_path / "a", "training.label_weights=good=3")[0].objective(CPU)
    assert weighed.weights is not None
    assert weighed.weights.tolist() == [1.0, 3.0]
    balanced = prepare(config, tmp_path / "b", "training.label_weights=balanced")[0].objective(CPU)
    assert balanced.weights is not None
    assert balanced.weights.tolist() == [1.0, 1.0]
    with pytest.raises(ConfigError, match="'great' is no label of data"):
        prepare(config, tmp_path / "c", "training.label_weights=great=3")


def test_subwords_are_drawn_anew_in_each_epoch_and_labels_stay(tmp_path: Path):
    config = write_labelled(tmp_path / "x", "classification")
    overrides = ("text.tokenizer=bpe", "text.vocabulary_size=300", "text.sampling=0.5")
    batches = prepare(config, tmp_path / "run", *overrides)[0].batches()
    first, second = ([*batches.batches(epoch, 0)] for epoch in (0, 1))
    again = [*batches.batches(0, 0)]
    assert all(torch.equal(a.batch.source, b.batch.source) for a, b in zip(first, again, strict=True))
    sizes = [sum(int(batch.batch.source_lengths.sum()) for batch in epoch) for epoch in (first, second)]
    assert sizes[0] != sizes[1]
    assert sum(int(batch.targets.sum()) for batch in first) == 80
    assert len(first) == batches.count(0)
