"""Dialogues into pairs: each turn of the bot is a target, and all turns before it are its source.

A source names who speaks, a tab between two cells (as text/segmented.py reads it):

    user TAB may i have a table in rome TAB bot TAB i'm on it TAB user TAB <SILENCE>

Two formats are read. bAbI's has a turn of the user and the bot's answer a line; a line without a tab is a fact that the
knowledge base gave, and an empty line ends a dialogue (Bordes et al. 2017):

    1 hello TAB hello what can i help you with today
    2 resto_rome_cheap_8stars R_rating 8

JSON lines hold a dialogue each: {"turns": [{"speaker": "user", "text": "hello"}, {"speaker": "bot", "text": "hi"}]}
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from seqloom.base.errors import DataError, UsageError
from seqloom.data.json_lines import kind_of, read_objects, text_field
from seqloom.data.lines import read_lines
from seqloom.data.pairs import Judged, Pair
from seqloom.data.readers import PairFiles
from seqloom.text.segmented import CELL_END
from seqloom.text.tokenizer import Tokenizer

USER, BOT, FACTS = "user", "bot", "kb"  # who speaks in bAbI's files; facts come from the knowledge base
KIND_OF_SUFFIX = {".txt": "babi", ".jsonl": "jsonl", ".ndjson": "jsonl"}
NUMBERED = re.compile(r"([0-9]{1,9}) (.*)", re.DOTALL)


class Turn(NamedTuple):
    """Who says what; a fact is said by the knowledge base."""

    speaker: str
    text: str


def join_turns(turns: Sequence[Turn]) -> str:
    """Turns as one source; a tab or an end of line within one becomes a blank."""
    return CELL_END.join(
        " ".join(cell.splitlines()).replace(CELL_END, " ") for turn in turns for cell in turn
    )


def split_turns(source: str) -> list[Turn]:
    """The turns of a source."""
    cells = source.split(CELL_END)
    return [Turn(speaker, text) for speaker, text in zip(cells[::2], [*cells[1::2], ""], strict=False)]


def answers(turns: Sequence[Turn], bot: str) -> Iterator[Pair]:
    """A pair for each turn of the bot that has something before it."""
    for place, turn in enumerate(turns):
        if place and turn.speaker == bot:
            yield Pair(join_turns(turns[:place]), turn.text)


def without_repeats(sources: Iterable[str]) -> Iterator[str]:
    """Of the sources of one dialogue after the other, the turns that the source before doesn't have."""
    before = ""
    for source in sources:
        yield source.removeprefix(before).removeprefix(CELL_END)
        before = source


@dataclass
class BabiDialogue:
    """The dialogue that is being read of a file in bAbI's format, line by line."""

    turns: list[Turn] = field(default_factory=list)
    begun: int = 0  # dialogues that have had a line

    def read(self, line: str) -> bool:
        """Take a line; whether it holds an answer, which is then the last turn. Raises ValueError."""
        if not line.strip():
            self.turns = []
            return False
        match = NUMBERED.fullmatch(line)
        if match is None:
            raise ValueError("no number and blank at the start of the line; expected as in `1 hello`")
        cells = match[2].split(CELL_END)
        if len(cells) > 2:
            raise ValueError(f"{len(cells) - 1} tabs in the line; expected one between user and bot, or none")
        if int(match[1]) == 1 or not self.turns:
            self.turns, self.begun = [], self.begun + 1
        if len(cells) == 1:
            self.turns.append(Turn(FACTS, cells[0]))
            return False
        self.turns += [Turn(USER, cells[0]), Turn(BOT, cells[1])]
        return True

    def pair(self) -> Pair:
        """The answer that was read last, and all before it."""
        return Pair(join_turns(self.turns[:-1]), self.turns[-1].text)


def dialogue_kind(paths: Sequence[Path], stated: str) -> str:
    """Whether a file is read as "babi" or "jsonl". Raises UsageError."""
    if len(paths) != 1:
        names = ", ".join(map(str, paths)) or "none"
        raise UsageError(f"Dialogues are read from one file; found {names}.")
    kind = KIND_OF_SUFFIX.get(paths[0].suffix.lower(), "") if stated == "auto" else stated
    if kind not in KIND_OF_SUFFIX.values():
        raise UsageError(
            f'{paths[0]}: the name doesn\'t tell how its dialogues are written. Set data.format to "babi" or "jsonl", '
            "or let the name end in .txt (babi) or .jsonl."
        )
    return kind


