"""What inspections show of models that hear, go on with text or decide: the right symbols in the right place."""

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import inspected
import sounds
import text_models
from seqloom.base.errors import UsageError
from seqloom.inspection.attention import AttentionMap
from seqloom.inspection.gradient_flow import handed_on
from seqloom.layers import kernels
from seqloom.pipeline import TextGenerator, Transcriber
from seqloom.pipeline.inspecting import beam_tree, flows, gates
from seqloom.pipeline.inspecting_attention import attention, heads
from seqloom.pipeline.inspecting_words import word_by_word
from seqloom.pipeline.passage import as_turns, notice_of, passage_of

pytestmark = pytest.mark.usefixtures("machine_as_before")
MODELS = inspected.every_kind()
TEXT = "one red cat sees two"  # longer than three windows


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("heard") / "la mi.wav"
    soundfile.write(path, sounds.tone(["la", "mi"]), sounds.RATE)
    return str(path)


def made(name: str) -> TextGenerator:
    model = MODELS[f"language model by {name}"]()
    assert isinstance(model, TextGenerator)
    return model


def listener(name: str) -> Transcriber:
    model = MODELS[f"transcriber {name}"]()
    assert isinstance(model, Transcriber)
    return model


def test_a_recording_is_looked_at_over_time(recording: str) -> None:
    model = listener("lstm")  # two convolutions: 40 ms a position
    frames = len(model.hear(Path(recording)).pieces[0])
    found = attention(model, recording, "la mi", words=False)
    assert isinstance(found, AttentionMap)
    assert found.source == tuple(f"{place * 0.04:.2f} s" for place in range(math.ceil(frames / 4)))
    assert found.source_seconds == pytest.approx(0.04)
    assert found.target == ("l", "a", "▁", "m", "i", "</s>")
    np.testing.assert_allclose(found.weights.sum(axis=1), 1.0, atol=1e-5)
    assert attention(model, recording, "la mi").target == ("la", "mi", "</s>")


def test_each_layer_of_a_pyramid_has_its_own_time(recording: str) -> None:
    model = listener("las")
    frames = len(model.hear(Path(recording)).pieces[0])
    traces = gates(model, recording, "la")
    encoder = [trace for trace in traces if trace.label.startswith("encoder")]
    steps = [trace.seconds for trace in encoder if trace.label.endswith("forwards")]
    assert steps == pytest.approx([0.01, 0.02, 0.04, 0.08])
    for trace in encoder:
        assert trace.seconds is not None
        assert len(trace.symbols) == len(trace.state) == math.ceil(frames / round(trace.seconds / 0.01))
    assert traces[-1].symbols == ("<s>", "l", "a")
    assert traces[-1].seconds is None


def test_heads_of_what_hears_have_time_on_the_sides_that_are_sound(recording: str) -> None:
    model = listener("transformer")
    found = {each.label: each for each in heads(model, recording, "la", words=False)}
    itself = found["encoder, layer 1, reading itself, head 1"]
    assert itself.source == itself.target
    assert itself.source_seconds == itself.target_seconds == pytest.approx(0.02)
    across = found["decoder, layer 2, looking at the source, head 2"]
    assert (across.source, across.target) == (itself.source, ("l", "a", "</s>"))
    merged = attention(model, recording, "la", head="2.2")
    assert isinstance(merged, AttentionMap)
    assert (merged.label, merged.source) == (across.label, across.source)
    assert merged.target == ("la", "</s>")
    np.testing.assert_allclose(merged.weights[0], across.weights[:2].mean(axis=0))
    assert (across.source_seconds, across.target_seconds) == (pytest.approx(0.02), None)
    back = found["decoder, layer 1, looking back, head 1"]
    assert (back.source, back.source_seconds) == (("<s>", "l", "a"), None)


@pytest.mark.parametrize("name", ["ctc", "lstm", "las"])
def test_words_of_a_transcriber_are_those_of_its_search(name: str, recording: str) -> None:
    model = listener(name)
    best = model(recording, beam=4)
    passage = passage_of(model, recording, model.tokenizer.encode(best.text))
    found = word_by_word(model, recording, best.text)
    assert found.seconds is not None or not found.read
    if name != "lstm":  # whose two opinions together are no distribution, so they are scaled to one
        assert -found.surprise * math.log(2) == pytest.approx(best.log_probability, rel=1e-4)
    assert passage.written == tuple(step.symbol for step in found.steps)


