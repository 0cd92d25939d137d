"""A run's folder: one trainer at a time, the best model found again, and records that don't outrun a checkpoint."""

import json
import platform
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import torch

from seqloom.base.errors import DamagedModelError, ResourceError, RunLockedError
from seqloom.training.run_folder import RunFolder

HOLDER = """
import fcntl, sys
with open(sys.argv[1], "a+") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    lock.write("process 4242 on elsewhere")
    lock.flush()
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock of tmp_path / "run"."""
    (tmp_path / "run").mkdir()
    with subprocess.Popen(
        [sys.executable, "-S", "-c", HOLDER, str(tmp_path / "run" / "LOCK")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_refused_and_told_who_trains(
    tmp_path: Path, holder: "subprocess.Popen[str]"
) -> None:
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(RunLockedError) as caught, folder.locked():
        pytest.fail("two trainers on one run")
    assert str(caught.value) == (
        f"{tmp_path}/run is being trained by process 4242 on elsewhere; wait for it, or choose another run folder."
    )
    assert caught.value.exit_code == 5
    holder.kill()  # the system frees the lock of a process that dies
    holder.wait()
    with folder.locked():
        assert "4242" not in (tmp_path / "run" / "LOCK").read_text()


def test_the_lock_says_who_holds_it_and_is_free_afterwards(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs" / "new")
    with folder.locked():
        held = (folder.path / "LOCK").read_text()
        assert held.startswith("process ")
        assert held.endswith(f" on {platform.node()}")
        with (
            pytest.raises(RunLockedError, match=f"trained by {re.escape(held)};"),
            RunFolder(folder.path).locked(),
        ):
            pytest.fail("two trainers on one run")
    with folder.locked():
        pass
    assert (folder.path / "LOCK").read_text() == ""


def test_the_lock_is_free_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="broken"), RunFolder(tmp_path).locked():
        raise RuntimeError("broken")
    with RunFolder(tmp_path).locked():
        pass


def test_a_folder_that_cannot_be_made_is_a_matter_of_resources(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ResourceError, match="a part of the path is a file"),
        RunFolder(tmp_path / "file" / "run").locked(),
    ):
        pytest.fail("a run inside a file")


def test_what_a_killed_trainer_was_writing_is_removed(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    save(folder, 5)
    for name in (".best.77.tmp", "checkpoints/.step-9.77.tmp", ".vocabulary.77.tmp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(b"half")
    (tmp_path / ".LATEST.77.tmp").write_text("ste")
    (tmp_path / ".best.old").mkdir()  # whole, and perhaps the only best there is
    with folder.locked():
        kept = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("**/*") if path.is_dir())
    assert kept == ["best", "checkpoints", "checkpoints/step-5"]
    assert not (tmp_path / ".LATEST.77.tmp").exists()


def save(folder: RunFolder, *updates: int) -> None:
    for update in updates:
        model = {"weight": torch.full((2,), float(update))}
        folder.save(update, model, {"weight/step": torch.tensor(1.0)}, {"update": update})


def test_checkpoints_are_numbered_and_the_newest_kept(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, keep_checkpoints=2)
    save(folder, 5, 10, 15)
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["step-10", "step-15"]
    assert (tmp_path / "LATEST").read_text() == "step-15\n"
    path = folder.save(20, {"weight": torch.ones(2)}, {}, {"update": 20})
    assert path == str(tmp_path / "checkpoints" / "step-20")
    newest, damaged = folder.newest()
    assert newest is not None
    assert (newest.state, damaged) == ({"update": 20}, [])


def best_value(folder: RunFolder) -> float:
    return folder.best().model["weight"][0].item()


def test_best_is_what_was_kept_as_best_or_else_the_newest(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    save(folder, 5, 10)
    assert best_value(folder) == 10
    folder.save_best({"weight": torch.full((2,), 7.5)}, {"update": 5})
    assert best_value(folder) == 7.5
    (tmp_path / "best").rename(tmp_path / ".best.old")  # stopped between the two renames of replacing it
    assert best_value(folder) == 7.5
    folder.save_best({"weight": torch.full((2,), 8.5)}, {"update": 10})
    assert best_value(folder) == 8.5


def test_best_can_be_read_while_it_is_being_replaced(tmp_path: Path) -> None:
    folder, done = RunFolder(tmp_path), threading.Event()
    folder.save_best({"weight": torch.full((2,), 1.0)}, {})

    def replace_it() -> None:
        while not done.is_set():
            folder.save_best({"weight": torch.full((2,), 1.0)}, {})

    trainer = threading.Thread(target=replace_it)
    trainer.start()
    try:
        assert {best_value(folder) for _ in range(300)} == {1.0}
    finally:
        done.set()
        trainer.join()


def test_the_moving_average_of_the_newest_is_the_best_where_nothing_was_validated(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    average = {"average/weight": torch.full((2,), 2.5)}
    folder.save(3, {"weight": torch.full((2,), 3.0)}, average, {})
    assert best_value(folder) == 2.5


def test_a_checkpoint_that_was_being_replaced_is_put_back(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    save(folder, 5, 10)
    (tmp_path / "checkpoints" / "step-10").rename(tmp_path / "checkpoints" / ".step-10.old")
    (tmp_path / "checkpoints" / ".step-5.old").mkdir()
    with folder.locked():
        assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["step-10", "step-5"]


def test_a_run_without_checkpoints_has_no_best(tmp_path: Path) -> None:
    with pytest.raises(DamagedModelError) as caught:
        RunFolder(tmp_path).best()
    assert str(caught.value) == f"{tmp_path} holds no checkpoint to load. Train it first: `seqloom train`."


def test_when_all_checkpoints_are_damaged_each_is_named(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    save(folder, 5, 10)
    for name in ("step-5", "step-10"):
        (tmp_path / "checkpoints" / name / "model.safetensors").unlink()
    with pytest.raises(DamagedModelError) as caught:
        folder.best()
    said = str(caught.value)
    assert said.startswith(f"{tmp_path} holds no checkpoint to load. Passed over a damaged checkpoint: ")
    assert "step-10/model.safetensors is missing" in said
    assert "step-5/model.safetensors is missing" in said


@pytest.mark.parametrize("with_checkpoints", [True, False])
def test_a_damaged_best_is_not_replaced_in_silence(tmp_path: Path, with_checkpoints: bool) -> None:
    folder = RunFolder(tmp_path)
    if with_checkpoints:
        save(folder, 5)
    folder.save_best({"weight": torch.ones(2)}, {})
    (tmp_path / "best" / "model.safetensors").unlink()
    with pytest.raises(DamagedModelError) as caught:
        folder.best()
    mend = f" `seqloom average {tmp_path} --last 1` puts the newest checkpoint in its place."
    fault = f"{tmp_path}/best/model.safetensors is missing; the manifest beside it lists it."
    assert str(caught.value) == fault + (mend if with_checkpoints else "")


def write(path: Path, *lines: str) -> None:
    path.write_bytes("".join(lines).encode())


def lines(path: Path) -> list[Any]:
    content = path.read_bytes()
    assert content.endswith(b"\n")
    return [json.loads(line) for line in content.removesuffix(b"\n").split(b"\n")]


def test_rows_beyond_a_checkpoint_are_forgotten_and_the_stop_with_them(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    events = [("step", 5), ("step", 10), ("validation", 10), ("stop", 10), ("step", 11), ("skip", 12)]
    write(folder.metrics, *(json.dumps({"event": name, "update": at}) + "\n" for name, at in events))
    write(folder.samples, *(json.dumps({"update": at, "source": "é"}) + "\n" for at in (5, 10, 15)))
    folder.forget_after(10)
    assert [(row["event"], row["update"]) for row in lines(folder.metrics)] == events[:3]
    assert [row["update"] for row in lines(folder.samples)] == [5, 10]


def test_nothing_to_forget_is_fine(tmp_path: Path) -> None:
    RunFolder(tmp_path).forget_after(10)
    assert list(tmp_path.iterdir()) == []


def test_torn_lines_are_dropped(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    whole = '{"event": "step", "update": 1, "source": "déjà"}\n'
    write(folder.metrics, whole, '{"event": "st\n', "[1]\n", "3\n", "\n", whole, '{"event": "step", "upd')
    folder.samples.write_bytes(whole.encode() + whole.encode()[:-5])  # cut within a letter of two bytes
    folder.forget_after(10)
    assert len(lines(folder.metrics)) == 2
    assert len(lines(folder.samples)) == 1


def test_a_last_line_without_its_end_does_not_run_into_the_next(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    write(folder.metrics, '{"update": 1}\n{"update": 2}')
    folder.forget_after(10)
    assert lines(folder.metrics) == [{"update": 1}, {"update": 2}]


def test_a_line_ends_at_the_line_feed_only(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    row = {"update": 1, "source": "a\u2028b\u0085c\u2029d", "output": "e\x0bf\x1cg"}
    write(folder.samples, json.dumps(row, ensure_ascii=False) + "\n")
    folder.forget_after(1)
    assert lines(folder.samples) == [row]


def test_the_environment_is_written_and_read_back(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.environment() == {}
    folder.write_environment({"precision": "float32", "parameters": 12})
    found = folder.environment()
    assert (found["precision"], found["parameters"]) == ("float32", 12)
    assert found["python"] == platform.python_version()
    assert found["packages"]["torch"] == metadata.version("torch")
    assert found["processor"]
