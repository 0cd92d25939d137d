"""Compiled inner loops: those of training and search that PyTorch has no single operation for, on a CPU.

Their sources are in loops/; each has a readable twin in Python, to which the tests hold it. Matrix products of many
rows stay PyTorch's; those of few, and one position of a decoder, are for searches. Rows, or columns of few rows, are
shared out among threads and never summed across them, so that a result doesn't depend on their number.

`load` builds and loads them; until then, and where there is no compiler, `ready` is False and the layers take their
plain path, which computes the same; why, it says once. The library shares PyTorch's own threads.
"""

import ctypes
import hashlib
import logging
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seqloom.base.errors import ShapeError

SOURCES = Path(__file__).with_name("loops")
COMPILERS = ("g++", "c++")  # not clang, whose threads aren't those that PyTorch brings
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fopenmp", "-fno-math-errno", "-fno-trapping-math", "-fPIC")
FORMATS = {torch.float32: "float32", torch.bfloat16: "bfloat16"}

# Tensors or None: n of the call's own format, N the same lying as a structure tells · s float32 · d float64
# e n or s, as the other arguments have it · w int64 · b bool
# a address of a structure or an array · l 64-bit integer · u the same without sign · i integer · f float
SIGNATURES = {
    "smoothed_loss": "nswslllfffidd",
    "few_rows": "sssslll",
    "column_sums": "nsll",
    "dropout": "nselluif",
    "additive_scores": "nnssllll",
    "additive_scores_back": "nnssnnsllll",
    "dot_scores": "nnsllll",
    "dot_scores_back": "nnsnnllll",
    "read_memory": "snbsnllll",
    "read_memory_back": "nssnsnllll",
    "attention": "aNNNbns",
    "attention_back": "aNNNsnnnn",
    "decoder_step": "aswaabsss",
    "gru_step": "nnsswl" + "nsnll",
    "gru_step_back": "nswl" + "nnsnll",
    "lstm_step": "nnsssw" + "lnssnll",
    "lstm_step_back": "nsswl" + "nnssnll",
}
TENSORS = {"s": torch.float32, "d": torch.float64, "w": torch.int64, "b": torch.bool}
TYPES = {
    **dict.fromkeys("nNsdewba", ctypes.c_void_p),
    "l": ctypes.c_int64,
    "u": ctypes.c_uint64,
    "i": ctypes.c_int,
    "f": ctypes.c_float,
}

log = logging.getLogger(__name__)

Argument = Tensor | float | ctypes.Structure | ctypes.Array[Any] | None

_loaded: dict[torch.dtype, ctypes.CDLL] = {}


def load(*, build: bool = True) -> bool:
    """Load the kernels, built now unless they were before on this machine; whether they are there now."""
    if not _loaded:
        _loaded.update(_libraries(build))
    return bool(_loaded)


def unload() -> None:
    """Go back to the plain paths."""
    _loaded.clear()


def ready(*tensors: Tensor) -> bool:
    """Whether kernels are loaded for these tensors: on a CPU, all of one format that they know."""
    number = tensors[0].dtype
    return number in _loaded and all(tensor.is_cpu and tensor.dtype == number for tensor in tensors)


def call(name: str, number: torch.dtype, *arguments: Argument) -> None:
    """Call a kernel in one format.

    arguments  as SIGNATURES has them; tensors are contiguous, structures and arrays of them go by their addresses
    Raises     ShapeError for a tensor that is not, or not of the format or the device that the kernel reads
    """
    letters = SIGNATURES[name]
    passed = [_address(argument, letter, number) for argument, letter in zip(arguments, letters, strict=True)]
    getattr(_loaded[number], name)(*passed)


def column_sums(rows: Tensor) -> Tensor:
    """rows (M, N) -> their sum (N,) as float32, without converting them first as `sum` does; compiled if it can be."""
    if not ready(rows) or not rows.is_contiguous():
        return rows.sum(0, dtype=torch.promote_types(rows.dtype, torch.float32))
    sums = rows.new_empty(rows.shape[1], dtype=torch.float32)
    call("column_sums", rows.dtype, rows, sums, *rows.shape)
    return sums


class Rows(ctypes.Structure):
    """Where a tensor (batch, heads, positions, size) lies, as loops/attention.cpp has it."""

    _fields_ = [(name, ctypes.c_int64) for name in ("batch", "head", "position")]

    @classmethod
    def of(cls, tensor: Tensor) -> "Rows":
        """The steps along its first three axes. Raises ShapeError where the last one isn't contiguous."""
        if tensor.stride(-1) != 1:
            raise ShapeError(f"A kernel was given heads of strides {tensor.stride()}; the last must be 1.")
        return cls(*tensor.stride()[:3])


