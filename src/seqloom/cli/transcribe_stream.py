"""What `seqloom transcribe --stdin` does: raw samples as they come, a line for each utterance."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from seqloom.base.errors import UsageError
from seqloom.cli.arriving import in_pieces
from seqloom.cli.reporting import Report
from seqloom.cli.transcript_lines import Lines, put, say_notice

if TYPE_CHECKING:
    from seqloom.audio.silence import Utterance
    from seqloom.pipeline import Transcriber
    from seqloom.search.options import SearchOptions

STREAM_BYTES = 3_200
TOGETHER = 4  # utterances that are transcribed at once where a model is behind; some times as many may wait
LEAST_RATE, MOST_RATE = 1_000, 384_000  # as audio.sampling_rate


class Stream:
    """What comes from stdin: samples of this rate and format, cut at so much silence."""

    def __init__(self, rate: int, kind: str, silence: float) -> None:
        self.rate, self.kind, self.silence = rate, kind, silence

    @classmethod
    def asked(cls, rate: int | None, kind: str | None, silence: float | None) -> "Stream":
        """As the options say. Raises UsageError."""
        from seqloom.audio.waveform import RAW_FORMATS

        if rate is None:
            raise UsageError(
                "--stdin brings raw samples, which don't say their rate. Add --rate, as in --rate 16000."
            )
        if not LEAST_RATE <= rate <= MOST_RATE:
            raise UsageError(
                f"--rate {rate} is out of range; expected {LEAST_RATE} to {MOST_RATE} samples a second."
            )
        if kind is not None and kind not in RAW_FORMATS:
            raise UsageError(f"--format {kind} is unknown; expected one of {', '.join(RAW_FORMATS)}.")
        if silence is not None and not 0.05 <= silence <= 60:
            raise UsageError(f"--silence {silence} is out of range; expected 0.05 to 60 seconds.")
        return cls(rate, kind or "s16le", 0.6 if silence is None else silence)


@dataclass
class _Microphone:
    """Raw samples of stdin as they come, cut into utterances, and what was wrong with them.

    broken   samples that are no numbers
    left     bytes after the last whole sample
    """

    stream: Stream
    longest: float
    broken: int = 0
    left: int = 0

    def utterances(self) -> "Iterator[Utterance]":
        """Each as it ends."""
        from seqloom.audio.silence import Endpointer
        from seqloom.audio.waveform import RAW_FORMATS, count_broken, from_raw

        kind = self.stream.kind
        ends = Endpointer(self.stream.rate, self.stream.silence, self.longest)
        size = RAW_FORMATS[kind][0].itemsize
        source = open(sys.stdin.fileno(), "rb", closefd=False, buffering=0)  # noqa: SIM115 - as it comes
        rest = b""
        while data := source.read(STREAM_BYTES):
            rest += data
            whole = len(rest) - len(rest) % size
            self.broken += count_broken(rest[:whole], kind)
            yield from ends.take(from_raw(rest[:whole], kind))
            rest = rest[whole:]
        self.left = len(rest)
        yield from ends.end()

    def tell(self, report: Report) -> None:
        """Say what was wrong, if anything was."""
        if self.broken:
            told = "1 sample of stdin is" if self.broken == 1 else f"{self.broken:,} samples of stdin are"
            report.say(f"seqloom: {told} no number; silence stood for that")
        if self.left:
            told = "last byte was" if self.left == 1 else f"last {self.left} bytes were"
            report.say(f"seqloom: stdin ended within a sample; its {told} left out")


def transcribe_stream(
    model: "Transcriber",
    options: "SearchOptions",
    lines: "Lines",
    stream: Stream,
    place: BinaryIO,
    report: Report,
) -> None:
    """A line for each utterance, as it ends. Stdin is read meanwhile, as a pipe holds but seconds of a microphone."""
    microphone = _Microphone(stream, model.config.audio.max_seconds)
    number = 0
    for utterances in in_pieces(microphone.utterances(), TOGETHER):
        heard = [
            model.hear_samples(samples, stream.rate, f"utterance {number + ordinal}")
            for ordinal, (samples, _) in enumerate(utterances, start=1)
        ]
        number += len(heard)
        for (_, start), found in zip(utterances, model.write(heard, options, times=lines.times), strict=True):
            say_notice(found, report)
            put(place, lines.of(found, start))
    microphone.tell(report)
