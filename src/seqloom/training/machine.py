"""The machine that trains: device, threads, number format, and an allocator that keeps what was freed."""

import contextlib
import ctypes
import math
import os
import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from seqloom.base.errors import ResourceError
from seqloom.config.training import TrainingConfig
from seqloom.layers import kernels

KEPT_PRIMITIVES = 384  # compiled products, one a shape, at half a megabyte and most of a millisecond each
EMPTY: Mapping[str, Any] = MappingProxyType({})
LARGEST_ERROR = 1e-5  # of a float32 product, relative; bfloat16 is at some 1e-3
KEEP_BYTES = 2**31 - 1  # freed memory up to this much stays with the process


@dataclass(frozen=True)
class Machine:
    """What a run computes with."""

    device: torch.device
    threads: int
    bfloat16: bool  # matrix products in bfloat16, weights and sums in float32
    compiled: bool = False  # whether inner loops run in kernels compiled on this machine

    @property
    def precision(self) -> str:
        """ "bfloat16" or "float32", as a configuration says it."""
        return "bfloat16" if self.bfloat16 else "float32"

    def facts(self) -> dict[str, Any]:
        """What a run notes of it."""
        return {
            "device": str(self.device),
            "threads": self.threads,
            "precision": self.precision,
            "kernels": self.compiled,
        }

    def describe(self) -> str:
        """In words: "cpu, 2 threads, bfloat16, compiled kernels"."""
        threads = f"{self.threads} {'thread' if self.threads == 1 else 'threads'}"
        return f"{self.device}, {threads}, {self.precision}" + (", compiled kernels" if self.compiled else "")

    def autocast(self) -> torch.autocast:
        """The context in which forward passes run."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bfloat16)


def prepare_machine(
    config: TrainingConfig, before: Mapping[str, Any] = EMPTY, *, build_kernels: bool = True
) -> Machine:
    """Set threads, precision, allocator and kernels for this process, and say what they are.

    before         what `facts` gave when the run began, so that a resumed run computes alike
    build_kernels  whether to compile kernels that weren't before, a matter of seconds
    Raises   ResourceError for device = "cuda" where there is none
    """
    require_device(config.device)
    use_gpu = config.device != "cpu" and torch.cuda.is_available()
    device = torch.device("cuda" if use_gpu else "cpu")
    threads = config.threads or usable_cores()
    torch.set_num_threads(threads)
    keep_freed_memory()
    os.environ.setdefault(
        "ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(KEPT_PRIMITIVES)
    )  # read at the first product
    set_product_precision(use_gpu)
    precision = config.precision if config.precision != "auto" else before.get("precision")
    if precision is None:
        bfloat16 = torch.cuda.is_bf16_supported() if use_gpu else bfloat16_pays()
    else:
        bfloat16 = precision == "bfloat16"
    wanted = config.kernels == "auto" and before.get("kernels", True) and not use_gpu
    if not wanted:
        kernels.unload()
    return Machine(device, threads, bfloat16, compiled=wanted and kernels.load(build=build_kernels))


def require_device(device: str) -> None:
    """Raise ResourceError for "cuda" where there is none."""
    if device == "cuda" and not torch.cuda.is_available():
        raise ResourceError(
            'training.device = "cuda", but PyTorch finds no GPU here; set training.device = "auto" or "cpu".'
        )


def usable_cores(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Cores that this process may run on, by OMP_NUM_THREADS where it is set, its affinity and its container's quota.

    quota  the file in which Linux says "MICROSECONDS PERIOD", or "max PERIOD" for no limit
    """
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdecimal() and int(told) > 0:
        return int(told)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):
        allowed, period = quota.read_text().split()
        cores = min(cores, math.ceil(int(allowed) / int(period)))
    return max(cores, 1)


def set_product_precision(gpu: bool) -> None:
    """Let float32 products take the fast way where it is as exact.

    On a GPU that is TF32. On a CPU "medium" sends them through oneDNN, on AMD twice as fast as the default; oneDNN may
    then compute in bfloat16 where the processor has units for it, so the first product tells whether it does.
    """
    torch.set_float32_matmul_precision("medium")
    if not gpu and product_error() > LARGEST_ERROR:
        torch.set_float32_matmul_precision("highest")


def product_error(size: int = 512) -> float:
    """The error of a float32 product as this process computes them, relative to its norm."""
    numbers = torch.arange(size * size, dtype=torch.float64).mul(0.7).sin().view(size, size)
    left = numbers.float()
    exact = left.double() @ left.double().T
    return float((left @ left.T - exact).norm() / exact.norm())


def bfloat16_pays(rows: int = 512, inner: int = 256, columns: int = 512, rounds: int = 50) -> bool:
    """Whether a product in bfloat16, conversions included, takes at most 0.75 of the time of float32 here.

    Measured on one thread, both formats by turns and the fastest of many rounds each, so that what else runs on the
    machine doesn't decide.
    """
    left, right = torch.randn(rows, inner), torch.randn(inner, columns)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    half = single = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        (left.bfloat16() @ right.bfloat16()).float()
        middle = time.perf_counter()
        left @ right
        half, single = min(half, middle - start), min(single, time.perf_counter() - middle)
    torch.set_num_threads(threads)
    return half <= 0.75 * single


def keep_freed_memory() -> None:
    """Tell glibc not to hand freed memory back to the system, to be faulted in again by the next batch."""
    if not sys.platform.startswith("linux") or platform.libc_ver()[0] != "glibc":
        return
    trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD of malloc.h
    libc = ctypes.CDLL(None)
    libc.mallopt(trim_threshold, KEEP_BYTES)
    libc.mallopt(mmap_threshold, KEEP_BYTES)
