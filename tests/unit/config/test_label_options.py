"""Options of tasks whose targets are labels: what goes together, and what is refused in which words."""

from pathlib import Path

import pytest

from seqloom.base.errors import ConfigError
from seqloom.config.read import build_config, read_config


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        (
            {"task": "tagging", "data": {"format": "tsv"}},
            'task = "tagging" reads lines with a token, a tab and its label, but data.format = "tsv" (the mapping). '
            'Set data.format = "blocks", or leave it out.',
        ),
        (
            {"task": "classification", "text": {"tokenizer": "bpe"}, "data": {"vectors": "/v.txt"}},
            'data.vectors = /v.txt has a vector for each word, but text.tokenizer = "bpe" (the mapping). '
            'Set text.tokenizer = "word", or leave out data.vectors.',
        ),
        (
            {"task": "classification", "model": {"embedding_rank": 8}, "data": {"vectors": "/v.txt"}},
            "data.vectors = /v.txt fills full embeddings, but model.embedding_rank = 8 (the mapping). "
            "Leave out one of the two.",
        ),
        (
            {"task": "classification", "training": {"best_by": "bleu"}},
            'training.best_by = "bleu" is none of what task = "classification" is measured by (the mapping). '
            'Set training.best_by = "loss" or "accuracy" or "macro_f1".',
        ),
    ],
)
def test_what_contradicts_is_refused(mapping: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_config(mapping)
    assert str(caught.value) == sentence


def test_vectors_are_seen_from_the_configuration_s_folder(tmp_path: Path) -> None:
    path = tmp_path / "mine" / "config.toml"
    path.parent.mkdir()
    path.write_text('task = "classification"\n[data]\nvectors = "../v.txt"\n', encoding="utf-8")
    assert read_config(path).data.vectors == str(tmp_path / "v.txt")


@pytest.mark.parametrize(("task", "best_by"), [("classification", "accuracy"), ("tagging", "span_f1")])
def test_a_task_s_own_preset_chooses_by_its_first_metric(task: str, best_by: str) -> None:
    config = build_config({"task": task})
    assert (config.task, config.training.best_by, config.family) == (task, best_by, "classifier")
