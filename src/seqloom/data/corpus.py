"""A corpus of pairs as ids on disk: prepared once, read row by row afterwards, never in memory.

CACHE/KEY/
    source.{values,lengths,marks}  target.…     ids, uint16 when the vocabulary fits, else uint32
    source-text.…  target-text.…                the text itself, UTF-8, when kept for subword sampling
    spans.…                                     word alignments between symbols, four numbers a link, when given
    links.…                                     the same between words, two numbers a link, when the text is kept
    meta.json                                   counts, what was left out and why, sizes and hashes of the files

KEY names the content of the text files, the tokenizers and the settings, so that a folder is either the right one
or absent. A damaged one is noticed by its hashes and prepared again.
"""

import contextlib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seqloom.base.errors import DataError, UsageError
from seqloom.data.columns import Column, ColumnWriter
from seqloom.data.dialogues import HistoryBound
from seqloom.data.lines import Survey, read_lines, survey
from seqloom.data.links import Link, Span, check_link_count, flat, parse_links, span_links
from seqloom.data.pairs import Pair, PairSource
from seqloom.data.prepared import prepare_folder, refuse_changed, smallest_dtype, verified_meta, write_meta
from seqloom.data.readers import check_line_counts
from seqloom.text.tokenizer import Tokenizer
from seqloom.text.vocabulary import UNK

FORMAT_VERSION = 1
ROWS_AT_A_TIME = 2_048  # pairs encoded together; with CHARACTERS_AT_A_TIME bounds the Python objects alive
CHARACTERS_AT_A_TIME = 500_000
EMPTY_SOURCE, EMPTY_TARGET, TOO_LONG = "empty source", "empty target", "too long"
CUT = "cut"  # the setting under which long sources lose their end, and how many did, or lost their beginning
HISTORY = "history"  # the setting with how long a history may be
Ids = NDArray[np.int64]


class TargetLabels(Protocol):
    """What makes ids of targets that are no text."""

    @property
    def may_be_empty(self) -> bool:
        """Whether an empty target says something too."""
        ...

    def __len__(self) -> int:
        """The number of ids."""
        ...

    def fingerprint(self) -> str:
        """What determines the ids."""
        ...

    def encode(self, chunk: Sequence[Pair], sources: Sequence[Sequence[int]]) -> list[list[int]]:
        """The ids of the pairs' targets, beside those of their sources."""
        ...


