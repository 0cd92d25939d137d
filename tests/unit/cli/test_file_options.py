"""`--train A B`: two words for one option."""

import pytest

from seqloom.cli.file_options import repeat_file_options


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("new f --train a b", "new f --train a --train b"),
        (
            "new f --train a b --valid c d --example",
            "new f --train a --train b --valid c --valid d --example",
        ),
        ("new --train a.tsv f", "new --train a.tsv f"),
        ("new --train a b f", "new --train a --train b f"),
        ("check --test a --html b", "check --test a --html b"),
        ("check --train a --train b", "check --train a --train b"),
        ("check --train --valid a", "check --train --valid a"),
        ("check --train a -- b", "check --train a -- b"),
        ("check --train=a b", "check --train=a b"),
        ("translate r --train a b", "translate r --train a b"),
        ("--help", "--help"),
        ("", ""),
    ],
)
def test_the_option_is_repeated(typed: str, read: str) -> None:
    assert repeat_file_options(typed.split()) == read.split()
