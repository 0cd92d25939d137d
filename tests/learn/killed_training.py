"""Train in child processes that kill themselves (SIGKILL) at random moments, resume, and compare the final weights.

Run as   python killed_training.py FOLDER KILLS SEED [forget] [text]
Prints   one JSON line: kills by the place they struck, runs that ended, and how many ended with the same bits as the
         run that was never killed. With "forget" a resumed run starts its data anew, and must not end the same. With
         "text" it is a language model, whose state is carried from chunk to chunk.

Children are forked after the imports, so that a kill costs a fraction of a second.
"""

import json
import os
import random
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import seqloom.training.checkpoint
import seqloom.training.loop
import seqloom.training.objective
from seqloom import pipeline
from seqloom.base import files
from seqloom.training.checkpoint import checkpoint_folders
from seqloom.training.language_model import TextObjective

UPDATES = 14
CONFIG: dict[str, Any] = {
    "text": {"tokenizer": "word", "vocabulary_size": 60},
    "model": {
        "width": 8,
        "dropout": 0.2,
        "encoder": {"kind": "recurrent", "hidden": 4},
        "decoder": {"kind": "recurrent", "hidden": 8},
    },
    "training": {
        "max_updates": UPDATES,
        "batch_tokens": 40,
        "accumulate": 2,
        "checkpoint_every": 3,
        "validate_every": 5,
        "validation_sentences": 4,
        "best_by": "loss",
        "ema": 0.9,
        "log_every": 2,
        "warmup_updates": 4,
        "threads": 1,
        "precision": "float32",
        "device": "cpu",
    },
}


TEXT_CONFIG: dict[str, Any] = {
    "task": "generation",
    "preset": "none",
    "text": {"tokenizer": "character"},
    "model": {
        "width": 8,
        "dropout": 0.2,
        "decoder": {
            "kind": "recurrent",
            "cell": "lstm",
            "hidden": 8,
            "locked_dropout": True,
            "recurrent_dropout": 0.2,
        },
    },
    "training": {
        **{key: value for key, value in CONFIG["training"].items() if key != "validation_sentences"},
        "batch_tokens": 48,
        "chunk": 12,
        "label_smoothing": 0.0,
    },
}


def write_corpus(folder: Path) -> None:
    """Sixty pairs of sentences of different lengths, and their reversals; for text the first side is enough."""
    draw = random.Random(0)
    for part, count in (("train", 60), ("valid", 6)):
        lines = [[draw.choice("abcdefghij") for _ in range(draw.randint(1, 9))] for _ in range(count)]
        (folder / f"{part}.a").write_text("".join(" ".join(line) + "\n" for line in lines))
        (folder / f"{part}.b").write_text("".join(" ".join(line[::-1]) + "\n" for line in lines))


def settings(folder: Path, *, text: bool) -> dict[str, Any]:
    """The configuration with its corpus."""
    if text:
        return {
            **TEXT_CONFIG,
            "data": {"train": str(folder / "train.a"), "held_out": 0.1, "cache": str(folder / "corpora")},
        }
    data = {part: [str(folder / f"{part}.a"), str(folder / f"{part}.b")] for part in ("train", "valid")}
    return {**CONFIG, "data": {**data, "cache": str(folder / "corpora")}}


def strike_at(moment: int, note: Path) -> None:
    """Kill this process at the moment-th of the calls in which a training can be struck, noting which it was."""
    struck = 0

    def watched(owner: Any, name: str) -> None:
        call: Callable[..., Any] = getattr(owner, name)

        def counted(*arguments: Any, **options: Any) -> Any:
            nonlocal struck
            struck += 1
            if struck == moment:
                note.write_text(name)
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)

        setattr(owner, name, counted)

    watched(seqloom.training.objective, "batch_loss")  # mid-epoch, and mid-accumulation every other time
    watched(TextObjective, "loss")  # the same of text
    watched(torch.optim.AdamW, "step")
    watched(seqloom.training.checkpoint, "_save_tensors")  # and the rest: while saving
    watched(files, "fsync_file")
    watched(files, "fsync_folder")
    watched(Path, "rename")
    watched(Path, "replace")


def forget_place() -> None:
    """The negative control: resume with the weights of the checkpoint, but with the data from the beginning."""
    resume = seqloom.training.loop.Trainer.resume

    def forgetful(trainer: Any, checkpoint: Any) -> None:
        resume(trainer, checkpoint)
        trainer.state.epoch = trainer.state.batch = 0

    seqloom.training.loop.Trainer.resume = forgetful  # type: ignore[method-assign]


def run_child(work: Callable[[], None], output: Path) -> int:
    """Fork, work, and give the child's wait status: 0, or the signal that ended it."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    status = 1
    try:
        with output.open("a") as stream:
            os.dup2(stream.fileno(), 2)
            work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def final_bytes(run: Path) -> tuple[bytes, bytes]:
    """The last checkpoint's weights and optimiser, as they lie on disk."""
    newest = checkpoint_folders(run)[0]
    if newest.name != f"step-{UPDATES}":
        raise SystemExit(f"{run} ended at {newest.name}")
    return (newest / "model.safetensors").read_bytes(), (newest / "optimiser.safetensors").read_bytes()


def main(folder: Path, kills: int, seed: int, *, forget: bool, text: bool) -> None:
    """See the module."""
    torch.set_num_threads(1)
    write_corpus(folder)
    config, log, note = settings(folder, text=text), folder / "children.txt", folder / "struck"
    if run_child(lambda: void(pipeline.train(config, folder / "never")), log):
        raise SystemExit(log.read_text())
    expected = final_bytes(folder / "never")
    draw = random.Random(seed)
    places: Counter[str] = Counter()
    ended = same = 0
    while places.total() < kills or ended == 0:
        run, moment = folder / f"killed-{ended}", draw.randint(1, 120) if places.total() < kills else 0

        def work(run: Path = run, moment: int = moment) -> None:
            strike_at(moment, note)
            if forget:
                forget_place()
            pipeline.train(config, run)

        status = run_child(work, log)
        if status == signal.SIGKILL:
            places[note.read_text()] += 1
        elif status == 0:
            ended += 1
            same += final_bytes(run) == expected
        else:
            raise SystemExit(log.read_text())
    print(json.dumps({"kills": places.total(), "places": places, "ended": ended, "same": same}))


def void(_: object) -> None:
    """Drop a value."""


if __name__ == "__main__":
    more = sys.argv[4:]
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), forget="forget" in more, text="text" in more)
