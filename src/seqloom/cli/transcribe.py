"""`seqloom transcribe`: a line for each recording, or for each utterance of a stream."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqloom.cli.places import Run
from seqloom.cli.texts import one_line

if TYPE_CHECKING:
    from seqloom.audio.resampling import Samples
    from seqloom.pipeline import Transcriber, Transcript
    from seqloom.pipeline.transcriber import Heard
    from seqloom.search.options import SearchOptions

EXAMPLES = """
\b
Examples:
  seqloom transcribe runs/mine a.wav b.flac recordings/ 'more/*.wav'
      PATH, a tab and what is said there, a line a file, in the order named.
  arecord -f S16_LE -r 16000 -t raw | seqloom transcribe runs/mine --stdin --rate 16000
      From the microphone: a line whenever somebody has finished speaking.

\b
--times    PATH, then for each word a tab and START END WORD, in seconds
--json     one object a line: source, text, score, log_probability, seconds,
           with --times words, with --n-best alternatives
A file that can't be used gives an empty line and a sentence on stderr; the
others go on, and the exit code is then 3.
"""
PIECE = 4  # batches that are sorted by length together
STREAM_BYTES = 3_200


def transcribe(
    run: Run,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE", help="Sound files, folders of them, and patterns as '*.wav'.", show_default=False
        ),
    ] = [],  # noqa: B006 - typer copies it
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Raw samples of one channel from stdin, as they come.")
    ] = False,
    rate: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="With --stdin: samples a second.")
    ] = None,
    format: Annotated[  # noqa: A002 - the word that a user types
        str | None,
        typer.Option(metavar="s16le|s32le|f32le", help="With --stdin: what a sample is; s16le if not said."),
    ] = None,
    silence: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", help="With --stdin: the pause that ends an utterance; 0.6 if not said."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there instead of to stdout.")
    ] = None,
    beam: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Hypotheses kept at each step; 1 is greedy."),
    ] = None,
    n_best: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Outputs for each recording; needs --json if more than 1."),
    ] = None,
    times: Annotated[bool, typer.Option("--times", help="When each word is said.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    language_model: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="A language model over the same vocabulary, to be asked too."),
    ] = None,
    language_model_weight: Annotated[
        float | None,
        typer.Option(min=0.0, metavar="X", help="What it counts, in place of search.language_model_weight."),
    ] = None,
) -> None:
    """Write down what is said in recordings."""
    from seqloom.base.errors import UsageError

    if stdin and files:
        raise UsageError("Name either files or --stdin, not both.")
    if not stdin and not files:
        raise UsageError("Name sound files, or --stdin for raw samples from a pipe.")
    if not stdin and (rate, format, silence) != (None, None, None):
        raise UsageError("--rate, --format and --silence are for --stdin. Add it, or leave them out.")
    if n_best and n_best > 1 and not json:
        raise UsageError(
            f"--n-best {n_best} gives several outputs for a recording; add --json, which has room for them."
        )
    if n_best and beam and n_best > beam:
        raise UsageError(
            f"--n-best {n_best} asks for more outputs than --beam {beam} keeps. Give --beam {n_best}, or more."
        )
    paths = [] if stdin else _recordings(files)
    stream = _Stream.asked(rate, format, silence) if stdin else None
    from seqloom.pipeline import load_kind
    from seqloom.pipeline.transcriber import Transcriber, with_language_model
    from seqloom.training.searching import search_options

    model = load_kind(Transcriber, run)
    model = with_language_model(model, language_model, language_model_weight)
    options = search_options(model.config.search, beam=beam, n_best=n_best if json else 1)
    write = _Writer(times=times, json=json, several=options.n_best > 1, named=not stdin)
    with write.opened(output):
        if stream is not None:
            _transcribe_stream(model, options, write, stream)
        else:
            _transcribe_files(model, options, write, paths)


def _recordings(files: Sequence[str]) -> list[Path]:
    """The files that are meant: named, in a folder named (and below it), or fitting a pattern."""
    import glob

    from seqloom.audio.ready import READY_SUFFIX
    from seqloom.audio.waveform import SUFFIXES
    from seqloom.base.errors import DataError

    found: list[Path] = []
    for name in files:
        path = Path(name)
        if path.is_dir():
            inside = sorted(
                file for file in path.rglob("*") if file.suffix.lower() in (*SUFFIXES, READY_SUFFIX)
            )
            if not inside:
                raise DataError(f"{path} holds no sound file ({', '.join(SUFFIXES)}).")
            found += inside
        elif not path.exists() and glob.has_magic(name):
            fitting = sorted(map(Path, glob.glob(name, recursive=True)))  # noqa: PTH207 - absolute patterns too
            if not fitting:
                raise DataError(f"No file fits {name}.")
            found += [file for file in fitting if file.is_file()]
        else:
            found.append(path)
    return found


class _Stream:
    """What comes from stdin: samples of this rate and format, cut at so much silence."""

    def __init__(self, rate: int, kind: str, silence: float) -> None:
        self.rate, self.kind, self.silence = rate, kind, silence

    @classmethod
    def asked(cls, rate: int | None, kind: str | None, silence: float | None) -> "_Stream":
        """As the options say. Raises UsageError."""
        from seqloom.audio.waveform import RAW_FORMATS
        from seqloom.base.errors import UsageError

        if rate is None:
            raise UsageError(
                "--stdin brings raw samples, which don't say their rate. Add --rate, as in --rate 16000."
            )
        if kind is not None and kind not in RAW_FORMATS:
            raise UsageError(f"--format {kind} is unknown; expected one of {', '.join(RAW_FORMATS)}.")
        if silence is not None and not 0.05 <= silence <= 60:
            raise UsageError(f"--silence {silence} is out of range; expected 0.05 to 60 seconds.")
        return cls(rate, kind or "s16le", 0.6 if silence is None else silence)


def _transcribe_stream(
    model: "Transcriber", options: "SearchOptions", write: "_Writer", stream: _Stream
) -> None:
    """A line for each utterance, as it ends."""
    from seqloom.audio.silence import Endpointer
    from seqloom.audio.waveform import RAW_FORMATS, from_raw

    ends = Endpointer(stream.rate, stream.silence, model.config.audio.max_seconds)
    size = RAW_FORMATS[stream.kind][0].itemsize
    source = open(sys.stdin.fileno(), "rb", closefd=False, buffering=0)  # noqa: SIM115 - as it comes

    def utterances() -> "Iterator[Samples]":
        rest = b""
        while data := source.read(STREAM_BYTES):
            rest += data
            whole = len(rest) - len(rest) % size
            yield from ends.take(from_raw(rest[:whole], stream.kind))
            rest = rest[whole:]
        if rest:
            print(
                f"seqloom: stdin ended within a sample; its last {len(rest)} bytes were left out",
                file=sys.stderr,
            )
        yield from ends.end()

    for number, samples in enumerate(utterances(), start=1):
        heard = model.hear_samples(samples, stream.rate, f"utterance {number}")
        write.line(*model.write([heard], options, times=write.times))


def _transcribe_files(
    model: "Transcriber", options: "SearchOptions", write: "_Writer", paths: Sequence[Path]
) -> None:
    """A line for each file, in order; those that can't be used are told of and passed over.

    Raises   DataError at the end if there was one
    """
    from seqloom.base.errors import DataError

    faults = []
    size = PIECE * model.config.search.batch_sentences
    for start in range(0, len(paths), size):
        heard: list[Heard | None] = []
        for path in paths[start : start + size]:
            try:
                heard.append(model.hear(path))
            except DataError as error:
                heard.append(None)
                faults.append(str(error))
                if len(paths) > 1:
                    print(f"seqloom: {error}", file=sys.stderr)
        written = iter(model.write([one for one in heard if one], options, times=write.times))
        for path, one in zip(paths[start : start + size], heard, strict=True):
            write.line(next(written)) if one else write.nothing(path)
    if len(faults) == 1 and len(paths) == 1:
        raise DataError(faults[0])
    if faults:
        raise DataError(f"{len(faults):,} of {len(paths):,} files could not be used; they have empty lines.")


class _Writer:
    """Writes a line for each recording."""

    def __init__(self, *, times: bool, json: bool, several: bool, named: bool) -> None:
        self.times, self.json, self.several, self.named = times, json, several, named
        self.stream: Any = None

    def opened(self, output: Path | None) -> Any:
        """The context in which lines go to a file, or to stdout."""
        from contextlib import contextmanager

        from seqloom.cli.translate import opened

        @contextmanager
        def opening() -> Iterator[None]:
            with opened(output, "transcribed") as stream:
                self.stream = stream
                yield

        return opening()

    def line(self, found: "Transcript") -> None:
        """What was said."""
        if found.notice:
            print(f"seqloom: {found.source}: {found.notice}", file=sys.stderr)
        if self.json:
            self._put(_as_json(found, times=self.times, several=self.several))
            return
        said = [one_line(found.text)]
        if self.times:
            said = [f"{word.start:.2f} {word.end:.2f} {one_line(word.text)}" for word in found.words]
        self._put("\t".join([*([one_line(found.source)] if self.named else []), *said]))

    def nothing(self, path: Path) -> None:
        """The line of a file that could not be used."""
        from json import dumps

        self._put(dumps({"source": str(path), "text": None}) if self.json else f"{one_line(str(path))}\t")

    def _put(self, line: str) -> None:
        self.stream.write((line + "\n").encode("utf-8", errors="replace"))
        self.stream.flush()


def _as_json(found: "Transcript", *, times: bool, several: bool) -> str:
    from json import dumps

    record: dict[str, Any] = {
        "source": found.source,
        **_scored(found),
        "seconds": round(found.seconds, 3),
    }
    if times:
        record["words"] = [word._asdict() for word in found.words]
    if several:
        record["alternatives"] = [_scored(other) for other in found.alternatives]
    if found.notice:
        record["notice"] = found.notice
    return dumps(record, ensure_ascii=False)


def _scored(found: "Transcript") -> dict[str, Any]:
    return {"text": found.text, "score": found.score, "log_probability": found.log_probability}
