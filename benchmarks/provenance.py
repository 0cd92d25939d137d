"""What every result carries: command, commit and machine; and where the corpora lie."""

import importlib.metadata as metadata
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RESULTS = HERE / "results"


def machine() -> str:
    """Processor, cores, memory, system and versions."""
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line for line in lines if line.startswith("model name")]
        cpu = names[0].split(":")[1].strip() if names else cpu
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("numpy", "torch", "sentencepiece"))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{cpu}, {cores} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {versions}"
    )


def commit(*measured: Path) -> str:
    """The commit that was measured, marked when the files (src/ and benchmarks/ unless told) differ from it."""

    def git(*arguments: str) -> str:
        run = subprocess.run(["git", "-C", HERE, *arguments], capture_output=True, text=True, check=False)
        return run.stdout.strip()

    paths = measured or (ROOT / "src", *HERE.glob("**/*.py"))
    changed = git("status", "--porcelain", "--", *map(str, paths))
    return (git("rev-parse", "--short=10", "HEAD") or "unknown") + (" with changes" if changed else "")


def command() -> str:
    """As it was typed, from the repository's root."""
    script = Path(sys.argv[0]).resolve()
    name = script.relative_to(ROOT) if script.is_relative_to(ROOT) else script.name
    return f"python {name} {shlex.join(sys.argv[1:])}".strip()


def provenance() -> dict[str, Any]:
    """All of it, with the load before the work began."""
    load = round(os.getloadavg()[0], 2)
    return {"command": command(), "commit": commit(), "machine": machine(), "load_at_start": load}


def corpora() -> Path:
    """The folder of the corpora, which are not ours to ship: $SEQLOOM_DATA, or ../shared/data."""
    return Path(os.environ.get("SEQLOOM_DATA", ROOT / ".." / "shared" / "data")).resolve()


def multi30k(part: str) -> list[Path]:
    """The two files of "train", "valid" or "test". Exits where the corpus isn't there."""
    names = {"train": "train", "valid": "valid", "test": "test_2016_flickr"}
    files = [corpora() / "multi30k-en-de" / f"{names[part]}.{side}" for side in ("en", "de")]
    if not files[0].is_file():
        raise SystemExit(f"Multi30k is not in {files[0].parent}; set SEQLOOM_DATA to the folder above it.")
    return files
