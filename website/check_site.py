"""Read the built site: every link leads somewhere, and nothing is fetched from outside.

    python website/check_site.py build/site

MkDocs checks links between pages before they are built; this follows them, their anchors and the lines of quoted
source as a browser would, in the pages that are there.
"""

import sys
from pathlib import Path

from seqloom_docs.built import complaints


def main() -> int:
    """Say what is wrong, a line each; the exit code says whether anything is."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    found, pages = complaints(Path(sys.argv[1]))
    for complaint in found:
        print(complaint, file=sys.stderr)
    print(f"{pages} pages in {sys.argv[1]}, {len(found) or 'no'} faults; begin with {sys.argv[1]}/index.html")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
