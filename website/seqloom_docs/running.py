"""Running a chapter's code: what each block prints, which pictures it makes, the same each time.

The blocks of a chapter share one namespace, as the cells of a notebook run from top to bottom. They run in an empty
folder, and the pictures they leave there are the chapter's. Warnings are errors. A chapter whose code and whose
library haven't changed since isn't run again.
"""

import contextlib
import hashlib
import io
import json
import os
import platform
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqloom_docs.chapters import ANSWER, CHECK, RUN, ChapterError, Fence

EXECUTED = (RUN, CHECK, ANSWER)
PICTURES = (".png", ".svg", ".html")  # a page is a picture that can be walked through


@dataclass(frozen=True)
class Ran:
    """What came of a chapter.

    printed   by the first line of each fence that ran
    pictures  by file name
    """

    printed: dict[int, str]
    pictures: dict[str, bytes]


def run_chapter(fences: Sequence[Fence], name: str) -> Ran:
    """Run a chapter's code from top to bottom; each answer by itself.

    Raises  ChapterError with the traceback when code fails
    """
    printed, shared = {}, _namespace()
    with in_empty_folder() as folder:
        for fence in fences:
            if fence.kind in EXECUTED:
                space = _namespace() if fence.kind == ANSWER else shared
                printed[fence.first] = run_code(fence, name, space)
        pictures = {
            path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in PICTURES
        }
    return Ran(printed, pictures)


def _namespace() -> dict[str, Any]:
    return {"__name__": "__main__"}


def run_code(fence: Fence, name: str, namespace: dict[str, Any]) -> str:
    """Run one block in a namespace; what it printed. Raises ChapterError."""
    padding = "\n" * fence.first  # so that a traceback names the chapter's own line
    output = io.StringIO()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(output):
            warnings.simplefilter("error")
            exec(compile(padding + fence.code, name, "exec"), namespace)
    except Exception as error:
        told = "".join(traceback.format_exception(error))
        raise ChapterError(f"{name}, line {fence.first}: the code fails.\n{told}") from error
    return output.getvalue()


@contextlib.contextmanager
def in_empty_folder() -> Iterator[Path]:
    """A folder to work in, gone afterwards; on one thread, so that sums come out the same on any number of cores."""
    import torch

    before, threads = Path.cwd(), torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        torch.set_num_threads(1)
        try:
            yield Path(folder)
        finally:
            os.chdir(before)
            torch.set_num_threads(threads)


def run_or_recall(fences: Sequence[Fence], name: str, library: str, cache: Path) -> Ran:
    """What came of the chapter, from the cache where the same code ran with the same library.

    library  a digest of all that the code may call (`library_digest`)
    """
    code = json.dumps([(fence.kind, fence.first, fence.code) for fence in fences if fence.kind in EXECUTED])
    folder = cache / hashlib.sha256(f"{library}\n{name}\n{code}".encode()).hexdigest()[:24]
    if (folder / "printed.json").is_file():
        printed = json.loads((folder / "printed.json").read_text(encoding="utf-8"))
        pictures = {
            path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in PICTURES
        }
        return Ran({int(line): text for line, text in printed.items()}, pictures)
    ran = run_chapter(fences, name)
    folder.mkdir(parents=True, exist_ok=True)
    for picture, content in ran.pictures.items():
        (folder / picture).write_bytes(content)
    (folder / "printed.json").write_text(json.dumps(ran.printed), encoding="utf-8")  # last: now it is whole
    return ran


def library_digest(package: Path) -> str:
    """Of the package's files, and of the versions below them."""
    import torch

    digest = hashlib.sha256(f"{platform.python_version()} {torch.__version__}".encode())
    for path in sorted(package.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
