"""Every encoder with every decoder: stepping, in whatever order a search keeps rows, is teacher forcing."""

import copy
import functools
import shutil
from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor

import kinds
from agreement import assert_agree, assert_close
from kinds import DECODERS, ENCODERS, SOURCES, batch, model_of
from seqloom.data.batch import Batch, collate
from seqloom.layers import attention, kernels
from seqloom.models.pointer_generator import PointerGenerator
from seqloom.models.seq2seq import Seq2Seq
from seqloom.models.state import Memory

BOS = 2
# For what costs more than a look: every way to decode with one encoder, every encoder with one decoder.
WAYS = [name for name in DECODERS if name.startswith(("lstm", "transformer"))]
PAIRS = [("gru-bi-1", decoder) for decoder in WAYS]
PAIRS += [(encoder, "gru-between-additive") for encoder in ENCODERS]
PAIRS.append(("transformer-pre-learned", "transformer-post-rotary"))
FEW_PAIRS = [PAIRS[0], *PAIRS[2:13:3], PAIRS[14], PAIRS[-4], PAIRS[-1]]

every_pair = pytest.mark.parametrize(("encoder", "decoder"), PAIRS, ids=lambda name: name)
every_decoder = pytest.mark.parametrize("decoder", DECODERS)
every_way = pytest.mark.parametrize("decoder", WAYS)

# What a search may keep after each step: rows of the step before. All rows of all steps are compared.
KEPT = [
    [0, 1, 2],  # a row a sentence
    [0, 0, 1, 1, 2, 2],  # repeat_interleave: a beam of two
    [1, 0, 2, 2, 5, 4],  # exchanged, or one kept twice, within each sentence
    [5, 4, 0, 1],  # sentences exchanged, one finished
    [0, 2, 2],  # one row of a sentence, two of another
]


def histories() -> tuple[list[list[int]], list[list[int]], list[list[int]]]:
    """For each step: which sentence each row reads, which symbol it reads; and all histories, row by row."""
    sentences, tokens, all_histories = [[0, 1, 2]], [[BOS] * 3], [[BOS]] * 3
    newest = all_histories
    for step, rows in enumerate(KEPT[1:], 1):
        sentences.append([sentences[-1][row] for row in rows])
        tokens.append([4 + (3 * step + 5 * place) % 7 for place in range(len(rows))])
        newest = [[*newest[row], token] for row, token in zip(rows, tokens[-1], strict=True)]
        all_histories = all_histories + newest
    return sentences, tokens, all_histories


SENTENCES, TOKENS, HISTORIES = histories()
STEP_OF_ROW = torch.tensor([len(history) - 1 for history in HISTORIES])
SOURCE_OF_ROW = [sentence for step in SENTENCES for sentence in step]


@functools.cache
def from_scratch() -> Batch:
    """Every row of every step as a sentence pair of its own, to be teacher-forced."""
    sources = [SOURCES[sentence] for sentence in SOURCE_OF_ROW]
    return collate(sources, [history[1:] for history in HISTORIES])


@functools.cache
def reader(encoder: str) -> tuple[Seq2Seq, Memory, Memory]:
    """An encoder, with what it read of the sentences, and of every row's own source."""
    model = model_of(encoder, "gru-fixed")
    return model, model.encode(collate(SOURCES)), model.encode(from_scratch())


@functools.cache
def writer(memory_width: int, decoder: str) -> Seq2Seq:
    """A decoder for a memory of that width."""
    encoder = next(name for name in ENCODERS if kinds.memory_width(ENCODERS[name]) == memory_width)
    return model_of(encoder, decoder)


def paired(encoder: str, decoder: str) -> tuple[Seq2Seq, Memory, Memory]:
    """The parts of a pairing; made once each, because there are hundreds of pairings."""
    read, memory, memory_of_rows = reader(encoder)
    write = writer(kinds.config_of(encoder, decoder).memory_width, decoder)
    model = Seq2Seq(read.source, read.encoder, write.target, write.decoder, write.output)
    if not isinstance(write, PointerGenerator):
        return model, memory, memory_of_rows
    return (
        PointerGenerator(model, write.switch),
        replace(memory, copied=collate(SOURCES).source),
        replace(memory_of_rows, copied=from_scratch().source),
    )


def search_like(model: Seq2Seq, memory: Memory) -> tuple[Tensor, Tensor | None]:
    """Scores and alignments of every row at every step, keeping rows as KEPT says."""
    state = model.start(memory)
    scores, alignments = [], []
    for rows, tokens in zip(KEPT, TOKENS, strict=True):
        if tokens is not TOKENS[0]:
            state = state.reorder(torch.tensor(rows))
        now, alignment, state = model.step(torch.tensor(tokens), state, alignment=True)[:3]
        scores.append(now)
        if alignment is not None:
            alignments.append(alignment)
    return torch.cat(scores), torch.cat(alignments) if alignments else None