def test_a_text_longer_than_what_was_heard_is_impossible_to_ctc(recording: str) -> None:
    steps = word_by_word(listener("ctc"), recording, "la mi so " * 8).steps
    assert steps[-2].probability == 0.0
    assert math.isinf(steps[-2].surprise)


def test_a_beam_of_two_opinions_is_the_one_that_transcribes(recording: str) -> None:
    model = listener("lstm")
    assert beam_tree(model, recording).best[0].text == model(recording).text


def test_a_recording_in_pieces_is_refused(tmp_path: Path) -> None:
    model = listener("lstm")
    path = tmp_path / "long.wav"
    seconds = model.config.audio.max_seconds
    soundfile.write(path, np.zeros(int(2.5 * seconds * sounds.RATE), np.float32), sounds.RATE)
    with pytest.raises(UsageError, match=r"is transcribed in 4 pieces\. Look at one of at most"):
        gates(model, str(path))


@pytest.mark.parametrize("name", ["lstm", "transformer-pre-rotary"])
def test_a_text_is_as_likely_symbol_by_symbol_as_it_is_scored(name: str) -> None:
    model = made(name)
    found = word_by_word(model, TEXT, "\n")
    assert found.given == len(found.steps) - 1
    assert [step.symbol for step in found.steps] == [*TEXT.replace(" ", "▁"), "</s>"]
    (score,) = model.score([TEXT], separate=True)
    assert found.surprise * math.log(2) == pytest.approx(score.nats, rel=1e-5)


def test_a_language_model_goes_on_with_the_likeliest_to_the_end_of_the_line() -> None:
    model = made("lstm")
    found = word_by_word(model, "one")
    assert found.given == 3
    assert all(step.rank <= 2 for step in found.steps[3:])  # <pad> is drawn by no one
    assert len(found.steps) - 3 <= 40
    alone = word_by_word(model, "one", "")
    assert len(alone.steps) == alone.given == 3
    assert alone.steps == found.steps[:3]


