"""What `seqloom transcribe` does with JSON lines: each with what is said in the recording that it names."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from seqloom.base.errors import DataError
from seqloom.cli import many
from seqloom.cli.arriving import Line
from seqloom.cli.asking import Fields, refuse_written, written_record
from seqloom.cli.recordings import piece_size, what_is_said
from seqloom.cli.reporting import Report
from seqloom.cli.transcript_lines import say_notice

if TYPE_CHECKING:
    from seqloom.pipeline import Transcriber
    from seqloom.search.options import SearchOptions

FIELD = "text"  # that gets what is said


class Record(NamedTuple):
    """A JSON line, and the recording that it names, seen from here."""

    line: Line
    path: Path


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
            for records in in_pieces(self._records(paths), piece_size(self.model)):
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
        texts: list[str | None] = []
        for found in what_is_said(self.model, self.options, paths):
            if isinstance(found, Exception):
                self.report.say(f"seqloom: {found}")
                texts.append(None)
            else:
                say_notice(found, self.report)
                texts.append(found.text)
        return texts

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
