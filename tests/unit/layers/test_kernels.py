"""Compiled kernels: each is its readable twin, gradients included, in both formats; and they are built once, or not."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from agreement import assert_agree, assert_close, draw_always, random_tensor, randomise
from seqloom.base.errors import EmptyMemoryError, ShapeError
from seqloom.layers import cells, kernels
from seqloom.layers.attention import (
    AdditiveAttention,
    FusedHeads,
    MultiHeadAttention,
    join_heads,
    read_by_heads,
    read_by_heads_plain,
    split_heads,
)
from seqloom.layers.cells import Cell, GRUCell, LSTMCell
from seqloom.layers.dropout import SeededDropout, keep_mask, scale
from seqloom.layers.embedding import OutputLayer
from seqloom.layers.further_attention import CoverageAttention, HeadsAttention
from seqloom.layers.one_gradient import loop_around, one_gradient
from seqloom.layers.reading import dot_scores, read_memory
from seqloom.layers.recurrent import RecurrentLayer, RecurrentStack
from seqloom.training.loss import fused_smoothed_loss
from seqloom.training.row_likelihood import row_likelihood

pytestmark = pytest.mark.skipif(
    not any(shutil.which(name) for name in kernels.COMPILERS), reason="kernels need a compiler"
)
SINGLE, HALF = 2e-6, 0.04  # what float32 and bfloat16 lose over sums of numbers near one
LENGTHS = torch.tensor([5, 1, 3])
VISIBLE = torch.arange(5) < LENGTHS[:, None]


@pytest.fixture(autouse=True)
def _loaded() -> Iterator[None]:
    assert kernels.load()
    yield
    kernels.unload()


def half(leaf: Tensor) -> Tensor:
    return leaf.bfloat16()


def plainly(compute: Callable[[], object]) -> Callable[[], object]:
    """The same computation by the plain paths."""

    def computed() -> object:
        kernels.unload()
        try:
            return compute()
        finally:
            kernels.load()

    return computed


def agree(
    compute: Callable[[], object], leaves: dict[str, Tensor], tolerance: float, idle: tuple[str, ...] = ()
) -> None:
    assert_agree(compute, plainly(compute), leaves, tolerance, idle=idle)


# -- the output layer and its loss ---------------------------------------------------------------------------------


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("taught", [False, True], ids=["alone", "taught"])
@pytest.mark.parametrize("r_drop", [0.0, 0.5], ids=["once", "twice"])
@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bfloat16"])
def test_the_loss(smoothing: float, taught: bool, r_drop: float, autocast: bool) -> None:
    features = random_tensor(600 if r_drop else 300, 12, seed=1, dtype=torch.float32)
    table = random_tensor(37, 12, seed=2, dtype=torch.float32)
    bias = random_tensor(37, seed=3, dtype=torch.float32)
    targets = torch.arange(300) % 37
    wished = random_tensor(300, 37, seed=4, dtype=torch.float32).detach().softmax(-1)

    def loss() -> tuple[Tensor, Tensor]:
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            teacher = (lambda start, stop: wished[start:stop]) if taught else None
            total, likelihood = fused_smoothed_loss(
                features, table, bias, targets, smoothing, teacher, 0.3, r_drop
            )
        return total / 300, likelihood / 300

    leaves = {"features": features, "table": table, "bias": bias}
    agree(loss, leaves, 0.01 if autocast else SINGLE)


@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bfloat16"])
def test_the_likelihood_of_each_row(autocast: bool) -> None:
    output = randomise(OutputLayer(37, 12), dtype=torch.float32)
    features = random_tensor(300, 12, seed=1, dtype=torch.float32)

    def likelihood() -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            return row_likelihood(output, features, torch.arange(300) % 37) / 300

    leaves = {"features": features, **dict(output.named_parameters())}
    agree(likelihood, leaves, 0.01 if autocast else SINGLE)


def test_a_logit_that_is_no_number_shows_in_the_loss() -> None:
    features = torch.full((2, 4), torch.nan)
    loss, likelihood = fused_smoothed_loss(
        features, torch.ones(8, 4), torch.zeros(8), torch.tensor([1, 2]), 0.1
    )
    assert loss.isnan()
    assert likelihood.isnan()


# -- dropout -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3, 5, 16), (4, 7), (9,), (0, 8)], ids=str)
@pytest.mark.parametrize("convert", [torch.Tensor.float, half], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("added", [False, True], ids=["alone", "added"])
def test_dropout(shape: tuple[int, ...], convert: Callable[[Tensor], Tensor], added: bool) -> None:
    inputs = (random_tensor(*shape, seed=1, dtype=torch.float32) + 3).detach().requires_grad_()
    beside = random_tensor(*shape, seed=2, dtype=torch.float32)
    leaves = {"inputs": inputs, "beside": beside} if added else {"inputs": inputs}

    def dropped() -> Tensor:
        output: Tensor = SeededDropout.apply(convert(inputs), beside if added else None, 2**62 + 5, 77)
        return output

    idle = tuple(leaves) if not inputs.numel() else ()
    if idle:
        assert_close(dropped(), plainly(dropped)())  # type: ignore[arg-type]
    else:
        agree(dropped, leaves, HALF if convert is half else SINGLE)


def test_the_mask_is_the_twin_s_bit_by_bit() -> None:
    ones = torch.ones(50, 13)
    for seed in (0, 1, 2**63 - 1):
        dropped: Tensor = SeededDropout.apply(ones, None, seed, 100)
        assert torch.equal(dropped, keep_mask(ones.shape, 100, seed) * torch.tensor(scale(100)))


# -- attention -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("convert", [torch.Tensor.float, half], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("threshold", [0, 60])
@pytest.mark.parametrize(
    ("visible", "causal", "asked"),
    [(None, None, 4), (VISIBLE, None, 4), (None, 0, 5), (None, 2, 3), (VISIBLE, 0, 5), (None, 4, 1)],
    ids=["sees all", "padding", "causal", "later", "both", "newest"],
)
@pytest.mark.parametrize("size", [3, 16, 40])
def test_several_heads(
    convert: Callable[[Tensor], Tensor],
    threshold: int,
    visible: Tensor | None,
    causal: int | None,
    asked: int,
    size: int,
) -> None:
    leaves = {
        name: random_tensor(3, count, 2 * size, seed=seed, dtype=torch.float32)
        for seed, (name, count) in enumerate({"query": asked, "keys": 5, "values": 5}.items())
    }

    def read() -> Tensor:
        heads = [split_heads(convert(leaf), 2) for leaf in leaves.values()]
        if kernels.ready(heads[0]):
            output: Tensor = FusedHeads.apply(*heads, visible, causal, 9, threshold)[0]
            return output
        return read_by_heads_plain(*heads, visible, causal, 9, threshold)[0]

    agree(read, leaves, 0.1 if convert is half else 5e-6)


def test_the_alignment_of_heads_is_the_twin_s() -> None:
    heads = [split_heads(random_tensor(3, 5, 8, seed=seed, dtype=torch.float32), 2) for seed in range(3)]
    read, alignment = read_by_heads(*heads, VISIBLE, causal=0)
    expected, looked = read_by_heads_plain(*heads, VISIBLE, 0)
    assert_close((read, alignment), (expected, looked), SINGLE)
    assert (alignment.transpose(1, 3)[~VISIBLE] == 0).all()


def test_heads_may_lie_anywhere_but_their_numbers_together() -> None:
    heads = [join_heads(random_tensor(2, 3, 4, 8, seed=seed, dtype=torch.float32)) for seed in range(3)]
    read, _ = read_by_heads(*(split_heads(tensor, 3) for tensor in heads), None)
    together, _ = read_by_heads(*(split_heads(tensor, 3).contiguous() for tensor in heads), None)
    assert torch.equal(read, together)
    crossed = split_heads(heads[0], 3).transpose(-1, -2)
    with pytest.raises(
        ShapeError, match=r"^A kernel was given heads of strides \(.*\); the last must be 1\.$"
    ):
        read_by_heads(crossed, crossed, crossed, None)


def test_gradients_through_the_alignment_take_the_plain_path() -> None:
    attention = randomise(MultiHeadAttention(8, 8, 2, 0.0), dtype=torch.float32)
    inputs = random_tensor(2, 3, 8, seed=1, dtype=torch.float32)
    query, (keys, values) = attention.query(inputs), attention.keys_and_values(inputs)
    _, alignment = attention(query, keys, values, None, alignment=True)
    assert alignment is not None
    (gradient,) = torch.autograd.grad(alignment[..., 0].sum(), inputs)
    assert gradient.abs().max() > 0


def test_a_recurrent_decoder_s_heads_give_an_alignment_with_gradients_if_asked() -> None:
    attention = randomise(HeadsAttention(6, 8, 2), dtype=torch.float32)
    query = random_tensor(3, 4, 6, seed=1, dtype=torch.float32)
    memory = random_tensor(3, 5, 8, seed=2, dtype=torch.float32)

    def read(through_alignment: bool) -> tuple[Tensor, Tensor]:
        found: tuple[Tensor, Tensor] = attention(
            query, attention.prepare(memory), memory, VISIBLE, through_alignment=through_alignment
        )
        return found

    assert_close(read(True), read(False), SINGLE)
    leaves = {"query": query, "memory": memory}
    agree(lambda: read(True)[1], leaves, SINGLE)


@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bfloat16"])
def test_scores_with_coverage(autocast: bool) -> None:
    attention = randomise(CoverageAttention(6, 5, 20), dtype=torch.float32)
    query = random_tensor(3, 2, 6, seed=1, dtype=torch.float32)
    memory = random_tensor(3, 5, 5, seed=2, dtype=torch.float32)
    coverage = random_tensor(3, 2, 5, seed=3, dtype=torch.float32)

    def read() -> list[Tensor]:
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            found = attention.read(query, attention.prepare(memory), memory, VISIBLE, coverage)
        return [tensor.float() for tensor in found]

    leaves = {
        "query": query,
        "memory": memory,
        "coverage": coverage,
        **dict(attention.named_parameters()),
    }
    agree(read, leaves, HALF if autocast else SINGLE)


@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bfloat16"])
def test_additive_scores(autocast: bool) -> None:
    attention = randomise(AdditiveAttention(6, 5, 20), dtype=torch.float32)
    query = random_tensor(3, 4, 6, seed=1, dtype=torch.float32)
    memory = random_tensor(3, 5, 5, seed=2, dtype=torch.float32)

    def read() -> tuple[Tensor, Tensor]:
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            context, alignment = attention(query, attention.prepare(memory), memory, VISIBLE)
        return context.float(), alignment.float()

    leaves = {"query": query, "memory": memory, **dict(attention.named_parameters())}
    # a bias of all keys does move the tanh, so every parameter counts
    agree(read, leaves, HALF if autocast else SINGLE)


@pytest.mark.parametrize("convert", [torch.Tensor.float, half], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("asked", [1, 4, 12])
@pytest.mark.parametrize("width", [3, 16, 40])
def test_a_memory_is_read(convert: Callable[[Tensor], Tensor], asked: int, width: int) -> None:
    scores = random_tensor(3, asked, 5, seed=1, dtype=torch.float32)
    memory = random_tensor(3, 5, width, seed=2, dtype=torch.float32)

    def read() -> tuple[Tensor, Tensor]:
        context, alignment = read_memory(convert(scores), convert(memory), VISIBLE)
        return context.float(), alignment.float()

    agree(read, {"scores": scores, "memory": memory}, HALF if convert is half else SINGLE)


@pytest.mark.parametrize("through", [0, 1], ids=["context", "alignment"])
def test_gradients_pass_through_what_is_used_of_a_reading(through: int) -> None:
    scores = random_tensor(3, 4, 5, seed=1, dtype=torch.float32)
    memory = random_tensor(3, 5, 8, seed=2, dtype=torch.float32)
    leaves = {"scores": scores, "memory": memory}
    idle = ("memory",) if through else ()
    agree(lambda: read_memory(scores, memory, VISIBLE)[through], leaves, SINGLE, idle)


def test_a_score_that_is_no_number_shows_in_what_is_read() -> None:
    scores = torch.zeros(1, 2, 5)
    scores[0, 1, 2] = torch.nan
    context, _ = read_memory(scores, torch.ones(1, 5, 8), VISIBLE[:1])
    assert context[0, 0].isfinite().all()
    assert context[0, 1].isnan().all()


def test_a_memory_with_nothing_to_see_is_refused() -> None:
    with pytest.raises(
        EmptyMemoryError, match=r"^row 1 of the memory has no visible position; expected at least one\.$"
    ):
        read_memory(torch.zeros(2, 1, 2), torch.ones(2, 2, 3), torch.tensor([[True, True], [False, False]]))


@pytest.mark.parametrize("convert", [torch.Tensor.float, half], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("asked", [1, 4, 12])
@pytest.mark.parametrize("width", [3, 16, 40])
def test_dot_scores(convert: Callable[[Tensor], Tensor], asked: int, width: int) -> None:
    query = random_tensor(3, asked, width, seed=1, dtype=torch.float32)
    keys = random_tensor(3, 5, width, seed=2, dtype=torch.float32)
    leaves = {"query": query, "keys": keys}
    agree(lambda: dot_scores(convert(query), convert(keys)).float(), leaves, 0.1 if convert is half else 5e-6)


# -- cells ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "ragged"])
@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("kind", [GRUCell, LSTMCell])
def test_cells(
    kind: type[Cell], autocast: bool, lengths: Tensor | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "WIDE", 1)
    cell = randomise(kind(4, 6), dtype=torch.float32)
    inputs = random_tensor(3, 5, 4, seed=1, dtype=torch.float32)
    state = tuple(random_tensor(3, 6, seed=2 + n, dtype=torch.float32) for n in range(cell.state_tensors))
    ends = VISIBLE[:, :, None] if lengths is not None else torch.ones(3, 5, 1, dtype=torch.bool)

    def run() -> tuple[Tensor, ...]:
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            outputs, last = cell.sequence(inputs, state, lengths)
        return outputs.float() * ends, *(tensor.float() for tensor in last)

    leaves = {
        "inputs": inputs,
        **{f"state {n}": s for n, s in enumerate(state)},
        **dict(cell.named_parameters()),
    }
    agree(run, leaves, 0.1 if autocast else 1e-5)


@pytest.mark.parametrize(
    ("rows", "learns", "compiled"),
    [(cells.WIDE - 1, True, False), (cells.WIDE, True, True), (cells.WIDE, False, False)],
)
def test_an_lstm_s_full_rows_are_compiled_steps_where_many_are_learned_from(
    rows: int, learns: bool, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    plain = torch.lstm

    def noted(*given: object) -> object:
        calls.append(given)
        return plain(*given)  # type: ignore[call-overload]

    monkeypatch.setattr(torch, "lstm", noted)
    cell = randomise(LSTMCell(4, 6), dtype=torch.float32)
    with torch.set_grad_enabled(learns):
        cell.sequence(random_tensor(rows, 5, 4, seed=1, dtype=torch.float32), cell.start(rows))
    assert bool(calls) is not compiled


@pytest.mark.parametrize("kind", [GRUCell, LSTMCell])
def test_cells_are_their_steps(kind: type[Cell]) -> None:
    cell = randomise(kind(4, 6), dtype=torch.float32)
    inputs = random_tensor(3, 5, 4, seed=1, dtype=torch.float32)
    state = tuple(random_tensor(3, 6, seed=2 + n, dtype=torch.float32) for n in range(cell.state_tensors))
    ends = VISIBLE[:, :, None]
    leaves = {"inputs": inputs, **dict(cell.named_parameters())}

    def of(found: tuple[Tensor, tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        return found[0] * ends, *found[1]

    assert_agree(
        lambda: of(cell.sequence(inputs, state, LENGTHS)),
        lambda: of(cell.sequence_by_steps(inputs, state, LENGTHS)),
        leaves,
        1e-5,
    )


@pytest.mark.parametrize("dropped", [0.0, 0.5])
@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_cells_in_a_loop(kind: str, autocast: bool, dropped: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Position by position by compiled steps, and weights with elements dropped, which are drawn once for all."""
    stack = randomise(
        RecurrentStack(kind, 4, 6, 2, 0.0, recurrent_dropout=dropped), dtype=torch.float32
    ).train()
    draw_always(3, monkeypatch)
    inputs = random_tensor(3, 5, 4, seed=1, dtype=torch.float32)
    start = tuple(
        tuple(random_tensor(3, 6, seed=2 + n, dtype=torch.float32) for n in range(cell.state_tensors))
        for cell in stack.cells
    )

    def run() -> list[Tensor]:
        state, outputs, draws = start, [], stack.draw()
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast), one_gradient():
            for now in inputs.split(1, dim=1):
                output, state = stack(now, state, draws)
                outputs.append(output)
            met = loop_around()
            assert met is not None
            assert len(met.met) == (
                4 if kernels.ready(inputs) else 0
            )  # of both cells, by inputs and by state
        return [torch.cat(outputs, 1).float(), *(tensor.float() for layer in state for tensor in layer)]

    leaves = {
        "inputs": inputs,
        **{f"state {n}": s for n, s in enumerate(s for layer in start for s in layer)},
        **dict(stack.named_parameters()),
    }
    agree(run, leaves, 0.3 if autocast else 1e-5)  # of gradients up to 6


