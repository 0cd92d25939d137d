"""Text as its symbols come: only what no later symbol can change, up to a stop string."""

from collections.abc import Sequence

from seqloom.base.errors import UsageError
from seqloom.text.tokenizer import Tokenizer
from seqloom.text.vocabulary import EOS

KEPT = 512  # symbols of a long line that are decoded again with what follows
UNFINISHED = "\ufffd"  # what the beginning of a character's bytes decodes as


class IncrementalDecoder:
    """Symbols to text, one by one. EOS ends a line; what it gives, put together, is the text of all symbols.

    A character that is spelled in several bytes comes once the last of them is there.
    """

    def __init__(self, tokenizer: Tokenizer, line: Sequence[int] = ()) -> None:
        """line: symbols that the current line begins with, whose text was shown before."""
        self.tokenizer = tokenizer
        self.ids = list(line)
        self.shown = len(tokenizer.decode(self.ids))

    def further(self, symbol: int) -> str:
        """The text that one more symbol makes certain; it may be empty."""
        if symbol == EOS:
            return self.rest() + "\n"
        self.ids.append(symbol)
        text = self.tokenizer.decode(self.ids).removesuffix(UNFINISHED)
        new, self.shown = text[self.shown :], max(self.shown, len(text))
        if len(self.ids) >= 2 * KEPT:
            del self.ids[:-KEPT]
            self.shown = len(self.tokenizer.decode(self.ids).removesuffix(UNFINISHED))
        return new

    def rest(self) -> str:
        """What was held back of the line, which ends here."""
        text = self.tokenizer.decode(self.ids)[self.shown :]
        self.ids, self.shown = [], 0
        return text


class StopStrings:
    """Lets text through until one of some strings comes; what might be its beginning is held back.

    Raises   UsageError for an empty one
    """

    def __init__(self, strings: Sequence[str]) -> None:
        if isinstance(strings, str) or not all(strings):
            raise UsageError(
                "A stop string is empty, or stands alone; give a list of texts that aren't empty."
            )
        self.strings = tuple(strings)
        self.held = ""
        self.met = False

    def further(self, text: str) -> str:
        """What of the text so far may be shown; `met` says whether a stop string came, which isn't shown."""
        text = self.held + text
        found = [place for place in (text.find(stop) for stop in self.strings) if place >= 0]
        if found:
            self.met, self.held = True, ""
            return text[: min(found)]
        held = max((self._overlap(text, stop) for stop in self.strings), default=0)
        self.held = text[len(text) - held :]
        return text[: len(text) - held]

    def rest(self) -> str:
        """What was held back of a text that ends here."""
        text, self.held = self.held, ""
        return text

    @staticmethod
    def _overlap(text: str, stop: str) -> int:
        """Characters at the text's end that the stop string begins with."""
        longest = min(len(stop) - 1, len(text))
        return next((size for size in range(longest, 0, -1) if text.endswith(stop[:size])), 0)
