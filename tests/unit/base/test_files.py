"""Files are there whole or not at all, and what the system refuses is said in one sentence."""

import errno
import hashlib
import os
import re
from pathlib import Path

import pytest

from seqloom.base import files
from seqloom.base.errors import DamagedModelError, ResourceError
from seqloom.base.files import (
    atomic_folder,
    atomic_write,
    explain_os_errors,
    finish_replacing,
    make_folder,
    read_json,
    sha256_of,
    shown_path,
    write_json,
)


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


# What the system refuses


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.ENOSPC, "the disk is full; free some space and run the same command again"),
        (errno.EDQUOT, "the disk quota is used up; free some space and run the same command again"),
        (errno.EACCES, "there is no permission; choose another folder or change its permissions"),
        (errno.EPERM, "there is no permission; choose another folder or change its permissions"),
        (errno.EROFS, "the file system is read-only; choose another folder"),
        (errno.ENOTDIR, "a part of the path is a file, not a folder; choose another path"),
        (errno.EISDIR, "the path is a folder, not a file; choose another path"),
        (errno.EEXIST, "something else is in the way at that path; choose another path"),
        (errno.ENAMETOOLONG, "the name is too long; choose a shorter one"),
    ],
    ids=errno.errorcode.get,
)
def test_system_errors_become_one_sentence(code: int, reason: str) -> None:
    with (
        pytest.raises(ResourceError, match=f"^Can't write runs/x: {reason}\\.$"),
        explain_os_errors("write", Path("runs/x")),
    ):
        raise OSError(code, os.strerror(code))


def test_the_file_that_the_system_names_is_named() -> None:
    with (
        pytest.raises(ResourceError, match=r"^Can't write /a/b: the disk is full"),
        explain_os_errors("write", Path("runs/x")),
    ):
        raise OSError(errno.ENOSPC, "full", "/a/b")


def test_other_system_errors_stay_as_they_are() -> None:
    with pytest.raises(OSError, match="Input/output") as caught, explain_os_errors("write", Path("x")):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    assert caught.value.errno == errno.EIO


# One file