@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_cells_whose_recurrent_weights_are_dropped_out(kind: str, autocast: bool) -> None:
    layer = RecurrentLayer(kind, 4, 6, bidirectional=True, recurrent_dropout=0.5)
    randomise(layer, dtype=torch.float32).train()
    inputs = random_tensor(3, 5, 4, seed=1, dtype=torch.float32)

    def run() -> tuple[Tensor, ...]:
        torch.manual_seed(0)
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            outputs, last = layer(inputs, LENGTHS)
        return outputs.float() * VISIBLE[:, :, None], *(tensor.float() for tensor in last)

    agree(run, {"inputs": inputs, **dict(layer.named_parameters())}, 0.1 if autocast else 1e-5)


# -- building ------------------------------------------------------------------------------------------------------


@pytest.fixture
def fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    kernels.unload()
    kernels._libraries.cache_clear()
    yield tmp_path / "seqloom"
    kernels.unload()
    kernels._libraries.cache_clear()


def test_what_is_built_is_found_again(fresh_cache: Path) -> None:
    assert kernels.load()
    (folder,) = fresh_cache.iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["bfloat16.so", "float32.so"]
    built = (folder / "float32.so").stat().st_mtime_ns
    kernels.unload()
    kernels._libraries.cache_clear()
    assert kernels.load(build=False)
    assert (folder / "float32.so").stat().st_mtime_ns == built


