"""Symbols to scaled rows, rows back to scores."""

import numpy as np
import torch

from agreement import arrays, assert_close, assert_gradients, random_tensor, randomise
from seqloom.layers.embedding import EmbeddedInput, Embedding, OutputLayer
from seqloom.layers.positions import LearnedPositions, NoPositions

SYMBOLS, WIDTH = 7, 4
ids = torch.tensor([[4, 6, 4], [2, 0, 1]])


def test_a_symbol_is_its_row_times_the_square_root_of_the_width() -> None:
    layer = randomise(Embedding(SYMBOLS, WIDTH, 0))
    found = layer(ids)
    table = arrays(layer)["table"]
    assert found.shape == (2, 3, WIDTH)
    for row, position in np.ndindex(2, 3):
        expected = [2.0 * value for value in table[ids[row, position]]]
        np.testing.assert_array_equal(found[row, position].detach().numpy(), expected)


def test_a_factorised_row_is_widened_and_its_output_layer_narrows_by_the_same_matrix() -> None:
    layer = randomise(Embedding(SYMBOLS, WIDTH, 0, rank=2))
    weights = arrays(layer)
    found = layer(ids)
    for row, position in np.ndindex(2, 3):
        expected = 2**0.5 * weights["table"][ids[row, position]] @ weights["widening"]
        np.testing.assert_allclose(found[row, position].detach().numpy(), expected, rtol=0, atol=1e-14)
    tied = OutputLayer(SYMBOLS, WIDTH, layer).double()
    features = random_tensor(3, WIDTH, seed=1)
    whole = weights["table"] @ weights["widening"]  # (V, D): the table that is not held
    expected = features.detach().numpy() @ whole.T * 0.5**0.5
    np.testing.assert_allclose(tied(features).detach().numpy(), expected, rtol=0, atol=1e-13)
    assert_gradients(lambda: tied(features), [features, *tied.parameters()])
    assert sum(parameter.numel() for parameter in layer.parameters()) == SYMBOLS * 2 + 2 * WIDTH


def test_fresh_factorised_tables_are_of_unit_size_both_ways() -> None:
    torch.manual_seed(0)
    layer = Embedding(2000, 64, 3, rank=16)
    assert abs(layer(torch.arange(4, 2000)[None]).std().item() - 1.0) < 0.1
    assert abs(OutputLayer(2000, 64, layer)(torch.randn(50, 64)).std().item() - 1.0) < 0.1


def test_a_fresh_table_gives_vectors_of_unit_size_and_padding_of_zeros() -> None:
    torch.manual_seed(0)
    layer = Embedding(2000, 64, 3)
    vectors = layer(torch.arange(2000)[None])[0].detach()
    assert torch.equal(vectors[3], torch.zeros(64))
    assert abs(vectors[4:].std().item() - 1.0) < 0.02
    assert abs(vectors[4:].mean().item()) < 0.02


def test_gradients_of_embeddings() -> None:
    layer = randomise(Embedding(SYMBOLS, WIDTH, 0))
    assert_gradients(lambda: layer(ids), layer.parameters())
    layer(ids).sum().backward()
    assert layer.table.grad is not None
    counts = torch.tensor([1, 1, 1, 0, 2, 0, 1])  # how often each symbol stands in ids
    assert_close(layer.table.grad, (2.0 * counts.double())[:, None].expand(-1, WIDTH))


def test_scores_are_products_with_the_table_and_a_bias() -> None:
    layer = randomise(OutputLayer(SYMBOLS, WIDTH))
    features = random_tensor(2, 3, WIDTH, seed=1)
    found = layer(features).detach().numpy()
    weights = arrays(layer)
    for row, position, symbol in np.ndindex(2, 3, SYMBOLS):
        feature = features[row, position].detach().numpy()
        expected = sum(feature * weights["table"][symbol]) + weights["bias"][symbol]
        np.testing.assert_allclose(found[row, position, symbol], expected, rtol=0, atol=1e-14)