class Heads(ctypes.Structure):
    """The sizes of a multi-head attention, as loops/attention.cpp has them."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("batch", "heads", "asked", "stored", "size")),
        *((name, Rows) for name in ("query", "keys", "values")),
        ("causal", ctypes.c_int64),
        ("seed", ctypes.c_uint64),
        ("threshold", ctypes.c_int64),
        ("dropout_scale", ctypes.c_float),
    ]


def _address(argument: Argument, letter: str, number: torch.dtype) -> object:
    if isinstance(argument, Tensor):
        _check(argument, letter, number)
        return argument.data_ptr()
    return ctypes.addressof(argument) if isinstance(argument, ctypes.Structure | ctypes.Array) else argument


def _check(tensor: Tensor, letter: str, number: torch.dtype) -> None:
    expected = TENSORS.get(letter, number)
    if tensor.dtype != expected and not (letter == "e" and tensor.dtype == torch.float32):
        raise ShapeError(f"A kernel was given a tensor of {tensor.dtype}; expected {expected}.")
    if not tensor.is_cpu:
        raise ShapeError(f"A kernel was given a tensor on {tensor.device}; expected it on the CPU.")
    if letter != "N" and not tensor.is_contiguous():
        raise ShapeError(f"A kernel was given a tensor of strides {tensor.stride()}, which isn't contiguous.")


# -- building ------------------------------------------------------------------------------------------------------


@cache
def _libraries(build: bool) -> dict[torch.dtype, ctypes.CDLL]:
    """The library for each format; none where they can't be built or loaded, or are not and shall not be built."""
    compiler = next((path for name in COMPILERS if (path := shutil.which(name))), None)
    try:
        if not sys.platform.startswith("linux"):
            raise OSError("they are built on Linux alone")
        if compiler is None:
            raise OSError(f"found no C++ compiler ({' or '.join(COMPILERS)})")
        folder = _folder(compiler)
        if not folder.is_dir():
            if not build:
                return {}
            folder = _build(compiler, folder)
        return {number: _open(folder / f"{name}.so") for number, name in FORMATS.items()}
    except (OSError, AttributeError, subprocess.SubprocessError) as error:
        # whoever only runs models can do nothing about it, and may not be told at each command
        log.log(
            logging.WARNING if build else logging.DEBUG,
            "No compiled inner loops: %s. The plain paths compute the same, and take longer.",
            error,
        )
        return {}


def _open(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    for name, letters in SIGNATURES.items():
        function = getattr(library, name)
        function.argtypes = [TYPES[letter] for letter in letters]
        function.restype = None
    return library


def _folder(compiler: str) -> Path:
    """Where the libraries lie that this compiler makes of this source for this processor."""
    identity = hashlib.sha256()
    texts = (source.read_text() for source in _sources())
    for part in (*texts, compiler, _version(compiler), *FLAGS, _processor()):
        identity.update(part.encode() + b"\0")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "seqloom"
    return home / f"kernels-{identity.hexdigest()[:20]}"


def _build(compiler: str, folder: Path) -> Path:
    """Make the folder; gives another one, of this process alone, where there is no cache to write to."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent))
    except OSError:
        folder = temporary = Path(tempfile.mkdtemp(prefix="seqloom-"))
    try:
        _compile(compiler, temporary)
    except (OSError, subprocess.SubprocessError):
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    if folder != temporary:
        try:
            temporary.rename(folder)
        except OSError:  # another process was faster
            shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _compile(compiler: str, folder: Path) -> None:
    """All sources for both libraries side by side. They take OpenMP from PyTorch, whose threads they then share."""
    objects: dict[str, list[str]] = {name: [] for name in FORMATS.values()}
    jobs = []
    for number, name in FORMATS.items():
        define = ["-DBFLOAT16"] if number == torch.bfloat16 else []
        for source in _sources("*.cpp"):
            compiled = str(folder / f"{source.stem}-{name}.o")
            objects[name].append(compiled)
            jobs.append(_start([compiler, *FLAGS, *define, "-c", str(source), "-o", compiled]))
    _finish(jobs)
    # not linked with -fopenmp: that would name a library of its own, and a second pool of threads
    _finish(
        [
            _start([compiler, "-shared", *parts, "-o", str(folder / f"{name}.so")])
            for name, parts in objects.items()
        ]
    )
    for part in folder.glob("*.o"):
        part.unlink()


def _sources(pattern: str = "*") -> list[Path]:
    return sorted(SOURCES.glob(pattern))


def _start(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _finish(jobs: "Sequence[subprocess.Popen[bytes]]") -> None:
    """Wait for all of them. Raises SubprocessError with what the first that failed complained of first."""
    said = [job.communicate()[1].decode(errors="replace") for job in jobs]
    for job, complaint in zip(jobs, said, strict=True):
        if job.returncode:
            first = next(
                (line for line in complaint.splitlines() if "error" in line), complaint[:200].strip()
            )
            command = shlex.join(job.args)  # type: ignore[arg-type] # `_start` gives it a list
            raise subprocess.SubprocessError(f"{command} failed: {first}")


def _version(compiler: str) -> str:
    return subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout


def _processor() -> str:
    """What -march=native depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    facts = [line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))]
    return "\n".join([platform.machine(), *sorted(set(facts))])
