"""Claim: what attention is worth on Multi30k en-de, at equal parameters and in equal time, stands in one report.

    python benchmarks/multi30k_comparison.py
    python benchmarks/multi30k_comparison.py --check
    python benchmarks/multi30k_comparison.py comparison.seeds=[1] training.max_minutes=1 --folder runs/short

Runs multi30k_comparison.toml: five models, two seeds, 15 minutes of training each, some three hours on two cores with
all that is measured. Stopped, it goes on where it was. Then copies report.html and comparison.json to
results/multi30k_comparison/, beside provenance.json with command, commit and machine; with another --folder or with
options it copies nothing.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

from provenance import HERE, RESULTS, ROOT, multi30k, provenance

PLAN = HERE / "multi30k_comparison.toml"
FOLDER = ROOT / "runs" / "multi30k_comparison"
KEPT = RESULTS / "multi30k_comparison"


def main() -> int:
    """Run the comparison and keep its report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--check", action="store_true", help="say what is to be done, and do none of it")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    asked = parser.parse_intermixed_args()
    begun = provenance()
    data = [
        f"data.{part}={json.dumps([str(path) for path in multi30k(part)])}"
        for part in ("train", "valid", "test")
    ]
    words = ["compare", str(PLAN), *data, *asked.overrides, "--folder", str(asked.folder)]
    if asked.check:
        words.append("--check")
    code = subprocess.run([sys.executable, "-m", "seqloom.cli", *words], check=False).returncode
    if code or asked.check or asked.overrides or asked.folder != FOLDER:
        return code
    KEPT.mkdir(parents=True, exist_ok=True)
    for name in ("report.html", "comparison.json"):
        shutil.copy(FOLDER / name, KEPT / name)
    (KEPT / "provenance.json").write_text(json.dumps(begun, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
