"""Links of words from a model's attention to symbols."""

import numpy as np
import pytest

import inspected
import seqloom
from seqloom.base.errors import UsageError
from seqloom.data.pairs import Pair
from seqloom.inspection.alignment import indecision, links_by_argmax
from seqloom.pipeline import Model
from seqloom.pipeline.aligning import Extraction, align, choose_head, links_of, over_words
from seqloom.pipeline.inspecting_attention import heads

pytestmark = pytest.mark.usefixtures("machine_as_before")
WEIGHTS = np.array(  # three symbols and the end, over three symbols and the end
    [[0.1, 0.2, 0.6, 0.1], [0.5, 0.1, 0.2, 0.2], [0.3, 0.4, 0.1, 0.2], [0.0, 0.0, 0.9, 0.1]]
)
SOURCE, TARGET = [0, 0, 1], [0, 1, 1]  # the words that the symbols spell


def test_weights_of_symbols_become_weights_of_words() -> None:
    found = over_words(WEIGHTS, SOURCE, TARGET)
    np.testing.assert_allclose(found, [[0.3, 0.6, 0.1], [0.65, 0.15, 0.2], [0.0, 0.9, 0.1]])
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


def test_a_word_that_no_symbol_spells_looks_nowhere() -> None:
    found = over_words(WEIGHTS[:2, :2], [1], [1])  # the first word of both was lost in normalisation
    np.testing.assert_allclose(found[0], 0.0)
    assert found.shape == (3, 3)


def test_links_are_taken_as_asked() -> None:
    assert links_of(WEIGHTS, SOURCE, TARGET, Extraction()) == {(1, 0), (0, 1)}
    assert links_of(WEIGHTS, SOURCE, TARGET, Extraction(least=0.3)) == {(0, 0), (1, 0), (0, 1)}
    assert links_of(WEIGHTS, SOURCE, TARGET, Extraction(late=True)) == {(0, 0), (1, 1)}


def test_a_corpus_is_aligned_as_its_pairs_are_one_by_one(loaded: Model) -> None:
    pairs = [
        Pair("one red cat", "un chat rouge"),
        Pair("", "un"),
        Pair("dog", "chien"),
        Pair("two", " "),
        Pair("one two three dog", "un deux trois chien"),
    ]
    together = list(align(loaded, pairs, Extraction()))
    assert [next(align(loaded, [pair], Extraction())) for pair in pairs] == together
    assert together[1] == together[3] == frozenset()
    for pair, links in zip(pairs, together, strict=True):
        if not links:
            continue
        words = loaded.attention(pair.source, pair.target, words=True).weights
        assert links == links_by_argmax(words, len(pair.source.split()), len(pair.target.split()))


def test_it_is_public(loaded: Model) -> None:
    (links,) = seqloom.align(loaded, [("one red cat", "un chat rouge")], seqloom.Extraction(least=0.01))
    assert links >= next(align(loaded, [Pair("one red cat", "un chat rouge")]))


def test_a_model_without_attention_aligns_nothing(loaded: Model) -> None:
    decoder = loaded.config.model.decoder.model_copy(update={"attention": "none"})
    shape = loaded.config.model.model_copy(update={"decoder": decoder})
    config = loaded.config.model_copy(update={"model": shape})
    model = Model(loaded.network, loaded.tokenizers, config, loaded.machine)
    with pytest.raises(UsageError, match="no attention to align by"):
        next(align(model, [Pair("one", "un")], Extraction()))


PAIRS = [
    Pair("one red cat", "un chat rouge"),
    Pair("two blue dogs see three cats", "deux chiens bleus voient"),
    Pair("red", "un chat"),
]


@pytest.fixture(scope="module")
def transformer() -> Model:
    return inspected.translator("transformer-pre-sinusoidal", "transformer-pre-sinusoidal")


def across(model: Model, pair: Pair) -> dict[str, np.ndarray]:
    """What each head looks at of the source: over words, by LAYER.HEAD."""
    found = {}
    for each in heads(model, *pair):
        layer, _, head = each.label.partition(", looking at the source, head ")
        if head:
            found[f"{layer.removeprefix('decoder, layer ')}.{head}"] = each.weights
    return found


def test_links_are_those_of_the_head_that_is_asked_for(transformer: Model) -> None:
    for head in ("1.1", "2.2", "source.2.1"):
        for pair, links in zip(PAIRS, align(transformer, PAIRS, Extraction(head=head)), strict=True):
            weights = across(transformer, pair)[head.removeprefix("source.")]
            assert links == links_by_argmax(weights, len(pair.source.split()), len(pair.target.split()))
    top = list(align(transformer, PAIRS, Extraction(head="2", least=0.2)))
    assert top == list(
        align(transformer, PAIRS, Extraction(least=0.2))
    )  # the model's own is its top layer's mean
    assert top != list(align(transformer, PAIRS, Extraction(head="1", least=0.2)))


def test_the_sharpest_head_is_chosen_once_over_all_pairs(
    transformer: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sharpest_of(pairs: list[Pair]) -> str:
        lost: dict[str, float] = {}
        for pair in pairs:
            for head, weights in across(transformer, pair).items():
                lost[head] = lost.get(head, 0.0) + float(indecision(weights).sum())
        return min(lost, key=lost.__getitem__)

    chosen = choose_head(transformer, PAIRS, "sharpest")
    assert chosen == sharpest_of(PAIRS)
    assert list(align(transformer, PAIRS, Extraction(head="sharpest"))) == list(
        align(transformer, PAIRS, Extraction(head=chosen))
    )
    assert {choose_head(transformer, PAIRS, asked) for asked in ("mean", "1.2")} == {"mean", "1.2"}
    assert choose_head(transformer, [Pair("", "")], "sharpest") == "mean"
    for first in (1, 2):
        monkeypatch.setattr("seqloom.pipeline.aligning.CHOSEN_FROM", first)
        assert choose_head(transformer, PAIRS, "sharpest") == sharpest_of(PAIRS[:first])


def test_a_recurrent_decoder_may_have_heads_too() -> None:
    model = inspected.translator("gru-bi-1", "gru-between-multi_head")
    assert choose_head(model, PAIRS, "sharpest") in across(model, PAIRS[0])
    assert list(align(model, PAIRS, Extraction(head="1"))) == list(align(model, PAIRS))


def test_a_head_that_the_model_has_not_is_refused(loaded: Model, transformer: Model) -> None:
    for head in ("3.1", "encoder.1.1"):
        with pytest.raises(UsageError, match=rf"no head {head}; it has 1\.1 to 1\.2, 2\.1 to 2\.2\.$"):
            next(align(transformer, PAIRS, Extraction(head=head)))
    for head in ("1.1", "sharpest"):
        with pytest.raises(UsageError, match="no heads to choose from"):
            next(align(loaded, PAIRS, Extraction(head=head)))
    with pytest.raises(UsageError, match='A head "top" can\'t be found'):
        Extraction(head="top")
    with pytest.raises(UsageError, match="weight of 0 is no share of attention"):
        Extraction(least=0)


def test_pairs_that_are_too_long_are_told(loaded: Model) -> None:
    told: dict[int, str] = {}
    pairs = [("one", "un"), ("one " * 1_025, "un"), (" ", "un")] * 2
    found = list(align(loaded, pairs * 200, on_notice=told.__setitem__))
    assert list(told) == list(range(1, 1_200, 3))
    assert set(told.values()) == {"its source has 1,025 symbols; the model reads 1,024"}
    assert {bool(links) for links in found[1::3]} == {False}
