"""The byte tokenizer: an id a byte of UTF-8. It needs no training and knows every text."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seqloom.text.grouping import WordGroup, group_pieces
from seqloom.text.normalise import Normaliser
from seqloom.text.printable import printable
from seqloom.text.storage import fingerprint, save_tokenizer
from seqloom.text.vocabulary import SPECIALS, check_ids
from seqloom.text.words import byte_owners, character_owners

FIRST_BYTE = len(SPECIALS)
SIZE = FIRST_BYTE + 256


class ByteTokenizer:
    """Byte b has id b + 4. decode(encode(x)) == normalise(x) for every text.

    What a model makes up may not be UTF-8: decoding shows each faulty sequence as U+FFFD, and a line feed as a
    space, so that one text stays one line.
    """

    kind = "byte"

    def __init__(self, normaliser: Normaliser) -> None:
        self.normaliser = normaliser

    def __len__(self) -> int:
        return SIZE

    def normalise(self, text: str) -> str:
        return self.normaliser(text)

    def encode(self, text: str) -> list[int]:
        return [byte + FIRST_BYTE for byte in self.normaliser(text).encode("utf-8")]

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        return [self.encode(text) for text in texts]

    def sample(self, text: str, strength: float, generator: np.random.Generator) -> list[int]:
        """The same as `encode`: a text has one spelling in bytes."""
        del strength, generator
        return self.encode(text)

    def decode(self, ids: Sequence[int]) -> str:
        return _read(bytes(index - FIRST_BYTE for index in check_ids(ids, SIZE) if index >= FIRST_BYTE))

    def pieces(self, ids: Sequence[int]) -> list[str]:
        return [_show(index) for index in check_ids(ids, SIZE)]

    def word_groups(self, ids: Sequence[int]) -> list[WordGroup]:
        spelled = [
            bytes([index - FIRST_BYTE]) if index >= FIRST_BYTE else SPECIALS[index]
            for index in check_ids(ids, SIZE)
        ]
        return group_pieces(spelled, _read)

    def reading(self, text: str) -> "ByteTokenizer":  # noqa: ARG002 - nothing is unknown in any text
        return self

    def word_numbers(self, text: str, ids: Sequence[int]) -> list[int]:
        """Needs no ids, as each is a byte."""
        del ids
        owners = character_owners(text, self.normaliser)
        return byte_owners(self.normaliser(text), owners)

    def fingerprint(self) -> str:
        return fingerprint(self.kind, self.normaliser, SIZE, b"")

    def save(self, folder: Path) -> None:
        save_tokenizer(folder, self.kind, self.normaliser, SIZE, b"")


def _read(spelled: bytes) -> str:
    return spelled.decode("utf-8", errors="replace").replace("\n", " ")


def _show(index: int) -> str:
    if index < FIRST_BYTE:
        return SPECIALS[index]
    byte = index - FIRST_BYTE
    return printable(chr(byte)) if 0x20 <= byte < 0x7F else f"<0x{byte:02X}>"
