"""A tiny comparison over the tiny corpus of `commands`: two models, seconds to train."""

from pathlib import Path

from commands import write_project

PLAN = """\
[data]
train = ["train.en", "train.fr"]
valid = ["valid.en", "valid.fr"]

[text]
tokenizer = "word"
vocabulary_size = 20

[model]
width = 16
dropout = 0.0

[training]
max_updates = 6
validate_every = 3
batch_tokens = 200
warmup_updates = 2
learning_rate = 0.01
threads = 1
precision = "float32"
kernels = "none"
log_every = 2

[comparison]
parameters = 40_000
seeds = [1, 2]
samples = 100
timed_sentences = 3
gradient_sentences = 1
memory_tasks = ["first token"]
memory_seeds = [1]
memory_parameters = 8000
memory_distance = 2
memory_updates = 2
shares = [0.5]
share_models = ["GRU"]

[[models]]
name = "Elman"
preset = "translation-rnn"
[models.model.encoder]
hidden = 16
bidirectional = false
[models.model.decoder]
hidden = 16
layers = 1
attention = "none"

[[models]]
name = "GRU"
[models.model.encoder]
hidden = 16
[models.model.decoder]
hidden = 16
"""


def write_plan(folder: Path, text: str = PLAN) -> Path:
    """The corpus and the plan; gives the plan's path."""
    write_project(folder)
    (folder / "compare.toml").write_text(text, encoding="utf-8")
    return folder / "compare.toml"
