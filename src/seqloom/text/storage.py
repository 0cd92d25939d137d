"""A tokenizer on disk: tokenizer.json says what it is, a second file holds its symbols.

    tokenizer.json      kind, form, lowercase, size, version, fingerprint
    vocabulary.json     the symbols of a word, space or character tokenizer
    subword.model       the sentencepiece model of a unigram or BPE tokenizer

The fingerprint covers all of it and is checked before the second file is parsed, so that damage never reaches
sentencepiece's C++ reader.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqloom.base.errors import DamagedModelError
from seqloom.base.files import atomic_write, make_folder, read_json, write_json
from seqloom.text.normalise import FORMS, Normaliser

FORMAT_VERSION = 1
"""Raised when the same files would come to mean other ids: a change of word splitting, of escapes, of the cap."""

HEADER = "tokenizer.json"
PAYLOADS: dict[str, str | None] = {
    "word": "vocabulary.json",
    "space": "vocabulary.json",
    "character": "vocabulary.json",
    "byte": None,
    "unigram": "subword.model",
    "bpe": "subword.model",
    "segmented": "segments.json",
}
"""The kinds of tokenizer, and the file that holds the symbols of each."""

LARGEST_PAYLOAD = 256 * 1024 * 1024  # bytes; a vocabulary of a million symbols is some 30 MB


@dataclass(frozen=True)
class StoredTokenizer:
    """What was read and verified; `payload_path` is for messages."""

    kind: str
    normaliser: Normaliser
    size: int
    payload: bytes
    payload_path: str


def fingerprint(kind: str, normaliser: Normaliser, size: int, payload: bytes) -> str:
    """SHA-256 over all that determines the ids: two tokenizers with one fingerprint encode alike."""
    settings = [FORMAT_VERSION, kind, normaliser.form, normaliser.lowercase, size]
    return hashlib.sha256(json.dumps(settings).encode() + b"\n" + payload).hexdigest()


def save_tokenizer(folder: Path, kind: str, normaliser: Normaliser, size: int, payload: bytes) -> None:
    """Write both files, each atomically, tokenizer.json last. Raises ResourceError when the disk refuses."""
    make_folder(folder)
    if (name := PAYLOADS[kind]) is not None:
        atomic_write(folder / name, payload)
    header = {
        "kind": kind,
        "form": normaliser.form,
        "lowercase": normaliser.lowercase,
        "size": size,
        "version": FORMAT_VERSION,
        "fingerprint": fingerprint(kind, normaliser, size, payload),
    }
    write_json(folder / HEADER, header)


def read_tokenizer(folder: Path) -> StoredTokenizer:
    """Read and verify both files. Raises DamagedModelError, in one sentence that names the file."""
    path = folder / HEADER
    if not path.exists():
        raise DamagedModelError(
            f"{path} is missing, without which no text can be read. Copy the run's vocabulary from where it was "
            "trained; it can't be made again from the weights."
        )
    header = _check_header(read_json(path), path)
    kind, size = header["kind"], header["size"]
    normaliser = Normaliser(header["form"], header["lowercase"])
    name = PAYLOADS[kind]
    payload = b"" if name is None else _read_payload(folder / name)
    if fingerprint(kind, normaliser, size, payload) != header["fingerprint"]:
        both = HEADER if name is None else f"{name} and {HEADER}"
        raise DamagedModelError(
            f"{both} in {folder} don't belong together: the fingerprint differs, so one was cut short or altered. "
            "Take both from the same run."
        )
    return StoredTokenizer(kind, normaliser, size, payload, str(folder / (name or HEADER)))


def _check_header(header: Any, path: Path) -> dict[str, Any]:
    """Raise DamagedModelError unless every field is there and of its type."""
    if not isinstance(header, dict):
        raise DamagedModelError(f"{path} is not a JSON object; it was altered.")
    version = header.get("version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise DamagedModelError(
            f"{path} has version {version}, made by a newer seqloom; this one reads up to {FORMAT_VERSION}. "
            "Upgrade seqloom."
        )
    expected: dict[str, Callable[[Any], bool]] = {
        "kind": lambda value: isinstance(value, str) and value in PAYLOADS,
        "form": lambda value: isinstance(value, str) and value in FORMS,
        "lowercase": lambda value: isinstance(value, bool),
        "size": lambda value: type(value) is int and value > 0,
        "version": lambda value: type(value) is int and value == FORMAT_VERSION,
        "fingerprint": lambda value: isinstance(value, str),
    }
    for field, is_good in expected.items():
        if field not in header:
            raise DamagedModelError(f"{path} lacks the field {field!r}; it was altered.")
        if not is_good(header[field]):
            raise DamagedModelError(
                f"{path}: {field} is {header[field]!r}, which no tokenizer has; it was altered."
            )
    return header


def _read_payload(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_PAYLOAD:
            raise DamagedModelError(
                f"{path} is larger than {LARGEST_PAYLOAD:,} bytes; it isn't a vocabulary."
            )
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DamagedModelError(f"{path} is missing.") from error
    except IsADirectoryError as error:
        raise DamagedModelError(f"{path} is a folder; expected a file.") from error
