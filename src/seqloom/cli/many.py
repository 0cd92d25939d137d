"""Many files at once: which ones are meant, where the result of each goes, and what is done already.

    texts/            every file below the folder, but for hidden ones and for results that lie there
    "texts/*.en"      what the pattern fits; ** fits folders of any depth

Results go beside their files (new.en -> new.en.de) or into a folder that mirrors where they came from. A result that is
there stays as it is, so that the same command, run again, goes on where it was stopped.
"""

import glob
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, NamedTuple, TypeVar

import typer

from seqloom.base.errors import (
    DataError,
    MissingDependencyError,
    ResourceError,
    SeqloomError,
    UsageError,
)
from seqloom.base.files import UNFINISHED, behind_links, explain_os_errors, make_folder, takes_as_it_comes
from seqloom.cli.records import holds_records

STDIN = "-"
Thing = TypeVar("Thing")

Beside = Annotated[
    str | None,
    typer.Option(
        metavar="SUFFIX",
        help="Write each file's result beside it: new.en.de for new.en and the suffix de, new.de.jsonl for new.jsonl.",
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Write results anew that are there; without it they stay.")
]

Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write there instead of to stdout; into that folder, if it is one or one is read.",
    ),
]
Field = Annotated[
    str | None, typer.Option(metavar="NAME", help="Read JSON lines, of which this field is the text.")
]


class Found(NamedTuple):
    """A file that is meant, and the folder from which results mirror it."""

    path: Path
    root: Path


class Job(NamedTuple):
    """A file and where its result goes."""

    source: Path
    target: Path


class Plan(NamedTuple):
    """What is to be done · results that are there and stay · those of them that are older than their files."""

    jobs: tuple[Job, ...]
    there: tuple[Path, ...]
    stale: tuple[Path, ...]


def names_many(argument: Path) -> bool:
    """Whether an argument is a folder, or a pattern rather than a file of that name."""
    return argument.is_dir() or (glob.has_magic(str(argument)) and not argument.exists())


def find_files(arguments: Sequence[Path], endings: Sequence[str] = ()) -> list[Found]:
    """The files that arguments mean, in their order; those of a folder or pattern by name, if not meant already.

    endings  of the files that a folder stands for, as ".wav"; all files if none
    Raises   DataError for a folder or pattern without files; files that don't exist are their reader's to refuse
    """
    found: list[Found] = []
    meant: set[Path] = set()
    for argument in arguments:
        if not names_many(argument):
            found.append(Found(argument, argument.parent))
            meant.add(argument)
            continue
        here = _expanded(argument, endings)
        if not here:
            kind = f"No file that ends in {' or '.join(endings)}" if endings else "No file"
            place = "is in" if argument.is_dir() else "fits"
            raise DataError(f"{kind} {place} {argument}. Name a folder or a pattern with files.")
        found += [each for each in here if each.path not in meant]
        meant.update(each.path for each in here)
    return found


def _expanded(argument: Path, endings: Sequence[str]) -> list[Found]:
    if argument.is_dir():
        files = (path for path in argument.rglob("*") if path.is_file() and not _hidden(path, argument))
        wanted = [path for path in files if not endings or path.suffix.lower() in endings]
        return [Found(path, argument) for path in sorted(wanted) if path.suffix != UNFINISHED]
    parts = argument.parts
    fixed = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    root = Path(*parts[:fixed])
    paths = map(Path, glob.glob(str(argument), recursive=True))  # noqa: PTH207 - the pattern is the user's
    return [Found(path, root) for path in sorted(paths) if path.is_file() and path.suffix != UNFINISHED]


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def beside(path: Path, suffix: str) -> Path:
    """new.en -> new.en.de; what holds JSON lines keeps its ending: new.jsonl -> new.de.jsonl."""
    suffix = f".{suffix.lstrip('.')}"
    if holds_records(path):
        return path.with_name(f"{path.stem}{suffix}{path.suffix}")
    return path.with_name(path.name + suffix)


