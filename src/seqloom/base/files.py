"""Files that are either there, whole, or not there: atomic, synced, hashed, bounded."""

import errno
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seqloom.base.errors import DamagedModelError, ResourceError

LARGEST_JSON = 64 * 1024 * 1024  # bytes; a run's JSON files are kilobytes, a larger one is a mistake
UNFINISHED = ".part"  # what a result that takes long is called until all of it is there


def shown_path(path: Path) -> str:
    """A path that can be printed and written: what in it is not UTF-8 becomes U+FFFD."""
    return os.fsencode(path).decode("utf-8", "replace")


def beside(path: Path) -> Path:
    """The temporary name, next to the final one, under which this process writes."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


@contextmanager
def explain_os_errors(doing: str, path: Path) -> Iterator[None]:
    """Turn an OSError about space, quota or permission into one sentence."""
    try:
        yield
    except OSError as error:
        reasons = {
            errno.ENOSPC: "the disk is full; free some space and run the same command again",
            errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
            errno.EACCES: "there is no permission; choose another folder or change its permissions",
            errno.EPERM: "there is no permission; choose another folder or change its permissions",
            errno.EROFS: "the file system is read-only; choose another folder",
            errno.ENOENT: "there is no such file or folder; check the path, or create the folder first",
            errno.ENOTDIR: "a part of the path is a file, not a folder; choose another path",
            errno.EISDIR: "the path is a folder, not a file; choose another path",
            errno.EEXIST: "something else is in the way at that path; choose another path",
            errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
        }
        if error.errno not in reasons:
            raise
        where = str(error.filename or path).replace(beside(path).name, path.name)
        where = str(path) if where == f"{path}{UNFINISHED}" else where
        raise ResourceError(f"Can't {doing} {where}: {reasons[error.errno]}.") from error


def fsync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_file(path: Path) -> None:
    """Make a file's content durable."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def make_folder(path: Path) -> Path:
    """Create a folder and its parents; ResourceError says why it can't be."""
    with explain_os_errors("create the folder", path):
        path.mkdir(parents=True, exist_ok=True)
    return path


def takes_as_it_comes(path: Path) -> bool:
    """Whether a path is a device or a pipe, as /dev/null: it is written to, and no file may take its place."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def behind_links(path: Path) -> Path:
    """The file that a symbolic link stands for, which is to be written in the link's stead; else the path itself."""
    return Path(os.path.realpath(path)) if os.path.islink(path) else path  # noqa: PTH114 - no fault where there's none


def atomic_write(path: Path, content: bytes | str) -> None:
    """Write a file so that a reader, or a crash at any moment, sees the old content or the new, whole.

    A symbolic link stays one, and a device or a pipe is written to as it is.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    if takes_as_it_comes(path):
        with explain_os_errors("write", path), path.open("wb") as stream:
            stream.write(data)
        return
    path = behind_links(path)
    temporary = beside(path)
    with explain_os_errors("write", path):
        try:
            with temporary.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        fsync_folder(path.parent)


def previous(folder: Path) -> Path:
    """What a folder is called for the moment in which another takes its place."""
    return folder.with_name(f".{folder.name}.old")


def finish_replacing(parent: Path) -> None:
    """Mend what a crash in that moment left in a folder: the old one goes if the new one came, else it is back."""
    for old in parent.glob(".*.old"):
        final = old.with_name(old.name.removeprefix(".").removesuffix(".old"))
        if final.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(final)


@contextmanager
def atomic_folder(final: Path) -> Iterator[Path]:
    """Give a temporary sibling folder to fill; sync every file in it, then rename it to its final name.

    An existing folder of that name is replaced: for a moment it is called `.NAME.old`, which a reader who finds
    no NAME after a crash may use. When the body raises, nothing is left behind.
    """
    temporary = beside(final)
    with explain_os_errors("write", final):
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        try:
            yield temporary
            for file in sorted(temporary.rglob("*")):
                if file.is_file():
                    fsync_file(file)
                else:
                    fsync_folder(file)
            fsync_folder(temporary)
            old = previous(final)
            if final.exists():
                shutil.rmtree(old, ignore_errors=True)
                final.rename(old)
            temporary.rename(final)
            fsync_folder(final.parent)
            shutil.rmtree(old, ignore_errors=True)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_json(path: Path, largest: int = LARGEST_JSON) -> Any:
    """Read a JSON file of bounded size.

    Raises   DamagedModelError when it is missing, a folder or not JSON; ResourceError without permission
    """
    try:
        size = path.stat().st_size
        if size > largest:
            raise DamagedModelError(f"{path} is {size:,} bytes long; expected at most {largest:,}.")
        return json.loads(path.read_bytes())
    except IsADirectoryError as error:
        raise DamagedModelError(f"{path} is a folder; expected a JSON file.") from error
    except FileNotFoundError as error:
        raise DamagedModelError(f"{path} is missing.") from error
    except OSError as error:
        raise ResourceError(f"Can't read {path}: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, nested without end, endless digits
        raise DamagedModelError(f"{path} is not JSON ({error}); it was cut short or altered.") from error


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically, readable to people."""
    atomic_write(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")
