"""Fences are found with the lines they stand on, and replaced without touching the rest."""

from pathlib import Path

import pytest

from seqloom_docs.chapters import ChapterError, chapter_paths, read_fences, replace_fences

TEXT = """\
# A chapter

```python run
print(1)
```

Text.

```sh
make demo
```

```python lines layers/cells.py GRUCell.step
x = 1

y = 2
```
"""


def test_fences_of_python_know_their_kind_and_place() -> None:
    ran, quoted = read_fences(TEXT, "a.md")
    assert (ran.kind, ran.arguments, ran.code, ran.first, ran.last) == ("run", (), "print(1)\n", 3, 5)
    assert (quoted.kind, quoted.arguments) == ("lines", ("layers/cells.py", "GRUCell.step"))
    assert quoted.code == "x = 1\n\ny = 2\n"
    (shown,) = read_fences("```python\nx\n```\n", "a.md")
    assert shown.kind == ""


def test_each_is_replaced_by_what_is_shown() -> None:
    fences = read_fences(TEXT, "a.md")
    replaced = replace_fences(TEXT, fences, ["one\ntwo", ""])
    assert replaced == "# A chapter\n\none\ntwo\n\nText.\n\n```sh\nmake demo\n```\n\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```python rnu\nx\n```\n", 'a.md, line 1: unknown kind of code "rnu"'),
        ("text\n```python run\nx\n", "a.md, line 2: the code that begins here never ends."),
        ("```\nx\n", "a.md, line 1: the code that begins here never ends."),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ChapterError, match=said):
        read_fences(text, "a.md")


def test_chapters_are_the_numbered_files_in_order(tmp_path: Path) -> None:
    for name in ("2-b.md", "1-a.md", "more.md", "3.txt"):
        (tmp_path / name).write_text("", encoding="utf-8")
    assert [path.name for path in chapter_paths(tmp_path)] == ["1-a.md", "2-b.md"]
