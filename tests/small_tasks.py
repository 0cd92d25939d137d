"""Tiny projects for tasks that are no translation: dialogues in which a name is given, verbs to be inflected."""

from itertools import product
from pathlib import Path

SIZES = """
[model]
width = 16

[model.encoder]
hidden = 8

[model.decoder]
hidden = 16

[training]
max_updates = 8
validate_every = 4
batch_tokens = 400
warmup_updates = 2
learning_rate = 0.01
log_every = 4
threads = 1
device = "cpu"
"""
STEMS = ["".join(letters) for letters in product("bdklmprst", "aeiou", "gklmnprt")]
ENDINGS = {"V;PRS;NOM(3,SG)": "s", "V;PST": "ed", "V;NFIN": ""}
NAMES = ["anna", "boris", "clara", "dora", "emil", "fritz"]


def write_inflections(folder: Path) -> Path:
    """Verbs with regular endings: lemma TAB features TAB form; gives the configuration's path."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{stem}\t{cell}\t{stem}{ending}\n" for stem in STEMS for cell, ending in ENDINGS.items()]
    (folder / "train.tsv").write_text("".join(rows[:300]), encoding="utf-8")
    (folder / "valid.tsv").write_text("".join(rows[300:330]), encoding="utf-8")
    data = """\
preset = "transduction-lstm"

[data]
train = "train.tsv"
valid = "valid.tsv"
source_columns = [1, 2]
target_column = 3
feature_columns = [2]
"""
    (folder / "config.toml").write_text(data + SIZES, encoding="utf-8")
    return folder / "config.toml"


def write_dialogues(folder: Path) -> Path:
    """In bAbI's format: a name is given, a fact comes of it, and both are asked for."""
    folder.mkdir(parents=True, exist_ok=True)
    talks = [
        f"1 hello\twhat is your name\n2 i am {name}\tcall {name}\n3 {name} R_room {room}\n"
        f"4 which room\tyour room is {room}\n5 bye\tbye {name}\n\n"
        for name, room in product(NAMES, "1234")
    ]
    (folder / "train.txt").write_text("".join(talks[:20]), encoding="utf-8")
    (folder / "valid.txt").write_text("".join(talks[20:]), encoding="utf-8")
    data = 'preset = "dialogue-gru"\n\n[data]\ntrain = "train.txt"\nvalid = "valid.txt"\n'
    (folder / "config.toml").write_text(data + SIZES, encoding="utf-8")
    return folder / "config.toml"
