"""What `seqloom transcribe` does with JSON lines: each with what is said in the recording that it names."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from seqloom.base.errors import DataError, UsageError
from seqloom.cli import many
from seqloom.cli.arriving import Line
from seqloom.cli.asking import Fields, refuse_written, written_record
from seqloom.cli.reporting import Report
from seqloom.cli.transcript_lines import say_notice

if TYPE_CHECKING:
    from seqloom.pipeline import Transcriber
    from seqloom.search.options import SearchOptions

FIELD = "text"  # that gets what is said
PIECE = 4  # batches that are sorted by length together


class Record(NamedTuple):
    """A JSON line, and the recording that it names, seen from here."""

    line: Line
    path: Path


def check_records(*, records: bool, stdin: bool, into: str | None, **options: object) -> None:
    """Refuse what doesn't go with JSON lines, and what only goes with them.

    options  that say how a line of text is written, by their names; falsy where they are not set
    """
    if not records and into is not None:
        raise UsageError("--into names a field of JSON lines. Add --field, which says what to read.")
    if records and stdin:
        raise UsageError(
            "--field is for JSON lines, but --stdin brings raw samples. Leave out one of the two."
        )
    for name, value in options.items():
        if records and value:
            raise UsageError(f"JSON lines are written as they were, with one field more. Leave out --{name}.")


class RecordWriter:
    """Takes the recordings that JSON lines name to a model, and the lines with its answers to where they go."""

    def __init__(
        self, model: "Transcriber", options: "SearchOptions", fields: Fields, report: Report
    ) -> None:
        self.model, self.options, self.fields, self.report = model, options, fields, report

    def write(self, paths: Sequence[Path], output: Path | None) -> None:
        """All of some files into one place; null stands for what is said in a recording that can't be used.

        Raises   DataError at a line that is no record, and at the end if recordings could not be used
        """
        from seqloom.cli.arriving import in_pieces

        count = failed = 0
        with many.opened(output) as stream:
            for records in in_pieces(self._records(paths), PIECE * self.model.config.search.batch_sentences):
                texts = self._texts([record.path for record in records])
                for record, text in zip(records, texts, strict=True):
                    written = written_record(record.line, self.fields.written, text)
                    stream.write(written.encode("utf-8", errors="replace"))
                stream.flush()
                count, failed = count + len(texts), failed + texts.count(None)
                self.report.went_on(len(texts), sum(len(text.split()) for text in texts if text))
        if failed:
            raise DataError(
                f"{failed:,} of {count:,} recordings could not be used, as said above; the others are done."
            )

    def _texts(self, paths: Sequence[Path]) -> list[str | None]:
        """What is said in recordings, None where one can't be used."""
        heard = {}
        for number, path in enumerate(paths):
            try:
                heard[number] = self.model.hear(path)
            except DataError as error:
                self.report.say(f"seqloom: {error}")
        found = dict(zip(heard, self.model.write(list(heard.values()), self.options), strict=True))
        for transcript in found.values():
            say_notice(transcript, self.report)
        return [found[number].text if number in found else None for number in range(len(paths))]

    def _records(self, paths: Sequence[Path]) -> Iterator[Record]:
        from seqloom.cli.arriving import read_inputs
        from seqloom.data.json_lines import json_object, text_field

        for path in paths:
            for line in read_inputs([path]):
                row = json_object(line.text, line.where)
                name = text_field(row, self.fields.read[0], line.where).strip()
                if not name:
                    raise DataError(
                        f"{line.where}: field {self.fields.read[0]!r} is empty; expected the path of a recording."
                    )
                refuse_written(row, self.fields, line)
                yield Record(line, path.parent / name)
