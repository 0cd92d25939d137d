"""Every inspection of every kind of model: it works, or one sentence says that the model has no such thing."""

import json
import math
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
import soundfile

import inspected
import sounds
from seqloom.base.errors import UsageError
from seqloom.cli.views import VIEWS, Asked, MemoryAsked, Shown
from seqloom.config.model import Attention, Autoregression, Cell, Placement, Pooling
from seqloom.inspection.cost import Cost
from seqloom.models.ensemble import Ensemble
from seqloom.models.speech import CTCModel
from seqloom.pipeline import Classifier, Model, Tagger, TextGenerator, Transcriber
from seqloom.pipeline.inspecting import cost
from seqloom.pipeline.loading import KINDS
from seqloom.pipeline.passage import PASSAGES, Inspected

pytestmark = pytest.mark.usefixtures("machine_as_before")
MODELS = inspected.every_kind()
FURTHER: Mapping[str, Any] = {"heads": {"heads": True}, "sharpest": {"head": "sharpest"}}
"""What attention can be asked for besides, and how."""
ASKED = (*VIEWS, *FURTHER)
SEVERAL = "An ensemble has several networks; look into each run by itself."
BRIEFLY = MemoryAsked(("first-token",), distance=1, updates=1)
NO_TREE, NO_LABELS = "no tree of a search", "This model decides for labels and writes no text, so"


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second of two notes."""
    path = tmp_path_factory.mktemp("heard") / "la mi.wav"
    soundfile.write(path, sounds.tone(["la", "mi"]), sounds.RATE)
    return path


def look(model: Inspected, source: str, show: str) -> Shown:
    """Of the model's own output; of gradients that of a text that is never empty."""
    target = {Transcriber: "la mi", TextGenerator: " cat"}.get(type(model), "un chat")
    further = FURTHER.get(show, {})
    view = VIEWS["attention" if further else show]
    target = target if show == "gradients" else None
    return view.look(model, Asked(source, target, memory=BRIEFLY, **further))


def missing(model: Inspected) -> dict[str, str]:
    """What a model of that kind doesn't have, and what is said of it: from its configuration alone."""
    shape = model.config.model
    reads = not isinstance(model, TextGenerator)
    writes = not isinstance(model, Classifier | Tagger) and shape.ctc_weight != 1
    parts = ([shape.encoder] if reads else []) + ([shape.decoder] if writes else [])
    found = {}
    transformers = [part for part in parts if part.kind == "transformer"]
    across = reads and writes and shape.decoder.kind == "transformer"
    itself = [part for part in transformers if getattr(part, "autoregression", "attention") == "attention"]
    if not (across or itself or (writes and getattr(shape.decoder, "attention", "") == "multi_head")):
        found["heads"] = "This model has no heads to look at one by one"
        found["sharpest"] = "This model has no heads to choose from"
    if len(itself) == len(parts):
        found["gates"] = "This model has no gates to look at"
    if isinstance(model, Classifier | Tagger):
        found |= dict.fromkeys(("gradients", "words", "beam", "memory"), NO_LABELS)
    elif isinstance(model, TextGenerator):
        found["beam"] = NO_TREE
        found |= {} if itself else {"attention": "no attention to look at: all that it knows of a text"}
    elif shape.ctc_weight == 1:
        found |= {
            "attention": "by CTC alone",
            "gradients": "This model has no decoder",
            "beam": "no tree of symbols",
        }
    elif shape.decoder.kind == "recurrent" and shape.decoder.attention == "none":
        found["attention"] = 'no attention to look at: its model.decoder.attention is "none"'
    if isinstance(model, Transcriber):
        found["memory"] = "so it has no memory span to measure"
    several = isinstance(getattr(model, "network", None), Ensemble) or len(getattr(model, "members", ())) > 1
    if several:
        found |= dict.fromkeys(("gates", "cost", *FURTHER), SEVERAL)
        found = dict.fromkeys(("gradients", "memory"), SEVERAL) | found
    return found


@pytest.mark.parametrize("name", MODELS)
def test_every_view_answers(name: str, recording: Path, tmp_path: Path) -> None:
    model = MODELS[name]()
    source = inspected.source_for(name, recording)
    without = missing(model)
    for show in ASKED:
        if show in without:
            with pytest.raises(UsageError) as caught:
                look(model, source, show)
            assert without[show] in str(caught.value)
            assert str(caught.value).endswith(".")
            assert "\n" not in str(caught.value)
            continue
        seen = look(model, source, show)
        assert seen.summary.strip()
        assert set(seen.files) <= set(VIEWS["attention" if show in FURTHER else show].kinds)
        if "html" in seen.files:
            assert not seen.files["html"](tmp_path / "page.html")
            page = (tmp_path / "page.html").read_text(encoding="utf-8")
            assert "{{" not in page
            assert "http" not in page.replace("http-equiv", "")
        seen.files["json"](tmp_path / "numbers.json")
        refuse_no_number(json.loads((tmp_path / "numbers.json").read_text(encoding="utf-8")))
    if "cost" not in without:
        found = cost(model, source)
        assert found.computed == found.measured
        assert sum(found.parameters.values()) > 0
        check_memory(found)


