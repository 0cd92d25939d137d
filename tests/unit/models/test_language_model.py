"""Language models: stepping is reading, windows slide as they should, and a search needs nothing else."""

from itertools import product

import pytest
import torch

from agreement import assert_close, assert_gradients
from seqloom.base.errors import ShapeError
from seqloom.models.language_model import LanguageModel, TextState
from seqloom.search.beam import beam_search
from seqloom.search.forced import force
from seqloom.search.greedy import greedy_search
from seqloom.search.options import SearchOptions
from text_models import DECODERS, SYMBOLS, WIDTH, WINDOW, language_model

every_kind = pytest.mark.parametrize("name", DECODERS)
KEPT = WINDOW // 2


def texts(rows: int, length: int, seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(3, SYMBOLS, (rows, length), generator=generator)


def stepped(model: LanguageModel, symbols: torch.Tensor, state: TextState) -> torch.Tensor:
    scores = []
    for now in symbols.unbind(1):
        step = model.step(now, state)
        scores.append(step.scores)
        state = step.state
    return torch.stack(scores, 1)


@every_kind
def test_stepping_is_reading_beyond_a_window_too(name: str) -> None:
    model, symbols = language_model(name), texts(3, 2 * WINDOW + 5)
    together = model(symbols)
    assert together.shape == (3, 2 * WINDOW + 5, SYMBOLS)
    assert_close(stepped(model, symbols, model.start(3)), together, 1e-5)
    for cut in (1, WINDOW, WINDOW + 1):
        first, state = model.read(symbols[:, :cut], model.start(3))
        rest, _ = model.read(symbols[:, cut:], state)
        assert_close(model.output(torch.cat([first, rest], 1)), together, 1e-5)


@every_kind
def test_a_row_knows_nothing_of_the_others_nor_of_what_comes(name: str) -> None:
    model, symbols = language_model(name), texts(2, WINDOW)
    together = model(symbols)
    assert_close(model(symbols[1:]), together[1:], 1e-6)
    other = symbols.clone()
    other[:, 4:] = (other[:, 4:] + 1 - 3) % (SYMBOLS - 3) + 3
    assert_close(model(other)[:, :4], together[:, :4], 1e-6)
    assert not torch.allclose(model(other)[:, 4:], together[:, 4:])


@pytest.mark.parametrize("name", [name for name in DECODERS if name.startswith("transformer")])
def test_windows_slide_by_half_their_size_and_are_read_from_nothing(name: str) -> None:
    model, symbols = language_model(name), texts(1, 3 * WINDOW)
    together = model(symbols)
    stride = WINDOW - KEPT
    assert_close(together[:, :WINDOW], model(symbols[:, :WINDOW]), 1e-6)
    for begin in range(stride, 2 * WINDOW, stride):
        alone = model(symbols[:, begin : begin + WINDOW])
        assert_close(together[:, begin + KEPT : begin + WINDOW], alone[:, KEPT:], 1e-6)


@every_kind
def test_reorder_repeats_and_drops_rows(name: str) -> None:
    model, symbols = language_model(name), texts(3, WINDOW + 4)
    rows = torch.tensor([2, 0, 2])
    _, state = model.read(symbols[:, :-1], model.start(3))
    last = symbols[rows, -1]
    expected = model(symbols[rows])[:, -1]
    assert_close(model.step(last, state.reorder(rows)).scores, expected, 1e-5)


@pytest.mark.parametrize("name", ["lstm", "gru", "min_gru", "elman"])
def test_a_carried_state_goes_on_without_gradients(name: str) -> None:
    model, symbols = language_model(name), texts(2, 7)
    _, state = model.read(symbols[:, :3], model.start(2))
    carried = model.carry(state)
    assert carried
    assert not any(tensor.requires_grad for tensor in carried.values())
    again = model.carried_on(carried, 2)
    assert_close(model(symbols[:, 3:], again), model(symbols)[:, 3:], 1e-5)
    assert_close(model.carried_on({}, 2).layers, model.start(2).layers)


def test_a_window_carries_nothing() -> None:
    model = language_model("transformer-pre-rotary")
    _, state = model.read(texts(2, 3), model.start(2))
    assert model.carry(state) == {}


@pytest.mark.parametrize("name", ["lstm", "lstm-as-wide", "transformer-pre-rotary", "transformer-ssru"])
def test_gradients(name: str) -> None:
    model, symbols = language_model(name), texts(1, 3)
    assert_gradients(lambda: model(symbols), list(model.parameters()))


def test_the_output_is_the_embeddings_unless_told_otherwise() -> None:
    tied, own = language_model("gru"), language_model("gru", tie_output=False)
    assert tied.output.table is tied.target.embedding.table
    assert own.output.table is not own.target.embedding.table
    assert own.output.table.shape == (SYMBOLS, WIDTH)


def test_cells_as_wide_as_the_embeddings_need_no_readout() -> None:
    names = [name for name, _ in language_model("lstm-as-wide").named_parameters()]
    assert not [name for name in names if "readout" in name]
    assert [name for name, _ in language_model("lstm").named_parameters() if "readout" in name]


@pytest.mark.parametrize("option", ["locked_dropout", "recurrent_dropout"])
def test_variational_and_weight_dropout_reach_the_cells(option: str) -> None:
    decoder = {**DECODERS["lstm"], option: True if option == "locked_dropout" else 0.5}
    dropout = 0.5 if option == "locked_dropout" else 0.0
    model = language_model("lstm", decoder=decoder, dropout=dropout).train()
    symbols = torch.full((1, 40), 5)

    def drawn() -> torch.Tensor:
        torch.manual_seed(3)
        return model.read(symbols, model.start(1)).features[0]

    features = drawn()
    assert torch.equal(features, drawn())
    if option == "locked_dropout":  # one mask for all positions
        dropped = features == 0
        assert dropped.any()
        assert (dropped == dropped[:1]).all()
    assert not torch.allclose(features, model.eval().read(symbols, model.start(1)).features[0])


def test_no_symbols_are_nothing_to_read() -> None:
    model = language_model("gru")
    with pytest.raises(ShapeError, match=r"^There are no symbols to be read\.$"):
        model.read(texts(1, 0), model.start(1))


@pytest.mark.parametrize("name", ["lstm", "transformer-pre-rotary"])
def test_the_searches_find_what_brute_force_finds(name: str) -> None:
    """They know start, step and reorder; 3 is the end, and the text begins with it too."""
    model = language_model(name)
    length = torch.ones(1, dtype=torch.int64)
    options = SearchOptions(
        beam=400,
        max_length_factor=0.0,
        max_length_extra=2,
        length_penalty=0.0,
        banned=(2, *range(6, SYMBOLS)),
    )
    (found,) = beam_search(model, model.start(1), length, options, bos=3)
    symbols = [1, 4, 5]
    every = [list(some) for count in range(3) for some in product(symbols, repeat=count)]
    scores = {}
    for some in every:
        log_probs = model(torch.tensor([[3, *some]])).detach().log_softmax(-1)[0]
        ends = [*some, 3]
        scores[tuple(some)] = sum(float(log_probs[place, symbol]) for place, symbol in enumerate(ends))
    best = max(scores, key=lambda some: scores[some])
    assert tuple(found[0].tokens) == best
    assert found[0].log_probability == pytest.approx(scores[best], abs=1e-4)
    (forced,) = force(model, model.start(1), length, [list(best)], bos=3)
    assert forced.log_probability == pytest.approx(scores[best], abs=1e-4)
    (greedy,) = greedy_search(model, model.start(1), length, options, bos=3)
    assert greedy.log_probability <= found[0].log_probability + 1e-6
