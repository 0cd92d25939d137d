"""Looking into a trained model: each view is of the sentence that was asked for, and says where there is nothing."""

import math
from io import StringIO

import numpy as np
import pytest
import torch

import inspected
import kinds
import seqloom
from seqloom.base.errors import UsageError
from seqloom.config.schema import Config
from seqloom.inspection.attention import AttentionMap
from seqloom.inspection.head_choice import entropy
from seqloom.models.ensemble import Ensemble
from seqloom.pipeline import Model
from seqloom.pipeline.inspecting import beam_tree, flows, flows_of, gates, inspect
from seqloom.pipeline.inspecting_attention import attention, heads
from seqloom.pipeline.inspecting_memory import memory_span
from seqloom.pipeline.inspecting_words import word_by_word
from seqloom.search.options import SearchOptions
from seqloom.text.tokenizer import train_tokenizer
from seqloom.training.vocabularies import Tokenizers

pytestmark = pytest.mark.usefixtures("machine_as_before")


def remade(model: Model, decoder: str, encoder: str = "gru-bi-1") -> Model:
    """The same vocabulary under a network of another kind, with random weights."""
    settings = kinds.config_of(encoder, decoder).model_copy(update={"share_embeddings": True})
    config = Config.model_validate({**model.config.model_dump(), "model": settings.model_dump()})
    from agreement import randomise
    from seqloom.models.build import build_model

    size = len(model.tokenizers.source)
    network = randomise(build_model(config.model, size, size), seed=3, dtype=torch.float32)
    return Model(network, model.tokenizers, config, model.machine)


def test_gates_are_of_the_text_that_is_read_and_of_the_one_that_is_written(loaded: Model) -> None:
    found = gates(loaded, "one red cat", "un chat rouge")
    assert [trace.label for trace in found] == [
        "encoder, layer 1, forwards",
        "encoder, layer 1, backwards",
        "decoder, layer 1",
        "decoder, layer 2",
    ]
    assert found[0].symbols == ("one", "red", "cat", "</s>")
    assert found[-1].symbols == ("<s>", "un", "chat", "rouge")
    own = gates(loaded, "one red cat")
    assert own[-1].symbols[1:] == tuple(loaded.tokenizers.target.pieces(loaded("one red cat").tokens))


def test_without_recurrence_there_are_no_gates(loaded: Model) -> None:
    model = remade(loaded, "transformer-pre-sinusoidal", "transformer-pre-sinusoidal")
    with pytest.raises(
        UsageError, match="no gates to look at: neither its encoder nor its decoder is recurrent"
    ):
        gates(model, "one")


def test_heads_are_maps_with_the_words_on_their_sides(loaded: Model) -> None:
    model = remade(loaded, "transformer-pre-sinusoidal", "transformer-pre-sinusoidal")
    maps = heads(model, "one red cat", "un chat")
    by_label = {found.label: found for found in maps}
    assert len(by_label) == len(maps)
    read, fed, written = ("one", "red", "cat", "</s>"), ("<s>", "un", "chat"), ("un", "chat", "</s>")
    first = by_label["encoder, layer 1, reading itself, head 1"]
    assert (first.source, first.target) == (read, read)
    back = by_label["decoder, layer 2, looking back, head 1"]
    assert (back.source, back.target) == (fed, fed)
    across = [found for found in maps if found.label.startswith("decoder, layer 2, looking at the source")]
    assert all((found.source, found.target) == (read, written) for found in across)
    mean = np.mean([found.weights for found in across], axis=0)
    np.testing.assert_allclose(mean, model.attention("one red cat", "un chat").weights, atol=1e-6)
    with pytest.raises(UsageError, match="no heads to look at one by one"):
        heads(loaded, "one")


@pytest.fixture(scope="module")
def spelling() -> Model:
    """A Transformer over characters."""
    kind = "transformer-pre-sinusoidal"
    shape = kinds.config_of(kind, kind).model_dump() | {"share_embeddings": True}
    tokenizer = train_tokenizer(inspected.LINES, kind="character", size=40)
    return inspected.paired("translation", shape, Tokenizers(tokenizer, tokenizer))


PAIR = ("one red", "un chat")
READ, FED, WRITTEN = (("one", "red", "</s>"), ("<s>", "un", "chat"), ("un", "chat", "</s>"))


def map_of(model: Model, head: str, *, words: bool = True) -> AttentionMap:
    found = attention(model, *PAIR, words=words, head=head)
    assert isinstance(found, AttentionMap)
    return found


