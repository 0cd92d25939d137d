"""Plain text on disk: lines one after the other, in whole or in part, prepared once."""

from pathlib import Path

import numpy as np
import pytest

from seqloom.base.errors import DataError, EncodingFault
from seqloom.data import text_stream
from seqloom.data.columns import Column, ColumnWriter
from seqloom.data.text_stream import TextFiles, TextStream, encode_lines, prepare_text
from seqloom.text.tokenizer import Tokenizer, train_tokenizer
from seqloom.text.vocabulary import EOS, UNK

LINES = ["To be, or not to be", "", "that is the question", "Ünïcode", "the rest", "is silence"]


@pytest.fixture
def tokenizer() -> Tokenizer:
    return train_tokenizer(LINES, kind="character", size=100)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "text.txt"
    found.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return found


def prepared(path: Path, tokenizer: Tokenizer, **options: float) -> TextStream:
    return prepare_text(TextFiles((path,), **options), tokenizer, path.parent / "cache")


def test_each_line_ends_with_its_symbol(path: Path, tokenizer: Tokenizer) -> None:
    text = prepared(path, tokenizer)
    expected = [symbol for line in LINES for symbol in (*tokenizer.encode(line), EOS)]
    assert text.symbols(0, len(text)).tolist() == expected
    assert text.symbols(3, 30).tolist() == expected[3:30]
    assert text.line(1).tolist() == [EOS]
    assert (text.lines, text.characters, text.unknown) == (6, sum(len(line) + 1 for line in LINES), 0)
    assert text.notices == ()


def test_files_follow_each_other_and_a_last_line_without_an_end_has_one(
    path: Path, tmp_path: Path, tokenizer: Tokenizer
) -> None:
    other = tmp_path / "other.txt"
    other.write_bytes(b"\xef\xbb\xbfthe end\r\nof it")
    files = TextFiles((path, other))
    assert list(files.lines()) == [*LINES, "the end", "of it"]
    text = prepare_text(files, tokenizer, tmp_path / "cache")
    assert text.symbols(len(text) - 6, len(text)).tolist() == [*tokenizer.encode("of it"), EOS]


@pytest.mark.parametrize("cut", [0.0, 0.1, 0.5, 0.75, 0.99])
def test_two_parts_are_the_whole(path: Path, cut: float) -> None:
    first, last = TextFiles((path,), 0.0, cut), TextFiles((path,), cut, 1.0)
    assert [*first.lines(), *last.lines()] == LINES
    characters = sum(len(line) + 1 for line in first.lines())
    total = sum(len(line) + 1 for line in LINES)
    assert cut * total <= characters <= cut * total + max(map(len, LINES))


@pytest.mark.parametrize("cut", [0.0, 0.1, 0.4, 0.6, 0.75])
def test_the_texts_of_a_part_are_told_apart(path: Path, tmp_path: Path, cut: float) -> None:
    other = tmp_path / "other.txt"
    other.write_text("\n".join(reversed(LINES)), encoding="utf-8")
    files = TextFiles((path, other), cut, 1.0)
    texts = [list(text) for text in files.texts()]
    assert [line for text in texts for line in text] == list(files.lines())
    assert len(texts) == (2 if cut < 0.5 else 1)
    assert (texts[-1] == LINES[::-1]) == (cut < 0.5)


def test_prepared_once_and_again_where_it_was_damaged(
    path: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = prepared(path, tokenizer)
    values = text.folder / "symbols.values"
    values.write_bytes(values.read_bytes()[:-2])
    again = prepared(path, tokenizer)
    assert again.key == text.key
    assert again.notices[0].endswith("It was prepared again.")
    monkeypatch.setattr(text_stream, "_write", None)  # preparing again would fail
    assert prepared(path, tokenizer).notices == ()


def test_another_part_tokenizer_or_text_is_another_corpus(path: Path, tokenizer: Tokenizer) -> None:
    keys = {prepared(path, tokenizer).key, prepared(path, tokenizer, stop=0.5).key}
    keys.add(prepared(path, train_tokenizer(LINES, kind="byte", size=260)).key)
    path.write_text("other text\n")
    keys.add(prepared(path, tokenizer).key)
    assert len(keys) == 4


def test_memory_is_bounded_by_pieces(
    path: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_stream, "LINES_AT_A_TIME", 2)
    pieces = list(encode_lines(tokenizer, iter(LINES)))
    assert [len(piece.rows) for piece in pieces] == [2, 2, 2]
    seen: list[int] = []
    prepare_text(TextFiles((path,)), tokenizer, path.parent / "other", seen.append)
    assert seen == [2, 4, 6]


def test_unknown_symbols_are_counted_and_said(path: Path) -> None:
    few = train_tokenizer(LINES, kind="character", size=8)
    text = prepared(path, few)
    assert text.unknown == int((text.symbols(0, len(text)) == UNK).sum()) > 0
    assert text.notices[0].startswith(
        f"{text.unknown} of {len(text)} symbols of the text are outside the vocabulary"
    )


def test_faults_of_files(path: Path, tokenizer: Tokenizer) -> None:
    path.write_text("\n\n\n")
    with pytest.raises(DataError) as caught:
        prepared(path, tokenizer)
    assert str(caught.value) == f"{path}: no text, only 3 empty lines. Give text that isn't empty."
    path.write_bytes(b"fine\nbroken \xff\n")
    with pytest.raises(EncodingFault, match=r"text\.txt:2: not UTF-8"):
        prepared(path, tokenizer)


def test_text_that_changes_meanwhile_is_refused(path: Path, tokenizer: Tokenizer) -> None:
    def change(_: int) -> None:
        path.write_text("something else\n")

    with pytest.raises(DataError, match=r"text\.txt changed while being read"):
        prepare_text(TextFiles((path,)), tokenizer, path.parent / "cache", change)


def test_a_run_of_values_knows_no_rows(tmp_path: Path) -> None:
    with ColumnWriter(tmp_path, "some", np.dtype(np.uint16)) as writer:
        writer.append_ids([[1, 2], [], [3, 4, 5]])
    column = Column(tmp_path, "some", np.dtype(np.uint16))
    assert column.size == 5
    assert column.run(1, 4).tolist() == [2, 3, 4]
    assert column.run(5, 5).tolist() == []
    for start, stop in ((-1, 2), (3, 2), (0, 6)):
        with pytest.raises(IndexError, match=f"values {start} to {stop} of 5"):
            column.run(start, stop)
