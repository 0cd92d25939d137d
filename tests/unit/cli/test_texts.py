"""Text that was typed, and one line for each output."""

import pytest

from seqloom.base.errors import EncodingFault
from seqloom.cli.texts import one_line, typed


def test_ends_of_line_become_blanks() -> None:
    assert one_line("a\nb\r\nc\rd") == "a b c d"
    assert one_line("a\u2028b\x0bc\td\x85") == "a\u2028b\x0bc\td\x85"


def test_what_a_terminal_would_obey_is_not_written() -> None:
    assert one_line("a\x1b[2Jb\x00\x07\x7f\x9bc") == "a\ufffd[2Jb\ufffd\ufffd\ufffd\ufffdc"


def test_bytes_that_are_not_utf8_are_named() -> None:
    assert typed("Ça va ?", "TEXT") == "Ça va ?"
    with pytest.raises(EncodingFault, match=r"--target: its byte 2 is not UTF-8\."):
        typed("a\udcff", "--target")
