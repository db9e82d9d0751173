"""One-hot vectors of DNA by a peer: letters per second, median of a few passes."""

import json
import statistics
import sys
import time
from importlib.metadata import version

import numpy as np

PASSES = 5
BATCH = 512
LETTERS = np.frombuffer(b"ACGTN", dtype="S1")


def contender(peer: str, tokens: np.ndarray):
    """Give a function that encodes all records in batches, and the array of the first batch."""
    if peer == "numpy":
        table = np.eye(5, 4, dtype=np.float32)
        batches = [tokens[start : start + BATCH] for start in range(0, len(tokens), BATCH)]
        return lambda: [table[batch] for batch in batches]
    if peer == "seqpro":
        import seqpro

        letters = LETTERS[tokens]
        batches = [letters[start : start + BATCH] for start in range(0, len(letters), BATCH)]
        return lambda: [seqpro.DNA.ohe(batch).astype(np.float32) for batch in batches]
    from tangermeme.utils import one_hot_encode

    sequences = [b"".join(row).decode() for row in LETTERS[tokens]]
    return lambda: [one_hot_encode(sequence).float() for sequence in sequences]


def main(peer: str, path: str) -> None:
    """Print letters per second."""
    tokens = np.load(path)
    encode = contender(peer, tokens)
    encode()
    seconds = []
    for _ in range(PASSES):
        started = time.perf_counter()
        encode()
        seconds.append(time.perf_counter() - started)
    package = {"numpy": "numpy"}.get(peer, peer)
    rate = tokens.size / statistics.median(seconds)
    print(json.dumps({"letters_per_second": rate, "version": version(package)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
