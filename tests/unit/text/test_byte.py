import pytest

from seqloom.base.errors import DataError
from seqloom.text.byte import ByteTokenizer
from seqloom.text.normalise import Normaliser
from seqloom.text.vocabulary import BOS, EOS, PAD, UNK


@pytest.fixture
def tokenizer() -> ByteTokenizer:
    return ByteTokenizer(Normaliser())


def test_ids_are_bytes_plus_four(tokenizer: ByteTokenizer) -> None:
    assert len(tokenizer) == 260
    assert tokenizer.encode("A\0é") == [69, 4, 0xC3 + 4, 0xA9 + 4]
    assert tokenizer.encode_many(["A", ""]) == [[69], []]
    assert tokenizer.decode([BOS, 69, PAD, UNK, EOS]) == "A"


def test_made_up_ids_decode_to_one_line(tokenizer: ByteTokenizer) -> None:
    assert tokenizer.decode([69, 10 + 4, 0xC3 + 4, 69]) == "A \ufffdA"


def test_pieces(tokenizer: ByteTokenizer) -> None:
    assert tokenizer.pieces([BOS, *tokenizer.encode("a é\t"), EOS]) == [
        "<s>", "a", "▁", "<0xC3>", "<0xA9>", "<0x09>", "</s>",
    ]  # fmt: skip


def test_groups_are_words(tokenizer: ByteTokenizer) -> None:
    groups = tokenizer.word_groups([*tokenizer.encode("été ?"), EOS])
    assert [tuple(group) for group in groups] == [("été", 0, 5), ("?", 5, 7), ("</s>", 7, 8)]


def test_a_foreign_id_is_refused(tokenizer: ByteTokenizer) -> None:
    with pytest.raises(DataError, match="Id 260 is outside the vocabulary, whose ids are 0 to 259"):
        tokenizer.decode([5, 260])