@pytest.mark.parametrize(
    ("head", "label", "sides"),
    [
        ("2.1", "decoder, layer 2, looking at the source, head 1", (READ, WRITTEN)),
        ("source.1.2", "decoder, layer 1, looking at the source, head 2", (READ, WRITTEN)),
        ("encoder.1.1", "encoder, layer 1, reading itself, head 1", (READ, READ)),
        ("decoder.2.2", "decoder, layer 2, looking back, head 2", (FED, FED)),
    ],
)
def test_one_head_is_shown_over_words_or_symbols(
    spelling: Model, head: str, label: str, sides: tuple[tuple[str, ...], ...]
) -> None:
    for words in (True, False):
        (expected,) = (each for each in heads(spelling, *PAIR, words=words) if each.label == label)
        found = map_of(spelling, head, words=words)
        assert found.label == label
        assert (found.source, found.target) == (expected.source, expected.target)
        np.testing.assert_array_equal(found.weights, expected.weights)
        np.testing.assert_allclose(found.weights.sum(axis=1), 1.0, atol=1e-6)
    assert (map_of(spelling, head).source, map_of(spelling, head).target) == sides


def test_a_word_gets_what_its_symbols_got_and_looks_as_they_look_in_the_mean(spelling: Model) -> None:
    symbols, words = map_of(spelling, "2.1", words=False).weights, map_of(spelling, "2.1").weights
    assert symbols.shape == (len("un chat") + 1, len("one red") + 1)
    columns = [symbols[:, :3].sum(axis=1), symbols[:, 3:7].sum(axis=1), symbols[:, 7]]
    over = np.stack(columns, axis=1)
    np.testing.assert_allclose(words, [over[:2].mean(axis=0), over[2:7].mean(axis=0), over[7]])


def test_a_layer_is_the_mean_of_its_heads_and_the_sharpest_has_the_least_entropy(spelling: Model) -> None:
    mean = map_of(spelling, "1")
    assert mean.label == "decoder, layer 1, looking at the source, mean of 2 heads"
    both = [map_of(spelling, head).weights for head in ("1.1", "1.2")]
    np.testing.assert_allclose(mean.weights, np.mean(both, axis=0))
    own = attention(spelling, *PAIR)
    assert isinstance(own, AttentionMap)
    np.testing.assert_allclose(map_of(spelling, "2").weights, own.weights, atol=1e-6)
    for side, count in (("", 4), ("encoder.", 4), ("decoder.", 4)):
        every = [map_of(spelling, f"{side}{layer}.{head}") for layer in (1, 2) for head in (1, 2)]
        least = min(every, key=lambda each: entropy(each.weights))
        assert map_of(spelling, f"{side}sharpest").label == f"{least.label}, the sharpest of {count}"


def test_a_head_that_is_not_there_is_refused(spelling: Model, loaded: Model) -> None:
    with pytest.raises(UsageError, match=r"no head 3; it has 1\.1 to 1\.2, 2\.1 to 2\.2, decoder\.1\.1 to"):
        map_of(spelling, "3")
    with pytest.raises(UsageError, match=r"no heads to choose from: .* Leave out --head\."):
        map_of(loaded, "1.1")


def test_options_are_for_the_views_that_take_them(spelling: Model) -> None:
    found = seqloom.inspect(spelling, *PAIR[:1], "attention", PAIR[1], head="2", words=False)
    np.testing.assert_array_equal(found.weights, map_of(spelling, "2", words=False).weights)
    assert len(seqloom.inspect(spelling, *PAIR[:1], "words", PAIR[1], words=True).words) == 3
    with pytest.raises(UsageError, match=r'head is for show = attention, not for "heads"\. Leave it out\.'):
        seqloom.inspect(spelling, "one", "heads", head="2.1")
    with pytest.raises(UsageError, match='words is for show = attention or heads or words, not for "beam"'):
        seqloom.inspect(spelling, "one", "beam", words=True)


@pytest.mark.parametrize("decoder", ["lstm-fixed", "transformer-pre-sinusoidal"])
def test_flows_compare_the_trained_with_the_fresh(loaded: Model, decoder: str) -> None:
    model = remade(loaded, decoder)
    trained, fresh = flows(model, "one red cat", "un chat rouge")
    assert (trained.label, fresh.label) == ("trained", "fresh")
    assert trained.norms.shape == fresh.norms.shape == (4, 4)
    assert not np.allclose(trained.by_distance(), fresh.by_distance())
    again = flows(model, "one red cat", "un chat rouge")
    np.testing.assert_array_equal(again[1].norms, fresh.norms)


def test_flows_of_several_models_are_of_one_text(loaded: Model) -> None:
    other = remade(loaded, "min_gru-fixed")
    found = flows_of({"GRU": loaded, "minGRU": other}, "one red cat", "un chat rouge")
    assert [(flow.model, flow.label) for flow in found] == [
        ("GRU", "trained"),
        ("GRU", "fresh"),
        ("minGRU", "trained"),
        ("minGRU", "fresh"),
    ]
    alone = flows(other, "one red cat", "un chat rouge")
    np.testing.assert_array_equal(found[2].norms, alone[0].norms)
    own = loaded("one red cat").text
    unsaid = inspect({"GRU": loaded, "minGRU": other}, "one red cat", "gradients")
    expected = flows(other, "one red cat", own)
    np.testing.assert_array_equal(unsaid[2].norms, expected[0].norms)
    assert "<svg" in found._repr_html_()  # type: ignore[attr-defined]


