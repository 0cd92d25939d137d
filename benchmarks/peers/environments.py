"""An environment of its own for each peer, from the package index, under .cache/peers."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).resolve().parents[2] / ".cache" / "peers"
COMMON = (
    "torch==2.13.0",
    "numpy<2.3",
    "sacrebleu",
    "sentencepiece",
    "tensorboard",
    "pyyaml",
    "six",
    "safetensors",
)


@dataclass(frozen=True)
class Peer:
    """package     installed without its dependencies, whose pins of torch no current Python satisfies
    needs          what it imports, at today's versions
    probe          a module whose import shows that all is there
    """

    package: str
    needs: tuple[str, ...]
    probe: str


ONMT_FAMILY = (
    "configargparse",
    "ctranslate2",
    "pyonmttok",
    "rapidfuzz",
    "pyahocorasick",
    "flask",
    "waitress",
)
PEERS = {
    "OpenNMT-py": Peer("OpenNMT-py==3.5.1", (*ONMT_FAMILY, "spacy", "fasttext-wheel"), "onmt.bin.train"),
    "JoeyNMT": Peer(
        "joeynmt==2.3.0",
        ("importlib_metadata", "subword-nmt", "matplotlib", "packaging", "datasets", "portalocker", "pandas"),
        "joeynmt.training",
    ),
    "eole": Peer(
        "eole==0.6.4",
        (*ONMT_FAMILY, "aiohttp", "pydantic", "rich", "huggingface_hub", "safetensors", "datasets"),
        "eole.bin.main",
    ),
}


def interpreter(name: str) -> Path:
    """The Python of a peer's environment, made first if it isn't there or was made of other packages.

    Exits with pip's last words if that fails.
    """
    peer, folder = PEERS[name], HOME / name
    python, stamp, wanted = folder / "bin" / "python", folder / "complete", f"{COMMON} {peer}\n"
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    print(f"Making an environment for {name} in {folder} (minutes)", flush=True)
    _run([sys.executable, "-m", "venv", "--clear", str(folder)])
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, *COMMON])
    _run([*pip, "--no-deps", peer.package])
    _run([*pip, *peer.needs])
    _run([str(python), "-c", f"import {peer.probe}"])
    stamp.write_text(wanted)
    return python


def _run(command: list[str]) -> None:
    run = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{run.stderr[-2000:]}")
