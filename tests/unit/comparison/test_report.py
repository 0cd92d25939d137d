"""The page of a comparison: every number has its place in the record, and nothing is loaded from outside."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from comparisons import made_up, quoted, text_beside
from seqloom.base.errors import MissingDependencyError
from seqloom.comparison import report
from seqloom.comparison.plots import attention_pictures, pictures
from seqloom.comparison.quoting import FORMATS, find, tell, written
from seqloom.comparison.report import report_page, write_report


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    return made_up()


@pytest.fixture(scope="module")
def page(record: dict[str, Any]) -> str:
    return report_page(record)


def test_every_number_is_that_of_the_json_at_the_place_it_names(record: dict[str, Any], page: str) -> None:
    kept = json.loads(json.dumps(record))
    found = quoted(page)
    assert len(found) > 200
    for place, form, text in found:
        value = find(kept, place)
        assert text == ("–" if value is None else FORMATS[form](value)), place


def test_no_number_stands_beside_them(page: str) -> None:
    left = re.findall(r".{0,30}\d.{0,30}", text_beside(page))
    assert left == []


def test_no_number_stands_beside_them_whatever_was_measured() -> None:
    models = made_up()["models"]
    for model in models:
        model |= {"memory": {}, "half_life": None, "half_life_fresh": None, "attention": None, "apart": None}
        model["seeds"] = [{**row, "gradients": {}, "curve": []} for row in model["seeds"]]
    bare = made_up(models=models, groups=[], options={"measure": ["costs"], "side_by_side": 1}, pairs=[])
    shown = report_page(bare)
    assert re.findall(r".{0,30}\d.{0,30}", text_beside(shown)) == []
    assert "Memory span, " not in shown
    assert "Memory span: " not in shown
    assert "comparison.measure leaves it out" in shown


def test_each_part_that_was_asked_for_is_there(page: str) -> None:
    shown = text_beside(page)
    for part in (
        "over seeds",
        "bootstrap, bounds averaged over seeds",
        "target tokens a second",
        "words a second, in batches",
        "milliseconds, the median",
        "MB at the most",
        "Memory span, copy",
        "symbols, trained",
        "symbols, fresh",
        "A plain RNN forgets.",
        "Attention costs more.",
        "An encoder-decoder wants much data.",
        "Which differences are sure",
        "may be chance",
        "Learning curves: BLEU over updates",
        "BLEU against time",
        "BLEU against parameters",
        "BLEU against the length of the source",
        "Gradient flow, trained",
        "Memory span: first token",
        "It has no attention to look at",
        "Apart from what was wanted",
    ):
        assert part in shown, part


def test_the_best_mean_of_a_row_is_bold(page: str) -> None:
    assert '<td class=best><span data-from="/models/4/summary/quality/mean" data-as="one">47.0</span>' in page
    assert (
        '<td class=best><span data-from="/models/0/summary/latency_ms/mean" data-as="one">5.0</span>' in page
    )
    assert 'class=best><span data-from="/models/0/parameters"' not in page


def test_nothing_comes_from_outside_and_no_script_runs(page: str) -> None:
    assert "script-src 'none'" in page.replace("&#x27;", "'")
    assert "<script" not in page
    assert re.findall(r'(?:src|href)="(?!#|data:image/png;base64,)[^"]*"', page) == []
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"|http-equiv', "", page)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_names_and_texts_are_escaped() -> None:
    record = made_up()
    record["models"][0]["name"] = "<b>Elman</b> ⟦/seeds|list⟧ {{table}}"
    record["models"][3]["attention"]["source_text"] = "<script>x</script>"
    shown = report_page(record)
    assert "<b>Elman" not in shown
    assert "&lt;b&gt;Elman&lt;/b&gt; ⟦/seeds|list⟧ {{table}}" in shown
    assert "<script" not in shown


def test_pictures_are_of_what_was_measured(record: dict[str, Any]) -> None:
    assert [title for title, _, _ in pictures(record)] == [
        "Learning curves: BLEU over updates",
        "BLEU against time",
        "BLEU against parameters",
        "BLEU against the length of the source",
        "Gradient flow, trained",
        "Gradient flow, fresh",
        "Memory span: copy",
        "Memory span: first token",
    ]
    shown = attention_pictures(record)
    assert [svg is not None for _, svg in shown] == [False, False, False, True, True]


def test_without_matplotlib_the_page_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(_record: object) -> None:
        raise MissingDependencyError("Pictures need matplotlib.")

    monkeypatch.setattr(report, "pictures", missing)
    monkeypatch.setattr(report, "attention_pictures", missing)
    path = write_report(made_up(), tmp_path / "new" / "report.html")
    assert path.read_text(encoding="utf-8").count("Pictures need matplotlib.") == 2


def test_figures_are_written_as_people_write_them() -> None:
    record = {"a": {"b": [0.00004, 12345.6, None, 0.256]}}
    assert written(record, "/a/b/0", "p") == "< 0.001"
    assert written(record, "/a/b/1", "whole") == "12,346"
    assert written(record, "/a/b/2", "one") == "–"
    assert tell(record, "so ⟦/a/b/3|percent⟧ of ⟦/a/b/1|one⟧") == "so 26 % of 12,345.6"
    for place in ("/a/c", "/a/b/9", "/a/b/x", "/a/b/1/2"):
        with pytest.raises(KeyError, match=place):
            find(record, place)


@pytest.mark.parametrize("form", ["whole", "one", "two", "three", "percent", "percent_one", "signed"])
def test_nothing_has_no_minus(form: str) -> None:
    assert "-" not in FORMATS[form](-0.0004)
