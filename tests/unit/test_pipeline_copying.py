"""A model that copies, called with text: unknown words of the source come out as they stand there."""

import pytest
import torch

from agreement import randomise
from seqloom.config.read import build_config
from seqloom.models.build import build_model
from seqloom.models.pointer_generator import PointerGenerator
from seqloom.pipeline import Model
from seqloom.search.options import SamplingOptions, SearchOptions
from seqloom.text.tokenizer import train_tokenizer
from seqloom.training.searching import translate_texts
from seqloom.training.vocabularies import Tokenizers
from tiny import CPU

pytestmark = pytest.mark.usefixtures("machine_as_before")
TEXTS = ["one Xyzzy two", "Plugh", "", "two one Frobnitz, Xyzzy Grue", "one two"]
UNKNOWN = {"Xyzzy", "Plugh", "Frobnitz", "Grue"}
LONG = SearchOptions(beam=3, n_best=3, min_length=3)  # random weights like to end at once


def made(kind: str, lean: float, longest: int = 50) -> Model:
    """Random weights, and a switch that leans towards copying below zero."""
    overrides = [
        f"data.max_length={longest}",
        "text.tokenizer=word",
        "model.width=8",
        "model.encoder.hidden=4",
    ]
    if kind != "word":
        overrides[1] = f"text.tokenizer={kind}"
    config = build_config({}, [*overrides, "model.decoder.hidden=8", "model.decoder.copying=true"])
    tokenizer = train_tokenizer(["one two three", "un deux trois"], kind=kind, size=20)
    network = randomise(
        build_model(config.model, len(tokenizer), len(tokenizer)), seed=5, dtype=torch.float32
    )
    assert isinstance(network, PointerGenerator)
    with torch.no_grad():
        network.switch.layer.bias += lean
    return Model(network, Tokenizers(tokenizer, tokenizer), config, CPU)


@pytest.fixture(scope="module")
def model() -> Model:
    return made("word", -8.0)


def test_unknown_words_are_written_as_they_stand_and_one_line_for_each_text(model: Model) -> None:
    results = model.translate(TEXTS, LONG)
    written = [set(result.text.replace(",", "").split()) for result in results]
    assert any(words & UNKNOWN for words in written)
    for text, words, result in zip(TEXTS, written, results, strict=True):
        assert words & UNKNOWN <= set(text.replace(",", "").split())
        assert len(result.text.splitlines()) == (1 if text else 0)
        assert result.text == model.translate([text], LONG)[0].text
    assert results[2].text == ""


@pytest.mark.parametrize(
    "options", [SearchOptions(beam=1, min_length=3), LONG, SamplingOptions(seed=1, min_length=3)]
)
def test_what_a_search_found_is_scored_alike_when_it_is_given(
    model: Model, options: SearchOptions | SamplingOptions
) -> None:
    copied = 0
    for result in model.translate([text for text in TEXTS if text], options):
        for each in (result, *result.alternatives):
            again = model.tokenizers.target.reading(result.source).encode(each.text)
            if again != list(each.tokens):
                continue  # text that is cut otherwise when it is read again, or holds <unk>
            (score,) = model.score([result.source], [each.text])
            assert score == pytest.approx(each.log_probability, abs=1e-3)
            copied += any(word in each.text for word in UNKNOWN)  # and so scored
    assert copied


def test_prefixes_may_hold_words_of_their_source(model: Model) -> None:
    results = model.translate(["one Xyzzy", "Plugh two"], prefixes=["Xyzzy", "Xyzzy Plugh"])
    assert results[0].text.startswith("Xyzzy")
    assert results[1].text.startswith("<unk> Plugh")


def test_an_attention_map_shows_the_words_themselves(model: Model) -> None:
    shown = model.attention("one Xyzzy Plugh", "Xyzzy un Frobnitz")
    assert shown.source == ("one", "Xyzzy", "Plugh", "</s>")
    assert shown.target == ("Xyzzy", "un", "<unk>", "</s>")
    assert shown.target_text == "Xyzzy un <unk>"
    assert model.attention("one Xyzzy Plugh", "Xyzzy un", words=True).target == ("Xyzzy", "un", "</s>")
    result = model("one Xyzzy Plugh")
    assert result.attention.target_text == result.text


def test_a_word_that_was_cut_off_cant_be_copied() -> None:
    small = made("word", -8.0, longest=1)  # reads four symbols
    (result,) = small.translate(["one two three Xyzzy Plugh"], prefixes=["Xyzzy Plugh"])
    assert result.notice == "it has 5 symbols; only the first 4 were read"
    assert result.text.startswith("Xyzzy <unk>")
    assert small.attention("one two three Xyzzy Plugh", "Plugh Xyzzy").target == ("<unk>", "Xyzzy", "</s>")


@pytest.mark.parametrize("kind", ["character", "byte"])
def test_other_symbols_than_words_are_copied_as_well(kind: str) -> None:
    model = made(kind, -8.0)
    found = model.translate(["xx", "漢 字", ""], LONG)
    assert [len(result.text.splitlines()) <= 1 for result in found] == [True] * 3
    assert found[0].text
    if kind == "character":
        assert set(found[1].text) & {"漢", "字"}
    assert model.score(["xx"], ["xx"])[0] < 0


def test_validation_translates_the_same(model: Model) -> None:
    assert isinstance(model.network, PointerGenerator)
    options = SearchOptions(beam=1)
    texts = [text for text in TEXTS if text]
    found = translate_texts(model.network, model.tokenizers, model.config, texts, options, device=CPU.device)
    assert found == [result.text for result in model.translate(texts, options)]
