"""How a benchmark ends: a mistake or a stop is one sentence and seqloom's exit code, as in the command."""

import sys
from collections.abc import Callable

from seqloom.base.errors import SeqloomError


def run(main: Callable[[], None]) -> None:
    """Run a benchmark. What was trained so far stays in its run, and the same command goes on."""
    try:
        main()
    except SeqloomError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
