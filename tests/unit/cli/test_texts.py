"""Text that was typed, and one line for each output."""

import pytest

from seqloom.base.errors import EncodingFault
from seqloom.cli.texts import one_line, typed


def test_ends_of_line_become_blanks() -> None:
    assert one_line("a\nb\r\nc\rd") == "a b c d"
    assert one_line("a\u2028b\x0bc") == "a\u2028b\x0bc"


def test_bytes_that_are_not_utf8_are_named() -> None:
    assert typed("Ça va ?", "TEXT") == "Ça va ?"
    with pytest.raises(EncodingFault, match=r"--target: its byte 2 is not UTF-8\."):
        typed("a\udcff", "--target")
