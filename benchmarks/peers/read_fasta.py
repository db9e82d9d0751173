"""Read a FASTA file to its end by a peer, and do nothing with what it says."""

import json
import sys
import time
from pathlib import Path

from footprint import peak_mb


def reader(peer: str):
    """Give a function from a path to pairs of name and sequence."""
    if peer == "pyfastx":
        import pyfastx

        return lambda path: pyfastx.Fasta(path, build_index=False)
    from Bio.SeqIO.FastaIO import SimpleFastaParser

    return lambda path: SimpleFastaParser(Path(path).open())


def main(peer: str, path: str) -> None:
    """Print seconds, letters and the largest resident memory."""
    read = reader(peer)
    started = time.perf_counter()
    letters = sum(len(sequence) for _, sequence in read(path))
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "letters": letters, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
