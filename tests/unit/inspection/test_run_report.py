"""report.html of a run: its figures, curves and samples, whatever of them is there."""

import json
import re
from pathlib import Path

import pytest

from seqloom.base.errors import MissingDependencyError, UsageError
from seqloom.inspection import run_report
from seqloom.inspection.run_log import RunLog
from seqloom.inspection.run_report import report_page, write_report

STEP = {
    "event": "step",
    "update": 200,
    "epoch": 1.25,
    "loss": 3.5,
    "likelihood": 2.5,
    "tokens_per_second": 5300.4,
    "learning_rate": 1e-3,
    "seconds": 65.0,
}
VALIDATION = {
    "event": "validation",
    "update": 100,
    "loss": 2.0,
    "perplexity": 7.39,
    "bleu": 31.26,
    "chrf": 55.5,
    "seconds": 40,
}
STOP = {"event": "stop", "reason": "the limit of <200> updates", "update": 200, "seconds": 66.0}


def sample(
    update: int, output: str, source: str = "a cat", reference: str = "eine Katze"
) -> dict[str, object]:
    return {"update": update, "source": source, "reference": reference, "output": output}


def text_of(page: str) -> str:
    body = re.sub(r"(?s)<style.*?</style>|<svg.*?</svg>", " ", page)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


@pytest.fixture
def _no_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes most of the time and is tested in test_curves.py."""
    monkeypatch.setattr(run_report, "panels_svg", lambda rows: ["<svg></svg>"] if rows else [])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with its report."""
    folder = tmp_path_factory.mktemp("runs") / "demo"
    folder.mkdir()
    for name, rows in (
        ("metrics", [VALIDATION, STEP, STOP]),
        ("samples", [sample(100, "ein"), sample(200, "eine Katze")]),
    ):
        (folder / f"{name}.jsonl").write_text(
            "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
        )
    (folder / "resolved.json").write_text('{"model": {"width": 256, "bridge": null}, "tags": ["<x>"]}')
    (folder / "environment.json").write_text('{"python": "3.11"}')
    assert write_report(folder) == folder / "report.html"
    return folder


def test_a_run_gets_its_report(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    shown = text_of(page)
    for part in ("Best BLEU 31.3 at update 100", "chrF 55.5", "Validation loss 2.000", "Perplexity 7.39"):
        assert part in shown
    for part in (
        "Training loss 2.500",
        "Updates 200 1.2 epochs",
        "Time 1 min 06 s",
        "Speed 5,300",
        "model.width 256",
    ):
        assert part in shown
    assert "Stopped: the limit of &lt;200&gt; updates." in page
    assert "model.bridge –" in shown
    assert page.count("<svg") == 4
    assert not [name.name for name in run.iterdir() if name.name.startswith(".")]


def test_the_page_needs_nothing_from_outside(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "://" not in page
    assert "<script" not in page
    assert "script-src 'none'" in page.replace("&#x27;", "'")
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert not re.search(r"\{\{\w+\}\}", page)


def test_the_same_run_gives_the_same_report(run: Path) -> None:
    first = (run / "report.html").read_bytes()
    assert write_report(run).read_bytes() == first


def test_a_sentence_shows_its_history_once() -> None:
    samples = [sample(300, "eine Katze"), sample(100, "ein"), sample(200, "ein"), sample(400, "")]
    shown = text_of(report_page("x", RunLog([]), RunLog(samples)))
    assert shown.count("a cat") == 1
    assert "100 – 200 ein 300 eine Katze ✓ as the reference 400 (nothing)" in shown


def test_many_sentences_are_folded() -> None:
    samples = [sample(1, "x", source=f"sentence {n}") for n in range(15)]
    page = report_page("x", RunLog([]), RunLog(samples))
    assert "<summary>3 more sentences</summary>" in page
    assert page.index("sentence 11") < page.index("<summary>") < page.index("sentence 12")


def test_texts_are_escaped_and_have_their_direction() -> None:
    page = report_page(
        "<run>", RunLog([]), RunLog([sample(1, "<script>x</script>", source="مرحبا", reference="")])
    )
    assert "<script" not in page
    assert "&lt;script&gt;x&lt;/script&gt;" in page
    assert '<span dir="auto">مرحبا</span>' in page
    assert "Reference" not in page
    assert "<title>Run &lt;run&gt;</title>" in page


@pytest.mark.usefixtures("_no_curves")
def test_a_run_that_just_began_has_a_report_too(tmp_path: Path) -> None:
    shown = text_of(write_report(tmp_path).read_text(encoding="utf-8"))
    assert "No update has been logged yet." in shown
    assert "No samples have been logged yet." in shown


@pytest.mark.usefixtures("_no_curves")
def test_a_run_in_training_says_so() -> None:
    assert "Still in training" in report_page("x", RunLog([STEP]), RunLog([]))
    assert "In training again after a stop." in report_page("x", RunLog([STEP, STOP, STEP]), RunLog([]))


@pytest.mark.usefixtures("_no_curves")
def test_torn_lines_are_said(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text(json.dumps(STEP) + '\n{"eve')
    (tmp_path / "resolved.json").write_text('{"model"')
    shown = text_of(write_report(tmp_path).read_text(encoding="utf-8"))
    assert "Passed over 1 unreadable lines of metrics.jsonl and 0 of samples.jsonl" in shown
    assert "Settings" not in shown


def test_without_matplotlib_the_page_says_how_to_get_the_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> list[str]:
        raise MissingDependencyError("Pictures need matplotlib, which is not installed. Install it by: pip …")

    monkeypatch.setattr(run_report, "panels_svg", refuse)
    shown = text_of(report_page("x", RunLog([STEP]), RunLog([])))
    assert "Curves Pictures need matplotlib, which is not installed. Install it by: pip …" in shown
    assert "Training loss 2.500" in shown


def test_a_run_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"There is no run at .*nowhere: expected the folder that training made"
    ):
        write_report(tmp_path / "nowhere")