@every_decoder
@torch.inference_mode()
def test_stepping_in_any_order_is_teacher_forcing_from_scratch(decoder: str) -> None:
    """With each of the encoders; float32, to 1e-5."""
    rows = torch.arange(len(HISTORIES))
    for encoder in ENCODERS:
        model, memory, memory_of_rows = paired(encoder, decoder)
        scores, alignment = search_like(model, memory)
        forced = model.score(from_scratch(), memory_of_rows, alignment=True)
        expected = forced.logits[rows, STEP_OF_ROW]
        written = expected[expected > -torch.inf]
        largest = max(tensor.abs().max().item() for tensor in (written, memory.values))
        close = 1e-5 * max(1.0, largest)  # cells without a squashing give large numbers
        assert_close(scores, expected, close, f"{encoder} with {decoder}: scores")
        assert (alignment is None) == ("fixed" in decoder)
        assert (forced.alignment is None) == (alignment is None)
        if alignment is None or forced.alignment is None:
            continue
        looked = forced.alignment[rows, STEP_OF_ROW]
        assert_close(alignment, looked, close, f"{encoder} with {decoder}: alignment")
        if "local" in decoder:  # whose Gaussian takes some away
            assert (alignment.sum(1) < 1).all()
        else:
            assert_close(alignment.sum(1), torch.ones(len(rows)), 1e-5, f"{encoder} with {decoder}: sum")
        assert (alignment[~from_scratch().source_mask] == 0).all()


@every_decoder
@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
@torch.inference_mode()
def test_a_finished_model_steps_as_it_did(decoder: str, compiled: bool) -> None:
    if compiled and not any(shutil.which(name) for name in kernels.COMPILERS):
        pytest.skip("kernels need a compiler")
    model, memory, _ = paired("gru-bi-1", decoder)
    expected = search_like(model, memory)
    finished = copy.deepcopy(model)
    finished.lay_out_for_search()
    assert_close(dict(finished.state_dict()).values(), dict(model.state_dict()).values())
    if compiled:
        assert kernels.load()
    try:
        found = search_like(finished, memory)
    finally:
        kernels.unload()
    largest = max(1.0, expected[0][expected[0] > -torch.inf].abs().max().item())
    assert_close(found, expected, 1e-5 * largest)


@functools.cache
def exact(encoder: str, decoder: str) -> Seq2Seq:
    """A model in float64, which no test changes."""
    return model_of(encoder, decoder, torch.float64)


def within(tensor: Tensor, lengths: Tensor) -> list[Tensor]:
    """Each row up to its own length."""
    return [row[:length] for row, length in zip(tensor, lengths.tolist(), strict=True)]


def forced(model: Seq2Seq, given: Batch, *, alignment: bool = True) -> list[list[Tensor]]:
    """Logits and alignments of the symbols that count, each over the source that is there."""
    logits, looked = model(given, alignment=alignment)
    assert given.target_lengths is not None
    found = [within(logits, given.target_lengths)]
    if looked is not None:
        rows = within(looked, given.target_lengths)
        found.append(
            [row[:, :length] for row, length in zip(rows, given.source_lengths.tolist(), strict=True)]
        )
    return found


def stepped(model: Seq2Seq, given: Batch) -> list[list[Tensor]]:
    """The same, symbol by symbol."""
    assert given.target_input is not None
    state = model.start(model.encode(given))
    scores, alignments = [], []
    for tokens in given.target_input.unbind(1):
        now, alignment, state = model.step(tokens, state, alignment=True)[:3]
        scores.append(now)
        if alignment is not None:
            alignments.append(alignment)
    assert given.target_lengths is not None
    found = [within(torch.stack(scores, 1), given.target_lengths)]
    if alignments:
        rows = within(torch.stack(alignments, 1), given.target_lengths)
        found.append(
            [row[:, :length] for row, length in zip(rows, given.source_lengths.tolist(), strict=True)]
        )
    return found


def leaves(model: Seq2Seq) -> tuple[Mapping[str, Tensor], list[str]]:
    """The parameters, and those that no softmax can see: a bias of all keys, unless it is turned."""
    parameters = dict(model.named_parameters())
    return parameters, [name for name in parameters if name.endswith("key_layer.bias")]


@every_pair
def test_stepping_is_teacher_forcing_gradients_included(encoder: str, decoder: str) -> None:
    model = exact(encoder, decoder)
    parameters, idle = leaves(model)
    assert_agree(lambda: stepped(model, batch()), lambda: forced(model, batch()), parameters, 1e-9, idle=idle)


