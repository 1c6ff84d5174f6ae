"""From datasets to ARPA files as stages: spell and encode, estimate, write.

What the store holds, for each block b, beside what `hardness.stages.kneser_ney` keeps there:

    ids-b           uint64 (T_b,)      token hashes, see `hardness.ngram.tokenize.Tokens`, until
                                       the model is estimated
    starts-b        int64 (n_b + 1,)
    text-b          uint8              every token and a space, see `hardness.ngram.spell`
    token-starts-b  unsigned (T_b + 1,), from the writing of the first order on
    arpa-k-b        uint8              lines of the file, until they are written
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

import numpy as np

from hardness.errors import HardnessError
from hardness.io.atomic import atomic_path
from hardness.io.dataset import Dataset
from hardness.io.records import Partition, Reject
from hardness.memory import give_back
from hardness.ngram.arpa import END, format_ngrams, header, marks, title
from hardness.ngram.model_config import ModelConfig
from hardness.ngram.spell import spell, start_type, token_starts
from hardness.ngram.tokenize import tokenizers
from hardness.stages.cluster import Cluster
from hardness.stages.kneser_ney import Estimate, estimate
from hardness.stages.ngram import Block, NgramCounts
from hardness.stages.partitions import map_partitions
from hardness.stages.run import rejects_of
from hardness.stages.sources import text_bytes
from hardness.stages.store import Store

_BYTES_PER_POSITION = 5
"""Of plain input, a low guess: English prose in JSON has about six."""
_STORED_PER_POSITION = 24
"""Bytes that the stages keep for a predicted position and an order, at their peak; once more for
the text. Measured 36 in all at order 3 on 20 M tokens, a third of whose trigrams are distinct."""


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """A dataset whose tokens are in the store.

    Attributes:
        blocks: one for each partition.
        rejects: records that could not be read.
    """

    blocks: list[Block]
    rejects: list[Reject]

    @property
    def n_records(self) -> int:
        """Records with a token."""
        return sum(block.n_records for block in self.blocks)

    @property
    def n_tokens(self) -> int:
        """Tokens, without the end marks."""
        return sum(block.n_tokens for block in self.blocks)


def store_bytes(config: ModelConfig, dataset: Dataset) -> int:
    """About how much the stages leave in memory or in files at their peak."""
    n_positions = text_bytes(dataset) // _BYTES_PER_POSITION
    return n_positions * _STORED_PER_POSITION * (config.order + 1)


def write_model(
    cluster: Cluster, store: Store, dataset: Dataset, config: ModelConfig, path: Path
) -> tuple[Encoded, Estimate]:
    """Estimate a model of a dataset and write it as ARPA.

    Raises:
        HardnessError: no record has a token, a token is a mark of the model's, or the file cannot
            be written.
    """
    encoded = encode(cluster, store, dataset, config)
    if encoded.n_tokens == 0:
        raise HardnessError(
            f"data must have a token to estimate a model of, got none in {dataset.rows:,} records; "
            "name the text column with --text"
        )
    give_back()
    model = estimate(cluster, store, encoded.blocks, config)
    for block in encoded.blocks:
        store.delete(f"ids-{block.index}")
    write_arpa(cluster, store, encoded.blocks, config, model, path)
    return encoded, model


def encode(cluster: Cluster, store: Store, dataset: Dataset, config: ModelConfig) -> Encoded:
    """Leave text and tokens of a dataset in the store."""
    read = partial(_encode, store=store, config=config)
    results = map_partitions(cluster, "reading", read, dataset, store=store)
    return Encoded(
        blocks=[Block(**result["block"]) for result in results],
        rejects=rejects_of(results),
    )


def _encode(
    partition: Partition, *, dataset: Dataset, store: Store, config: ModelConfig
) -> dict[str, Any]:
    index = partition.index
    texts, _, rejects = dataset.read_text(partition)
    tokenizer = tokenizers.get(config.tokenizer)
    spelled = spell(texts, tokenizer, skip_symbols=config.skip_symbols)
    tokens = spelled.tokens()
    store.put(f"ids-{index}", tokens.ids)
    store.put(f"starts-{index}", tokens.starts)
    store.put(f"text-{index}", spelled.data)
    block = Block(
        index=index,
        n_positions=len(tokens.ids),
        n_records=int(np.count_nonzero(np.diff(tokens.starts))),
        fitted=True,
    )
    return {"block": asdict(block), "rejects": [asdict(reject) for reject in rejects]}


def write_arpa(
    cluster: Cluster,
    store: Store,
    blocks: list[Block],
    config: ModelConfig,
    model: Estimate,
    path: Path,
) -> None:
    """Write an estimated model as ARPA, n-grams in the order of their first positions."""
    sizes = [model.sizes[0] + 2, *model.sizes[1:]]  # <unk> and <s> are not among the estimate's
    dtype = NgramCounts.plan(store, blocks).dtype
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        file.write(header(sizes))
        for order in range(1, config.order + 1):
            file.write(title(order))
            if order == 1:
                file.write(marks(model.unk, model.bos_gamma))
            # Not noted as done: the lines are gone once they are in the file.
            cluster.map(
                f"writing {order}-grams",
                partial(_format, order=order, config=config, store=store, dtype=dtype),
                blocks,
                sizes=[block.n_positions for block in blocks],
                unit="tokens",
                ended=Appender(store, file, [f"arpa-{order}-{block.index}" for block in blocks]),
            )
        file.write(END)


class Appender:
    """Moves arrays from a store to a file in their order, each as soon as those before it are.

    Args:
        store: gets them from tasks that end in any order.
        file: that they are appended to.
        names: of the arrays.
    """

    def __init__(self, store: Store, file: BinaryIO, names: Sequence[str]) -> None:
        self._store = store
        self._file = file
        self._names = names
        self._there: set[int] = set()
        self._next = 0
        self._lock = Lock()

    def __call__(self, index: int) -> None:
        """The array of this index is in the store."""
        with self._lock:
            self._there.add(index)
            while self._next in self._there:
                # Not `tofile`, whose error at a full disk does not say that this is what it is.
                self._file.write(self._store.get(self._names[self._next], np.uint8).data)
                self._store.delete(self._names[self._next])
                self._next += 1


def _format(
    block: Block,
    *,
    order: int,
    config: ModelConfig,
    store: Store,
    dtype: type[np.unsignedinteger],
) -> None:
    data = store.get(f"text-{block.index}", np.uint8)
    if order == 1:
        found = token_starts(data, store.get(f"starts-{block.index}", np.int64))
        store.put(f"token-starts-{block.index}", found)
    depths = store.get(f"depths-{order}-{block.index}", np.uint8)
    raw = store.get(f"raw-{order}-{block.index}", dtype)
    lines = format_ngrams(
        data,
        store.get(f"token-starts-{block.index}", start_type(data)),
        store.get(f"list-{order}-{block.index}", np.uint32),
        depths,
        (depths >= order - 2) & (raw > config.thresholds[order - 1]),
        order,
        store.get(f"probs-{order}-{block.index}", np.float32),
        np.empty(0, dtype=np.float32)
        if order == config.order
        else store.get(f"gammas-{order}-{block.index}", np.float32),
    )
    store.put(f"arpa-{order}-{block.index}", lines)
