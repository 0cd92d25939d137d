import json

import numpy as np
import pytest

from seqloom.base.errors import ConfigError, DamagedModelError, DataError
from seqloom.text.vocabulary import BOS, EOS, PAD, SPECIALS, UNK, Vocabulary, check_ids


def test_specials_come_first() -> None:
    vocabulary = Vocabulary(["a"])
    assert (PAD, UNK, BOS, EOS) == (0, 1, 2, 3)
    assert vocabulary.symbols == ("<pad>", "<unk>", "<s>", "</s>", "a")
    assert len(vocabulary) == 5


def test_from_counts_orders_by_count_then_symbol() -> None:
    counts = {"b": 2, "c": 5, "a": 2, "d": 1}
    assert Vocabulary.from_counts(counts, size=100).symbols[4:] == ("c", "a", "b", "d")
    assert Vocabulary.from_counts(counts, size=6).symbols[4:] == ("c", "a")
    assert Vocabulary.from_counts(counts, size=100, min_count=2).symbols[4:] == ("c", "a", "b")


def test_a_text_symbol_is_never_a_special() -> None:
    vocabulary = Vocabulary.from_counts({"</s>": 9, "a": 1}, size=10)
    assert vocabulary.symbols[4:] == ("a",)
    assert vocabulary.ids_of(["</s>"]) == [UNK]
    assert vocabulary.ids_of(["a", "<pad>", "z"]) == [4, UNK, UNK]
    assert "a" in vocabulary
    assert "<pad>" not in vocabulary


def test_json_round_trip() -> None:
    vocabulary = Vocabulary(["ä", "\0", '"', "\u2028", "￭?"])
    content = vocabulary.to_json()
    assert json.loads(content) == [*SPECIALS, "ä", "\0", '"', "\u2028", "￭?"]
    assert Vocabulary.from_json(content, "here").symbols == vocabulary.symbols


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'["<pad>", "<unk>", "<s>"', "here is not JSON"),
        (b"\xff", "here is not JSON"),
        (b"[" * 100_000, "here is not JSON"),
        (b'{"a": 1}', "here is not a list of symbols"),
        (b'["<pad>", "<unk>", "<s>", "</s>", 7]', "here is not a list of symbols"),
        (b'["<pad>", "<unk>", "<s>", "</s>", ""]', "here is not a list of symbols"),
        (b'["<unk>", "<pad>", "<s>", "</s>"]', "here must begin with <pad>, <unk>, <s>, </s>"),
        (b'["<pad>", "<unk>", "<s>", "</s>", "a", "a"]', "here: A symbol stands in the vocabulary twice"),
    ],
)
def test_damage_is_named(content: bytes, message: str) -> None:
    with pytest.raises(DamagedModelError, match=message):
        Vocabulary.from_json(content, "here")


def test_too_small_a_size_is_refused() -> None:
    with pytest.raises(ConfigError, match="size 4 holds no symbol: expected 5 or more"):
        Vocabulary.from_counts({"a": 1}, size=4)


@pytest.mark.parametrize("wrong", [-1, 7])
def test_check_ids(wrong: int) -> None:
    assert check_ids(np.array([0, 6]), 7) == [0, 6]  # type: ignore[arg-type]
    assert check_ids([], 7) == []
    with pytest.raises(DataError, match=f"Id {wrong} is outside the vocabulary, whose ids are 0 to 6"):
        check_ids([3, wrong], 7)


def test_reading_gives_further_symbols_ids_of_their_own() -> None:
    own = Vocabulary(["a", "b"])
    extended = own.reading(["x", "a", "y", "x", "</s>"])
    assert extended.ids_of(["y", "b", "x", "a", "z", "</s>"]) == [7, 5, 6, 4, UNK, 8]
    assert extended.symbols[4:] == ("a", "b", "x", "y", "</s>")
    assert len(extended) == 9
    assert (len(own), "x" in own, "x" in extended) == (6, False, True)
    assert own.reading(["b", "a"]) is own
