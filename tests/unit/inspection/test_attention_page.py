"""The attention page: self-contained, escaped, complete without its script, every text in its own direction."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from seqloom.inspection.attention import AttentionMap
from seqloom.inspection.attention_page import attention_page, heatmap_fragment, write_attention_page
from seqloom.inspection.page import embed_json, escape, fill

VOID = {"meta", "input", "link", "img", "br", "hr"}


class Page(HTMLParser):
    """Elements with their attributes and text; fails on tags that don't match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        if self.open and data.strip():
            self.texts.append((self.open[-1], data))

    def all(self, tag: str, part: str = "") -> list[dict[str, str | None]]:
        return [
            attributes
            for name, attributes in self.elements
            if name == tag and part in (attributes.get("class") or "")
        ]

    def data(self) -> list[dict]:
        return json.loads(next(text for tag, text in self.texts if tag == "script"))


def small(**fields) -> AttentionMap:
    return AttentionMap(
        ("I", "am", "happy"),
        ("je", "suis", "heureux", "</s>"),
        np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.0, 0.3, 0.7], [0.25, 0.25, 0.5]]),
        (0.9, 0.8, 0.7, 1.0),
        "I am happy",
        "je suis heureux",
        **fields,
    )


def hostile() -> AttentionMap:
    words = ("</script><script>alert(1)</script>", "<!--", "]]>", "\"'&", "\u2028", "\x00\ud800", "{{data}}")
    return AttentionMap(
        words, words, np.eye(7), None, "<img src=x onerror=alert(2)>", "{{style}}</title>", "<b>label"
    )


def test_the_table_is_there_without_the_script() -> None:
    page = Page(attention_page([small()]))
    assert [attributes["style"] for attributes in page.all("td", "heat")[:3]] == [
        "--w:1.000",
        "--w:0.111",
        "--w:0.000",
    ]
    assert [text for tag, text in page.texts if tag == "td"] == [
        *("0.90", "0.10", "90%"),
        *("0.20", "0.70", "0.10", "80%"),
        *("0.30", "0.70", "70%"),
        *("0.25", "0.25", "0.50", "100%"),
    ]
    assert len(page.all("th")) == 3 + 1 + 4
    assert "hidden" in page.all("section", "story")[0]  # the script shows it


def test_the_script_gets_the_weights() -> None:
    (data,) = Page(attention_page([small()])).data()
    assert data["source"] == ["I", "am", "happy"]
    assert data["target"] == ["je", "suis", "heureux", "</s>"]
    np.testing.assert_allclose(data["weights"], small().weights)
    assert data["probabilities"] == [0.9, 0.8, 0.7, 1.0]
    assert data["top"] == 0.9


def test_several_sentences_stand_on_one_page() -> None:
    page = Page(attention_page([small(), hostile(), small(label="head 2")]))
    assert [attributes["id"] for attributes in page.all("article")] == [
        "sentence-1",
        "sentence-2",
        "sentence-3",
    ]
    assert [attributes["href"] for attributes in page.all("a")] == [
        "#sentence-1",
        "#sentence-2",
        "#sentence-3",
    ]
    assert len(page.data()) == 3
    assert Page(attention_page([small()])).all("nav") == []
    assert ("span", "I am happy (head 2)") in page.texts


@pytest.mark.parametrize(
    "maps", [[small()], [hostile()], [small(), hostile()]], ids=["small", "hostile", "both"]
)
def test_nothing_comes_from_outside_and_nothing_breaks_out(maps: list[AttentionMap]) -> None:
    text = attention_page(maps, title="</title><script>alert(3)</script>")
    page = Page(text)
    assert "://" not in text
    assert [tag for tag, _ in page.elements if tag in ("link", "img", "iframe", "object", "base")] == []
    assert len(page.all("script")) == 2
    assert not any("src" in attributes or "onerror" in attributes for _, attributes in page.elements)
    assert [
        attributes["href"] for attributes in page.all("a") if not attributes["href"].startswith("#")
    ] == []
    policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    text.encode("utf-8")  # lone surrogates would raise


def test_hostile_words_are_shown_as_they_are() -> None:
    page = Page(attention_page([hostile()]))
    shown = [text for tag, text in page.texts if tag == "bdi"]
    assert shown[0] == "</script><script>alert(1)</script>"
    assert "{{data}}" in shown
    assert "\\x00\\ud800" in shown
    assert page.data()[0]["source"][0] == "</script><script>alert(1)</script>"