def test_gradients_of_the_output_layer() -> None:
    layer = randomise(OutputLayer(SYMBOLS, WIDTH))
    features = random_tensor(3, WIDTH, seed=1)
    assert_gradients(lambda: layer(features), [features, *layer.parameters()])


def test_a_tied_output_layer_has_the_embedding_s_table() -> None:
    embedding = Embedding(SYMBOLS, WIDTH, 0)
    tied, free = OutputLayer(SYMBOLS, WIDTH, embedding), OutputLayer(SYMBOLS, WIDTH)
    assert tied.table is embedding.table
    assert free.table is not embedding.table
    assert torch.equal(tied.bias, torch.zeros(SYMBOLS))


def test_a_fresh_tied_output_layer_scores_features_of_unit_size_by_unit_size() -> None:
    torch.manual_seed(0)
    layer = OutputLayer(2000, 64, Embedding(2000, 64, 0))
    assert abs(layer(torch.randn(50, 64)).std().item() - 1.0) < 0.05


def test_embedded_input_is_embedding_then_positions_then_dropout() -> None:
    layer = randomise(EmbeddedInput(Embedding(SYMBOLS, WIDTH, 0), LearnedPositions(WIDTH, 9), 0.5))
    table, places = layer.embedding.table, arrays(layer)["positions.table"]
    assert_close(layer(ids), table[ids] * 2.0 + torch.tensor(places[:3]))
    assert_close(layer(ids, 5), table[ids] * 2.0 + torch.tensor(places[5:8]))

    torch.manual_seed(0)
    dropped = layer.train()(ids)
    kept = dropped != 0
    assert kept.any()
    assert not kept.all()
    assert_close(dropped[kept], 2.0 * layer.eval()(ids)[kept])


def test_no_positions_leave_the_embedding_alone() -> None:
    layer = randomise(EmbeddedInput(Embedding(SYMBOLS, WIDTH, 0), NoPositions(), 0.0))
    assert_close(layer(ids, 3), layer.embedding(ids))


def test_embedded_input_may_be_dropped_alike_at_all_positions() -> None:
    layer = EmbeddedInput(Embedding(SYMBOLS, 16, 0), NoPositions(), 0.5, locked=True).train()
    torch.manual_seed(0)
    dropped = layer(torch.full((2, 5), 4)) == 0
    assert torch.equal(dropped, dropped[:, :1].expand(-1, 5, -1))
    assert 0.2 < dropped.double().mean() < 0.8


def test_placeless_symbols_have_no_position_and_the_others_are_counted_without_them() -> None:
    embedding, positions = Embedding(SYMBOLS, WIDTH, 0), LearnedPositions(WIDTH, 9)
    plain = randomise(EmbeddedInput(embedding, positions, 0.0)).eval()
    placeless = EmbeddedInput(embedding, positions, 0.0, placeless=range(4, 6)).eval()
    table, places = arrays(embedding)["table"], arrays(positions)["table"]
    symbols = torch.tensor([[6, 4, 3, 5, 1], [5, 4, 6, 6, 2]])
    found = placeless(symbols).detach().numpy()
    for row, line in enumerate(symbols.tolist()):
        place = 0
        for column, symbol in enumerate(line):
            expected = WIDTH**0.5 * table[symbol]
            if symbol not in (4, 5):
                expected = expected + places[place]
                place += 1
            np.testing.assert_allclose(found[row, column], expected, rtol=0, atol=1e-12)
    free = torch.tensor([[6, 3, 1]])
    assert_close(placeless(free), plain(free))
    assert_gradients(lambda: placeless(symbols), [*placeless.parameters()])


def test_the_order_of_placeless_symbols_says_nothing() -> None:
    layer = randomise(
        EmbeddedInput(Embedding(SYMBOLS, WIDTH, 0), LearnedPositions(WIDTH, 9), 0.0, placeless=range(4, 7))
    )
    one, other = layer(torch.tensor([[2, 4, 5, 3]])), layer(torch.tensor([[2, 5, 4, 3]]))
    assert torch.equal(one[:, [0, 1, 2, 3]], other[:, [0, 2, 1, 3]])
