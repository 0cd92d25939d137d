"""What a model costs, as one self-contained HTML page and as a piece for a notebook."""

from pathlib import Path

from seqloom.base.files import atomic_write, make_folder
from seqloom.inspection.cost import Cost
from seqloom.inspection.page import escape
from seqloom.inspection.plain_page import plain_page, table

TITLE = "What a sentence costs"
MEMORY = (
    "Memory for one sentence, every number as float32. Computed are the terms that count for large models; measured is "
    "what the tensors of PyTorch's own operations held, one symbol written at a time. A table that embeddings and the "
    "output layer share is laid out once more for searches."
)


def write_cost_page(cost: Cost, path: Path) -> None:
    """Write the page, atomically. Raises ResourceError when it can't be written."""
    make_folder(path.parent)
    atomic_write(path, cost_page(cost))


def cost_page(cost: Cost) -> str:
    """The whole page: parameters, operations, memory."""
    return plain_page(TITLE, [], _body(cost))


def cost_fragment(cost: Cost) -> str:
    """The same within a cell of a notebook."""
    return "".join(_body(cost))


def memory_rows(cost: Cost) -> list[list[str]]:
    """Bytes computed and measured, under their head."""
    rows = [[name, f"{computed:,}", f"{measured:,}"] for name, computed, measured in cost.held()]
    return [["bytes of memory", "computed", "measured"], *rows]


def _body(cost: Cost) -> list[str]:
    parameters = [[name, f"{count:,}", f"{4 * count:,}"] for name, count in cost.parameters.items()]
    parameters.append(["together", f"{sum(cost.parameters.values()):,}", f"{cost.bytes:,}"])
    head, *rows = memory_rows(cost)
    return [
        "<h2>Parameters</h2>",
        table(["part", "parameters", "bytes"], parameters, apart=len(parameters) - 1),
        "<h2>Operations</h2>",
        f"<p>{'<br>'.join(map(escape, cost.said()))}</p>",
        "<h2>Memory</h2>",
        f'<p class="note">{escape(MEMORY)}</p>',
        table(head, rows),
    ]