def plan_jobs(
    found: Sequence[Found], target_of: Callable[[Found], Path], *, overwrite: bool, named: Sequence[Path]
) -> Plan:
    """Where each result goes, without those that are there; files that are others' results are none to work on.

    A file that isn't there is a job all the same, which says so.

    named   the arguments that stood for a single file each: such a file is worked on whatever its name
    Raises  UsageError for two files with one result, and for a result that would be one of the files
    """
    results = {target_of(each) for each in found}
    kept = [each for each in found if each.path not in results or each.path in named]
    by_target: dict[Path, Path] = {}
    sources = {each.path for each in kept}
    for each in kept:
        target = target_of(each)
        if by_target.get(target, each.path) != each.path:
            raise UsageError(
                f"{by_target[target]} and {each.path} would both be written to {target}. Name the folder that holds "
                "them, whose inner folders are mirrored."
            )
        if target in sources or (target.exists() and each.path.exists() and target.samefile(each.path)):
            raise UsageError(
                f"The result of {each.path} would be {target}, which is to be read. Name another place."
            )
        by_target[target] = each.path
    there = [
        target
        for target, source in by_target.items()
        if not overwrite and target.exists() and source.exists()
    ]
    done = set(there)
    jobs = [Job(source, target) for target, source in by_target.items() if target not in done]
    stale = [target for target in there if target.stat().st_mtime < by_target[target].stat().st_mtime]
    return Plan(tuple(jobs), tuple(there), tuple(stale))


def mirrored(folder: Path, kind: str = "") -> Callable[[Found], Path]:
    """Results in a folder, as their files lie in theirs.

    kind   a further ending, as ".txt", where results are of another kind than their files
    """

    def place(found: Found) -> Path:
        path = folder / found.path.relative_to(found.root)
        return path.with_name(path.name + kind)

    return place


def check_beside(files: Sequence[Path], output: Path | None, suffix: str | None) -> None:
    """Refuse a --beside that says nothing, or says it twice. Raises UsageError."""
    if suffix is None:
        return
    if output is not None:
        raise UsageError("--beside and --output each say where results go. Leave out one.")
    if not files:
        raise UsageError("--beside is for files. Name them.")
    if not suffix.strip(".") or "/" in suffix:
        raise UsageError(f'--beside "{suffix}" is no suffix; expected one as in --beside de.')


def jobs_asked(
    files: Sequence[Path],
    output: Path | None,
    suffix: str | None,
    *,
    overwrite: bool,
    endings: Sequence[str] = (),
    kind: str = "",
) -> list[Job] | None:
    """A job for each file whose result isn't there yet, by --output or --beside; None where all goes to one place.

    endings  as for find_files
    kind     as for mirrored
    Raises   UsageError for results that have no place; as jobs_of does
    """
    folder = output is not None and output.is_dir()
    if suffix is None and not folder and not any(map(names_many, files)):
        return None
    if not files:
        raise UsageError(f"--output {output} is a folder, but stdin has no name to write by. Name a file.")
    if any(str(path) == STDIN for path in files):
        raise UsageError('"-" is stdin, which has no name to write a result by. Name files and folders only.')
    if output is not None and output.exists() and not folder:
        raise UsageError(f"--output {output} is a file, but a folder is read. Name a folder for the results.")
    if suffix is not None:
        return jobs_of(files, lambda each: beside(each.path, suffix), overwrite=overwrite, endings=endings)
    if output is not None:
        return jobs_of(files, mirrored(output, kind), overwrite=overwrite, endings=endings)
    raise UsageError(
        "Folders and patterns are for many files at once: say where their results go, by --beside SUFFIX or "
        "--output FOLDER."
    )


