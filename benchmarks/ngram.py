"""N-gram perplexity against its peers and the floor: whole processes, side by side.

    python benchmarks/ngram.py --tokens 20M
    python benchmarks/ngram.py --tokens 2M --tokens 20M --tokens 200M --only hardness --memory 2GB

The floor is a process in which polars reads the file and splits the texts at spaces. KenLM's query
is the `kenlm` package's, one record after another, under a model that `hardness lm` makes of the
same text before (not timed); where `lmplz` and `build_binary` are on PATH they are timed too. NLTK
is timed on the first records and scaled to the whole.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from corpus import make_corpus
from processes import Timing, compare

from hardness.memory import parse_memory

PYTHON = sys.executable

FLOOR = """
import sys, polars as pl
frame = pl.read_ndjson(sys.argv[1])
print(frame["text"].str.split(" ").list.len().sum())
"""

KENLM = """
import re, sys, kenlm, polars as pl
model = kenlm.Model(sys.argv[1])
total = 0.0
for text in pl.read_ndjson(sys.argv[2])["text"]:
    total += model.score(" ".join(re.findall(r"\\w+|[^\\w\\s]", text.lower())))
print(total)
"""

NLTK = """
import json, re, sys
from itertools import islice
from nltk.lm import Laplace
from nltk.lm.preprocessing import padded_everygram_pipeline
from nltk.util import ngrams
with open(sys.argv[1]) as file:
    texts = [json.loads(line)["text"] for line in islice(file, int(sys.argv[2]))]
records = [re.findall(r"\\w+|[^\\w\\s]", text.lower()) for text in texts]
model = Laplace(3)
model.fit(*padded_everygram_pipeline(3, records))
for record in records:
    padded = ["<s>", "<s>", *record, "</s>"]
    sum(model.logscore(w, (u, v)) for u, v, w in ngrams(padded, 3))
"""
_NLTK_RECORDS = 2000

LMPLZ = """
set -e
"$3" -c 'import json, re, sys
for line in open(sys.argv[1]):
    print(*re.findall(r"\\w+|[^\\w\\s]", json.loads(line)["text"].lower()))' "$1" > "$2.txt"
lmplz -o 3 -S 4G --discount_fallback < "$2.txt" > "$2.arpa"
build_binary "$2.arpa" "$2.bin"
"""


def tokens(amount: str) -> int:
    """20M as a number."""
    return int(float(amount[:-1]) * 1e6) if amount.endswith("M") else int(amount)


def commands(data: Path, work: Path, arguments: argparse.Namespace) -> dict[str, list[str]]:
    """Name to command line of everything that is compared."""
    score = [PYTHON, "-m", "hardness", "score", str(data), "--memory", arguments.memory]
    score += ["--overwrite", "-o"]
    compared = {
        "hardness, leave-one-out": [*score, str(work / "record")],
        "hardness, in-sample": [*score, str(work / "none"), "--holdout", "none"],
        "floor: polars reads and splits": [PYTHON, "-c", FLOOR, str(data)],
    }
    if arguments.only == "hardness":
        return compared
    compared["NLTK, first 2,000 records"] = [PYTHON, "-c", NLTK, str(data), str(_NLTK_RECORDS)]
    model = work / "model.arpa"
    lm = [PYTHON, "-m", "hardness", "lm", str(data), "--order", "3", "-o", str(model)]
    compared["hardness lm, order 3"] = lm
    compared["kenlm query"] = [PYTHON, "-c", KENLM, str(model), str(data)]
    if shutil.which("lmplz") and shutil.which("build_binary"):
        lmplz = ["sh", "-c", LMPLZ, "sh", str(data), str(work / "k"), PYTHON]
        compared["lmplz and build_binary"] = lmplz
    return compared


def main() -> None:
    """Make the corpora, time everything and print a Markdown table for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tokens", action="append", type=tokens, help="such as 20M; repeatable")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--memory", default="4GB")
    parser.add_argument("--only", choices=["hardness"], help="leave the peers out")
    parser.add_argument("--folder", type=Path, help="where corpora are kept")
    arguments = parser.parse_args()
    parse_memory(arguments.memory)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for n_tokens in arguments.tokens or [20_000_000]:
            data = folder / f"zipf-{n_tokens}.jsonl"
            if not data.exists():
                make_corpus(data, n_tokens)
            timings = compare(commands(data, Path(temporary), arguments), runs=arguments.runs)
            print_table(n_tokens, data.stat().st_size, timings)


def print_table(n_tokens: int, n_bytes: int, timings: dict[str, Timing]) -> None:
    """Median seconds, ratio to the first row, and peak memory."""
    first = next(iter(timings.values())).seconds
    print(f"\n{n_tokens / 1e6:.0f} M tokens, {n_bytes / 1e6:.0f} MB of JSONL\n")
    print("| | wall s | CPU s | ratio of wall | ns a token | peak MB |")
    print("|---|---|---|---|---|---|")
    for name, timing in timings.items():
        print(
            f"| {name} | {timing.seconds:.2f} | {timing.cpu_seconds:.2f} "
            f"| {timing.seconds / first:.2f} | {timing.seconds / n_tokens * 1e9:.0f} "
            f"| {max(timing.peak_bytes) / 1e6:.0f} |"
        )


if __name__ == "__main__":
    main()
