"""A prepared corpus gives back what was encoded, reports what it left out, and mends itself."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.base.errors import DataError, EncodingFault, UsageError
from seqloom.data import corpus as corpus_module
from seqloom.data.corpus import Corpus, in_chunks, open_corpus, prepare_corpus, within_reach
from seqloom.data.pairs import Pair
from seqloom.data.readers import PairFiles
from seqloom.text.tokenizer import train_tokenizer
from seqloom.text.vocabulary import UNK

SOURCE = "a bb\n\nccc\n a  b \n   \na b c d\n\u2028\n"
TARGET = "AAAA\nB\n\nA B C\nB\nD\nE\n"


@pytest.fixture
def files(tmp_path: Path) -> PairFiles:
    (tmp_path / "train.en").write_text(SOURCE)
    (tmp_path / "train.de").write_text(TARGET)
    return PairFiles((tmp_path / "train.en", tmp_path / "train.de"))


@pytest.fixture
def prepare(files: PairFiles, tokenizer, tmp_path: Path):
    def prepare(**options) -> Corpus:
        return prepare_corpus(files, tokenizer, tokenizer, tmp_path / "cache", **{"max_length": 3} | options)

    return prepare


def rows(corpus: Corpus) -> list[tuple[list[int], list[int]]]:
    return [(corpus.source(row).tolist(), corpus.target(row).tolist()) for row in range(len(corpus))]


def test_ids_and_lengths(prepare) -> None:
    corpus = prepare()
    assert rows(corpus) == [([5, 6], [8]), ([5, 5], [5, 5, 5])]
    assert corpus.source_lengths.tolist() == [2, 2]
    assert corpus.target_lengths.tolist() == [1, 3]
    assert corpus.source_lengths.dtype == np.int32
    corpus.release()
    assert corpus.target(1).tolist() == [5, 5, 5]


def test_what_is_left_out_is_counted_and_said(prepare) -> None:
    """U+2028 alone is a blank, and so an empty side; a line of blanks as well."""
    corpus = prepare()
    assert corpus.pairs_read == 7
    assert corpus.dropped == {"empty source": 3, "empty target": 1, "too long": 1}
    sentence = (
        "Left out 5 of 7 pairs: 3 empty source, 1 empty target, 1 too long (the limit is 3 symbols a side)."
    )
    assert corpus.notices == (sentence,)
    assert prepare().notices == (sentence,)  # said again when the cache is used
    assert prepare(max_length=4).notices == ("Left out 4 of 7 pairs: 3 empty source, 1 empty target.",)


@pytest.mark.parametrize("blank", ["", "  ", "\u2028", "\t\u3000"])
def test_a_side_of_blanks_is_empty_whatever_the_tokenizer_makes_of_it(
    prepare, files: PairFiles, blank: str
) -> None:
    files.paths[0].write_text(f"{blank}\na\na\n")
    files.paths[1].write_text(f"a\n{blank}\na\n")
    assert prepare().dropped == {"empty source": 1, "empty target": 1, "too long": 0}


def test_text_is_kept_on_request(prepare) -> None:
    corpus = prepare(keep_text=True)
    assert [corpus.text(row) for row in range(2)] == [("a bb", "AAAA"), (" a  b ", "A B C")]
    with pytest.raises(UsageError, match="prepare the corpus with keep_text=True"):
        prepare().text(0)


def test_ids_take_two_bytes_when_they_fit(files: PairFiles, make_tokenizer, tmp_path: Path) -> None:
    small, large = make_tokenizer(65_536), make_tokenizer(65_537)
    corpus = prepare_corpus(files, small, large, tmp_path / "cache", max_length=9)
    sizes = [(corpus.folder / f"{side}.values").stat().st_size for side in ("source", "target")]
    assert sizes == [2 * corpus.source_lengths.sum(), 4 * corpus.target_lengths.sum()]


def test_prepared_once(prepare, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepare()
    monkeypatch.setattr(corpus_module, "_Preparation", None)  # preparing again would fail
    assert prepare().folder == first.folder


@pytest.mark.usefixtures("files")
def test_content_tokenizers_and_settings_make_the_key(make_tokenizer, tmp_path: Path) -> None:
    def folder(name: str = "train", form: str = "none", max_length: int = 3, keep_text: bool = False) -> Path:
        paths = tuple(tmp_path / f"{name}.{side}" for side in ("en", "de"))
        tokenizers = make_tokenizer(100), make_tokenizer(100, form)
        options = {"max_length": max_length, "keep_text": keep_text}
        return prepare_corpus(PairFiles(paths), *tokenizers, tmp_path / "cache", **options).folder

    (tmp_path / "copy.en").write_text(SOURCE)
    (tmp_path / "copy.de").write_text(TARGET)
    (tmp_path / "other.en").write_text(SOURCE)
    (tmp_path / "other.de").write_text(TARGET.replace("A", "AA"))
    assert folder("copy") == folder()
    others = [folder("other"), folder(form="NFC"), folder(max_length=4), folder(keep_text=True)]
    assert len({folder(), *others}) == 5


def test_one_content_read_in_two_ways_is_two_corpora(tmp_path: Path, tokenizer) -> None:
    for name in ("a.tsv", "a.jsonl"):
        (tmp_path / name).write_text("a\tbb\n")
    options = {"max_length": 9}
    prepare_corpus(PairFiles((tmp_path / "a.tsv",)), tokenizer, tokenizer, tmp_path / "cache", **options)
    with pytest.raises(DataError, match=r"a\.jsonl:1: no JSON"):
        prepare_corpus(
            PairFiles((tmp_path / "a.jsonl",)), tokenizer, tokenizer, tmp_path / "cache", **options
        )


def altered(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[0] ^= 1
    path.write_bytes(raw)


DAMAGES = {
    "cut short": lambda folder: (folder / "source.values").write_bytes(b"\0"),
    "altered": lambda folder: altered(folder / "target.marks"),
    "lost": lambda folder: (folder / "source.lengths").unlink(),
    "no meta": lambda folder: (folder / "meta.json").unlink(),
    "meta cut short": lambda folder: (folder / "meta.json").write_text('{"rows": '),
    "meta no object": lambda folder: (folder / "meta.json").write_text("[]"),
    "meta altered": lambda folder: (folder / "meta.json").write_text(
        (folder / "meta.json").read_text().replace('"pairs_read": 7', '"pairs_read": 8')
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_folder_is_noticed_and_prepared_again(prepare, damage: str) -> None:
    corpus = prepare()
    before = rows(corpus)
    DAMAGES[damage](corpus.folder)
    with pytest.raises(DataError, match="The prepared corpus is damaged: "):
        open_corpus(corpus.folder)
    mended = prepare()
    assert rows(mended) == before
    assert mended.notices[0].startswith("The prepared corpus is damaged: ")
    assert mended.notices[0].endswith("It was prepared again.")
    assert len(prepare().notices) == 1


def test_damage_is_named(prepare) -> None:
    folder = prepare().folder
    (folder / "source.values").write_bytes(b"\0")
    with pytest.raises(DataError, match=r"source\.values has 1 bytes; expected 8\."):
        open_corpus(folder)


def test_nothing_is_left_behind(prepare, files: PairFiles, tmp_path: Path) -> None:
    files.paths[1].write_bytes(TARGET.encode().replace(b"D", b"\xff"))
    with pytest.raises(EncodingFault, match=r"train\.de:6: not UTF-8"):
        prepare()
    assert [path.name for path in (tmp_path / "cache").iterdir() if not path.name.endswith(".lock")] == []


def test_leavings_of_a_killed_process_are_swept(prepare, tmp_path: Path) -> None:
    folder = prepare().folder
    stale = tmp_path / "cache" / f".{folder.name}.123.tmp"
    stale.mkdir()
    (stale / "source.values").write_bytes(b"half")
    (folder / "meta.json").unlink()
    prepare()
    assert not stale.exists()


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("", "", "No pair is left to learn from. The files are empty."),
        ("\n", "x\n", "No pair is left to learn from. Left out 1 of 1 pairs: 1 empty source."),
        ("a\nb\n", "a\n", "en has 2 lines and .*de has 1"),
    ],
)
def test_nothing_to_learn_from(prepare, files: PairFiles, source: str, target: str, message: str) -> None:
    files.paths[0].write_text(source)
    files.paths[1].write_text(target)
    with pytest.raises(DataError, match=message):
        prepare()


def test_unequal_files_are_refused_before_any_work(prepare, files: PairFiles, monkeypatch) -> None:
    files.paths[0].write_text(SOURCE + "more\n")
    monkeypatch.setattr(corpus_module, "_Preparation", None)
    with pytest.raises(DataError, match=r"en has 8 lines and .*de has 7"):
        prepare()


def test_files_that_change_meanwhile_are_noticed(prepare, files: PairFiles) -> None:
    def change(_: int) -> None:
        files.paths[0].write_text(SOURCE.replace("a", "zz"))

    with pytest.raises(DataError, match="changed while being read"):
        prepare(on_progress=change)


def test_max_length_must_be_one_or_more(prepare) -> None:
    with pytest.raises(UsageError, match="max_length = 0"):
        prepare(max_length=0)


def test_progress_counts_pairs(prepare, monkeypatch) -> None:
    monkeypatch.setattr(corpus_module, "ROWS_AT_A_TIME", 3)
    seen: list[int] = []
    corpus = prepare(on_progress=seen.append)
    assert seen == [3, 6, 7]
    assert rows(corpus) == [([5, 6], [8]), ([5, 5], [5, 5, 5])]


@given(lengths=st.lists(st.integers(0, 30)), most=st.integers(1, 5), characters=st.integers(1, 50))
def test_chunks_are_bounded(lengths: list[int], most: int, characters: int) -> None:
    pairs = [Pair("x" * length, str(number)) for number, length in enumerate(lengths)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus_module, "ROWS_AT_A_TIME", most)
        patch.setattr(corpus_module, "CHARACTERS_AT_A_TIME", characters)
        chunks = list(in_chunks(iter(pairs)))
    assert [pair for chunk in chunks for pair in chunk] == pairs
    for chunk in chunks:
        assert len(chunk) <= most
        assert sum(len(pair.source) + len(pair.target) for pair in chunk[:-1]) < characters


def test_tab_separated_and_json_lines(tmp_path: Path, tokenizer) -> None:
    (tmp_path / "a.tsv").write_text("a bb\tAAAA\n")
    (tmp_path / "a.jsonl").write_text(json.dumps({"en": "a bb", "de": "AAAA"}) + "\n")
    for files in (
        PairFiles((tmp_path / "a.tsv",)),
        PairFiles((tmp_path / "a.jsonl",), source_field="en", target_field="de"),
    ):
        corpus = prepare_corpus(files, tokenizer, tokenizer, tmp_path / "cache", max_length=5)
        assert rows(corpus) == [([5, 6], [8])]


PREPARE = """
import sys, time
from pathlib import Path
sys.path.insert(0, {here!r})
from conftest import StandInTokenizer
from seqloom.data.corpus import prepare_corpus
from seqloom.data.readers import PairFiles

