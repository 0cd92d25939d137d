"""What `seqloom transcribe --stdin` does: raw samples as they come, a line for each utterance."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from seqloom.base.errors import UsageError
from seqloom.cli.reporting import Report
from seqloom.cli.transcript_lines import Lines, put, say_notice

if TYPE_CHECKING:
    from seqloom.audio.silence import Utterance
    from seqloom.pipeline import Transcriber
    from seqloom.search.options import SearchOptions

STREAM_BYTES = 3_200
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


def transcribe_stream(
    model: "Transcriber",
    options: "SearchOptions",
    lines: "Lines",
    stream: Stream,
    place: BinaryIO,
    report: Report,
) -> None:
    """A line for each utterance, as it ends."""
    from seqloom.audio.silence import Endpointer
    from seqloom.audio.waveform import RAW_FORMATS, count_broken, from_raw

    ends = Endpointer(stream.rate, stream.silence, model.config.audio.max_seconds)
    size = RAW_FORMATS[stream.kind][0].itemsize
    source = open(sys.stdin.fileno(), "rb", closefd=False, buffering=0)  # noqa: SIM115 - as it comes

    def utterances() -> "Iterator[Utterance]":
        rest, broken = b"", 0
        while data := source.read(STREAM_BYTES):
            rest += data
            whole = len(rest) - len(rest) % size
            broken += count_broken(rest[:whole], stream.kind)
            yield from ends.take(from_raw(rest[:whole], stream.kind))
            rest = rest[whole:]
        if broken:
            told = "1 sample of stdin is" if broken == 1 else f"{broken:,} samples of stdin are"
            report.say(f"seqloom: {told} no number; silence stood for that")
        if rest:
            left = "last byte was" if len(rest) == 1 else f"last {len(rest)} bytes were"
            report.say(f"seqloom: stdin ended within a sample; its {left} left out")
        yield from ends.end()

    for number, (samples, start) in enumerate(utterances(), start=1):
        heard = model.hear_samples(samples, stream.rate, f"utterance {number}")
        (found,) = model.write([heard], options, times=lines.times)
        say_notice(found, report)
        put(place, lines.of(found, start))
