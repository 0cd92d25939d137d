"""JSON lines as input: which files are such by their names, and which options don't go with them."""

from collections.abc import Sequence
from pathlib import Path

from seqloom.base.errors import UsageError

FIELD_FILES = (".jsonl", ".ndjson")


def holds_records(path: Path) -> bool:
    """Whether a file is JSON lines by its name."""
    return path.suffix.lower() in FIELD_FILES


def reads_records(field: str | None, files: Sequence[Path]) -> bool:
    """Whether JSON lines are read: a field of them is named, or all files are such by their names."""
    return field is not None or (bool(files) and all(map(holds_records, files)))


def records_alone(paths: Sequence[Path]) -> bool:
    """Whether files are JSON lines by their names. Raises UsageError where some are and some are not."""
    kinds = {holds_records(path) for path in paths}
    if len(kinds) > 1:
        raise UsageError("Some of the files are JSON lines by their names and some are not. Read them apart.")
    return kinds == {True}


def check_into(into: str | None, *, records: bool) -> None:
    """Refuse to name a field where there is none. Raises UsageError.

    records   whether JSON lines are read, or may be
    """
    if into is not None and not records:
        raise UsageError("--into names a field of JSON lines. Add --field, which says what to read.")


def refuse_for_records(**options: object) -> None:
    """Refuse what says how a line of text is written, where JSON lines are. Raises UsageError.

    options   by their names; falsy where they are not set
    """
    for name, value in options.items():
        if value:
            raise UsageError(f"JSON lines are written as they were, with one field more. Leave out --{name}.")
