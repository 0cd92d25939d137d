"""Folders list their pages, and links that leave the docs become names."""

from pathlib import Path

import pytest

from seqloom_docs.navigation import list_folders, name_outside


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    for name in ("docs/guides/b.md", "docs/guides/README.md", "docs/guides/a.md", "benchmarks/results.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")
    return tmp_path / "docs"


def test_a_folder_stands_for_its_pages(docs: Path) -> None:
    listed = list_folders(["index.md", {"Guides": ["guides/", "more.md"]}, {"Home": "home.md"}], docs)
    assert listed == [
        "index.md",
        {"Guides": ["guides/README.md", "guides/a.md", "guides/b.md", "more.md"]},
        {"Home": "home.md"},
    ]


def test_pages_with_a_place_of_their_own_stand_there_alone(docs: Path) -> None:
    listed = list_folders([{"Guides": ["guides/b.md", "guides/"]}], docs)
    assert listed == [{"Guides": ["guides/b.md", "guides/README.md", "guides/a.md"]}]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[results](../../benchmarks/results.md)", "results (`benchmarks/results.md`)"),
        ("[benchmarks/results.md](../../benchmarks/results.md#top)", "`benchmarks/results.md`"),
        ("[`benchmarks/results.md`](../../benchmarks/results.md)", "`benchmarks/results.md`"),
        ("[b](../guides/b.md)", "[b](../guides/b.md)"),
        ("[gone](../../benchmarks/gone.md)", "[gone](../../benchmarks/gone.md)"),
        ("[far](../../../outside.md)", "[far](../../../outside.md)"),
        ("![a picture](../../benchmarks/results.md)", "![a picture](../../benchmarks/results.md)"),
    ],
)
def test_links_out_of_the_docs_are_named(docs: Path, text: str, shown: str) -> None:
    assert name_outside(text, "guides/a.md", docs) == shown
