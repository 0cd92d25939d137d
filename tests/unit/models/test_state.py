"""The view of a source: many rows read one memory, in whatever order a search keeps them."""

import itertools

import pytest
import torch

from agreement import assert_close, random_tensor
from seqloom.models.state import SourceView


def view(sentences: int, beam: int) -> SourceView:
    """Sentence i's keys are filled with i."""
    keys = torch.arange(float(sentences))[:, None, None].expand(-1, 2, 3).clone()
    return SourceView((keys, keys[:, :, 0] + 0.5), torch.arange(sentences)[:, None] >= torch.arange(2), beam)


def by_row(source: SourceView) -> list[float]:
    """The sentence that each row reads."""
    return [float(keys[0, 0]) for keys in source.tensors[0] for _ in range(source.beam)]


@pytest.mark.parametrize(
    ("beam", "rows", "beam_after", "sentences"),
    [
        (1, [0, 1, 2], 1, [0, 1, 2]),
        (1, [0, 0, 1, 1, 2, 2], 2, [0, 1, 2]),  # repeat_interleave
        (2, [1, 0, 3, 3, 4, 5], 2, [0, 1, 2]),  # within each sentence
        (2, [0, 3, 5], 1, [0, 1, 2]),  # the best of each
        (2, [0, 0, 0, 1, 2, 2, 2, 3], 4, [0, 1]),  # wider, one finished
        (2, [4, 5, 0, 1], 2, [2, 0]),  # exchanged, one finished
        (2, [4], 1, [2]),  # a single row
        (1, [1, 1, 1], 3, [1]),
    ],
)
def test_whole_sentences_are_kept_once(
    beam: int, rows: list[int], beam_after: int, sentences: list[int]
) -> None:
    found = view(3, beam).reorder(torch.tensor(rows))
    assert found.beam == beam_after
    assert found.tensors[0][:, 0, 0].tolist() == sentences
    assert found.tensors[1][:, 0].tolist() == [sentence + 0.5 for sentence in sentences]
    assert torch.equal(found.visible, view(3, 1).visible[sentences])


@pytest.mark.parametrize("rows", [[0, 2, 3], [0, 0, 1, 4], [0, 2, 0], [5, 0, 1]], ids=str)
def test_uneven_rows_get_a_memory_each(rows: list[int]) -> None:
    found = view(3, 2).reorder(torch.tensor(rows))
    assert found.beam == 1
    assert found.tensors[0][:, 0, 0].tolist() == [row // 2 for row in rows]


@pytest.mark.parametrize("rows", [[0, 1, 2, 3, 4, 5], [1, 1, 2, 3, 5, 4], [1, 3, 5]], ids=str)
def test_nothing_is_copied_while_all_sentences_stay(rows: list[int]) -> None:
    before = view(3, 2)
    after = before.reorder(torch.tensor(rows))
    assert after.visible is before.visible
    assert all(one is other for one, other in zip(after.tensors, before.tensors, strict=True))


def test_no_rows_are_no_sentences() -> None:
    found = view(3, 2).reorder(torch.tensor([], dtype=torch.int64))
    assert found.tensors[0].shape == (0, 2, 3)
    assert found.visible.shape == (0, 2)


def test_any_rows_read_what_they_read_before() -> None:
    generator = torch.Generator().manual_seed(0)
    source, expected = view(3, 1), [0.0, 1.0, 2.0]
    for count in (6, 6, 4, 9, 3, 1, 5):
        rows = torch.randint(len(expected), (count,), generator=generator)
        source, expected = source.reorder(rows), [expected[row] for row in rows.tolist()]
        assert by_row(source) == expected


def test_every_choice_of_three_rows_reads_what_it_should() -> None:
    for rows in itertools.product(range(4), repeat=3):
        assert by_row(view(2, 2).reorder(torch.tensor(rows))) == [row // 2 for row in rows]


@pytest.mark.parametrize("positions", [1, 5])
def test_rows_lie_beside_each_other_and_come_apart_again(positions: int) -> None:
    rows = random_tensor(6, positions, 4, seed=1)
    source = view(3, 2)
    beside = source.beside(rows)
    assert beside.shape == (3, 2 * positions, 4)
    assert torch.equal(beside[1, :positions], rows[2])
    assert torch.equal(beside[1, positions:], rows[3])
    assert_close(source.apart(beside), rows)


def test_without_a_beam_positions_stay_where_they_are() -> None:
    rows = random_tensor(3, 5, 4, seed=1)
    assert view(3, 1).beside(rows) is rows
    assert view(3, 1).apart(rows) is rows
