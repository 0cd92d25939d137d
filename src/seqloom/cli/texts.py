"""Text between a terminal and a model: what was typed, and one line for each output."""

import os
import re

from seqloom.base.errors import EncodingFault

CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")


def typed(text: str, name: str) -> str:
    """Text from the command line read as UTF-8, whatever the locale made of it. Raises EncodingFault if it isn't."""
    try:
        return os.fsencode(text).decode("utf-8")
    except UnicodeEncodeError:  # it was never bytes
        return text
    except UnicodeDecodeError as error:
        raise EncodingFault(
            f"{name}: its byte {error.start + 1} is not UTF-8. Check the terminal's encoding."
        ) from None


def counted(number: int, thing: str) -> str:
    """So many of something whose plural ends in s."""
    return f"1 {thing}" if number == 1 else f"{number:,} {thing}s"


def one_line(text: str) -> str:
    """A text without ends of line, so that n lines in are n lines out; blanks stand in their place.

    Control characters that a terminal would obey become U+FFFD; tab, VT, FF and NEL stay, as a line read may hold them.
    """
    return CONTROLS.sub("\ufffd", text.replace("\r\n", " ").replace("\n", " ").replace("\r", " "))
