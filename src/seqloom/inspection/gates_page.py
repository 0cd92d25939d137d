"""Gates as one self-contained HTML page: a reader may sort the units and read each number under the pointer."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seqloom.base.files import atomic_write, make_folder
from seqloom.inspection.colours import heat_colours, hexadecimal, signed_colours
from seqloom.inspection.gates import STATE, GateTrace, Values
from seqloom.inspection.gates_picture import signed_top
from seqloom.inspection.lettering import visible
from seqloom.inspection.moments import marks
from seqloom.inspection.page import embed_json, page, text_line

SHADES = 63  # of each scale: odd, so that one of them is zero's


def write_gates_page(
    traces: Sequence[GateTrace],
    path: Path,
    *,
    texts: Sequence[str] = (),
    title: str = "What the gates did",
) -> None:
    """Write the page, atomically; texts stand above. Raises ResourceError when it can't be written."""
    make_folder(path.parent)
    atomic_write(path, gates_page(traces, texts=texts, title=title))


def gates_page(
    traces: Sequence[GateTrace], *, texts: Sequence[str] = (), title: str = "What the gates did"
) -> str:
    """The whole page: the layers in the order given."""
    heat, signed = heat_colours(SHADES), signed_colours(SHADES)
    return page(
        "gates_page.html",
        title=title,
        scripts=True,
        texts="".join(f"<p>{text_line(text)}</p>" for text in texts),
        heat=", ".join(map(hexadecimal, heat[:: SHADES // 6])),
        signed=", ".join(map(hexadecimal, signed[:: SHADES // 6])),
        data=embed_json(
            {
                "layers": [_for_script(trace) for trace in traces],
                "heat": (255 * heat).round().astype(int).tolist(),
                "signed": (255 * signed).round().astype(int).tolist(),
            }
        ),
    )


def _for_script(trace: GateTrace) -> dict[str, object]:
    """A panel a gate, then the state; numbers to three places, which is more than the eye sees."""
    panels = [
        {
            "name": name,
            "title": f"{name} gate",
            "note": f"{found.shut:.0%} shut, {found.open:.0%} open",
            "values": _rounded(trace.gates[name]),
            "top": 0,
        }
        for name, found in trace.saturation().items()
    ]
    low, high = trace.state.min(), trace.state.max()
    state = {
        "name": STATE,
        "title": "what is kept",
        "note": f"{low:.1f} to {high:.1f}",
        "values": _rounded(trace.state),
        "top": signed_top(trace.state),
    }
    return {
        "label": trace.label,
        "symbols": [visible(symbol) for symbol in trace.symbols],
        "marks": trace.seconds and [list(mark) for mark in marks(len(trace.symbols), trace.seconds, 6)],
        "panels": [*panels, state],
    }


def _rounded(values: Values) -> list[list[float]]:
    return [list(row) for row in np.round(values, 3).tolist()]
