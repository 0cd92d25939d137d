"""A stream from a microphone: read while a model is busy, and stopped by Ctrl-C."""

import io
import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from commands import start
from seqloom.audio.resampling import Samples
from seqloom.cli.reporting import Report
from seqloom.cli.transcribe_stream import Stream, transcribe_stream
from seqloom.cli.transcript_lines import Lines
from seqloom.pipeline import Transcript
from sounds import RATE, tone

PAUSE = np.zeros(RATE, np.float32)
LINES = Lines(times=False, json=False, several=False, named=False)


class Busy:
    """A model that can't be done with its first utterance before all of a stream was read."""

    config = SimpleNamespace(audio=SimpleNamespace(max_seconds=30.0))

    def __init__(self, all_read: threading.Event) -> None:
        self.all_read = all_read
        self.asked: list[list[str]] = []

    def hear_samples(self, samples: Samples, rate: int, source: str) -> str:
        return f"{source}, {len(samples) / rate:.1f} s"

    def write(self, heard: Sequence[str], *_: object, **__: object) -> list[Transcript]:
        assert self.all_read.wait(20), "stdin was not read meanwhile"
        self.asked.append(list(heard))
        return [Transcript(text, text, 0.0, 0.0, (), 1.0, (), "") for text in heard]


def raw(*pieces: Samples) -> bytes:
    return (np.concatenate(pieces) * 32767).astype("<i2").tobytes()


def test_stdin_is_read_while_the_model_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    all_read = threading.Event()

    def speak() -> None:
        minute = raw(*[tone(["la"], 0.4), PAUSE] * 6, np.tile(PAUSE, 40))
        with os.fdopen(writing, "wb") as pipe:  # which holds 8 seconds of it
            pipe.write(minute)
        all_read.set()

    speaker = threading.Thread(target=speak)
    speaker.start()
    model: Any = Busy(all_read)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(fileno=lambda: reading))
    place = io.BytesIO()
    transcribe_stream(model, None, LINES, Stream(RATE, "s16le", 0.6), place, Report(None))  # type: ignore[arg-type]
    speaker.join()
    os.close(reading)
    said = place.getvalue().decode().splitlines()
    assert [line.split(",")[0] for line in said] == [f"utterance {number}" for number in range(1, 7)]
    assert [text for piece in model.asked for text in piece] == said
    assert len(model.asked) < 6  # those that waited were asked together


def test_ctrl_c_ends_a_stream_that_goes_on(speech_run: Path) -> None:
    process = start("transcribe", speech_run, "--stdin", "--rate", RATE)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdin.write(raw(PAUSE, tone(["la"], 0.4), PAUSE))
    process.stdin.flush()
    assert process.stdout.readline().endswith(b"\n")  # as soon as it was said, while the stream goes on
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 75
    assert process.stderr.read().decode().startswith("seqloom: Stopped by Ctrl-C.")
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()
