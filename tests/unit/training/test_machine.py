"""Device, threads, number format, and the allocator's settings."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from seqloom.base.errors import ResourceError
from seqloom.config.training import TrainingConfig
from seqloom.training import machine
from seqloom.training.machine import (
    Machine,
    bfloat16_pays,
    keep_freed_memory,
    prepare_machine,
    product_error,
    set_product_precision,
    usable_cores,
)


@pytest.fixture(autouse=True)
def libc(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The calls of mallopt, which can't be taken back and so are only noted."""
    calls: list[tuple[int, int]] = []
    library = SimpleNamespace(mallopt=lambda option, value: calls.append((option, value)))
    monkeypatch.setattr(machine.ctypes, "CDLL", lambda _: library)
    return calls


@pytest.fixture
def _gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)


@pytest.fixture
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def config(**options: Any) -> TrainingConfig:
    return TrainingConfig(**{"precision": "float32", "threads": 1, **options})


@pytest.mark.usefixtures("_no_gpu")
def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(ResourceError) as caught:
        prepare_machine(config(device="cuda"))
    assert str(caught.value) == (
        'training.device = "cuda", but PyTorch finds no GPU here; set training.device = "auto" or "cpu".'
    )
    assert prepare_machine(config(device="auto")).device == torch.device("cpu")
    assert prepare_machine(config(device="cpu")).device == torch.device("cpu")


@pytest.mark.usefixtures("_gpu")
def test_a_gpu_is_taken_unless_the_cpu_is_asked_for() -> None:
    assert prepare_machine(config(device="auto")).device == torch.device("cuda")
    assert prepare_machine(config(device="cuda")).device == torch.device("cuda")
    assert prepare_machine(config(device="cpu")).device == torch.device("cpu")
    assert prepare_machine(config(device="cuda", precision="auto")).bfloat16


def test_threads_are_as_many_as_asked_for_or_as_there_are_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    assert prepare_machine(config(threads=2)).threads == 2
    assert torch.get_num_threads() == 2
    monkeypatch.setattr(machine, "usable_cores", lambda: 3)
    assert prepare_machine(config(threads=0)).threads == 3
    assert torch.get_num_threads() == 3


def test_cores_are_those_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 5, 6}, raising=False)
    assert usable_cores() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert usable_cores() == 2
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert usable_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert usable_cores() == 8
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1


@pytest.mark.parametrize(
    ("said", "cores"),
    [("150000 100000", 2), ("20000 100000", 1), ("max 100000", 4), ("", 4), ("900000 100000", 4)],
)
def test_a_container_s_quota_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, cores: int
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    (tmp_path / "cpu.max").write_text(said)
    assert usable_cores(tmp_path / "cpu.max") == cores


@pytest.mark.usefixtures("_no_gpu")
@pytest.mark.parametrize("pays", [True, False])
def test_auto_is_what_pays_here(monkeypatch: pytest.MonkeyPatch, pays: bool) -> None:
    monkeypatch.setattr(machine, "bfloat16_pays", lambda: pays)
    assert prepare_machine(config(precision="auto")).bfloat16 is pays


@pytest.mark.usefixtures("_no_gpu")
@pytest.mark.parametrize("before", ["bfloat16", "float32"])
def test_what_was_chosen_before_is_kept_unmeasured(monkeypatch: pytest.MonkeyPatch, before: str) -> None:
    def measured() -> bool:
        raise AssertionError("a resumed run measured anew")

    monkeypatch.setattr(machine, "bfloat16_pays", measured)
    assert prepare_machine(config(precision="auto"), {"precision": before}).precision == before


@pytest.mark.parametrize("asked", ["bfloat16", "float32"])
def test_what_is_asked_for_counts_more_than_what_was_chosen(asked: str) -> None:
    other = {"bfloat16": "float32", "float32": "bfloat16"}[asked]
    assert prepare_machine(config(precision=asked), {"precision": other}).precision == asked


@pytest.mark.parametrize(("error", "precision"), [(1e-6, "medium"), (1e-3, "highest")])
def test_products_take_the_fast_way_where_it_is_exact(
    monkeypatch: pytest.MonkeyPatch, error: float, precision: str
) -> None:
    monkeypatch.setattr(machine, "product_error", lambda: error)
    set_product_precision(gpu=False)
    assert torch.get_float32_matmul_precision() == precision


def test_float32_products_are_float32_products_here() -> None:
    prepare_machine(config(precision="float32"))
    assert product_error() < 1e-6
    numbers = torch.arange(512 * 512, dtype=torch.float64).mul(0.7).sin().view(512, 512)
    rough = (numbers.bfloat16() @ numbers.bfloat16().T).double()
    exact = numbers @ numbers.T
    assert (rough - exact).norm() / exact.norm() > 1e-3  # what it must not be


def test_forward_passes_run_in_bfloat16_or_not() -> None:
    left = torch.ones(4, 4)
    for bfloat16, dtype in ((True, torch.bfloat16), (False, torch.float32)):
        with Machine(torch.device("cpu"), 1, bfloat16).autocast():
            assert (left @ left).dtype == dtype


@pytest.mark.parametrize(("half", "pays"), [(3.0, True), (3.1, False)])
def test_bfloat16_pays_at_three_quarters_of_the_time(
    monkeypatch: pytest.MonkeyPatch, half: float, pays: bool
) -> None:
    def times() -> Iterator[float]:
        for slow in (50.0, 1.0, 60.0):  # the fastest round of each counts
            yield from (0.0, half * slow, (half + 4) * slow)

    ticks = times()
    monkeypatch.setattr(machine, "time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    torch.set_num_threads(2)
    assert bfloat16_pays(2, 2, 2, rounds=3) is pays
    assert torch.get_num_threads() == 2


def test_freed_memory_stays_with_the_process_where_there_is_glibc(
    monkeypatch: pytest.MonkeyPatch, libc: list[tuple[int, int]]
) -> None:
    monkeypatch.setattr(machine.sys, "platform", "darwin")
    keep_freed_memory()
    monkeypatch.setattr(machine.sys, "platform", "linux")
    monkeypatch.setattr(machine.platform, "libc_ver", lambda: ("musl", "1.2"))
    keep_freed_memory()
    assert libc == []
    monkeypatch.setattr(machine.platform, "libc_ver", lambda: ("glibc", "2.36"))
    keep_freed_memory()
    assert libc == [(-1, 2**31 - 1), (-3, 2**31 - 1)]  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD


@pytest.mark.usefixtures("_no_gpu")
@pytest.mark.parametrize(
    ("asked", "before", "here", "compiled"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),  # no compiler
        ("auto", {"kernels": True}, True, True),
        ("auto", {"kernels": False}, True, False),  # as the run began
        ("none", {"kernels": True}, True, False),
    ],
)
def test_kernels_are_loaded_unless_the_run_goes_without(
    asked: str, before: dict[str, bool], here: bool, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine.kernels, "load", lambda *, build: here and build)
    found = prepare_machine(config(kernels=asked, threads=1), before)
    assert found.compiled is compiled
    assert found.facts()["kernels"] is compiled
    assert found.describe().endswith(", compiled kernels") == compiled


def test_a_setting_of_the_user_s_own_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "7")
    prepare_machine(config())
    assert os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == "7"
    monkeypatch.delenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY")
    prepare_machine(config())
    assert os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == str(machine.KEPT_PRIMITIVES)