def check_memory(found: Cost) -> None:
    """What is kept is computed exactly; for models as small as these, peaks are off by 40 % at most."""
    computed, measured = found.memory
    assert computed.kept == measured.kept
    for name in ("encoder_peak", "decoder_peak"):
        assert getattr(computed, name) == pytest.approx(getattr(measured, name), rel=0.4)
    assert (measured.kept > 0) == (found.units[1] != "label" and found.target > 0)
    assert found.bytes <= found.weights  # a shared table is laid out once more for searches


def refuse_no_number(content: Any) -> None:
    """Neither NaN nor infinity, which JSON doesn't have, anywhere."""
    if isinstance(content, float):
        assert math.isfinite(content)
    for part in (
        content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    ):
        refuse_no_number(part)


DRAWN = (
    "hybrid",
    "transducer",
    "language model by transformer-ssru",
    "language model by transformer-pre-learned",
    "classifier by lstm-bi-1 and attention",
    "tagger by lstm-bi-1",
    "transcriber las",
)


@pytest.mark.parametrize("name", DRAWN)
def test_every_picture_is_drawn(name: str, recording: Path, tmp_path: Path) -> None:
    model = MODELS[name]()
    without = missing(model)
    for show in ("attention", "gates", "gradients", "sharpest"):
        if show not in without:
            seen = look(model, inspected.source_for(name, recording), show)
            assert "svg" in seen.files
            assert seen.files["png"](tmp_path / "map.png") is None
            assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


NOTEBOOKS: Mapping[str, tuple[str, ...]] = {
    "hybrid": tuple(VIEWS),
    "transcriber transformer": ("heads",),
    "classifier by lstm-bi-1 and attention": ("attention", "cost"),
    "language model by lstm": ("words", "gates"),
}


@pytest.mark.parametrize(
    ("name", "show"), [(name, show) for name, shows in NOTEBOOKS.items() for show in shows]
)
def test_everything_seen_has_a_face_in_a_notebook(name: str, show: str, recording: Path) -> None:
    from seqloom.pipeline import inspect, memory_span

    model = MODELS[name]()
    if show == "memory":
        seen: Any = memory_span(model, BRIEFLY.tasks, distance=1, updates=1)
    else:
        seen = inspect(model, inspected.source_for(name, recording), show)
    face = seen._repr_html_()
    assert face.startswith("<")
    assert face.rstrip().endswith(">")
    framed = {"heads": "Where the model looked", "gates": "What the gates did", "words": "Word by word"}
    assert framed.get(show, "<") in face


def test_an_unknown_view_is_refused_in_python_too() -> None:
    from seqloom.pipeline import inspect

    with pytest.raises(
        UsageError, match=r'show = "gate" is none of attention, heads, .* Did you mean "gates"\?'
    ):
        inspect(MODELS["hybrid"](), "one", "gate")


def test_the_kinds_are_all_that_a_configuration_may_name() -> None:
    """A cell, an attention, a pooling, a task that is new comes here, and then needs its answers."""
    models = [make() for make in MODELS.values()]
    assert {type(model) for model in models} == set(PASSAGES) == set(KINDS.values())
    assert {model.config.task for model in models} | {"summarization"} == set(
        KINDS
    )  # a translator by another name
    shapes = [model.config.model for model in models]
    for part in ("encoder", "decoder"):
        stacks = [getattr(shape, part) for shape in shapes]
        assert {stack.cell for stack in stacks if stack.kind == "recurrent"} == set(get_args(Cell))
        assert {stack.kind for stack in stacks} == {"recurrent", "transformer"}
    writers = [model.config.model.decoder for model in models if isinstance(model, Model)]
    recurrent = {(each.attention, each.placement) for each in writers if each.kind == "recurrent"}
    attentions = [kind for kind in get_args(Attention) if kind != "none"]
    assert recurrent >= set(product(attentions, get_args(Placement)))
    assert "none" in {attention for attention, _ in recurrent}
    for kind in ("recurrent", "transformer"):
        own = [each for each in writers if each.kind == kind]
        assert {each.copying for each in own} == {each.coverage for each in own} == {True, False}
    assert {each.autoregression for each in writers if each.kind == "transformer"} == set(
        get_args(Autoregression)
    )
    assert {m.config.model.pooling for m in models if isinstance(m, Classifier)} == set(get_args(Pooling))
    heard = [model.network for model in models if isinstance(model, Transcriber)]
    assert {(isinstance(each, CTCModel), each.ctc is not None) for each in heard} == {
        (True, True),
        (False, True),
        (False, False),
    }
