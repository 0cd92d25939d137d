"""A language model of the bundled phrasebook, from plain text to new sentences, in a minute.

    python examples/generation/phrases.py                  everything into runs/phrases
    python examples/generation/phrases.py --updates 300    a short training, to see that it works

It types what a person would type, and shows each command. The text is the English side of the phrasebook, a sentence a
line (CC0). At the end it checks what it has learnt: sentences that it hasn't seen must be far likelier than the same
words in another order.
"""

import json
import random
import sys
from pathlib import Path

from seqloom.data.phrasebook import write_phrasebook

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where what the examples share lies

from stage import answer_of, asked_for, enter, play, seqloom

PROJECT = Path("runs/phrases")
RUN = PROJECT / "run"
CONFIG = """\
preset = "generation-lstm"

[data]
train = "data/train.en"
valid = "data/valid.en"
test = "data/test.en"

[model]
width = 64
dropout = 0.1

[model.decoder]
hidden = 192
recurrent_dropout = 0.0

[training]
max_updates = {updates}
batch_tokens = 1024
chunk = 64
learning_rate = 1e-2
validate_every = 200
"""
UPDATES = 1000
MOST_BITS = 2.2  # a character of the test sentences; a model that knows nothing needs 6


def main() -> int:
    """Run the example; 0 if it has learnt what it should, else the exit code of what failed."""
    asked = asked_for(__doc__, "runs/phrases").parse_args()
    enter(asked.folder)
    if not (PROJECT / "config.toml").exists():
        write_phrasebook(PROJECT / "data")
        (PROJECT / "config.toml").write_text(
            CONFIG.format(updates=asked.updates or UPDATES), encoding="utf-8"
        )
    demonstrate()
    return check()


def demonstrate() -> None:
    """Look at the text, train, write."""
    seqloom("check", PROJECT)
    seqloom("train", PROJECT, "--run", RUN)
    seqloom("evaluate", RUN)
    seqloom("generate", RUN, "--prompt", "Where is", "--symbols", 200, "--temperature", 0.7)


def check() -> int:
    """Compare unseen sentences with their own words in another order."""
    sentences = (PROJECT / "data" / "test.en").read_text(encoding="utf-8").splitlines()[:200]
    shuffled = []
    for number, sentence in enumerate(sentences):
        words = sentence.split()
        random.Random(number).shuffle(words)
        shuffled.append(" ".join(words))
    likely, unlikely = (bits_of(texts) for texts in (sentences, shuffled))
    print(f"\nUnseen sentences: {likely:.2f} bits a character; their words in another order: {unlikely:.2f}")
    if likely < MOST_BITS and likely < 0.7 * unlikely:
        print("It has learnt how sentences go.")
        return 0
    print("It has not learnt enough; train longer with --updates.", file=sys.stderr)
    return 1


def bits_of(texts: list[str]) -> float:
    """A character, each text on its own, as `seqloom score` says it."""
    text = "".join(f"{text}\n" for text in texts)
    answer = answer_of("score", RUN, "--separate", "--total", "--json", stdin=text, shown=False)
    return float(json.loads(answer)["bits_per_character"])


if __name__ == "__main__":
    play(main)
