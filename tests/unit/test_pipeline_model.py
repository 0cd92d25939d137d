"""A model called with text: results in order, attention, scores."""

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from agreement import randomise
from seqloom.base.errors import DataError, UsageError
from seqloom.config.read import build_config
from seqloom.data.batch import collate
from seqloom.data.pairs import Pair
from seqloom.metrics.overlap import bleu, chrf
from seqloom.models.build import build_model
from seqloom.pipeline import Model, text_model
from seqloom.search.options import SamplingOptions, SearchOptions
from seqloom.text.tokenizer import train_tokenizer
from seqloom.training.objective import Objective
from seqloom.training.searching import LONGEST_SOURCE
from seqloom.training.validation import mean_likelihood
from seqloom.training.vocabularies import Tokenizers
from tiny import CPU, TinyRun

pytestmark = pytest.mark.usefixtures("machine_as_before")
TEXTS = ["one two three", "red cat dog", "dog", "two two"]


@pytest.fixture(scope="module")
def model(loaded: Model) -> Model:
    """The same with random weights, so that each text has an output of its own."""
    network = randomise(copy.deepcopy(loaded.network), seed=3, dtype=torch.float32)
    return Model(network, loaded.tokenizers, loaded.config, loaded.machine)


def test_a_text_gives_a_result_and_several_a_list_in_order(model: Model) -> None:
    results = model(TEXTS)
    assert [result.source for result in results] == TEXTS
    assert len({result.text for result in results}) == len(TEXTS)
    assert all(result.text for result in results)
    for text, result in zip(TEXTS, results, strict=True):
        alone = model(text)
        assert (alone.text, alone.tokens) == (result.text, result.tokens)
        assert alone.score == pytest.approx(result.score, abs=1e-5)
        assert result.text == model.tokenizers.target.decode(result.tokens)
        assert result.log_probability < 0
        assert (result.notice, result.alternatives) == ("", ())
    assert model(tuple(TEXTS))[2].text == results[2].text
    assert model([]) == []


def test_a_result_prints_what_it_says(model: Model) -> None:
    assert repr(model("")) == (
        "Result(source='', text='', score=0.0, log_probability=0.0, tokens=(), alternatives=(), notice='')"
    )


@pytest.mark.parametrize("blank", ["", " ", "\t \u3000", "\n"])
def test_a_blank_text_gives_an_empty_result_in_its_place(model: Model, blank: str) -> None:
    first, empty, last = model(["one two", blank, "dog"])
    assert (empty.source, empty.text, empty.tokens, empty.alternatives) == (blank, "", (), ())
    assert (empty.score, empty.log_probability) == (0.0, 0.0)
    assert (first.tokens, last.tokens) == (model("one two").tokens, model("dog").tokens)
    assert model(blank).text == ""


def test_blanks_are_blank_to_a_tokenizer_that_spells_them(spelling: Model) -> None:
    assert spelling.tokenizers.source.encode(" ")
    first, empty = spelling(["one", " "])
    assert first.tokens
    assert (empty.text, empty.tokens) == ("", ())


def test_a_text_far_longer_than_any_in_training_is_cut_with_a_notice(model: Model) -> None:
    small = Model(
        model.network,
        model.tokenizers,
        model.config.model_copy(update={"data": model.config.data.model_copy(update={"max_length": 2})}),
        model.machine,
    )
    long, short = small(["one two three red cat dog one two three", "one " * 8])
    assert long.notice == "it has 9 symbols; only the first 8 were read"
    assert long.tokens == model("one two three red cat dog one two").tokens
    assert short.notice == ""
    assert long.attention.weights.shape == (len(long.tokens) + 1, 9)


def test_n_best_outputs_come_with_the_best_first(model: Model) -> None:
    result = model("one two three", n_best=3)
    ranked = [result, *result.alternatives]
    assert len(ranked) == 3
    assert len({each.tokens for each in ranked}) == 3
    assert [each.score for each in ranked] == sorted((each.score for each in ranked), reverse=True)
    assert all(each.source == "one two three" and each.alternatives == () for each in ranked[1:])
    assert ranked[0].tokens == model("one two three").tokens