def test_what_is_not_built_is_left_so_if_asked(fresh_cache: Path) -> None:
    assert not kernels.load(build=False)
    assert not fresh_cache.exists()


def test_without_a_compiler_the_plain_path_is_taken_and_that_is_said_once(
    monkeypatch: pytest.MonkeyPatch, fresh_cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert not kernels.load(build=False)
    assert not caplog.messages  # a search isn't told
    assert not kernels.load()
    assert not kernels.load()
    assert caplog.messages == [
        "No compiled inner loops: found no C++ compiler (g++ or c++). "
        "The plain paths compute the same, and take longer."
    ]
    assert not kernels.ready(torch.ones(1))
    assert not fresh_cache.exists()


def test_a_compiler_that_fails_is_as_none_and_its_complaint_is_told(
    monkeypatch: pytest.MonkeyPatch, fresh_cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kernels, "FLAGS", ("-no-such-flag",))
    assert not kernels.load()
    assert not list(fresh_cache.iterdir())
    assert re.search(r"/[cg]\+\+ -no-such-flag .* failed: .*error: .*-no-such-flag", caplog.text)


def test_a_library_with_a_name_that_nobody_has_is_not_used_and_the_name_is_told(
    monkeypatch: pytest.MonkeyPatch,
    fresh_cache: Path,  # noqa: ARG001 - into which it is built
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As one that was compiled for another OpenMP than PyTorch's."""
    monkeypatch.setattr(kernels, "SIGNATURES", {**kernels.SIGNATURES, "__kmpc_fork_call": ""})
    assert not kernels.load()
    assert "undefined symbol: __kmpc_fork_call. The plain paths" in caplog.text


def test_elsewhere_than_on_linux_the_plain_path_is_taken(
    monkeypatch: pytest.MonkeyPatch, fresh_cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kernels.sys, "platform", "darwin")
    assert not kernels.load()
    assert not fresh_cache.exists()
    assert "they are built on Linux alone" in caplog.text


def test_without_a_cache_the_process_builds_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_cache: Path
) -> None:
    fresh_cache.parent.joinpath("seqloom").write_text("no folder")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert kernels.load()
    assert torch.equal(kernels.column_sums(torch.ones(3, 2)), torch.full((2,), 3.0))


def test_only_what_they_know_is_theirs() -> None:
    assert kernels.ready(torch.ones(1), torch.ones(2))
    assert not kernels.ready(torch.ones(1).double())
    assert not kernels.ready(torch.ones(1), torch.ones(1).bfloat16())


def test_a_tensor_with_gaps_is_refused() -> None:
    gaps = torch.ones(4, 4)[:, :2]
    with pytest.raises(
        ShapeError, match=r"^A kernel was given a tensor of strides \(4, 1\), which isn't contiguous\.$"
    ):
        kernels.call("column_sums", torch.float32, gaps, torch.empty(2), 4, 2)
    assert torch.equal(kernels.column_sums(gaps), torch.full((2,), 4.0))


def test_each_kernel_s_letters_are_those_of_its_source() -> None:
    source = "".join(path.read_text() for path in kernels._sources("*.cpp"))
    kinds = {
        "Number*": "nN",
        "float*": "s",
        "double*": "d",
        "int64_t*": "w",
        "uint8_t*": "b",
        "void*": "e",
        "int64_t": "l",
        "uint64_t": "u",
        "int": "i",
        "float": "f",
    }
    for name, letters in kernels.SIGNATURES.items():
        found = re.search(rf"^void {name}\(([^)]*)\)", source, re.MULTILINE)
        assert found, name
        types = [part.strip().removeprefix("const ").rpartition(" ")[0] for part in found[1].split(",")]
        assert len(types) == len(letters), name
        for letter, kind in zip(letters, types, strict=True):
            assert letter in kinds.get(kind, "a"), (name, kind, letter)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (torch.ones(4, 2).double(), "of torch.float64; expected torch.float32"),
        (torch.ones(4, 2).bfloat16(), "of torch.bfloat16; expected torch.float32"),
        (torch.ones(4, 2, device="meta"), "on meta; expected it on the CPU"),
    ],
)
def test_a_tensor_of_another_format_or_device_is_refused(rows: Tensor, fault: str) -> None:
    with pytest.raises(ShapeError, match=rf"^A kernel was given a tensor {re.escape(fault)}\.$"):
        kernels.call("column_sums", torch.float32, rows, torch.empty(2), 4, 2)


