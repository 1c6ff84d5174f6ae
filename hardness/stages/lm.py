"""`hardness lm`: estimate an n-gram model of a dataset and write it for KenLM."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from hardness import __version__
from hardness.errors import HardnessError
from hardness.io.atomic import atomic_path
from hardness.io.dataset import Dataset, Paths, open_dataset
from hardness.io.digest import object_digest
from hardness.io.rejects import write_rejects
from hardness.io.storage import local_path
from hardness.memory import parse_memory
from hardness.ngram.discounts import FALLBACK, Discounts
from hardness.ngram.model_config import ModelConfig
from hardness.progress import Progress
from hardness.stages.kneser_ney import Estimate
from hardness.stages.model import Encoded, store_bytes, write_model
from hardness.stages.resources import Resources
from hardness.stages.store import open_store

_log = logging.getLogger(__name__)

ARPA, BINARY = ".arpa", ".bin"
_BUILD_BINARY = "build_binary"

_PARTITIONS_IN_MEMORY = 128
"""A task holds up to about sixteen times its partition, and up to eight tasks run at a time."""


@dataclass(frozen=True, kw_only=True)
class LmResult:
    """What `lm` did.

    Attributes:
        path: the model.
        sizes: n-grams of each order, from 1, `<unk>` and `<s>` among those of order 1.
        discounts: of each order from 1; none for an evenly interpolated model.
        n_records: records that have a token.
        n_tokens: their tokens, without the end marks.
        n_rejects: records that could not be read.
        rejects: the file that lists them; None where there is none.
        detected: what was found in the data.
        seconds: it took.
    """

    path: Path
    sizes: tuple[int, ...]
    discounts: tuple[Discounts, ...]
    n_records: int
    n_tokens: int
    n_rejects: int
    rejects: Path | None
    detected: tuple[str, ...]
    seconds: float


def lm(
    data: Paths,
    *,
    output: str | os.PathLike[str],
    order: int = 3,
    prune: Sequence[int] = (0,),
    tokenizer: str = "words",
    interpolated: bool = False,
    skip_symbols: bool = False,
    text: str | Sequence[str] | None = None,
    on_error: str = "raise",
    threads: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    memory: int | str | None = None,
    work: str | os.PathLike[str] | None = None,
    partition_bytes: int | None = None,
    progress: Progress | None = None,
) -> LmResult:
    """Estimate an n-gram model and write it as ARPA or, with KenLM's `build_binary`, as binary.

    The model is interpolated modified Kneser-Ney, the same that KenLM's `lmplz --discount_fallback`
    estimates of the same tokens (`hardness.ngram.kneser_ney` says where it does not), or the even
    interpolation of all orders. A record is a sentence; one without a token is left out, where
    `lmplz` counts an empty line as a sentence of no words. The file does not depend on where it is
    made, nor on `memory` or `partition_bytes`. After a crash, the same call goes on where it was if
    it had to leave anything in files.

    N-grams are told apart by 64-bit hashes. With m distinct n-grams, m²/2⁶⁵ pairs of them are
    expected to be taken for one, 0.03 for a billion; none is looked for.

    Args:
        data: files, globs or folders, as paths or URLs; see `hardness.io.dataset.open_dataset`.
        output: the model, a local file with a name that ends with .arpa or .bin.
        order, prune, tokenizer, interpolated, skip_symbols: see
            `hardness.ngram.model_config.ModelConfig`.
        text, on_error: see `hardness.io.dataset.open_dataset`. Records that are skipped are listed
            in a file beside the model.
        threads, workers, scheduler: where it runs; see `hardness.stages.cluster.open_cluster`.
        memory: bytes to stay below, such as "4GB"; 4 GB where None. What does not fit is left in
            files until the model is complete.
        work: folder for those files; beside the model where None. Workers on other machines must
            see it.
        partition_bytes: bytes of input a task reads; chosen from the size of the data and the
            memory where None.
        progress: is told of every finished task.

    Raises:
        HardnessError: bad data or options, no token in the data, no `build_binary` for a binary.
    """
    began = time.perf_counter()
    path = local_path("output", output)
    work = None if work is None else local_path("work", work)
    config = ModelConfig(
        order=order,
        prune=tuple(prune),
        tokenizer=tokenizer,
        interpolated=interpolated,
        skip_symbols=skip_symbols,
    )
    check_output(path)
    limit = parse_memory(memory)
    resources = Resources(
        threads=threads,
        workers=workers,
        scheduler=scheduler,
        progress=progress,
        memory=limit,
        work=work,
        reading={"work": work, "largest_partition_bytes": limit // _PARTITIONS_IN_MEMORY},
    )
    sources = open_dataset(
        data, text=text, on_error=on_error, partition_bytes=partition_bytes, **resources.reading
    )
    with sources as dataset:
        encoded, model = _estimate(config, dataset, path, resources)
    warn_of_fallbacks(model.discounts)
    rejects = path.with_name(path.name + ".rejects.jsonl")
    if encoded.rejects:
        write_rejects(rejects, encoded.rejects)
    return LmResult(
        path=path,
        sizes=(model.sizes[0] + 2, *model.sizes[1:]),
        discounts=model.discounts,
        n_records=encoded.n_records,
        n_tokens=encoded.n_tokens,
        n_rejects=len(encoded.rejects),
        rejects=rejects if encoded.rejects else None,
        detected=tuple(dataset.describe()),
        seconds=time.perf_counter() - began,
    )


def _estimate(
    config: ModelConfig, dataset: Dataset, path: Path, resources: Resources
) -> tuple[Encoded, Estimate]:
    """Write the model of a dataset; what stages leave for later ones is in memory if it fits."""
    with resources.cluster() as cluster:
        needed = store_bytes(config, dataset)
        stored = open_store(
            path.with_name(path.name + ".work") if resources.work is None else resources.work,
            run=_run_digest(config, dataset),
            in_memory=cluster.in_process and needed <= resources.memory,
            disk_bytes=needed,
            durable=resources.durable,
        )
        with stored as store, cluster.sharing(*store.folders), model_file(path) as arpa:
            found = write_model(cluster, store, dataset, config, arpa)
            dataset.check_unchanged()
    return found


def _run_digest(config: ModelConfig, dataset: Dataset) -> str:
    """Of all that decides what the stages leave in files."""
    return object_digest(
        {
            "code_version": __version__,
            "config": asdict(config),
            "dataset": dataset.digest,
            "text": list(dataset.columns.text),
            "on_error": dataset.on_error,
            "parts": [[part.start_row, part.rows] for part in dataset.partitions],
        }
    )


def check_output(path: Path) -> None:
    """Raises HardnessError if a model cannot be written under this name."""
    if path.suffix not in (ARPA, BINARY):
        raise HardnessError(
            f"output must end with {ARPA} or {BINARY}, got {path.name!r}; name it {path.name}{ARPA}"
        )
    if path.is_dir():
        raise HardnessError(f"output must be a file, got the folder {path}; name another")
    if path.suffix == BINARY and shutil.which(_BUILD_BINARY) is None:
        raise HardnessError(
            f"output must end with {ARPA} where KenLM's {_BUILD_BINARY} is not on PATH, got "
            f"{path.name!r}; write {path.stem}{ARPA}, which kenlm loads as well, or install "
            "KenLM's programs (the kenlm package on PyPI has only their sources, for cmake)"
        )


@contextmanager
def model_file(path: Path) -> Iterator[Path]:
    """Where to write an ARPA file that becomes the model at `path`, converted if that is binary."""
    if path.suffix == ARPA:
        yield path
        return
    with atomic_path(path) as binary:
        arpa = binary.with_name(binary.name + ARPA)
        try:
            yield arpa
            command = [_BUILD_BINARY, str(arpa), str(binary)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        finally:
            arpa.unlink(missing_ok=True)
        if done.returncode != 0:
            raise HardnessError(
                f"{_BUILD_BINARY} must convert the model, got exit code {done.returncode} "
                f"({_last_words(done.stderr)}); write {path.stem}{ARPA} instead"
            )


def _last_words(printed: str) -> str:
    """Why KenLM's program failed; it ends with a line that says ERROR and nothing else."""
    lines = [line.strip() for line in printed.splitlines()]
    return next((line for line in reversed(lines) if line not in ("", "ERROR")), "it said nothing")


def warn_of_fallbacks(found: Sequence[Discounts]) -> None:
    """Say which orders have no closed-form discounts."""
    orders = [str(order) for order, of_order in enumerate(found, 1) if of_order.fallback]
    if orders:
        _log.warning(
            "the discounts of order %s are the fallback %s: the data is too small or repeats too "
            "much for their closed form",
            ", ".join(orders),
            " ".join(f"{amount:g}" for amount in FALLBACK),
        )
