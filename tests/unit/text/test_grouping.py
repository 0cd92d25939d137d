from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.text.grouping import WordGroup, group_pieces


def read(spelled: bytes) -> str:
    return spelled.decode("utf-8", errors="replace")


def groups(*pieces: str | bytes) -> list[tuple[str, int, int]]:
    return [(group.text, group.start, group.stop) for group in group_pieces(pieces, read)]


def test_pieces_merge_to_words_and_punctuation() -> None:
    assert groups(b" How", b" are", b" y", b"ou", b"?") == [
        ("How", 0, 1),
        ("are", 1, 2),
        ("you", 2, 4),
        ("?", 4, 5),
    ]
    assert groups(b"l", b"'", b"am", b"i") == [("l'", 0, 2), ("ami", 2, 4)]


def test_a_piece_over_two_words_is_not_cut() -> None:
    assert groups(b" yo", b"u?", b"!") == [("you?", 0, 2), ("!", 2, 3)]


def test_white_space_goes_to_the_next_word_and_at_the_end_to_the_last() -> None:
    assert groups(b"a", b" ", b" ", b"b", b" ") == [("a", 0, 1), ("b", 1, 5)]
    assert groups(b" ", b" ") == [("", 0, 2)]
    assert groups() == []


def test_specials_stand_alone() -> None:
    assert groups("<s>", b" a", b"b", "</s>", "<pad>", b"c") == [
        ("<s>", 0, 1),
        ("ab", 1, 3),
        ("</s>", 3, 4),
        ("<pad>", 4, 5),
        ("c", 5, 6),
    ]


def test_bytes_of_one_character_stay_together() -> None:
    pieces = [bytes([byte]) for byte in "é ß".encode()]
    assert groups(*pieces) == [("é", 0, 2), ("ß", 2, 5)]
    assert groups(b"\x9f", b"\xc3", b" a") == [("\ufffd\ufffd", 0, 2), ("a", 2, 3)]


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.one_of(st.binary(min_size=1, max_size=3), st.sampled_from([b" ", b"?", b" a", "</s>"])),
        max_size=12,
    )
)
def test_every_position_once_in_order_and_the_text_is_kept(pieces: list[bytes | str]) -> None:
    found = group_pieces(pieces, read)
    assert [position for group in found for position in range(group.start, group.stop)] == list(
        range(len(pieces))
    )
    assert all(isinstance(group, WordGroup) and group.stop > group.start for group in found)
    runs: list[bytes] = [b""]
    for piece in pieces:
        if isinstance(piece, str):
            runs += [piece.encode(), b""]
        else:
            runs[-1] += piece
    assert squeeze("".join(group.text for group in found)) == squeeze("".join(read(run) for run in runs))


def squeeze(text: str) -> str:
    return "".join(text.split())