def test_lengths_of_any_integers_are_lengths() -> None:
    for cell in (GRUCell(3, 4), LSTMCell(3, 4)):
        inputs, state = torch.randn(3, 5, 3), cell.start(3)
        expected = cell.sequence(inputs, state, LENGTHS)
        for number in (torch.int32, torch.uint8):
            assert_close(cell.sequence(inputs, state, LENGTHS.to(number)), expected, 0.0)
        with pytest.raises(ShapeError, match=r"^lengths has 2 along B \(batch\); expected 3"):
            cell.sequence(inputs, state, LENGTHS[:2])


def test_targets_that_are_no_int64_are_refused() -> None:
    features, table, bias = torch.randn(4, 3), torch.randn(5, 3), torch.zeros(5)
    with pytest.raises(ShapeError, match=r"expected torch\.int64\.$"):
        fused_smoothed_loss(features, table, bias, torch.zeros(4, dtype=torch.int32), 0.1)
    with pytest.raises(ShapeError, match=r"^bias has 4 along V \(vocabulary\); expected 5"):
        fused_smoothed_loss(features, table, bias[:4], torch.zeros(4, dtype=torch.int64), 0.1)


@pytest.mark.parametrize("loaded", [True, False])
def test_what_does_not_fit_together_is_refused(loaded: bool) -> None:
    if not loaded:
        kernels.unload()
    memory, keys, query = torch.randn(3, 5, 4), torch.randn(3, 2, 5, 4), torch.randn(3, 2, 6, 4)
    few = VISIBLE[:1]
    with pytest.raises(ShapeError, match=r"^visible has 1 along B \(batch\); expected 3"):
        read_memory(torch.randn(3, 2, 5), memory, few)
    with pytest.raises(ShapeError, match=r"^visible has 1 along B \(batch\); expected 3"):
        read_by_heads(query, keys, keys, few)
    with pytest.raises(ShapeError, match=r"^memory has 5 along S \(source positions\); expected 6"):
        read_memory(torch.randn(3, 2, 6), memory, VISIBLE)
    with pytest.raises(ShapeError, match=r"^values has 4 along S \(source positions\); expected 5"):
        read_by_heads(query, keys, keys[:, :, :4], VISIBLE)
    with pytest.raises(ShapeError, match=r"^keys has 3 along B \(batch\); expected 2"):
        dot_scores(memory[:2], memory)
    with pytest.raises(ShapeError, match=r"^keys has 3 along B \(batch\); expected 2"):
        AdditiveAttention(4, 4, 4).compare(memory[:2], memory)


def test_values_of_another_width_and_sums_with_fewer_rows_take_the_plain_path() -> None:
    query, keys, values = torch.randn(3, 2, 6, 4), torch.randn(3, 2, 5, 4), torch.randn(3, 2, 5, 3)
    assert_close(
        read_by_heads(query, keys, values, VISIBLE), read_by_heads_plain(query, keys, values, VISIBLE), 1e-6
    )
    dropped = SeededDropout.apply(torch.ones(4, 3), torch.full((3,), 5.0), 1, 64)
    assert_close(dropped - 5, SeededDropout.apply(torch.ones(4, 3), None, 1, 64), 1e-6)