def test_attention_in_windows_is_one_map_that_looks_back() -> None:
    model = made("transformer-pre-sinusoidal")
    found = attention(model, TEXT, "", words=False)
    assert isinstance(found, AttentionMap)
    assert found.weights.shape == (len(TEXT), len(TEXT))
    np.testing.assert_allclose(found.weights.sum(axis=1), 1.0, atol=1e-6)
    assert (np.triu(found.weights, 1) == 0).all()
    assert found.source == ("</s>", *found.target[:-1])
    window = text_models.WINDOW
    first = attention(model, TEXT[:window], "", words=False)
    np.testing.assert_allclose(found.weights[:window, :window], first.weights, atol=1e-6)
    later = found.weights[window:]  # from a window that begins with the half of the one before
    assert (later[:, : window - window // 2] == 0).all()


def test_what_is_given_and_what_goes_on_are_words_apart() -> None:
    found = attention(made("transformer-pre-sinusoidal"), "one red", "dish cat")
    assert isinstance(found, AttentionMap)
    assert found.target == ("one", "red", "dish", "cat")
    assert found.label == "layer 2, mean of 2 heads; the first 2 rows are given"


def test_heads_of_a_language_model_look_back_at_words() -> None:
    model = made("transformer-pre-sinusoidal")
    found = attention(model, "one red", "dish cat", head="2.1")
    assert isinstance(found, AttentionMap)
    assert found.label == "decoder, layer 2, looking back, head 1"
    assert (
        found.source == found.target == ("</s>", "one", "red", "dish", "ca")
    )  # the last is written, not read
    by_symbol = attention(model, "one red", "dish cat", head="decoder.2.1", words=False)
    assert isinstance(by_symbol, AttentionMap)
    assert len(by_symbol.source) == len("one red") + len("dish cat")
    with pytest.raises(UsageError, match=r"no head source\.1; it has 1\.1 to 1\.2, 2\.1 to 2\.2\."):
        attention(model, "one", "", head="source.1")


@pytest.mark.parametrize("name", ["lstm", "transformer-ssru"])
def test_gradients_of_a_language_model_go_through_its_state(name: str) -> None:
    model = made(name)
    state = model.network.step(torch.tensor([3]), model.network.start(1)).state
    assert len(handed_on(state)[1]) == 4  # two tensors in each of two layers
    trained, fresh = flows(model, "one", " red")
    assert trained.norms.shape == fresh.norms.shape == (7, 7)


def test_keys_and_values_are_no_state_that_is_handed_on() -> None:
    network = made("transformer-pre-learned").network
    assert handed_on(network.step(torch.tensor([3]), network.start(1)).state)[1] == ()


def test_the_recurrence_in_a_transformer_s_layers_has_gates() -> None:
    traces = gates(MODELS["written by transformer-pre-ssru"](), "one red", "un chat")
    own = [trace for trace in traces if trace.label.startswith("decoder")]
    assert [trace.label for trace in own] == ["decoder, layer 1", "decoder, layer 2"]
    assert all(set(trace.gates) == {"forget"} for trace in own)
    assert all(trace.symbols == ("<s>", "un", "chat") for trace in own)


def test_gates_in_windows_are_one_trace() -> None:
    traces = gates(made("transformer-ssru"), TEXT, "")
    assert len(traces) == 2
    for trace in traces:
        assert len(trace.symbols) == len(trace.state) == len(trace.gates["forget"]) == len(TEXT)
        assert trace.symbols[1:] == tuple(TEXT[:-1].replace(" ", "▁"))


def test_words_outside_the_vocabulary_are_named_where_they_are_copied() -> None:
    model = MODELS["written by gru-before-additive-copying"]()
    found = attention(model, "one Xyzzy cat", "Xyzzy Plugh")
    assert isinstance(found, AttentionMap)
    assert found.source == ("one", "Xyzzy", "cat", "</s>")
    assert found.target == ("Xyzzy", "<unk>", "</s>")  # nothing that could be copied is called Plugh
    assert word_by_word(model, "one Xyzzy cat", "Xyzzy").steps[0].symbol == "Xyzzy"


def test_a_bot_hears_its_history_and_a_text_without_speakers_is_the_user_s() -> None:
    model = MODELS["bot"]()
    assert as_turns(model.config, inspected.TURNS) == inspected.TURNS
    found = attention(model, "hello", "good")
    assert isinstance(found, AttentionMap)
    assert found.source == ("⟨user⟩", "hello", "</s>")
    whole = attention(model, inspected.TURNS, "good")
    assert isinstance(whole, AttentionMap)
    assert whole.source[:5] == ("⟨user⟩", "hello", "⟨bot⟩", "good", "day")
    assert whole.source_text == "⟨user⟩ hello ⟨bot⟩ good day ⟨user⟩ which room"


def test_a_target_is_read_or_refused() -> None:
    classifier = MODELS["classifier by lstm-bi-1 and mean"]()
    assert attention(classifier, "one cat", "bad").label == "bad"
    with pytest.raises(UsageError, match="Leave out --target, which names the label to explain"):
        gates(classifier, "one cat", "bad")


def test_an_output_without_symbols_has_its_heads_too() -> None:
    """The one position that is read is a compiled step of all layers, in which no head could be asked."""
    if not kernels.load(build=False):
        pytest.skip("kernels need a compiler")
    model = inspected.translator("transformer-pre-sinusoidal", "transformer-pre-sinusoidal")
    labels = {found.label for found in heads(model, "one red", "")}
    assert {
        "decoder, layer 1, looking back, head 1",
        "decoder, layer 2, looking at the source, head 2",
    } <= labels


def test_a_fresh_model_is_one_of_the_same_kind() -> None:
    """Features without positions in a fresh transducer as in the trained one."""
    model = MODELS["transducer"]()
    fresh = passage_of(model, inspected.COLUMNS, "r").fresh()
    assert fresh.source.placeless == model.network.source.placeless != range(0)


@pytest.mark.parametrize(
    ("name", "source", "said"),
    [
        ("hybrid", "one red cat", ""),
        ("hybrid", "one " * 121, "it has 121 symbols; only the first 120 were read"),
        ("tagger by lstm-bi-1", "one " * 121, "it has 121 symbols; only the first 120 were read"),
        ("transducer", "run\tV;XYZ", "the model has not seen the feature XYZ in training"),
        ("bot", "clerk\thello", "the model has not seen the speaker clerk in training"),
        ("bot", "hello", ""),
        ("language model by lstm", "one 7", "it has a symbol that the model has never seen"),
    ],
)
def test_what_isn_t_looked_at_as_it_is_is_said(name: str, source: str, said: str) -> None:
    assert notice_of(MODELS[name](), source) == said
