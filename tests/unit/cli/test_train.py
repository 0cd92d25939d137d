"""What training suggests to type next can be typed."""

import subprocess

import pytest

from seqloom.cli.train import _as_typed


@pytest.mark.parametrize(
    ("source", "turns", "read"),
    [
        ("one red cat", False, "one red cat"),
        ("", False, "Your sentence."),
        ("it's", False, "it's"),
        ("run\tV;PST", False, "run\tV;PST"),
        ("it's \\n\tV;PST", False, "it's \\n\tV;PST"),
        ("user\thello\tbot\thi\tuser\ta table  please", True, "user\ta table please"),
    ],
)
def test_a_source_is_typed_so_that_a_shell_gives_it_back(source: str, turns: bool, read: str) -> None:
    typed = _as_typed(source, turns=turns)
    said = subprocess.run(["bash", "-c", f"printf %s {typed}"], capture_output=True, text=True, check=True)
    assert said.stdout == read
