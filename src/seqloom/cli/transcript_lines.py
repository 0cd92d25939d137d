"""How what is said in a recording, or in an utterance, becomes a line."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from seqloom.cli.reporting import Report
from seqloom.cli.texts import one_line

if TYPE_CHECKING:
    from seqloom.pipeline import Transcript


def put(place: BinaryIO, line: str) -> None:
    place.write((line + "\n").encode("utf-8", errors="replace"))
    place.flush()


def say_notice(found: "Transcript", report: Report) -> None:
    if found.notice:
        report.say(f"seqloom: {found.source}: {found.notice}")


@dataclass(frozen=True)
class Lines:
    """How a recording becomes a line.

    several  whether alternatives were asked for · named  whether a line says whose it is
    """

    times: bool
    json: bool
    several: bool
    named: bool

    def of(self, found: "Transcript", start: float | None = None) -> str:
        """What was said.

        start   seconds of the stream before an utterance, from which its times are counted then; None for a recording
        """
        found = _later(found, start or 0.0)
        if self.json:
            return _as_json(found, start, times=self.times, several=self.several)
        said = [one_line(found.text)]
        if self.times:
            said = [f"{word.start:.2f} {word.end:.2f} {one_line(word.text)}" for word in found.words]
        return "\t".join([*([one_line(found.source)] if self.named else []), *said])

    def nothing(self, path: Path) -> str:
        """For a file that could not be used."""
        from json import dumps

        return dumps({"source": str(path), "text": None}) if self.json else f"{one_line(str(path))}\t"


def _later(found: "Transcript", seconds: float) -> "Transcript":
    """With every word so much later."""
    words = (
        word._replace(start=round(word.start + seconds, 3), end=round(word.end + seconds, 3))
        for word in found.words
    )
    return replace(found, words=tuple(words))


def _as_json(found: "Transcript", start: float | None, *, times: bool, several: bool) -> str:
    from json import dumps

    record: dict[str, Any] = {
        "source": found.source,
        **_scored(found),
        **({} if start is None else {"start": round(start, 3)}),
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