def check_read(
    files: Sequence[Path],
    output: Path | None,
    suffix: str | None,
    *,
    overwrite: bool,
    fields: Sequence[str | None] = (),
    records: bool = False,
) -> None:
    """Refuse names of fields that are none, and an --overwrite where no result might stay as it is.

    fields   what --field and --into name
    records  whether JSON lines are read, or may be
    """
    if "" in fields:
        raise UsageError("--field and --into name fields of JSON lines, and one of them is empty. Name it.")
    if not overwrite or records or suffix is not None:
        return
    if output is None:
        raise UsageError(
            "--overwrite is for results in files and in fields of JSON lines, but these go to stdout. Leave it out."
        )
    if not output.is_dir() and not any(map(names_many, files)):
        raise UsageError(
            f"--overwrite is for many results and for fields of JSON lines; --output {output} is one file, which is "
            "written anew in any case. Leave it out."
        )


def jobs_of(
    files: Sequence[Path],
    place: Callable[[Found], Path],
    *,
    overwrite: bool,
    endings: Sequence[str] = (),
) -> list[Job]:
    """A job for each file that arguments mean and whose result isn't there yet; tells of those that are.

    Raises  DataError where none of the files exists, and as find_files and plan_jobs do
    """
    from seqloom.data.lines import read_lines

    found = find_files(files, endings)
    if not any(each.path.exists() for each in found):
        next(read_lines(found[0].path))  # says so, and suggests a near name
    named = [path for path in files if not names_many(path)]
    plan = plan_jobs(found, place, overwrite=overwrite, named=named)
    say_there(plan, lambda line: print(line, file=sys.stderr))
    return list(plan.jobs)


def say_there(plan: Plan, say: Callable[[str], None]) -> None:
    """Tell what stays as it is."""
    if not plan.there:
        return
    count = len(plan.there)
    one = count == 1
    older = f" ({len(plan.stale):,} older than {'its file' if one else 'their files'})" if plan.stale else ""
    say(
        f"seqloom: {'1 result is' if one else f'{count:,} results are'} there already and "
        f"{'stays' if one else 'stay'} as {'it is' if one else 'they are'}{older}; --overwrite writes "
        f"{'it' if one else 'them'} anew."
    )


def run_jobs(jobs: Sequence[Job], work: Callable[[Job], None], say: Callable[[str], None]) -> None:
    """Do each job; one that fails for what is in its file leaves the others to be done.

    Raises   as raise_failed does
    """
    raise_failed(try_each(jobs, work, say), len(jobs))


def try_each(
    things: Sequence[Thing], work: Callable[[Thing], None], say: Callable[[str], None]
) -> list[SeqloomError]:
    """Work on each thing; gives the errors of what is in their files, said meanwhile where there are several things.

    Raises   MissingDependencyError at once, which no other file would mend
    """
    failed: list[SeqloomError] = []
    for thing in things:
        try:
            work(thing)
        except MissingDependencyError:
            raise
        except (DataError, ResourceError) as error:
            failed.append(error)
            if len(things) > 1:
                say(f"seqloom: {error}")
    return failed


def raise_failed(failed: Sequence[SeqloomError], count: int) -> None:
    """Raise DataError with how many of so many files failed, if some did; the own error of an only file."""
    if failed and count == 1:
        raise failed[0]
    if failed:
        raise DataError(
            f"{len(failed):,} of {count:,} files could not be used, as said above; the others are done."
        )


@contextmanager
def opened(output: Path | None) -> Iterator[BinaryIO]:
    """Stdout, or a file that takes the place of what was there once all of it is written.

    A symbolic link stays one, and a device or a pipe is written to as it is.
    """
    if output is None:
        yield sys.stdout.buffer
        return
    if takes_as_it_comes(output):
        with explain_os_errors("write", output), output.open("wb") as stream:
            yield stream
        return
    output = behind_links(output)
    make_folder(output.parent)
    unfinished = output.with_name(output.name + UNFINISHED)
    try:
        with explain_os_errors("write", output):
            with unfinished.open("wb") as stream:
                yield stream
            unfinished.replace(output)
    except BaseException:
        if unfinished.is_file() and unfinished.stat().st_size:
            state = "as it was" if output.exists() else "not there"
            print(f"seqloom: {output} is {state}; what was written is in {unfinished}", file=sys.stderr)
        else:
            unfinished.unlink(missing_ok=True)
        raise
