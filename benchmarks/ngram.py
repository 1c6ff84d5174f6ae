"""N-gram perplexity against its peers and the floor: whole processes, side by side.

    python benchmarks/ngram.py --tokens 20M
    python benchmarks/ngram.py --tokens 2M --tokens 20M --tokens 200M --only hardness --memory 2GB

The floor is a process in which polars reads the file and splits the texts at spaces. `lmplz` reads
text that was tokenised before, which is not timed, and gets the same memory; `build_binary`
converts what it wrote; the `kenlm` package queries that, one record after another, and tokenises
each first. Where `lmplz` and `build_binary` are not on PATH, the query is under the model of
`hardness lm`, and there is no sum. NLTK is timed on the first records only, and its time a token is
of theirs; ratios are of times a token.

The package on PyPI has no programs, but its sources have. With a C++ compiler, cmake, zlib and
Boost (program_options, system, thread, unit_test_framework):

    pip download --no-binary :all: --no-deps kenlm && tar xf kenlm-*.tar.gz && cd kenlm-*/
    cmake -B build -DCMAKE_BUILD_TYPE=Release && cmake --build build --target lmplz build_binary
    export PATH="$PWD/build/bin:$PATH"
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
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
_NLTK_ROW = f"NLTK, first {_NLTK_RECORDS:,} records"

LMPLZ = 'exec lmplz -o 3 -S "$1"b -T "$2" --discount_fallback < "$3" > "$4"'
KENLM_ROWS = ("lmplz", "build_binary", "kenlm query")


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
    compared[_NLTK_ROW] = [PYTHON, "-c", NLTK, str(data), str(_NLTK_RECORDS)]
    model = work / "model.arpa"
    lm = [PYTHON, "-m", "hardness", "lm", str(data), "--memory", arguments.memory]
    compared["hardness lm, order 3"] = [*lm, "--order", "3", "-o", str(model)]
    if shutil.which("lmplz") and shutil.which("build_binary"):
        text, arpa, model = work / "tokens.txt", work / "lmplz.arpa", work / "lmplz.bin"
        tokenize(data, text)
        memory = str(parse_memory(arguments.memory))
        compared["lmplz"] = ["sh", "-c", LMPLZ, "sh", memory, str(work), str(text), str(arpa)]
        compared["build_binary"] = ["build_binary", str(arpa), str(model)]
    compared["kenlm query"] = [PYTHON, "-c", KENLM, str(model), str(data)]
    return compared


def tokenized(data: Path) -> Iterator[list[str]]:
    """The tokens of every record."""
    with open(data) as file:
        for line in file:
            yield re.findall(r"\w+|[^\w\s]", json.loads(line)["text"].lower())


def tokenize(data: Path, text: Path) -> None:
    """Write the tokens of every record as a line, parted by spaces."""
    with open(text, "w") as out:
        for record in tokenized(data):
            print(*record, file=out)


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
            if all(name in timings for name in KENLM_ROWS):
                parts = [timings[name] for name in KENLM_ROWS]
                timings[" + ".join(KENLM_ROWS)] = one_after_the_other(parts)
            of_nltk = sum(map(len, islice(tokenized(data), _NLTK_RECORDS)))
            print_table(data.stat().st_size, timings, n_tokens, {_NLTK_ROW: of_nltk})


def one_after_the_other(parts: list[Timing]) -> Timing:
    """Of a run that consists of these."""
    return Timing(
        wall=[sum(seconds) for seconds in zip(*(part.wall for part in parts), strict=True)],
        cpu=[sum(seconds) for seconds in zip(*(part.cpu for part in parts), strict=True)],
        peak_bytes=[max(peaks) for peaks in zip(*(part.peak_bytes for part in parts), strict=True)],
    )


def print_table(
    n_bytes: int, timings: dict[str, Timing], n_tokens: int, others: dict[str, int]
) -> None:
    """Median seconds, their ratio to the first row's a token, and peak memory.

    Args:
        n_bytes: of the corpus.
        timings: name to what was timed.
        n_tokens: of the corpus.
        others: how many tokens those have that are not given all of them.
    """
    print(f"\n{n_tokens / 1e6:g} M tokens, {n_bytes / 1e6:.0f} MB of JSONL\n")
    print("| | wall s | CPU s | ratio a token | ns a token | peak MB |")
    print("|---|---|---|---|---|---|")
    each = {name: timing.seconds / others.get(name, n_tokens) for name, timing in timings.items()}
    first = next(iter(each.values()))
    for name, timing in timings.items():
        told = f"{name} ({others[name]:,} tokens)" if name in others else name
        print(
            f"| {told} | {timing.seconds:.2f} | {timing.cpu_seconds:.2f} "
            f"| {each[name] / first:.2f} | {each[name] * 1e9:.0f} "
            f"| {max(timing.peak_bytes) / 1e6:.0f} |"
        )


if __name__ == "__main__":
    main()
