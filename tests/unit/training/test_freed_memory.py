"""Freed memory goes back when the process has grown, and not before."""

from pathlib import Path

import pytest

from seqloom.training import freed_memory
from seqloom.training.freed_memory import PAUSE, FreedMemory, glibc_trim, resident_pages


def test_it_is_handed_back_when_the_process_has_grown() -> None:
    held, trimmed = [0], []
    freed = FreedMemory(resident=lambda: held[0], trim=lambda: trimmed.append(held[0]))

    def grow(*sizes: int) -> None:
        for held[0] in sizes:
            freed.after_update()

    grow(100, *[141] * (PAUSE - 1))
    assert not trimmed  # it has grown, but not for long
    grow(140, 141, 120, *[168] * PAUSE, 169)
    assert trimmed == [141, 169]  # the update after the first, 120, says what is needed


def test_where_the_library_is_another_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freed_memory.platform, "libc_ver", lambda: ("", ""))
    assert glibc_trim() is None

    def never() -> int:
        raise AssertionError("nobody needs to know")

    FreedMemory(resident=never).after_update()


def test_resident_pages_are_the_second_number(tmp_path: Path) -> None:
    (tmp_path / "statm").write_text("9 7 5 3 0 1 0\n")
    assert resident_pages(tmp_path / "statm") == 7


@pytest.mark.skipif(glibc_trim() is None, reason="glibc's own call")
def test_the_library_s_own_call() -> None:
    FreedMemory().after_update()
    trim = glibc_trim()
    assert trim is not None
    trim()
