"""What `seqloom evaluate` found out about a model, and how several seeds of it are told."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from json import dumps
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Measured:
    """A model on some data.

    title   which model, on what
    text    its figures for people, a line or more
    scores  the figures that runs are compared by, by their names
    record  all figures as JSON has them
    """

    title: str
    text: str
    scores: Mapping[str, float]
    record: Mapping[str, Any]


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr)


class Notices:
    """What there is to say about the data: each sentence once on stderr, however many runs come upon it."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def tell(self, notice: str, say: Callable[[str], None] = _to_stderr) -> None:
        """Say it, unless that was done."""
        if notice not in self._said:
            self._said.add(notice)
            say(f"seqloom: {notice}")


def tell_one(found: Measured, *, json: bool) -> str:
    """A run."""
    return dumps(found.record, ensure_ascii=False) if json else f"{found.title}\n{found.text}"


def tell_together(members: Mapping[str, Measured], found: Measured, *, json: bool) -> str:
    """Runs that differ in their seed, and what they come to when they decide together."""
    if json:
        return dumps({**found.record, "runs": _scores(members)}, ensure_ascii=False)
    return (
        f"{found.title}\n\n{_table(members)}\nAll together as an ensemble, their probabilities averaged:\n"
        f"{found.text}"
    )


def tell_apart(folder: Path, members: Mapping[str, Measured], *, json: bool) -> str:
    """Runs that differ in their seed and don't decide together; as JSON, what is the same in all stands once."""
    if json:
        first, *others = (each.record for each in members.values())
        same = {key: value for key, value in first.items() if all(each[key] == value for each in others)}
        return dumps({"run": str(folder), **same, "runs": _scores(members)}, ensure_ascii=False)
    return "\n".join([*(tell_one(each, json=False) for each in members.values()), "", _table(members)[:-1]])


def _scores(members: Mapping[str, Measured]) -> dict[str, Mapping[str, float]]:
    return {name: each.scores for name, each in members.items()}


def _table(members: Mapping[str, Measured]) -> str:
    from seqloom.metrics.measure import TITLES
    from seqloom.training.seeds import seeds_table

    return seeds_table(_scores(members), TITLES)