class Slow(StandInTokenizer):
    def encode_many(self, texts):
        Path({folder!r}, "worked-" + sys.argv[1]).touch()
        time.sleep(0.3)  # long enough for the other to arrive
        return super().encode_many(texts)

folder = Path({folder!r})
files = PairFiles((folder / "train.en", folder / "train.de"))
print("ready", flush=True)
sys.stdin.readline()
corpus = prepare_corpus(files, Slow(), Slow(), folder / "cache", max_length=3)
print(corpus.folder.name, corpus.source_lengths.tolist())
"""


@pytest.mark.usefixtures("files")
def test_two_processes_at_once_do_the_work_once(tmp_path: Path) -> None:
    code = textwrap.dedent(PREPARE).format(here=str(Path(__file__).parent), folder=str(tmp_path))
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ,
        )
        for number in range(2)
    ]
    for run in runs:
        assert run.stdout.readline() == "ready\n"
    for run in runs:
        run.stdin.write("\n")
        run.stdin.flush()
    answers = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert answers[0] == answers[1]
    assert answers[0].endswith("[2, 2]\n")
    assert len(list(tmp_path.glob("worked-*"))) == 1


def test_for_a_model_that_copies_unknown_words_have_ids_of_their_own(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(["a b"], kind="word", size=9)  # a is 4, b is 5, and 6 is the first unknown
    (tmp_path / "t.tsv").write_text("x a y x\ty b z x\nz\tz a\na\tb x\n", encoding="utf-8")
    files = PairFiles((tmp_path / "t.tsv",))

    def prepared(copying: bool, max_length: int = 4) -> Corpus:
        return prepare_corpus(
            files, tokenizer, tokenizer, tmp_path / "cache", max_length=max_length, copying=copying
        )

    assert rows(prepared(True)) == [([6, 4, 7, 6], [7, 5, 1, 6]), ([6], [6, 4]), ([4], [5, 1])]
    assert rows(prepared(False)) == [([1, 4, 1, 1], [1, 5, 1, 1]), ([1], [1, 4]), ([4], [5, 1])]
    meta = prepared(True, 2**16).folder / "meta.json"
    assert set(json.loads(meta.read_text())["columns"].values()) == {
        "uint32"
    }  # room for a source of unknown words


# Word alignments

LINKS = "0-0 1-0\n\n\n0-0 0-2 1-1\n\n3-0\n\n"


@pytest.fixture
def aligned(prepare, tmp_path: Path):
    def aligned(links: str = LINKS, **options) -> Corpus:
        (tmp_path / "links.txt").write_text(links)
        return prepare(alignments=tmp_path / "links.txt", **options)

    return aligned


def test_alignments_stay_with_their_pairs(aligned, prepare) -> None:
    """Pairs 2, 3, 5, 6 and 7 are left out, and their links with them."""
    corpus = aligned()
    assert corpus.aligned
    assert [corpus.spans(row) for row in range(len(corpus))] == [
        [(0, 1, 0, 1), (1, 2, 0, 1)],
        [(0, 1, 0, 1), (0, 1, 2, 3), (1, 2, 1, 2)],
    ]
    assert rows(corpus) == rows(prepare())
    assert not prepare().aligned
    kept = aligned(keep_text=True)
    assert [kept.links(row) for row in range(2)] == [[(0, 0), (1, 0)], [(0, 0), (0, 2), (1, 1)]]
    assert kept.spans(1) == corpus.spans(1)


def test_chunks_go_on_where_the_last_one_ended(aligned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_module, "ROWS_AT_A_TIME", 2)
    assert aligned().spans(1) == [(0, 1, 0, 1), (0, 1, 2, 3), (1, 2, 1, 2)]


def test_alignments_make_another_corpus_and_their_content_its_key(aligned, prepare) -> None:
    folders = [prepare().folder, aligned().folder, aligned(LINKS.replace("0-2", "1-2")).folder]
    assert len(set(folders)) == 3
    assert aligned().folder == folders[1]


@pytest.mark.parametrize(("links", "lines"), [(LINKS + "0-0\n", 8), ("0-0\n\n", 2)])
def test_a_line_of_links_for_each_pair(aligned, monkeypatch, links: str, lines: int) -> None:
    monkeypatch.setattr(corpus_module, "_Preparation", None)  # before any work
    message = (
        rf"links\.txt has {lines} lines and .*train\.en has 7; line n of the one must hold the links of pair n of "
        r"the other, and be empty where none are known\.$"
    )
    with pytest.raises(DataError, match=message):
        aligned(links)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("0-x", r"links\.txt:4: '0-x' is no link; "),
        ("2-0", r"links\.txt:4: the link 2-0 names word 2 of the source"),
    ],
)
def test_faults_of_links_name_file_and_line(aligned, monkeypatch, wrong: str, message: str) -> None:
    monkeypatch.setattr(corpus_module, "ROWS_AT_A_TIME", 3)
    with pytest.raises(DataError, match=message):
        aligned(LINKS.replace("1-1", wrong))


def test_alignments_that_change_meanwhile_are_noticed(aligned, tmp_path: Path) -> None:
    def change(_: int) -> None:
        (tmp_path / "links.txt").write_text(LINKS.replace("3-0", "2-0"))

    with pytest.raises(DataError, match=r"train\.de or .*links\.txt changed while being read"):
        aligned(on_progress=change)


def test_a_missing_file_of_alignments_is_named(prepare, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"lost\.txt does not exist"):
        prepare(alignments=tmp_path / "lost.txt")


def test_long_sources_are_cut_counted_and_said(prepare) -> None:
    corpus = prepare(cut=True)
    assert rows(corpus) == [*rows(prepare()), ([5, 5, 5], [5])]
    assert (corpus.cut, corpus.dropped["too long"]) == (1, 0)
    assert corpus.notices[-1] == "Cut 1 of 3 sources to their first 3 symbols."
    again = open_corpus(corpus.folder)
    assert (again.cut, again.notices) == (1, corpus.notices)
    assert corpus.key != prepare().key
    assert prepare().cut == 0


def test_a_long_target_is_left_out_all_the_same(prepare) -> None:
    corpus = prepare(cut=True, max_length=2)
    assert (corpus.cut, corpus.dropped["too long"]) == (1, 1)
    assert "Left out 5 of 7 pairs" in corpus.notices[0]
    assert prepare(cut=True, max_length=9).notices == prepare(max_length=9).notices


def test_words_that_were_cut_off_cant_be_copied(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(["a b"], kind="word", size=9)
    known = len(tokenizer)
    (tmp_path / "x.tsv").write_text("Xa a Xb b Xc\tXb Xc a Xa\n")
    options = {"max_length": 4, "copying": True}
    files = PairFiles((tmp_path / "x.tsv",))
    cut = prepare_corpus(files, tokenizer, tokenizer, tmp_path / "cache", cut=True, **options)
    a, b = tokenizer.encode("a b")
    assert rows(cut) == [([known, a, known + 1, b], [known + 1, UNK, a, known])]


def test_within_reach() -> None:
    assert within_reach([3, 9, 10, 11, 12], [4, 10, 11], vocabulary=10) == [3, 9, 10, 11, UNK]
    assert within_reach([9, 10], [], vocabulary=10) == [9, UNK]


def test_cut_sources_have_no_alignments(prepare, tmp_path: Path) -> None:
    (tmp_path / "links").write_text("\n" * 7)
    with pytest.raises(UsageError, match="give alignments or cut, not both"):
        prepare(cut=True, alignments=tmp_path / "links")