def test_several_models_have_gradients_side_by_side_and_nothing_else(loaded: Model) -> None:
    with pytest.raises(UsageError, match=r'show = "gates" is of one model. Several are set side by side by'):
        inspect({"a": loaded, "b": loaded}, "one", "gates")
    together = Model(
        Ensemble([loaded.network] * 2), loaded.tokenizers, loaded.config, loaded.machine, [loaded.config]
    )
    with pytest.raises(UsageError, match=r"^both: An ensemble has several networks"):
        flows_of({"one": loaded, "both": together}, "one", "un")


def test_word_by_word_is_the_score_of_the_sentence(loaded: Model) -> None:
    found = word_by_word(loaded, "one red cat", "un chat rouge", alternatives=3)
    assert found.read == ("one", "red", "cat", "</s>")
    assert [step.symbol for step in found.steps] == ["un", "chat", "rouge", "</s>"]
    assert all(len(step.best) == 3 for step in found.steps)
    (nats,) = loaded.score(["one red cat"], ["un chat rouge"])
    assert -found.surprise * math.log(2) == pytest.approx(nats, rel=1e-5)
    assert (found.source_text, found.target_text) == ("one red cat", "un chat rouge")
    assert found.words == ()


def test_the_surprise_of_a_word_is_that_of_its_symbols(spelling: Model) -> None:
    found = word_by_word(spelling, *PAIR, words=True)
    assert [(word.text, word.stop - word.start) for word in found.words] == [
        ("un", 2),
        ("chat", 5),
        ("</s>", 1),
    ]
    assert sum(map(found.surprise_of, found.words)) == pytest.approx(found.surprise)
    assert found.surprise_of(found.words[0]) == pytest.approx(sum(step.surprise for step in found.steps[:2]))
    assert found.steps == word_by_word(spelling, *PAIR).steps


def test_the_tree_is_of_the_search_as_it_is_configured(loaded: Model) -> None:
    tree = beam_tree(loaded, "one red cat", SearchOptions(beam=3, n_best=2))
    best = loaded("one red cat", beam=3, n_best=2)
    assert tree.best[0].text == best.text
    assert tree.best[1].text == best.alternatives[0].text
    assert beam_tree(loaded, "one red cat").best[0].text == loaded("one red cat").text


def test_the_memory_span_is_of_the_architecture_not_of_its_weights(loaded: Model) -> None:
    shown = StringIO()
    (found,) = memory_span(loaded, ["first-token"], distance=2, updates=3, label="it", stream=shown)
    again = memory_span(remade(loaded, "lstm-fixed"), ["first token"], distance=2, updates=3, stream=shown)
    assert (found.task, found.seen, sorted(found.accuracy)) == ("first token", 2, [1, 2, 3, 4])
    assert found.label == "it"
    assert next(iter(again)).accuracy.keys() == found.accuracy.keys()
    assert "<svg" in again._repr_html_()  # type: ignore[attr-defined]
    (same,) = memory_span(loaded, ["first token"], distance=2, updates=3, label="it", stream=shown)
    assert same == found


def test_what_memory_span_refuses(loaded: Model) -> None:
    for asked, sentence in (
        ({"tasks": ["copi"]}, '"copi" is no memory task; .* Did you mean "copy"'),
        ({"tasks": []}, "no memory span without a task"),
        ({"distance": 0}, "distance = 0 is out of range; expected 1 or more"),
        ({"updates": 0}, "updates = 0 is out of range"),
    ):
        with pytest.raises(UsageError, match=sentence):
            memory_span(loaded, **asked)
    with pytest.raises(UsageError, match="Memory span is of no text"):
        inspect(loaded, "one", "memory")
    with pytest.raises(UsageError, match=r'show = "gates" looks at one text\. Name a source'):
        inspect(loaded, show="gates")


def test_an_ensemble_is_looked_into_run_by_run(loaded: Model) -> None:
    together = Model(
        Ensemble([loaded.network, loaded.network]),
        loaded.tokenizers,
        loaded.config,
        loaded.machine,
        [loaded.config],
    )
    with pytest.raises(UsageError, match="look into each run by itself"):
        gates(together, "one")
    with pytest.raises(UsageError, match="look into each run by itself"):
        flows(together, "one")
    assert word_by_word(together, "one", "un").steps[0].symbol == "un"
