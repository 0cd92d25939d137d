"""Manifests: paths are seen from their own folder; lines without one are refused."""

from pathlib import Path

import pytest

from seqloom.base.errors import DataError
from seqloom.data.manifest import read_manifest
from seqloom.data.pairs import Pair
from seqloom.data.readers import PairFiles


def test_lines_and_json_lines_name_the_same_recordings(tmp_path: Path) -> None:
    lines, rows = tmp_path / "a.tsv", tmp_path / "a.jsonl"
    lines.write_text("x/1.wav\tone two\n/far/2.flac\tthree\n")
    rows.write_text(
        '{"sound": "x/1.wav", "said": "one two"}\n{"said": "three", "sound": "/far/2.flac", "speaker": "a"}\n'
    )
    expected = [Pair(str(tmp_path / "x/1.wav"), "one two"), Pair("/far/2.flac", "three")]
    assert list(read_manifest(PairFiles((lines,)))) == expected
    assert list(read_manifest(PairFiles((rows,), "auto", "sound", "said"))) == expected


def test_a_line_without_a_path_is_refused(tmp_path: Path) -> None:
    manifest = tmp_path / "a.tsv"
    manifest.write_text("a.wav\tone\n \ttwo\n")
    with pytest.raises(
        DataError, match=r"a\.tsv:2: no path; expected the path of a recording, a tab, its text\.$"
    ):
        list(read_manifest(PairFiles((manifest,))))
