"""What every HTML page of ours shares: escaping, embedded JSON, one style, no resource from outside.

A page carries a content security policy that forbids every request, so that a report opened from a disk, a mail or a
server never tells anyone, whatever text it shows.
"""

import base64
import html
import json
import re
import struct
import zlib
from collections.abc import Iterable
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from seqloom.inspection.colours import heat_colours, hexadecimal
from seqloom.inspection.lettering import direction, visible

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src {scripts}; img-src data:"


def escape(text: str) -> str:
    """The text for an element or a quoted attribute; characters that HTML can't hold become U+FFFD."""
    return html.escape(re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]", "\ufffd", text))


def embed_json(value: object) -> str:
    """JSON that may stand within a <script> element: no `<`, `>` or `&` is left that could end or open one."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def fill(template: str, **parts: str) -> str:
    """The template with each {{name}} replaced, once: what is put in is never looked at again."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)


def template(name: str, room: str = "seqloom.inspection") -> str:
    """A page of a room, as packaged."""
    return resources.files(room).joinpath(name).read_text(encoding="utf-8")


def page(
    name: str, *, title: str, scripts: bool = False, room: str = "seqloom.inspection", **parts: str
) -> str:
    """A whole page: the template of a room, filled, under the head that all pages share.

    title     text, which is escaped
    scripts   whether the page's own scripts may run
    parts     HTML for the template's {{names}}, put in as it is
    Raises    KeyError for a name in the template that no part has
    """
    head = fill(
        template("page_head.html"),
        policy=escape(POLICY.format(scripts="'unsafe-inline'" if scripts else "'none'")),
        title=escape(title),
        style=fill(template("page_style.html"), hot=hexadecimal(heat_colours(2)[1])),
    )
    return fill(template(name, room), head=head, title=escape(title), **parts)


def word(symbol: str) -> str:
    """A symbol, visible and escaped, cut off from the direction of what stands beside it."""
    return f"<bdi>{escape(visible(symbol))}</bdi>"


def indexed_png(shares: NDArray[np.uint8], colours: NDArray[np.float64]) -> str:
    """A picture as a data: address, for an <img>: a pixel a share, in one of 256 colours (256, 3) from 0 to 1."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    height, width = shares.shape
    rows = b"".join(b"\0" + row.tobytes() for row in shares)
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            chunk(b"PLTE", np.rint(255 * colours).astype(np.uint8).tobytes()),
            chunk(b"IDAT", zlib.compress(rows, 9)),
            chunk(b"IEND", b""),
        )
    )
    return "data:image/png;base64," + base64.b64encode(content).decode("ascii")


def text_line(text: str) -> str:
    """A text, escaped, within its own direction."""
    return f'<span dir="auto">{escape(text)}</span>'


def way(texts: Iterable[str]) -> str:
    """The dir attribute of a row of words."""
    return f'dir="{direction(texts)}"'