@dataclass(frozen=True)
class DialogueFiles:
    """Where dialogues are read: one file.

    bot   the speaker whose turns are the targets
    """

    paths: tuple[Path, ...]
    format: str = "auto"
    bot: str = BOT

    @property
    def kind(self) -> str:
        """ "babi" or "jsonl". Raises UsageError for what is neither."""
        return dialogue_kind(self.paths, self.format)

    @property
    def reading(self) -> list[object]:
        """All that determines which pairs are read of the file's content."""
        return ["dialogues", self.kind, self.bot]

    def read(self) -> Iterator[Pair]:
        """A pair for each turn of the bot, in order. Raises DataError with file and line."""
        return (pair for _, pair in self._numbered())

    def read_judged(self) -> Iterator[Judged]:
        """The same as sources with the one reference each."""
        return (Judged(pair.source, (pair.target,)) for pair in self.read())

    def groups(self) -> Iterator[int]:
        """For each pair the number of its dialogue, from 0."""
        return (number for number, _ in self._numbered())

    def dialogues(self) -> Iterator[list[Turn]]:
        """The dialogues of JSON lines. Raises DataError."""
        for row, where in read_objects(self.paths[0]):
            yield turns_of_object(row, where)

    def _numbered(self) -> Iterator[tuple[int, Pair]]:
        if self.kind == "jsonl":
            for number, turns in enumerate(self.dialogues()):
                yield from ((number, pair) for pair in answers(turns, self.bot))
            return
        if self.bot != BOT:
            raise UsageError(
                f'{self.paths[0]}: data.bot_speaker = "{self.bot}" speaks in no file of bAbI\'s format, where the '
                f'speakers are "{USER}" and "{BOT}". Leave it out.'
            )
        dialogue = BabiDialogue()
        for number, line in enumerate(read_lines(self.paths[0]), start=1):
            try:
                answered = dialogue.read(line)
            except ValueError as error:
                raise DataError(f"{self.paths[0]}:{number}: {error}.") from error
            if answered:
                yield dialogue.begun - 1, dialogue.pair()


AnyFiles = PairFiles | DialogueFiles


def turns_of_object(row: dict[str, object], where: str) -> list[Turn]:
    """The turns of a JSON line. Raises DataError that names the place and the turn."""
    if "turns" not in row:
        found = ", ".join(map(repr, list(row)[:8])) or "none"
        raise DataError(f"{where}: no field 'turns', which holds the turns of a dialogue; found {found}.")
    turns = row["turns"]
    if not isinstance(turns, list):
        raise DataError(f"{where}: field 'turns' is {kind_of(turns)}; expected a list of turns.")
    found_turns = []
    for number, turn in enumerate(turns, start=1):
        place = f"{where}, turn {number}"
        if not isinstance(turn, dict):
            raise DataError(f"{place}: {kind_of(turn)}; expected an object with speaker and text.")
        found_turns.append(Turn(*(text_field(turn, name, place) for name in ("speaker", "text"))))
        if not found_turns[-1].speaker.strip():
            raise DataError(f"{place}: the speaker has no name.")
    return found_turns


@dataclass(frozen=True)
class HistoryBound:
    """Leaves out the oldest turns of a source until it has so many symbols at most.

    Where the newest turn alone has more, its beginning goes too.
    """

    tokenizer: Tokenizer
    longest: int

    def __call__(self, source: str) -> str:
        """The source as the model reads it; itself where it is short enough."""
        if CELL_END not in source:
            return source
        turns = split_turns(source)
        sizes = [1 + len(ids) for ids in self.tokenizer.encode_many([turn.text for turn in turns])]
        kept, left = 0, self.longest
        for size in reversed(sizes):
            if size > left:
                break
            kept, left = kept + 1, left - size
        if kept == len(turns):
            return source
        return join_turns(turns[-kept:] if kept else [self._end_of(turns[-1])])

    def _end_of(self, turn: Turn) -> Turn:
        """A turn that is too long without its beginning."""
        text = turn.text
        start = bisect_left(
            range(len(text)),
            True,
            key=lambda first: len(self.tokenizer.encode(text[first:])) + 1 <= self.longest,
        )
        return Turn(turn.speaker, text[start:].strip())

    def notice(self, source: str) -> str:
        """A sentence about what a model doesn't read of a source, or nothing."""
        shortened = self(source)
        if shortened == source:
            return ""
        before, after = (len(split_turns(text)) for text in (source, shortened))
        if before == after:
            return f"its last turn has more than {self.longest:,} symbols; only its end was read"
        turns = "the oldest turn was" if before - after == 1 else f"the {before - after:,} oldest turns were"
        return f"its history has more than {self.longest:,} symbols; {turns} not read"