def test_the_beam_may_be_asked_for(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[SearchOptions] = []
    search = text_model.search_many

    def noted(network: Any, sources: Any, options: SearchOptions, **more: Any) -> Any:
        seen.append(options)
        return search(network, sources, options, **more)

    monkeypatch.setattr(text_model, "search_many", noted)
    model("dog", beam=2)
    model("dog")
    model("dog", n_best=7)
    assert [(options.beam, options.n_best) for options in seen] == [(2, 1), (5, 1), (7, 7)]
    for asked in ({"beam": 2, "n_best": 3}, {"beam": 0}, {"n_best": 0}):
        with pytest.raises(UsageError, match=" = "):
            model("dog", **asked)


def test_outputs_begin_with_their_prefixes(model: Model) -> None:
    results = model.translate([TEXTS[0], "", TEXTS[1]], prefixes=["chien rouge", "deux", "trois"])
    assert results[0].text.startswith("chien rouge")
    assert results[1].text == ""
    assert results[2].text.startswith("trois")


def test_there_must_be_a_prefix_for_each_text(model: Model) -> None:
    with pytest.raises(UsageError, match="There are 1 prefixes for 4 texts; expected one each"):
        model.translate(TEXTS, prefixes=["chien"])


def test_one_string_is_not_taken_for_a_list_of_letters(model: Model) -> None:
    with pytest.raises(UsageError, match=r"call the model itself: model\(text\)"):
        model.translate(TEXTS[0])


def test_a_sample_is_fixed_by_the_seed_and_the_text_s_number(model: Model) -> None:
    options = SamplingOptions(temperature=1.5, seed=3)
    whole = [result.tokens for result in model.translate(TEXTS, options)]
    assert [result.tokens for result in model.translate(TEXTS[2:], options, first=2)] == whole[2:]
    assert [result.tokens for result in model.translate(["", *TEXTS[1:]], options)] == [(), *whole[1:]]
    assert [result.tokens for result in model.translate(TEXTS, replace(options, seed=4))] != whole


def test_targets_are_scored_as_in_training(model: Model) -> None:
    targets = ["un deux trois", "", "chien", "rouge rouge rouge rouge"]
    expected = []
    for source, target in zip(TEXTS, targets, strict=True):
        batch = collate([model.tokenizers.source.encode(source)], [model.tokenizers.target.encode(target)])
        expected.append(
            -mean_likelihood(model.network, iter([batch]), CPU, Objective()) * batch.target_tokens
        )
    assert model.score(TEXTS, targets) == pytest.approx(expected, abs=1e-4)
    assert model.score([], []) == []
    with pytest.raises(UsageError, match="There are 1 targets for 4 sources; expected one each"):
        model.score(TEXTS, ["un"])


def other_model(tiny_run: TinyRun, tokenizers: Any, **options: Any) -> Model:
    """A model of another kind, with random weights."""
    settings = tiny_run.settings()
    settings["model"] = {**settings["model"], **options}
    config = build_config(settings)
    size = len(tokenizers.source)
    network = randomise(build_model(config.model, size, size), seed=3, dtype=torch.float32)
    return Model(network, tokenizers, config, CPU)


@pytest.fixture(scope="module")
def spelling(tiny_run: TinyRun) -> Model:
    """A model that reads and writes byte by byte."""
    tokenizer = train_tokenizer([], kind="byte", size=260)
    return other_model(tiny_run, Tokenizers(tokenizer, tokenizer))


def test_attention_over_symbols(spelling: Model) -> None:
    result = spelling("red cat")
    seen = result.attention
    assert seen.source == (*"red", "▁", *"cat", "</s>")
    assert seen.target == (*spelling.tokenizers.target.pieces(result.tokens), "</s>")
    assert seen.weights.shape == (len(result.tokens) + 1, 8)
    np.testing.assert_allclose(seen.weights.sum(1), 1, rtol=1e-5)
    assert (seen.source_text, seen.target_text) == ("red cat", result.text)
    assert seen.probabilities is not None
    assert len(seen.probabilities) == len(seen.target)
    assert result.attention is seen  # computed once


def test_the_probabilities_beside_an_attention_are_those_of_the_target(model: Model) -> None:
    seen = model.attention("one two", "un chien")
    assert seen.probabilities is not None
    (score,) = model.score(["one two"], ["un chien"])
    assert np.log(seen.probabilities).sum() == pytest.approx(score, abs=1e-4)


def test_attention_over_words_is_that_over_their_symbols(spelling: Model) -> None:
    symbols = spelling.attention("red cat", "un chat")
    words = spelling.attention("red cat", "un chat", words=True)
    assert words.source == ("red", "cat", "</s>")
    assert words.target == ("un", "chat", "</s>")
    columns = np.add.reduceat(symbols.weights, [0, 3, 7], axis=1)
    rows = np.stack([columns[start:stop].mean(0) for start, stop in ((0, 2), (2, 7), (7, 8))])
    np.testing.assert_allclose(words.weights, rows, rtol=1e-12)
    result = spelling("red cat")
    assert result.word_attention.source == ("red", "cat", "</s>")
    assert result.word_attention.weights.sum() == pytest.approx(len(result.word_attention.target), rel=1e-5)


def test_attention_to_a_target_of_one_s_own(model: Model) -> None:
    by_text = model.attention("one two", "un deux")
    by_ids = model.attention("one two", model.tokenizers.target.encode("un deux"))
    assert by_text.target == by_ids.target
    assert by_text.target[-1] == "</s>"
    assert by_text.target_text == "un deux"
    np.testing.assert_array_equal(by_text.weights, by_ids.weights)


def test_an_empty_result_has_an_attention_of_its_end_alone(model: Model) -> None:
    seen = model("").attention
    assert (seen.source, seen.target) == (("</s>",), ("</s>",))
    np.testing.assert_allclose(seen.weights, [[1.0]], rtol=1e-6)


def test_a_model_without_attention_says_so(tiny_run: TinyRun, model: Model) -> None:
    decoder = {"kind": "recurrent", "hidden": 8, "attention": "none"}
    blind = other_model(tiny_run, model.tokenizers, decoder=decoder)
    assert not blind.has_attention
    assert model.has_attention
    result = blind("one two")
    for look in (
        lambda: result.attention,
        lambda: result.word_attention,
        lambda: blind.attention("one", "un"),
    ):
        with pytest.raises(UsageError, match=r'its model\.decoder\.attention is "none"'):
            look()
    shown = replace(result, text="<b>&</b>")
    assert shown._repr_html_() == "<p>&lt;b&gt;&amp;&lt;/b&gt;</p>"


def test_a_transformer_with_learned_positions_is_not_asked_beyond_them(
    tiny_run: TinyRun, model: Model
) -> None:
    stack = {
        "kind": "transformer",
        "layers": 1,
        "heads": 2,
        "feed_forward": 8,
        "positions": "learned",
        "max_positions": 300,
    }
    learned = other_model(tiny_run, model.tokenizers, encoder=stack, decoder=stack)
    assert learned.has_attention
    result = learned("one " * 310, beam=1)
    assert result.notice == "it has 310 symbols; only the first 299 were read"
    assert len(result.tokens) <= 299
    tight = learned.translate(["one two"], SearchOptions(beam=1, max_length=3))[0]
    assert len(tight.tokens) <= 3
    assert result.attention.weights.shape == (len(result.tokens) + 1, 300)
    for ask in (
        lambda: learned.score(["one", "one"], ["two", "one " * 310]),
        lambda: learned.attention("one", "one " * 310),
    ):
        with pytest.raises(UsageError, match=r"target [12] has 310 symbols, .* learned positions for 299"):
            ask()


def test_a_notebook_shows_the_attention_over_words_with_markup_escaped(spelling: Model) -> None:
    result = spelling("red <b>")
    page = result._repr_html_()
    assert page == result.word_attention._repr_html_()
    assert page != result.attention._repr_html_()
    assert "<b>" not in page
    assert "&lt;" in page


def test_evaluating_scores_the_translations(model: Model) -> None:
    pairs = [Pair(text, "un deux trois") for text in TEXTS]
    progress: list[int] = []
    scores, outputs = model.evaluate(pairs, on_progress=progress.append)
    assert len(set(outputs)) == len(TEXTS)
    assert outputs == [result.text for result in model(TEXTS)]
    references = [pair.target for pair in pairs]
    assert scores == [bleu(outputs, references), chrf(outputs, references)]
    assert progress == [4]
    narrow, _ = model.evaluate(pairs, SearchOptions(beam=1))
    assert [score.name for score in narrow] == ["bleu", "chrf"]


def test_what_is_cut_is_told_in_evaluating_and_refused_in_scoring(model: Model) -> None:
    long = "one " * (LONGEST_SOURCE * model.config.data.max_length + 1)
    told: list[tuple[int, str]] = []
    pairs = [Pair("one", "un"), Pair(long, "un")]
    model.evaluate(pairs, SearchOptions(beam=1), on_notice=lambda row, notice: told.append((row, notice)))
    ((row, notice),) = told
    assert row == 1
    assert notice.endswith("were read")
    with pytest.raises(
        UsageError, match=r"^source 2 can't be scored whole: it has .* were read\. Shorten it\.$"
    ):
        model.score(["one", long], ["un", "un"])


def test_nothing_cannot_be_scored(model: Model) -> None:
    with pytest.raises(DataError, match="a score needs at least one"):
        model.evaluate([])
