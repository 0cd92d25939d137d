"""Text between a terminal and a model: what was typed, and one line for each output."""

from seqloom.base.errors import EncodingFault


def typed(text: str, name: str) -> str:
    """Give back text from the command line. Raises EncodingFault for bytes that are not UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise EncodingFault(
            f"{name}: its character {error.start + 1} is not UTF-8. Check the terminal's encoding."
        ) from None
    return text


def one_line(text: str) -> str:
    """A text without ends of line, so that n lines in are n lines out; blanks stand in their place."""
    return text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
