"""Ready-made features: shape, type and numbers are checked; nothing in a file is executed."""

from pathlib import Path

import numpy as np
import pytest

from seqloom.audio.ready import read_ready
from seqloom.base.errors import DataError


def kept(folder: Path, array: object) -> Path:
    np.save(folder / "a.npy", array, allow_pickle=True)  # type: ignore[arg-type]
    return folder / "a.npy"


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int16])
def test_numbers_of_any_type_become_float32(tmp_path: Path, dtype: type) -> None:
    frames, notices = read_ready(kept(tmp_path, np.arange(6, dtype=dtype).reshape(3, 2)))
    assert (frames.dtype, frames.tolist(), notices) == (np.float32, [[0, 1], [2, 3], [4, 5]], ())


def test_what_is_no_number_becomes_0_with_a_notice(tmp_path: Path) -> None:
    frames, notices = read_ready(kept(tmp_path, np.array([[1.0, np.nan], [np.inf, 2.0]])))
    assert frames.tolist() == [[1, 0], [0, 2]]
    assert notices == ("2 of 4 values are no numbers; 0 stands for them",)


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.zeros(4), "has the shape 4; expected frames x features, at least one of each."),
        (np.zeros((2, 0)), "has the shape 2 x 0; expected frames x features, at least one of each."),
        (np.zeros((2, 3, 4)), "has the shape 2 x 3 x 4; expected frames x features, at least one of each."),
        (np.array([["a"]]), "holds str32 values; expected numbers, frames x features."),
        (np.zeros((2, 2), np.complex64), "holds complex64 values; expected numbers, frames x features."),
        (np.full((2, 2), np.nan), "has no value that is a number. Compute it again, or leave it out."),
        (np.array([[print]], object), "is no .npy array that can be read ("),
    ],
)
def test_what_can_t_be_used_is_refused_by_name(tmp_path: Path, array: np.ndarray, sentence: str) -> None:
    path = kept(tmp_path, array)
    with pytest.raises(DataError) as refused:
        read_ready(path)
    assert str(refused.value).startswith(f"{path} {sentence}")


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00"])
def test_broken_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.npy is (empty|no \.npy array that can be read)"):
        read_ready(tmp_path / "a.npy")


def test_an_archive_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 2)))
    (tmp_path / "a.npz").rename(tmp_path / "a.npy")
    with pytest.raises(DataError, match=r"is an archive of arrays \(\.npz\)"):
        read_ready(tmp_path / "a.npy")
