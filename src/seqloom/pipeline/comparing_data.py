"""What a comparison chooses of the pairs: the sentence that is shown, those for gradients, shares to train on."""

from collections.abc import Sequence
from pathlib import Path

from seqloom.base.files import atomic_write, make_folder
from seqloom.base.randomness import numpy_generator
from seqloom.config.schema import Config
from seqloom.config.write import resolved
from seqloom.data.lines import read_lines, survey
from seqloom.data.pairs import Pair
from seqloom.data.readers import pair_format

WORDS = (7, 14)  # of a sentence that makes a map one can read
LONGEST = 40  # words of a sentence whose gradients are followed: their number grows with the square


def choose_sentence(
    pairs: Sequence[Pair], sentence: str | None, target: str | None
) -> tuple[str, str | None]:
    """The sentence that is shown and what is written for it: as asked, or the first pair of readable length.

    A target of None is each model's own output.
    """
    if sentence is not None:
        own = [pair.target for pair in pairs if pair.source == sentence]
        return sentence, target if target is not None or not own else own[0]
    fitting = [pair for pair in pairs if WORDS[0] <= len(pair.source.split()) <= WORDS[1]]
    shown = fitting[0] if fitting else max(pairs, key=lambda pair: len(pair.source.split()))
    return shown.source, shown.target


def choose_gradient_pairs(pairs: Sequence[Pair], count: int) -> list[list[str]]:
    """Pairs spread over the longer half of those that are not too long, as [source, target]."""
    fitting = [pair for pair in pairs if len(pair.target.split()) <= LONGEST] or list(pairs[:1])
    longer = sorted(fitting, key=lambda pair: len(pair.target.split()))[len(fitting) // 2 :]
    step = max(1, len(longer) // count)
    return [list(pair) for pair in longer[::step][:count]]


def write_share(config: Config, share: float, folder: Path) -> None:
    """Write a share of the training pairs, drawn at random; a larger share has all of a smaller one."""
    before, after = config.data.train, with_share(config, share, folder).data.train
    count = survey(Path(before[0])).lines
    order = numpy_generator(0, "share").permutation(count)
    chosen = set(order[: max(1, round(share * count))].tolist())
    make_folder(folder)
    for source, written in zip(before, after, strict=True):
        lines = (line for number, line in enumerate(read_lines(Path(source))) if number in chosen)
        atomic_write(Path(written), "".join(f"{line}\n" for line in lines))


def with_share(config: Config, share: float, folder: Path) -> Config:
    """The same configuration over the files that `write_share` writes."""
    paths = [Path(path) for path in config.data.train]
    parallel = pair_format(paths, config.data.format) == "parallel"
    endings = (".source", ".target") if parallel else (paths[0].suffix,)
    written = [str((folder / f"share-{share:g}{ending}").absolute()) for ending in endings]
    tree = resolved(config)
    return Config.model_validate({**tree, "data": {**tree["data"], "train": written}})
