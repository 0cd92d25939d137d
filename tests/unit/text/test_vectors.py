"""Word vectors from text files of GloVe and word2vec."""

from pathlib import Path

import numpy as np
import pytest

from seqloom.base.errors import DataError
from seqloom.text.tokenizer import train_tokenizer
from seqloom.text.vectors import describe_vectors, read_vectors

TOKENIZER = train_tokenizer(["The film isn't good", "the rest ."], kind="word", size=100)
IDS = {symbol: number for number, symbol in enumerate(TOKENIZER.pieces(range(len(TOKENIZER))))}


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "vectors.txt"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("first", [[], ["4 3"]], ids=["GloVe", "word2vec"])
def test_the_vocabulary_s_words_are_kept(tmp_path: Path, first: list[str]):
    path = written(tmp_path, *first, "good 1 2 3", "n't 4 5 6", "elsewhere 7 8 9", "the .5 -1e-1 0")
    found = read_vectors(path, TOKENIZER, 3)
    assert found.shape == (len(TOKENIZER), 3)
    assert found[IDS["good"]].tolist() == [1, 2, 3]
    assert found[IDS["n't"]].tolist() == [4, 5, 6]  # which the vocabulary spells with a joiner
    assert np.allclose(found[IDS["the"]], [0.5, -0.1, 0])
    assert np.allclose(found[IDS["The"]], [0.5, -0.1, 0])  # the file has no other spelling
    assert np.isnan(found[IDS["film"]]).all()
    assert np.isnan(found[:4]).all()
    words = len(TOKENIZER) - 4
    assert describe_vectors(path, found) == (
        f"Word vectors from {path}: 4 of the vocabulary's {words} words ({4 / words:.0%}); the others start at random."
    )


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_word_s_own_spelling_goes_before_its_lower_case(tmp_path: Path, order: tuple[int, int]):
    lines = ("the 1 1", "The 2 2")
    found = read_vectors(written(tmp_path, *(lines[place] for place in order)), TOKENIZER, 2)
    assert found[IDS["The"]].tolist() == [2, 2]
    assert found[IDS["the"]].tolist() == [1, 1]


def test_of_a_word_that_stands_twice_the_first_counts(tmp_path: Path):
    assert read_vectors(written(tmp_path, "good 1 1", "good 2 2"), TOKENIZER, 2)[IDS["good"]].tolist() == [
        1,
        1,
    ]


def test_words_with_blanks_inside_are_read_from_the_end(tmp_path: Path):
    found = read_vectors(written(tmp_path, "good 1 1", ". . . 5 5", "film 3 3"), TOKENIZER, 2)
    assert found[IDS["film"]].tolist() == [3, 3]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["good 1 2 3", "film 1 2 3", "the 1 2"],
            "{path}:3: 2 numbers after the word; expected 3. The file may have been cut short; fetch it again, or "
            "drop the line.",
        ),
        (["good 1 2 3", "film 1 x 3"], "{path}:2: 'x' is no number. Fetch the file again, or drop the line."),
        (["good 1 2 3", "film 1 nan 3"], "{path}:2: 'nan' is no number. Fetch the file again, or drop the line."),
        (["good 1 2"], "{path} has vectors of 2 numbers, but model.width = 3. Set model.width = 2."),
        (["9 50", "good 1"], "{path} has vectors of 50 numbers, but model.width = 3. Set model.width = 50."),
        (["{"], "{path}:1: '{' is no word with its vector; expected a word and its numbers, separated by blanks, as "
         "GloVe and word2vec write them as text."),
        (
            ["bonjour 1 2 3"],
            "{path} has no vector for any of the {words} words of the vocabulary. Is it of another language, or no "
            "file of word vectors?",
        ),
        ([], "{path} is empty; expected a word and its vector in each line."),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_in_one_sentence(tmp_path: Path, lines: list[str], message: str):
    path = written(tmp_path, *lines)
    with pytest.raises(DataError) as caught:
        read_vectors(path, TOKENIZER, 3)
    expected = message.replace("{path}", str(path)).replace("{words}", str(len(TOKENIZER) - 4))
    assert str(caught.value) == expected


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match="names, does not exist; expected a file of word vectors"):
        read_vectors(tmp_path / "none.txt", TOKENIZER, 3)
    with pytest.raises(DataError, match="names, is a folder"):
        read_vectors(tmp_path, TOKENIZER, 3)


def test_a_binary_file_is_refused(tmp_path: Path):
    path = tmp_path / "vectors.bin"
    path.write_bytes(b"3 300\n" + bytes(range(256)))
    with pytest.raises(DataError, match=r"has vectors of 300 numbers, but model\.width = 3"):
        read_vectors(path, TOKENIZER, 3)
    path.write_bytes(b"4 3\nword " + bytes(range(128, 256)) * 3)
    with pytest.raises(DataError, match=r"vectors\.bin:2: .*is no word with its vector"):
        read_vectors(path, TOKENIZER, 3)
