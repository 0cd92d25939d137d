"""What has been done of a comparison: a JSON file a step, under a key of everything that the step depends on."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqloom.base.errors import DamagedModelError
from seqloom.base.files import make_folder, read_json, write_json

LARGEST = 1024**3  # bytes; the outputs of a large test part lie in one


def key_of(*inputs: Any) -> str:
    """A name for inputs that are plain values: the same for equal ones, on every machine."""
    text = json.dumps(inputs, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def write_record(path: Path, key: str, found: Mapping[str, Any]) -> None:
    """Keep what a step found, atomically."""
    make_folder(path.parent)
    write_json(path, {"key": key, "found": found})


def read_record(path: Path, key: str) -> dict[str, Any] | None:
    """What the step of this key found; None where it was not done, or with other inputs, or the file is damaged."""
    if not path.is_file():
        return None
    try:
        content = read_json(path, LARGEST)
    except DamagedModelError:
        return None
    if not isinstance(content, dict) or content.get("key") != key:
        return None
    found = content.get("found")
    return found if isinstance(found, dict) else None