class Corpus:
    """A prepared corpus, opened by open_corpus or prepare_corpus.

    source_lengths, target_lengths   (rows,) int32, symbols without the end symbol
    dropped    reason -> pairs left out for it, of `pairs_read` in all
    cut        pairs whose source lost its end
    notices    sentences for the user: what was left out or cut, and whether a damaged cache was prepared again
    """

    def __init__(self, folder: Path, meta: dict[str, Any], notices: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.key = folder.name  # a hash of the text and of how it was read
        self.max_length: int = meta["settings"]["max_length"]
        self.keeps_text: bool = meta["settings"]["keep_text"]
        self.aligned: bool = "spans" in meta["columns"]
        self.pairs_read: int = meta["pairs_read"]
        self.dropped: dict[str, int] = meta["dropped"]
        self.cut: int = meta.get(CUT, 0)
        self.notices = (
            notices
            + _say_dropped(self.pairs_read, self.dropped, self.max_length)
            + _say_cut(self.cut, meta, self.max_length)
        )
        self._columns = {
            name: Column(folder, name, np.dtype(dtype)) for name, dtype in meta["columns"].items()
        }
        self.source_lengths = self._columns["source"].lengths
        self.target_lengths = self._columns["target"].lengths

    def __len__(self) -> int:
        return len(self.source_lengths)

    def source(self, row: int) -> Ids:
        """The source ids of a row (length,), a copy, without the end symbol. Raises IndexError."""
        return self._columns["source"].ids(row)

    def target(self, row: int) -> Ids:
        """The target ids of a row (length,), a copy, without BOS and EOS. Raises IndexError."""
        return self._columns["target"].ids(row)

    def text(self, row: int) -> Pair:
        """The text of a row as it was read. Raises IndexError; UsageError unless prepared with keep_text."""
        if not self.keeps_text:
            raise UsageError(f"{self.folder} holds ids only; prepare the corpus with keep_text=True.")
        return Pair(self._columns["source-text"].text(row), self._columns["target-text"].text(row))

    def spans(self, row: int) -> list[Span]:
        """The word alignment of a row, between its symbols on disk. Raises IndexError."""
        return [Span(*span) for span in self._columns["spans"].ids(row).reshape(-1, 4).tolist()]

    def links(self, row: int) -> list[Link]:
        """The word alignment of a row, between the words of its text. Raises IndexError."""
        return [Link(*link) for link in self._columns["links"].ids(row).reshape(-1, 2).tolist()]

    def tag(self, row: int) -> list[int]:  # noqa: ARG002 - no row has one; those of JoinedCorpus may
        """What a row's source begins with: nothing."""
        return []

    def release(self) -> None:
        """Give mapped pages back, so that resident memory stays bounded; what is read next is mapped anew."""
        for column in self._columns.values():
            column.release()


def prepare_corpus(
    files: PairSource,
    source_tokenizer: Tokenizer,
    target_tokenizer: Tokenizer,
    cache: Path,
    *,
    max_length: int,
    keep_text: bool = False,
    copying: bool = False,
    labels: TargetLabels | None = None,
    cut: bool = False,
    alignments: Path | None = None,
    bound: HistoryBound | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Corpus:
    """Encode the pairs of text files into a folder under `cache`, or open the folder if that was done before.

    max_length    longest side in symbols, end symbol not counted; longer pairs are dropped and counted,
                  as are pairs with an empty side
    copying       for a model that copies: a source's unknown words get ids of their own behind the vocabulary's,
                  counted anew in each pair, and so do the target's where the source has the same word; both sides
                  have one tokenizer
    labels        for targets that are labels, which the target's tokenizer then doesn't read
    cut           whether a longer source loses its end instead, and is counted too; a longer target is still dropped
    alignments    file of word alignments, a line of links a pair (see links.py); those of pairs that are left out
                  are left out with them; not with `cut`
    bound         what leaves out the oldest turns of a dialogue's history; such sources count as cut too
    on_progress   called with the pairs read so far

    The text is streamed, so memory does not grow with it. Several processes may prepare the same corpus: one
    works, the others wait for it.
    Raises   DataError for faults in the files, or when no pair is left; UsageError for paths that don't fit.
    """
    if max_length < 1:
        raise UsageError(f"max_length = {max_length}; expected 1 symbol or more.")
    if cut and alignments:
        raise UsageError(
            "Word alignments reach beyond where a source is cut; give alignments or cut, not both."
        )
    surveys = _survey_all(files, alignments)
    settings: dict[str, Any] = {
        "format": FORMAT_VERSION,
        "texts": [found.sha256 for found in surveys],
        "reading": files.reading,
        "tokenizers": [source_tokenizer.fingerprint(), (labels or target_tokenizer).fingerprint()],
        "unicode": unicodedata.unidata_version,
        "max_length": max_length,
        "keep_text": keep_text,
    }
    if copying:  # only then: what was prepared without keeps its key, and so below
        settings["copying"] = True
    if alignments:
        settings["aligned"] = True
    if cut:
        settings[CUT] = True
    if bound:
        settings[HISTORY] = bound.longest

    def write(folder: Path) -> None:
        writer = _Preparation(folder, settings, source_tokenizer, target_tokenizer, alignments, labels, bound)
        writer.run(files.read(), on_progress or (lambda _: None))
        if [found.sha256 for found in _survey_all(files, alignments)] != settings["texts"]:
            refuse_changed([*files.paths, *([alignments] if alignments else [])])

    return prepare_folder(cache, settings, write, open_corpus)


def open_corpus(folder: Path, notices: tuple[str, ...] = ()) -> Corpus:
    """Map a prepared corpus after checking every file's size and hash.

    Raises   DataError naming the first file that is missing, cut short or altered.
    """
    meta = verified_meta(folder)
    return Corpus(folder, meta, notices)


@dataclass
class _Preparation:
    """Writes the files of one corpus into a folder."""

    folder: Path
    settings: dict[str, Any]
    source_tokenizer: Tokenizer
    target_tokenizer: Tokenizer
    alignments: Path | None = None
    labels: TargetLabels | None = None
    bound: HistoryBound | None = None

    @property
    def copying(self) -> bool:
        """Whether unknown words of the sources have ids of their own."""
        return "copying" in self.settings

    @property
    def cutting(self) -> bool:
        """Whether a long source loses its end."""
        return CUT in self.settings

    def run(self, pairs: Iterator[Pair], on_progress: Callable[[int], None]) -> None:
        """Encode all pairs, then write meta.json. Raises DataError when no pair is left."""
        more = self.settings["max_length"] if self.copying else 0  # words of a source that may be unknown
        dtypes = {
            "source": smallest_dtype(len(self.source_tokenizer) + more),
            "target": smallest_dtype(len(self.labels or self.target_tokenizer) + more),
        }
        if self.settings["keep_text"]:
            dtypes |= {"source-text": np.dtype(np.uint8), "target-text": np.dtype(np.uint8)}
        if self.alignments:
            position = np.dtype(np.uint16 if self.settings["max_length"] < 2**16 else np.uint32)
            dtypes |= dict.fromkeys(
                ("spans", "links") if self.settings["keep_text"] else ("spans",), position
            )
        lines = read_lines(self.alignments) if self.alignments else None
        read = cut = 0
        dropped = Counter(dict.fromkeys((EMPTY_SOURCE, EMPTY_TARGET, TOO_LONG), 0))
        with contextlib.ExitStack() as stack:
            columns = {
                name: stack.enter_context(ColumnWriter(self.folder, name, dtype))
                for name, dtype in dtypes.items()
            }
            for whole in in_chunks(pairs):
                chunk, shortened = self._bounded(whole)
                links = None if lines is None else self._links(chunk, lines, read)
                cut += shortened + self._append(chunk, links, columns, dropped)
                read += len(chunk)
                on_progress(read)
        if read == dropped.total():
            raise DataError(
                " ".join(("No pair is left to learn from.", *self._say_nothing_left(read, dropped)))
            )
        write_meta(
            self.folder,
            {
                "settings": self.settings,
                "pairs_read": read,
                "rows": read - dropped.total(),
                "dropped": dict(dropped),
                **({CUT: cut} if self.cutting or self.bound else {}),
                "columns": {name: dtype.name for name, dtype in dtypes.items()},
            },
            columns.values(),
        )

    def _bounded(self, chunk: list[Pair]) -> tuple[list[Pair], int]:
        """The pairs with histories as short as they are read, and how many were longer."""
        if self.bound is None:
            return chunk, 0
        kept = [Pair(self.bound(pair.source), pair.target) for pair in chunk]
        return kept, sum(one.source != other.source for one, other in zip(kept, chunk, strict=True))

    def _links(self, chunk: list[Pair], lines: Iterator[str], read: int) -> list[list[Link]]:
        """The alignment of each pair of a chunk, which begins after so many pairs."""
        return [
            parse_links(next(lines, ""), pair, f"{self.alignments}:{number}")
            for number, pair in enumerate(chunk, start=read + 1)
        ]

    def _encode(self, chunk: list[Pair]) -> tuple[list[list[int]], list[list[int]]]:
        """The ids of sources and targets."""
        if not self.copying:
            sources = self.source_tokenizer.encode_many([pair.source for pair in chunk])
            if self.labels:
                return sources, self.labels.encode(chunk, sources)
            return sources, self.target_tokenizer.encode_many([pair.target for pair in chunk])
        readers = [self.source_tokenizer.reading(pair.source) for pair in chunk]
        return (
            [reader.encode(pair.source) for reader, pair in zip(readers, chunk, strict=True)],
            [reader.encode(pair.target) for reader, pair in zip(readers, chunk, strict=True)],
        )

    def _append(
        self,
        chunk: list[Pair],
        links: list[list[Link]] | None,
        columns: dict[str, ColumnWriter],
        dropped: Counter[str],
    ) -> int:
        """Encode and write a chunk; gives how many sources were cut."""
        sources, targets = self._encode(chunk)
        may_be_empty = self.labels is not None and self.labels.may_be_empty
        longest: int = self.settings["max_length"]
        kept: list[int] = []
        cut = 0
        for row, (pair, source, target) in enumerate(zip(chunk, sources, targets, strict=True)):
            if not source or not pair.source.strip():
                dropped[EMPTY_SOURCE] += 1
            elif not may_be_empty and (not target or not pair.target.strip()):
                dropped[EMPTY_TARGET] += 1
            elif max(0 if self.cutting else len(source), len(target)) > longest:
                dropped[TOO_LONG] += 1
            else:
                kept.append(row)
                if len(source) > longest:
                    cut += 1
                    sources[row] = source[:longest]
                    if self.copying:
                        targets[row] = within_reach(target, sources[row], len(self.target_tokenizer))
        columns["source"].append_ids([sources[row] for row in kept])
        columns["target"].append_ids([targets[row] for row in kept])
        if self.settings["keep_text"]:
            columns["source-text"].append_texts(chunk[row].source for row in kept)
            columns["target-text"].append_texts(chunk[row].target for row in kept)
        if links is None:
            return cut
        spans = [
            span_links(
                links[row],
                self.source_tokenizer.word_numbers(chunk[row].source, sources[row]),
                self.target_tokenizer.word_numbers(chunk[row].target, targets[row]),
            )
            for row in kept
        ]
        columns["spans"].append_ids([flat(own) for own in spans])
        if self.settings["keep_text"]:
            columns["links"].append_ids([flat(links[row]) for row in kept])
        return cut

    def _say_nothing_left(self, read: int, dropped: Counter[str]) -> tuple[str, ...]:
        if not read:
            return ("The files are empty.",)
        return _say_dropped(read, dropped, self.settings["max_length"])


def within_reach(target: Sequence[int], source: Sequence[int], vocabulary: int) -> list[int]:
    """A target for a model that copies, without the words of its source that were cut off with the source's end.

    Ids from `vocabulary` on are the source's unknown words, numbered as they come; those beyond the last become <unk>.
    """
    last = max([vocabulary - 1, *source])
    return [symbol if symbol <= last else UNK for symbol in target]


def in_chunks(pairs: Iterator[Pair]) -> Iterator[list[Pair]]:
    """Lists of pairs, bounded in rows and in characters."""
    chunk: list[Pair] = []
    characters = 0
    for pair in pairs:
        chunk.append(pair)
        characters += len(pair.source) + len(pair.target)
        if len(chunk) >= ROWS_AT_A_TIME or characters >= CHARACTERS_AT_A_TIME:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _survey_all(files: PairSource, alignments: Path | None) -> list[Survey]:
    """Hash the files, the alignments' last; unequal counts are refused here, before any work."""
    kind = files.kind
    surveys = [survey(path) for path in files.paths]
    if kind == "parallel":
        check_line_counts(files.paths, [found.lines for found in surveys])
    if alignments:
        surveys.append(survey(alignments))
        check_link_count(alignments, surveys[-1].lines, files, surveys[0].lines)
    return surveys


def _say_dropped(read: int, dropped: dict[str, int], max_length: int) -> tuple[str, ...]:
    """One sentence about the pairs that were left out, or none."""
    reasons = [f"{count:,} {reason}" for reason, count in dropped.items() if count]
    if not reasons:
        return ()
    limit = f" (the limit is {max_length:,} symbols a side)" if dropped[TOO_LONG] else ""
    return (f"Left out {sum(dropped.values()):,} of {read:,} pairs: {', '.join(reasons)}{limit}.",)


def _say_cut(cut: int, meta: dict[str, Any], max_length: int) -> tuple[str, ...]:
    """One sentence about the sources that lost their end, or histories their oldest turns; or none."""
    if not cut:
        return ()
    if HISTORY in meta["settings"]:
        return (
            f"In {cut:,} of {meta['pairs_read']:,} examples the history is longer than {max_length:,} symbols; its "
            "oldest turns were left out.",
        )
    return (f"Cut {cut:,} of {meta['rows']:,} sources to their first {max_length:,} symbols.",)