@every_pair
def test_padding_is_invisible(encoder: str, decoder: str) -> None:
    model = exact(encoder, decoder)
    clean = batch()
    assert clean.target_input is not None
    assert clean.target_output is not None
    more = torch.full((3, 2), 5)
    dirty = replace(
        clean,
        source=torch.cat([torch.where(clean.source_mask, clean.source, 7), more], 1),
        target_input=torch.cat([torch.where(clean.target_mask, clean.target_input, 9), more], 1),
        target_output=torch.cat([clean.target_output, more], 1),
    )
    parameters, idle = leaves(model)
    assert_agree(lambda: forced(model, dirty), lambda: forced(model, clean), parameters, 1e-9, idle=idle)


@pytest.mark.parametrize("kind", ["transformer-pre-rotary", "transformer-post-sinusoidal"])
def test_fused_attention_is_written_out_attention(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, given = exact(kind, kind), batch()

    def logits(fused: bool) -> list[Tensor]:
        monkeypatch.setattr(attention, "fused_pays", lambda _: fused)
        return forced(model, given, alignment=False)[0]

    parameters, idle = leaves(model)
    assert_agree(lambda: logits(True), lambda: logits(False), parameters, 1e-9, idle=idle)


@every_pair
@torch.inference_mode()
def test_a_batch_is_its_rows_one_by_one(encoder: str, decoder: str) -> None:
    model = exact(encoder, decoder)
    together = forced(model, batch())
    for row, (source, target) in enumerate(zip(SOURCES, kinds.TARGETS, strict=True)):
        alone = forced(model, collate([source], [target]))
        for whole, own in zip(together, alone, strict=True):
            width = own[0].shape[-1]
            assert_close(whole[row][:, :width], own[0])
            assert (whole[row][:, width:] == -torch.inf).all()  # words that only other sources have


@every_way
@torch.inference_mode()
def test_a_state_may_be_gone_on_from_twice(decoder: str) -> None:
    model = model_of("gru-bi-1", decoder)
    first = model.step(torch.tensor([BOS] * 3), model.start(model.encode(batch())))
    once = model.step(torch.tensor([4, 5, 6]), first.state)
    model.step(torch.tensor([7, 8, 9]), first.state)
    model.step(torch.tensor([7, 8, 9]), first.state.reorder(torch.tensor([2, 1, 0])))
    again = model.step(torch.tensor([4, 5, 6]), first.state)
    assert torch.equal(once.scores, again.scores)


@every_way
@torch.inference_mode()
def test_alignment_is_given_only_if_asked(decoder: str) -> None:
    model = model_of("gru-bi-1", decoder)
    asked, unasked = model(batch(), alignment=True), model(batch())
    assert unasked.alignment is None
    assert_close(unasked.logits, asked.logits, 1e-5)
    state = model.start(model.encode(batch()))
    tokens = torch.tensor([BOS] * 3)
    step = model.step(tokens, state)
    assert step.alignment is None
    assert_close(step.scores, asked.logits[:, 0], 1e-5)


@pytest.mark.parametrize(("encoder", "decoder"), FEW_PAIRS, ids=lambda name: name)
def test_training_differs_from_evaluation_by_dropout_only(encoder: str, decoder: str) -> None:
    still = model_of(encoder, decoder, dropout=0.0)
    assert_close(forced(still.train(), batch()), forced(still.eval(), batch()), 1e-5)
    model = model_of(encoder, decoder, dropout=0.5).train()
    found = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        found.append(model(batch()).logits)
    assert torch.equal(found[0], found[1])
    assert (found[0] - found[2]).abs().max() > 0.01


@pytest.mark.parametrize("decoder", [name for name in DECODERS if name.endswith("regularised")])
def test_recurrent_dropout_and_locked_dropout_end_with_training(decoder: str) -> None:
    plain = {"locked_dropout": False, "recurrent_dropout": 0.0}
    model = model_of("gru-bi-3-regularised", decoder, dropout=0.5).train()
    found = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        found.append(model(batch()).logits)
    assert torch.equal(found[0], found[1])
    assert (found[0] - found[2]).abs().max() > 0.01
    without = model_of("gru-bi-3-regularised", decoder, changes=plain, dropout=0.5)
    assert torch.equal(model.eval()(batch()).logits, without(batch()).logits)


def test_a_source_without_target_can_be_searched() -> None:
    model = model_of("gru-bi-1", "gru-between-additive")
    memory = model.encode(collate(SOURCES))
    assert_close(memory.values, model.encode(batch()).values)
    assert model.step(torch.tensor([BOS] * 3), model.start(memory)).scores.shape == (3, kinds.TARGET_SYMBOLS)


@pytest.mark.parametrize(
    "decoder", ["lstm-fixed-context", "gru-between-additive", "gru-before-general", "gru-feeding-general"]
)
@torch.inference_mode()
def test_a_readout_of_its_own_width(decoder: str) -> None:
    model = kinds.model_of("gru-bi-1", decoder, dtype=torch.float64, changes={"readout": 5}, tie_output=False)
    assert model.output.table.shape == (kinds.TARGET_SYMBOLS, 5)
    assert_close(stepped(model, batch()), forced(model, batch()), 1e-9)
