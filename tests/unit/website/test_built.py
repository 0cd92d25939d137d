"""The built site is read as a browser would: a dead link, a lost anchor, a fetch from outside are each found."""

import subprocess
import sys
from pathlib import Path

import pytest

from seqloom_docs.built import complaints

ROOT = Path(__file__).resolve().parents[3]
GOOD = """<html><head><link rel="stylesheet" href="style.css"><link rel="canonical" href="https://example.org/"></head>
<body id="top"><a href="sub/b.html#there">b</a> <a href="#top">up</a> <a href="sub/">folder</a>
<img src="data:image/png;base64,AA"><a href="https://example.org">outside may be linked to</a></body></html>"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.html").write_text(GOOD, encoding="utf-8")
    (tmp_path / "style.css").write_text("a { background: url(mark.svg) }", encoding="utf-8")
    (tmp_path / "sub" / "b.html").write_text('<a id="there" href="../a.html">a</a>', encoding="utf-8")
    (tmp_path / "sub" / "index.html").write_text("", encoding="utf-8")
    return tmp_path


def test_a_good_site_has_no_faults(site: Path) -> None:
    assert complaints(site) == ([], 3)


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ('<a href="gone.html">x</a>', "a.html links to gone.html, which isn't there"),
        ('<a href="sub/b.html#gone">x</a>', "a.html links to sub/b.html#gone, which isn't there"),
        ('<a href="#gone">x</a>', "a.html links to #gone, which isn't there"),
        ('<img src="gone.png">', "a.html links to gone.png, which isn't there"),
        (
            '<script src="https://cdn.example/x.js"></script>',
            "a.html fetches https://cdn.example/x.js from outside",
        ),
        ('<img src="//cdn.example/x.png">', "a.html fetches //cdn.example/x.png from outside"),
        (
            '<link rel="preconnect" href="https://fonts.example">',
            "a.html fetches https://fonts.example from outside",
        ),
        ('<p style="background:url(http://x.example/y)">', "a.html fetches http://x.example/y from outside"),
    ],
)
def test_each_fault_is_found(site: Path, added: str, said: str) -> None:
    (site / "a.html").write_text(GOOD + added, encoding="utf-8")
    assert complaints(site) == ([said], 3)


def test_styles_are_read_too(site: Path) -> None:
    (site / "style.css").write_text('@import "https://fonts.example/css";', encoding="utf-8")
    assert complaints(site)[0] == ["style.css fetches https://fonts.example/css from outside"]


def test_the_command_says_what_it_found(site: Path) -> None:
    command = [sys.executable, str(ROOT / "website" / "check_site.py")]
    good = subprocess.run([*command, str(site)], capture_output=True, text=True, check=False)
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.startswith(f"3 pages in {site}, no faults")
    empty = subprocess.run([*command, str(site / "none")], capture_output=True, text=True, check=False)
    assert empty.returncode == 1
    assert empty.stderr == f"{site / 'none'} has no pages; build them by: make docs\n"
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2