def test_a_file_is_written_and_written_over(tmp_path: Path) -> None:
    path = tmp_path / "LATEST"
    atomic_write(path, "step-1 ü")
    assert path.read_bytes() == "step-1 ü".encode()
    atomic_write(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    assert names(tmp_path) == ["LATEST"]


def test_a_file_that_cannot_be_finished_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.json"
    atomic_write(path, "old")
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(ResourceError, match=r"state.json: the disk is full"):
        atomic_write(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["state.json"]


def test_a_file_is_synced_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.json"
    seen: list[tuple[bool, bytes]] = []  # at each fsync: does the name exist, and what is in the only file
    real = os.fsync

    def watch(descriptor: int) -> None:
        (file,) = tmp_path.iterdir()
        seen.append((path.exists(), file.read_bytes()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    atomic_write(path, "whole")
    assert seen == [(False, b"whole"), (True, b"whole")]  # the file, then the folder that names it


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("folder", "write .*/folder: the path is a folder, not a file"),
        ("file/below", "a part of the path is a file, not a folder"),
        ("n" * 300, "write .*/n{300}: the name is too long"),
    ],
    ids=["folder", "below a file", "long name"],
)
def test_a_path_that_cannot_be_written_is_explained(tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    before = names(tmp_path)
    with pytest.raises(ResourceError, match=message):
        atomic_write(tmp_path / path, "content")
    assert names(tmp_path) == before


# Folders


def test_make_folder_makes_parents_and_accepts_what_is_there(tmp_path: Path) -> None:
    assert make_folder(tmp_path / "a" / "b") == make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize(
    ("path", "message"),
    [("file", "something else is in the way"), ("file/a", "a part of the path is a file")],
    ids=["file", "below a file"],
)
def test_make_folder_says_what_is_in_the_way(tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ResourceError, match=f"^Can't create the folder .*{path}: {message}"):
        make_folder(tmp_path / path)


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    final = tmp_path / "checkpoints" / "step-7"
    with atomic_folder(final) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "model").write_bytes(b"weights")
        (folder / "state").write_text("7")
        assert not final.exists()
    assert names(tmp_path) == [
        "checkpoints",
        "checkpoints/step-7",
        "checkpoints/step-7/deep",
        "checkpoints/step-7/deep/model",
        "checkpoints/step-7/state",
    ]


def test_a_folder_takes_the_place_of_an_old_one(tmp_path: Path) -> None:
    final = tmp_path / "best"
    for number in ("1", "2"):
        with atomic_folder(final) as folder:
            (folder / number).write_text(number)
    assert names(tmp_path) == ["best", "best/2"]


def test_what_fails_in_the_middle_leaves_the_old_folder(tmp_path: Path) -> None:
    final = tmp_path / "best"
    with atomic_folder(final) as folder:
        (folder / "old").write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_folder(final) as folder:
        (folder / "new").write_text(str(1 // 0))
    assert names(tmp_path) == ["best", "best/old"]


def test_a_full_disk_leaves_the_old_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    final = tmp_path / "best"
    with atomic_folder(final) as folder:
        (folder / "old").write_text("old")
    monkeypatch.setattr(os, "fsync", full_disk)
    with (
        pytest.raises(ResourceError, match=r"^Can't write .*best: the disk is full"),
        atomic_folder(final) as folder,
    ):
        (folder / "new").write_text("new")
    assert names(tmp_path) == ["best", "best/old"]


def test_everything_in_a_folder_is_synced_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    final = tmp_path / "step-7"
    synced: list[tuple[Path, bool]] = []  # what was synced, and whether the final name existed then

    def watch(path: Path) -> None:
        synced.append((path, final.exists()))

    with atomic_folder(final) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "model").write_bytes(b"weights")
        monkeypatch.setattr(files, "fsync_file", watch)
        monkeypatch.setattr(files, "fsync_folder", watch)
    before = [path for path, there in synced if not there]
    after = [path for path, there in synced if there]
    assert sorted(before) == [folder, folder / "deep", folder / "deep" / "model"]
    assert after == [tmp_path]


def test_leftovers_of_a_killed_process_are_replaced(tmp_path: Path) -> None:
    leftover = tmp_path / f".step-7.{os.getpid()}.tmp"
    leftover.mkdir()
    (leftover / "half").write_text("half")
    with atomic_folder(tmp_path / "step-7") as folder:
        (folder / "model").write_text("whole")
    assert names(tmp_path) == ["step-7", "step-7/model"]


# Reading back


def test_hashes_are_sha_256(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert sha256_of(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    large = b"x" * 3_000_000
    path.write_bytes(large)
    assert sha256_of(path) == hashlib.sha256(large).hexdigest()


def test_json_comes_back_and_people_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    value = {"update": 7, "words": ["où", "你好"], "loss": 1.5, "best": None}
    write_json(path, value)
    assert read_json(path) == value
    assert path.read_text("utf-8").startswith('{\n  "update": 7,\n  "words": [\n    "où",\n    "你好"')
    assert path.read_text("utf-8").endswith("}\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "state.json is missing."),
        (b'{"update": 7', "state.json is not JSON ("),
        (b"", "state.json is not JSON ("),
        (b'"\xff\xfe"', "state.json is not JSON ("),
        (b"[" * 200_000, "state.json is not JSON ("),
        (b"1" * 10_000, "state.json is not JSON ("),
    ],
    ids=["missing", "cut short", "empty", "not UTF-8", "nested without end", "endless number"],
)
def test_damaged_json_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "state.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DamagedModelError, match=re.escape(message)) as caught:
        read_json(path)
    if content is not None:
        assert str(caught.value).endswith("; it was cut short or altered.")


def test_a_folder_in_the_place_of_json_is_damage(tmp_path: Path) -> None:
    with pytest.raises(DamagedModelError, match=r"is a folder; expected a JSON file\.$"):
        read_json(tmp_path)


def test_a_path_that_is_not_utf8_can_be_shown() -> None:
    assert shown_path(Path(os.fsdecode(b"tr\xe9in.en"))) == "tr\ufffdin.en"


def test_what_a_crash_left_while_a_folder_was_replaced_is_mended(tmp_path: Path) -> None:
    for name in (".a.old", ".b.old", "b", "c"):
        (tmp_path / name).mkdir()
    finish_replacing(tmp_path)
    assert names(tmp_path) == ["a", "b", "c"]


def test_json_of_a_mistaken_size_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_json(path, "x" * 2000)
    assert read_json(path, largest=2003) == "x" * 2000
    with pytest.raises(DamagedModelError, match=r"state.json is 2,003 bytes long; expected at most 2,002\.$"):
        read_json(path, largest=2002)


def test_a_link_stays_one_and_a_pipe_is_written_to(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    real, link, pipe = tmp_path / "far" / "real", tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(real)
    atomic_write(link, "new")
    assert (link.is_symlink(), real.read_text(), names(real.parent)) == (True, "new", ["real"])
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        atomic_write(pipe, "through")
        assert os.read(reading, 100) == b"through"
    finally:
        os.close(reading)
    assert pipe.is_fifo()
    assert names(tmp_path) == ["far", "far/real", "link", "pipe"]
    with pytest.raises(ResourceError, match=r"^Can't write /dev/full: the disk is full;"):
        atomic_write(Path("/dev/full"), "x" * 100_000)
