"""A model that copies writes names it has never seen, as no other can; by the commands, file to file."""

from pathlib import Path

import pytest

from commands import Answer, several

NAMES = [
    first + second + last for first in "BDGKLMNPRT" for second in "aeiou" for last in ("ra", "lo", "mi", "ne")
]
SENTENCES = (
    ("my name is {}", "ich heisse {}"),
    ("this is {}", "das ist {}"),
    ("{} is here", "{} ist da"),
    ("where is {} ?", "wo ist {} ?"),
    ("{} and {} are here", "{} und {} sind da"),
)
CONFIG = """\
preset = "none"

[data]
train = ["train.en", "train.de"]
valid = ["valid.en", "valid.de"]

[text]
tokenizer = "word"
vocabulary_size = 30

[model]
width = 32
dropout = 0.0
encoder = {hidden = 32}

[model.decoder]
kind = "KIND"
copying = true

[training]
max_updates = 200
validate_every = 100
batch_tokens = 400
warmup_updates = 20
learning_rate = 0.01
threads = 1
"""


def write(folder: Path, part: str, names: list[str], rounds: int) -> tuple[list[str], list[str]]:
    """Each sentence with names in turn; gives sources and targets."""
    sources, targets = [], []
    for number in range(rounds * len(names)):
        source, target = SENTENCES[number % len(SENTENCES)]
        own = (names[number % len(names)], names[(3 * number + 1) % len(names)])
        sources.append(source.format(*own))
        targets.append(target.format(*own))
    (folder / f"{part}.en").write_text("\n".join(sources) + "\n")
    (folder / f"{part}.de").write_text("\n".join(targets) + "\n")
    return sources, targets


def commands(folder: Path, kind: str, *options: str) -> list[Answer]:
    """Train, then translate the test file; the second runs on what the first left."""
    (folder / "config.toml").write_text(CONFIG.replace("KIND", kind))
    run = folder / "run"
    return several(
        ["train", folder / "config.toml", "--run", run, *options],
        ["translate", run, folder / "test.en", "--output", folder / "out.de"],
    )


COVERAGE = ("model.decoder.coverage=true", "training.coverage_loss=0.3")


@pytest.mark.parametrize("options", [(), COVERAGE], ids=["", "coverage"])
@pytest.mark.parametrize("kind", ["recurrent", "transformer"])
def test_it_learns_to_copy_names_that_it_has_never_seen(
    kind: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    write(tmp_path, "train", NAMES[:160], 8)
    write(tmp_path, "valid", NAMES[160:180], 2)
    _, targets = write(tmp_path, "test", NAMES[180:], 3)
    trained, translated = commands(tmp_path, kind, *options)
    assert (trained.code, translated.code) == (0, 0), trained.err + translated.err
    outputs = (tmp_path / "out.de").read_text().splitlines()
    assert len(outputs) == len(targets)
    right = sum(output == target for output, target in zip(outputs, targets, strict=True))
    assert right >= 0.9 * len(targets), list(zip(outputs, targets, strict=True))[:10]


def test_without_copying_an_unseen_name_is_lost(tmp_path: Path) -> None:
    write(tmp_path, "train", NAMES[:160], 8)
    write(tmp_path, "valid", NAMES[160:180], 2)
    write(tmp_path, "test", NAMES[180:], 1)
    _, translated = commands(tmp_path, "recurrent", "model.decoder.copying=false", "training.max_updates=40")
    assert translated.code == 0, translated.err
    assert not any(name in (tmp_path / "out.de").read_text() for name in NAMES[180:])
