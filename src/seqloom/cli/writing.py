"""What `seqloom translate`, `summarize` and `transduce` do: text in, text out, as it comes or many files at once."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqloom.cli.many import jobs_asked, opened, run_jobs
from seqloom.cli.records import records_alone
from seqloom.cli.reporting import Report, check_files, reporting
from seqloom.cli.texts import one_line, typed
from seqloom.cli.writing_options import Asked, Kind, check_options, check_records, verb_of

if TYPE_CHECKING:
    from seqloom.cli.arriving import Line
    from seqloom.cli.asking import Cut, Piece
    from seqloom.config.schema import Config
    from seqloom.pipeline import Model, Result
    from seqloom.search.options import SamplingOptions, SearchOptions

BATCHES = 16  # that are sorted by length together


def writing_verb(kind: Kind) -> Callable[..., None]:
    """The verb, for the command line."""
    return verb_of(kind, partial(_write, kind))


def _write(kind: Kind, runs: list[Path], asked: Asked) -> None:
    """Read what is asked for, ask the model, write."""
    check_options(kind, asked)
    prefix = typed(asked.prefix, "--prefix")
    jobs = jobs_asked(asked.files, asked.output, asked.beside, overwrite=asked.overwrite)
    if jobs is None:
        check_files(asked.files, asked.output)
    elif not jobs:
        return
    from seqloom.pipeline import Model, load_as

    model = load_as(Model, runs, kind.verb)
    options = _options(model.config, asked)
    _say_unknown(model, prefix)
    if not asked.files and sys.stdin.isatty():
        print("Type a text and press Enter; Ctrl-D ends.", file=sys.stderr)
    paths = asked.files if jobs is None else [job.source for job in jobs]
    with reporting(kind.doing, paths, shown=jobs is not None or asked.output is not None) as report:
        writer = _Writer(kind, model, options, asked, prefix, report)
        if jobs is None:
            writer.write(asked.files, asked.output)
            return
        run_jobs(jobs, lambda job: writer.write([job.source], job.target), report.say)


def _say_unknown(model: "Model", prefix: str) -> None:
    """Tell of what of a prefix the model can't write, as it has no symbol for it."""
    from seqloom.text.vocabulary import UNK

    unknown = model.tokenizers.target.encode(prefix).count(UNK) if prefix else 0
    if unknown:
        count = "a symbol" if unknown == 1 else f"{unknown} symbols"
        print(f"seqloom: the prefix has {count} that the model has never seen", file=sys.stderr)


def _options(config: "Config", asked: Asked) -> "SearchOptions | SamplingOptions":
    from seqloom.training.searching import sampling_options, search_options

    if asked.sample:
        return sampling_options(
            config.search,
            temperature=asked.temperature,
            top_k=asked.top_k,
            top_p=asked.top_p,
            seed=asked.seed,
        )
    return search_options(config.search, beam=asked.beam, n_best=asked.n_best if asked.json else 1)


class _Writer:
    """Takes files to a model and its answers to where they go."""

    def __init__(
        self,
        kind: Kind,
        model: "Model",
        options: "SearchOptions | SamplingOptions",
        asked: Asked,
        prefix: str,
        report: Report,
    ) -> None:
        self.kind, self.model, self.options, self.asked = kind, model, options, asked
        self.prefix, self.report = prefix, report

    def write(self, paths: Sequence[Path], output: Path | None) -> None:
        """All of some files, or of stdin for none, into one place.

        What is drawn depends on the number of a text within this place alone, whatever else was written before.
        """
        from seqloom.cli.arriving import in_pieces

        size = BATCHES * self.model.config.search.batch_sentences
        asked_before = 0  # texts
        with opened(output) as stream:
            for pieces in in_pieces(self._pieces(paths), size):
                texts = [text for piece in pieces for text in piece.sources]
                prefixes = [self.prefix] * len(texts) if self.prefix else None
                results = self.model.translate(texts, self.options, prefixes, first=asked_before)
                asked_before += len(texts)
                rest = iter(results)
                for piece in pieces:
                    own = [next(rest) for _ in piece.sources]
                    for result in own:
                        if result.notice:
                            self.report.say(f"seqloom: {piece.where}: {result.notice}")
                    stream.write(piece.write(own).encode("utf-8", errors="replace"))
                stream.flush()
                self.report.went_on(len(pieces), sum(len(result.tokens) for result in results))

    def _pieces(self, paths: Sequence[Path]) -> "Iterator[Piece[Result]]":
        from seqloom.cli import asking
        from seqloom.cli.arriving import read_inputs

        asked, kind = self.asked, self.kind
        if asked.field is not None or records_alone(paths):
            check_records(kind, asked)
            read = asking.fields_of(self.model.config.data, asked.field)
            fields = asking.Fields(read, asked.into or kind.field, asked.overwrite)
            return asking.each_record(read_inputs(paths), fields, self._cut(in_field=True))
        if asked.document and kind.document == "whole":
            return asking.each_file(paths, self._cut())
        lines = self._checked(read_inputs(paths))
        return asking.each_line(
            asking.unwrapped(lines) if asked.wrapped else lines, self._cut(), keep_ends=asked.document
        )

    def _checked(self, lines: "Iterator[Line]") -> "Iterator[Line]":
        """The lines as they come. Raises DataError at one that hasn't the columns that the model reads."""
        from seqloom.text.segmented import check_cells
        from seqloom.training.vocabularies import layout_of

        layout = layout_of(self.model.config)
        for line in lines:
            if isinstance(layout, tuple):
                check_cells(line.text, len(layout), line.where)
            yield line

    def _cut(self, *, in_field: bool = False) -> "Cut[Result]":
        """What a text asks of the model, and what is written for it."""
        from seqloom.cli.asking import as_a_whole, by_sentences

        asked = self.asked
        if asked.document and self.kind.document == "sentences":
            language = asked.language or language_of(self.model.config)
            return by_sentences(language, lambda result: one_line(result.text))
        if in_field:
            return as_a_whole(lambda result: result.text)
        several = getattr(self.options, "n_best", 1) > 1
        return as_a_whole(
            lambda result: _written(result, scores=asked.scores, json=asked.json, several=several)
        )


def language_of(config: "Config") -> str:
    """The language of a run's sources by its training file's ending, en for train.en; English where it has none."""
    from seqloom.text.sentences import DEFAULT_LANGUAGE

    ending = Path(config.data.train[0]).suffix[1:] if config.data.train else ""
    return ending if re.fullmatch("[a-z]{2}", ending) else DEFAULT_LANGUAGE


def _written(result: "Result", *, scores: bool, json: bool, several: bool) -> str:
    """One line without its end, whatever the model wrote: ends of line within an output become blanks."""
    if json:
        from json import dumps

        record = {"source": result.source, **_record(result)}
        if several:
            record["alternatives"] = [_record(other) for other in result.alternatives]
        if result.notice:
            record["notice"] = result.notice
        return dumps(record, ensure_ascii=False)
    line = one_line(result.text)
    return f"{result.score:.4f}\t{line}" if scores else line


def _record(result: "Result") -> dict[str, Any]:
    return {"text": result.text, "score": result.score, "log_probability": result.log_probability}
