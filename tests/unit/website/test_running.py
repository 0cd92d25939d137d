"""Code runs from top to bottom in one namespace, answers by themselves, and nothing is run twice without a reason."""

import os
from pathlib import Path

import pytest

from seqloom_docs.chapters import ChapterError, Fence, read_fences
from seqloom_docs.running import library_digest, run_chapter, run_or_recall


def fences_of(*blocks: tuple[str, str]) -> list[Fence]:
    return read_fences("".join(f"```python {kind}\n{code}\n```\n" for kind, code in blocks), "a.md")


def test_blocks_share_what_they_name_and_answers_do_not() -> None:
    fences = fences_of(
        ("run", "x = 1\nprint('a')"), ("check", "assert x == 1"), ("answer", "print('x' in globals())")
    )
    ran = run_chapter(fences, "a.md")
    assert [ran.printed[fence.first] for fence in fences] == ["a\n", "", "False\n"]


def test_pictures_are_what_is_left_in_the_folder_it_ran_in() -> None:
    before = Path.cwd()
    code = "from pathlib import Path\nPath('a.svg').write_text('<svg/>')\nPath('b.txt').write_text('b')"
    ran = run_chapter(fences_of(("run", code)), "a.md")
    assert ran.pictures == {"a.svg": b"<svg/>"}
    assert Path.cwd() == before


def test_a_fault_is_told_with_the_chapter_s_own_line() -> None:
    fences = fences_of(("run", "x = 1"), ("run", "y = 2\nraise ValueError('why')"))
    with pytest.raises(
        ChapterError, match=r'(?s)a.md, line 4: the code fails.*"a.md", line 6.*ValueError: why'
    ):
        run_chapter(fences, "a.md")


def test_a_warning_is_a_fault() -> None:
    with pytest.raises(ChapterError, match="UserWarning: look out"):
        run_chapter(fences_of(("run", "import warnings; warnings.warn('look out')")), "a.md")


def test_what_ran_is_recalled_until_the_code_or_the_library_changes(tmp_path: Path) -> None:
    """The code counts how often it ran."""
    count = tmp_path / "count"
    ran = f"with open({os.fspath(count)!r}, 'a') as file: file.write('x')"
    code = f"from pathlib import Path\n{ran}\nPath('a.png').touch()"
    once, other = fences_of(("run", code)), fences_of(("run", code + "\nprint(2)"))
    cache = tmp_path / "cache"
    first = run_or_recall(once, "a.md", "library", cache)
    assert run_or_recall(once, "a.md", "library", cache) == first
    assert count.read_text(encoding="utf-8") == "x"
    assert first.pictures == {"a.png": b""}
    assert run_or_recall(other, "a.md", "library", cache).printed == {1: "2\n"}
    run_or_recall(once, "a.md", "another library", cache)
    assert count.read_text(encoding="utf-8") == "xxx"


def test_the_digest_is_of_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1", encoding="utf-8")
    first = library_digest(tmp_path)
    assert library_digest(tmp_path) == first
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").touch()
    assert library_digest(tmp_path) == first
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    renamed = library_digest(tmp_path)
    (tmp_path / "b.py").write_text("x = 2", encoding="utf-8")
    assert len({first, renamed, library_digest(tmp_path)}) == 3
