"""A chapter's page: output under its code, equations beside their lines, nothing made in vain."""

from pathlib import Path

import pytest

from seqloom_docs.chapters import ChapterError, read_fences
from seqloom_docs.running import Ran
from seqloom_docs.showing import show_chapter, show_source, source_page

CHAPTER = """\
# One

$$
y = W x
$$

```python lines layers/cell.py step
return W @ x
```

```python run
print(3)
```

```python check
assert True
```

![A picture](a.svg)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "src" / "seqloom" / "layers"
    folder.mkdir(parents=True)
    (folder / "cell.py").write_text(
        "def step(W, x):\n    return W @ x  # as in the paper\n", encoding="utf-8"
    )
    return tmp_path


def test_the_page_has_output_and_quotes_and_no_checks(root: Path) -> None:
    fences = read_fences(CHAPTER, "1.md")
    ran = Ran({fences[1].first: "3\n", fences[2].first: ""}, {"a.svg": b""})
    page = show_chapter(CHAPTER, "1.md", fences, ran, root)
    assert "```python\nprint(3)\n```\n\n``` { .text .printed }\n3\n```" in page
    assert "assert True" not in page
    assert '<div class="beside" markdown>\n\n$$\ny = W x\n$$' in page
    link = "[layers/cell.py, line 2, in step](../reference/source/layers-cell.md#__codelineno-0-2){ .where }"
    assert f"{link}\n\n```python\nreturn W @ x  # as in the paper\n```\n\n</div>\n\n</div>" in page
    assert page.count("<div") == page.count("</div>") == 2


def test_a_quote_without_an_equation_stands_alone(root: Path) -> None:
    text = "Text.\n\n```python lines layers/cell.py step\nreturn W @ x\n```\n"
    page = show_chapter(text, "1.md", read_fences(text, "1.md"), Ran({}, {}), root)
    assert page.count("<div") == page.count("</div>") == 1


def test_a_picture_that_nobody_sees_is_a_fault(root: Path) -> None:
    with pytest.raises(ChapterError, match=r"1.md: made but not shown: b.png. Show it"):
        show_chapter(
            CHAPTER, "1.md", read_fences(CHAPTER, "1.md"), Ran({}, {"a.svg": b"", "b.png": b""}), root
        )


def test_a_page_of_source_has_numbered_lines() -> None:
    assert source_page("layers/cells.py") == "reference/source/layers-cells.md"
    assert show_source("layers/cells.py", "x = 1\n\n") == (
        '# layers/cells.py\n\n``` { .python linenums="1" }\nx = 1\n```\n'
    )
