"""Which failures have a sentence, and which are faults of the program."""

import errno

import pytest

from seqloom.base.errors import DamagedModelError, DataError, ShapeError
from seqloom.cli.failures import Failure, explain


class OutOfMemoryError(RuntimeError):
    """Called as torch calls its own."""


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (DataError("It is\nempty."), 3, "It is empty."),
        (DamagedModelError("Cut short."), 4, "Cut short."),
        (ShapeError("(2, 3)"), 1, "(2, 3)"),
        (KeyboardInterrupt(), 75, "Stopped by Ctrl-C."),
        (MemoryError(), 5, "There is not enough memory."),
        (OutOfMemoryError("CUDA"), 5, "There is not enough memory."),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
            5,
            "There is not enough memory.",
        ),
        (ModuleNotFoundError("No module", name="torch.nn"), 5, "This needs PyTorch, which is not installed."),
        (OSError(errno.ENOSPC, "No space", "a/b"), 5, "Can't use a/b: the disk is full; free some space"),
        (OSError(errno.ENOSPC, "No space"), 5, "Can't write the output: the disk is full; free some space"),
        (OSError(errno.EIO, "Input/output error", "a/b"), 5, "Input/output error: a/b."),
        (OSError(errno.EIO, "Input/output error"), 5, "Input/output error."),
    ],
)
def test_a_sentence_and_a_code(error: BaseException, code: int, words: str) -> None:
    failure = explain(error)
    assert failure is not None
    assert failure.exit_code == code
    assert failure.sentence.startswith(words)
    assert "\n" not in failure.sentence


@pytest.mark.parametrize(
    "error", [ValueError("a bug"), RuntimeError("shapes"), ModuleNotFoundError(name="seqloom.x")]
)
def test_a_fault_of_the_program_keeps_its_traceback(error: BaseException) -> None:
    assert explain(error) is None


def test_a_package_comes_with_its_extra() -> None:
    assert explain(ModuleNotFoundError(name="matplotlib")) == Failure(
        "This needs matplotlib, which is not installed. Install it with: pip install 'seqloom[train]'", 5
    )
