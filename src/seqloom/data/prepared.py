"""A folder of a corpus that was prepared once: named by what it was made of, and so either the right one or absent.

CACHE/KEY/
    files that the kind of corpus has
    meta.json   what is in them, with the size and hash of each

KEY names the content of the text files, the tokenizers and the settings. A damaged folder is noticed by its hashes and
prepared again.
"""

import contextlib
import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from seqloom.base.errors import DamagedModelError, DataError
from seqloom.base.files import atomic_folder, explain_os_errors, make_folder, read_json, sha256_of, write_json
from seqloom.data.columns import ColumnWriter

Opened = TypeVar("Opened")


def prepare_folder(
    cache: Path,
    settings: dict[str, Any],
    write: Callable[[Path], None],
    open_folder: Callable[[Path, tuple[str, ...]], Opened],
) -> Opened:
    """Open the folder under `cache` that these settings name, prepared now unless that was done before.

    settings     all that the content depends on
    write        fills a folder
    open_folder  opens one, with sentences for the user; DataError for a damaged one, which is then prepared again

    Several processes may prepare the same corpus: one works, the others wait for it.
    """
    key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    folder = make_folder(cache) / key[:24]
    notices: tuple[str, ...] = ()
    if folder.exists():
        try:
            return open_folder(folder, ())
        except DataError as damage:
            notices = (f"{damage} It was prepared again.",)
    with _alone(cache / f".{folder.name}.lock"):
        with contextlib.suppress(DataError):
            return open_folder(folder, notices)  # another process prepared it meanwhile
        for stale in cache.glob(f".{folder.name}.*.tmp"):
            shutil.rmtree(stale, ignore_errors=True)  # of a process that was killed
        with atomic_folder(folder) as temporary:
            write(temporary)
    return open_folder(folder, notices)


def write_meta(folder: Path, content: dict[str, Any], columns: Iterable[ColumnWriter]) -> None:
    """Write meta.json, last: what is known of the corpus, and its files with their sizes and hashes."""
    files = {name: found for column in columns for name, found in column.manifest().items()}
    meta = {**content, "files": files}
    write_json(folder / "meta.json", meta | {"check": _self_check(meta)})


def verified_meta(folder: Path) -> dict[str, Any]:
    """What meta.json says, after checking every file's size and hash.

    Raises   DataError naming the first file that is missing, cut short or altered.
    """
    try:
        meta = read_json(folder / "meta.json")
        if not isinstance(meta, dict) or meta.get("check") != _self_check(meta):
            raise DamagedModelError(f"{folder / 'meta.json'} was altered.")
        for name, expected in meta["files"].items():
            path = folder / name
            if not path.exists():
                raise DamagedModelError(f"{path} is missing.")
            with explain_os_errors("read", path):
                size, content = path.stat().st_size, sha256_of(path)
            if size != expected["bytes"]:
                raise DamagedModelError(f"{path} has {size:,} bytes; expected {expected['bytes']:,}.")
            if content != expected["sha256"]:
                raise DamagedModelError(f"{path} was altered.")
    except DamagedModelError as error:
        raise DataError(f"The prepared corpus is damaged: {error}") from error
    return meta


def refuse_changed(paths: Sequence[Path]) -> None:
    """Raise DataError for files that are not what they were when preparing began."""
    raise DataError(f"{' or '.join(map(str, paths))} changed while being read. Run the same command again.")


def smallest_dtype(ids: int) -> np.dtype[Any]:
    """The smallest type that holds so many ids."""
    return np.dtype(np.uint16 if ids <= 2**16 else np.uint32)


def _self_check(meta: dict[str, Any]) -> str:
    """The hash of a meta.json's content but for this hash itself."""
    content = {name: value for name, value in meta.items() if name != "check"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Wait until no other process (or thread) is inside with the same lock file.

    The system frees the lock when a process dies. Where it has no such locks, processes work beside each other
    in folders of their own, and the last to finish wins.
    """
    with explain_os_errors("write", lock):
        stream = lock.open("w")
    with stream:
        if sys.platform != "win32":
            import fcntl

            with contextlib.suppress(OSError):
                fcntl.flock(stream, fcntl.LOCK_EX)
        yield