def test_the_template_is_filled_whole() -> None:
    assert not re.search(r"\{\{\w+\}\}", attention_page([small()]))


def test_texts_have_their_own_direction() -> None:
    arabic = AttentionMap(("القطة", "تجلس"), ("the", "cat"), np.eye(2), None, "القطة تجلس", "the cat")
    page = Page(attention_page([arabic]))
    assert page.all("ol", "read")[0]["dir"] == "rtl"
    assert page.all("ol", "written")[0]["dir"] == "ltr"
    assert page.all("div", "scroll")[0]["dir"] == "rtl"
    assert page.all("input")[0]["dir"] == "ltr"
    assert {"dir": "auto"} in page.all("span")
    assert page.texts.count(("bdi", "القطة")) == 2  # once as a chip, once above its column


def test_it_can_be_worked_by_keyboard_and_read_aloud() -> None:
    page = Page(attention_page([small()]))
    slider = page.all("input")[0]
    assert (slider["type"], slider["min"], slider["max"], slider["aria-label"]) == (
        "range",
        "0",
        "3",
        "Written word",
    )
    assert all(attributes["type"] == "button" for attributes in page.all("button"))
    assert [a.get("aria-label") for a in page.all("button") if "data-do" in a] == [
        "The word before",
        "The next word",
        None,
    ]
    assert page.all("div", "scroll")[0]["tabindex"] == "0"
    assert page.all("p", "readout")[0]["aria-live"] == "polite"
    assert page.all("html")[0]["lang"] == "en"


def test_screens_prints_and_dark_rooms_are_thought_of() -> None:
    text = attention_page([small()])
    for needed in (
        "prefers-color-scheme: dark",
        "@media print",
        "max-width: 40rem",
        'name="viewport"',
        "color-scheme",
    ):
        assert needed in text


def test_a_wide_map_is_dense() -> None:
    wide = AttentionMap(tuple("abcdefghijklmnopqrst"), ("x",), np.full((1, 20), 0.05))
    assert Page(attention_page([wide])).all("table")[0]["class"] == "map dense"
    assert Page(attention_page([small()])).all("table")[0]["class"] == "map"


def test_an_empty_map_says_so() -> None:
    empty = AttentionMap((), ("</s>",), np.zeros((1, 0)))
    page = Page(attention_page([empty, small()]))
    assert ("p", "Nothing to show: no symbol was read or written.") in page.texts
    assert len(page.all("table")) == 1
    assert "empty attention map" in heatmap_fragment(empty)


def test_the_page_is_written_as_a_file(tmp_path: Path) -> None:
    write_attention_page([small()], tmp_path / "new" / "a.html", title="Mine")
    text = (tmp_path / "new" / "a.html").read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "<title>Mine</title>" in text
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.html"]


def test_the_fragment_for_a_notebook_has_no_script_and_no_style_sheet() -> None:
    page = Page(small()._repr_html_())
    assert {tag for tag, _ in page.elements} == {
        "div",
        "table",
        "thead",
        "tbody",
        "tr",
        "td",
        "th",
        "span",
        "bdi",
    }
    cells = [attributes for attributes in page.all("td") if "title" in attributes]
    assert len(cells) == 12
    assert cells[0]["title"] == "je looked at I: 90.0%"
    assert "rgba(8,58,145,1.000);color:#fff" in cells[0]["style"]
    assert "rgba(8,58,145,0.111)" in cells[1]["style"]


def test_the_fragment_is_escaped_and_has_its_label() -> None:
    text = heatmap_fragment(hostile())
    page = Page(text)
    assert page.all("script") == []
    assert ("caption", "<b>label") in page.texts
    text.encode("utf-8")


def test_escaping_and_filling() -> None:
    assert escape('<a href="x">\'&\x00\ud800\n') == "&lt;a href=&quot;x&quot;&gt;&#x27;&amp;\ufffd\ufffd\n"
    assert (
        embed_json({"a": "</script>&\u2028<!--"}) == '{"a":"\\u003c/script\\u003e\\u0026\\u2028\\u003c!--"}'
    )
    assert fill("{{a}} {{b}}", a="{{b}}", b="2") == "{{b}} 2"
    with pytest.raises(ValueError, match="JSON compliant"):
        embed_json(float("nan"))
