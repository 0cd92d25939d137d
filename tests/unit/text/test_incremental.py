"""Text as its symbols come: together it is the whole text, in whole characters, up to a stop string."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.base.errors import UsageError
from seqloom.text import incremental
from seqloom.text.incremental import IncrementalDecoder, StopStrings
from seqloom.text.tokenizer import Tokenizer, train_tokenizer
from seqloom.text.vocabulary import EOS

LINES = ["Ein Löwe, zwei Bären.", "日本語 and ▁ \U0001f600 emoji", "a  b", "“No,” she said."]
TOKENIZERS: dict[str, Tokenizer] = {
    kind: train_tokenizer(LINES * 3, kind=kind, size=size)
    for kind, size in (("character", 90), ("byte", 260), ("bpe", 310), ("unigram", 291), ("word", 40))
}
every_tokenizer = pytest.mark.parametrize("kind", TOKENIZERS)


def pieces(tokenizer: Tokenizer, ids: list[int]) -> list[str]:
    decoder = IncrementalDecoder(tokenizer)
    return [*(decoder.further(symbol) for symbol in ids), decoder.rest()]


@every_tokenizer
def test_whole_characters_come_and_together_they_are_the_text(kind: str) -> None:
    tokenizer = TOKENIZERS[kind]
    ids = [symbol for line in LINES for symbol in (*tokenizer.encode(line), EOS)]
    given_ = pieces(tokenizer, ids)
    assert "".join(given_) == "".join(tokenizer.decode(tokenizer.encode(line)) + "\n" for line in LINES)
    assert not any("\ufffd" in piece for piece in given_)
    assert sum(map(bool, given_)) > len(ids) / 4  # it comes as it is written and not at the end


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(sorted(TOKENIZERS)),
    seed=st.randoms(use_true_random=False),
    kept=st.sampled_from([4, 512]),
)
def test_whatever_a_model_makes_up_is_what_decoding_the_lines_gives(
    kind: str, seed: object, kept: int
) -> None:
    tokenizer = TOKENIZERS[kind]
    drawn = [seed.randrange(3, len(tokenizer)) for _ in range(60)]  # type: ignore[attr-defined]
    before, incremental.KEPT = incremental.KEPT, kept
    try:
        found = "".join(pieces(tokenizer, drawn))
    finally:
        incremental.KEPT = before
    lines: list[list[int]] = [[]]
    for symbol in drawn:
        if symbol == EOS:
            lines.append([])
        else:
            lines[-1].append(symbol)
    expected = "\n".join(map(tokenizer.decode, lines))
    assert found == expected or (
        kept == 4 and kind == "word"
    )  # a cut line of words has lost what it glues to


def test_a_character_waits_for_its_last_byte() -> None:
    tokenizer = TOKENIZERS["byte"]
    assert pieces(tokenizer, tokenizer.encode("aé\U0001f600")) == ["a", "", "é", "", "", "", "\U0001f600", ""]
    broken = tokenizer.encode("\U0001f600")[:2]
    assert pieces(tokenizer, broken) == ["", "", "\ufffd"]
    assert "".join(pieces(tokenizer, [*broken, *tokenizer.encode("x")])) == "\ufffdx"


def test_a_line_that_was_begun_goes_on() -> None:
    tokenizer = TOKENIZERS["bpe"]
    begun = tokenizer.encode("Ein Löwe")
    decoder = IncrementalDecoder(tokenizer, begun)
    rest = tokenizer.encode("Ein Löwe, zwei")[len(begun) :]
    assert "".join(decoder.further(symbol) for symbol in rest) == ", zwei"


def through(strings: list[str], text: str, size: int) -> tuple[str, bool]:
    stops = StopStrings(strings)
    shown = ""
    for start in range(0, len(text), size):
        shown += stops.further(text[start : start + size])
        if stops.met:
            return shown, True
    return shown + stops.rest(), False


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_text_ends_before_the_first_stop_string(size: int) -> None:
    assert through(["END"], "The ENEND of it", size) == ("The EN", True)
    assert through(["\n\n"], "a\nb\n\nc", size) == ("a\nb", True)
    assert through(["never"], "nev ne never", size) == ("nev ne ", True)
    assert through(["never"], "not nev", size) == ("not nev", False)
    assert through([], "all of it", size) == ("all of it", False)


def test_what_may_be_the_beginning_of_one_is_held_back() -> None:
    stops = StopStrings(["abc", "bd"])
    assert [stops.further(piece) for piece in ("xa", "b", "d!")] == ["x", "", "a"]
    assert stops.met


@pytest.mark.parametrize("strings", [[""], ["a", ""], "abc"])
def test_empty_stop_strings(strings: list[str]) -> None:
    with pytest.raises(UsageError, match="A stop string is empty, or stands alone"):
        StopStrings(strings)
