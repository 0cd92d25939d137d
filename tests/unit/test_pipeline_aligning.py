"""Links of words from a model's attention to symbols."""

import numpy as np
import pytest

from seqloom.base.errors import UsageError
from seqloom.data.pairs import Pair
from seqloom.inspection.alignment import links_by_argmax
from seqloom.pipeline import Model
from seqloom.pipeline.aligning import Extraction, align, links_of, over_words

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


def test_a_model_without_attention_aligns_nothing(loaded: Model) -> None:
    decoder = loaded.config.model.decoder.model_copy(update={"attention": "none"})
    shape = loaded.config.model.model_copy(update={"decoder": decoder})
    config = loaded.config.model_copy(update={"model": shape})
    model = Model(loaded.network, loaded.tokenizers, config, loaded.machine)
    with pytest.raises(UsageError, match="no attention to align by"):
        next(align(model, [Pair("one", "un")], Extraction()))
