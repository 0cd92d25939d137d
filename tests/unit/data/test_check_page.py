"""The report as a page and as a table."""

import html.parser
import re
from pathlib import Path

from seqloom.data.check import CheckReport, check_corpus, render_html, render_text
from seqloom.data.check_report import Part
from seqloom.data.readers import PairFiles

GOOD = [
    ("The cat sleeps on the chair.", "Le chat dort sur la chaise."),
    ("A dog runs through the garden.", "Un chien court dans le jardin."),
    ("We drink coffee in the morning.", "Nous buvons du café le matin."),
    ("They read a book every evening.", "Ils lisent un livre chaque soir."),
]


def parallel(folder: Path, pairs: list[tuple[str, str]], name: str = "train") -> PairFiles:
    paths = (folder / f"{name}.en", folder / f"{name}.fr")
    for path, texts in zip(paths, zip(*pairs, strict=True), strict=True):
        path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8", newline="\n")
    return PairFiles(paths)


def check(folder: Path, pairs: list[tuple[str, str]]) -> tuple[CheckReport, Part]:
    report = check_corpus({"train": parallel(folder, pairs)})
    return report, report.parts[0]


class Page(html.parser.HTMLParser):
    """Checks that tags are closed in order; gathers texts and what would be fetched."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.outside: list[str] = []
        self.texts = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.outside += [f"{tag} {name}" for name, _ in attrs if name in {"src", "href", "onload", "onerror"}]
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts += data


def test_the_page_is_whole_escaped_and_needs_nothing_outside(tmp_path: Path) -> None:
    hostile = '<script>alert("x")</script><img src=x onerror=y>'
    files = parallel(tmp_path, [*GOOD, (hostile, hostile), ("", hostile)])
    with files.paths[0].open("ab") as stream:
        stream.write(b"<b>\xff\nsurplus\n")
    with files.paths[1].open("ab") as stream:
        stream.write("\u202ertl\n".encode())
    report = check_corpus({"<i>train</i>": files})
    page = render_html(report, title="<u>Mine</u>")
    read = Page(page)
    assert read.open == []
    assert read.outside == []
    assert not read.tags & {"script", "img", "b", "i>train", "u", "link"}
    assert hostile in read.texts
    assert "‹U+202E›rtl" in read.texts
    assert "\u202e" not in page
    assert "url(" not in page
    assert "@import" not in page


def test_the_table_shows_no_control_character_of_the_corpus(tmp_path: Path) -> None:
    report, _ = check(tmp_path, [*GOOD, ("\x1b[31mred\x07\r", "\u202erouge\x9b")])
    assert set(re.findall(r"[\x00-\x1f\x7f-\x9f\u202e]", render_text(report))) == {"\n"}


def test_a_histogram_counts_every_line(tmp_path: Path) -> None:
    pairs = [(" ".join("a" * n), " ".join("b" * (n % 7 + 1))) for n in (*range(1, 120), 4_000)]
    report, _ = check(tmp_path, pairs)
    shown = re.search(r"train: lines by length in words.*\n((?:  .*\n)+)", render_text(report))
    assert shown
    counts = [int(line.split()[-1].replace(",", "")) for line in shown.group(1).splitlines()]
    assert sum(counts[0::2]) == sum(counts[1::2]) == len(pairs)
