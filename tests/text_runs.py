"""A tiny project of plain text, for tests that need a trained language model."""

from pathlib import Path

from text_models import TEXT

CONFIG = """\
task = "generation"

[data]
train = "text.txt"
held_out = 0.2

[model]
width = 12
dropout = 0.0

[model.decoder]
hidden = 12
recurrent_dropout = 0.0

[training]
max_updates = 30
batch_tokens = 128
chunk = 16
warmup_updates = 2
learning_rate = 0.02
validate_every = 15
samples = 1
threads = 1
precision = "float32"
device = "cpu"
"""


def write_text_project(folder: Path) -> Path:
    """Some hundred lines; gives the configuration's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "text.txt").write_text(TEXT * 12, encoding="utf-8")
    (folder / "config.toml").write_text(CONFIG)
    return folder / "config.toml"
