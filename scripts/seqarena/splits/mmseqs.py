"""Search for related sequences by MMseqs2, a program that has to be installed.

It is `easy-search` (M. Steinegger and J. Soeding, Nat. Biotechnol. 35:1026, 2017), which lists
what looks alike. The program's clustering commands wouldn't do: they put similar sequences into
different clusters where these are far from a common representative.

Reverse complements are written out and searched like all others. With the program's own option for
both strands and more than one thread, release 14 gave wrong places for a part of the hits.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from seqarena.errors import InputError
from seqarena.splits.grouping_alignment import Candidates

PROGRAM = "mmseqs"
WORDS = (8, 13)
"""Shortest and longest words to look for."""
MAX_WORD_PAIRS = 4e8
"""Pairs of equal words, among random letters, that set their length."""
MIN_UNGAPPED = 25
"""Score of an ungapped segment (+2 a match, -3 a mismatch) from which on MMseqs2 aligns a pair.
Measured on 20,000 simulated sequences of 200 letters with words of 8 and two threads: with 15, 20,
25 and 30, a split leaks 0.61, 0.61, 0.59 and 0.79 %, in 119, 67, 27 and 6 s."""
MAX_RESULTS = 2_000
"""Results of a query, the best by the ungapped segment."""
MAX_E_VALUE = 100_000
"""Far too high to mean anything: what is related is decided by another score."""
REMEDY = "install MMseqs2 (such as by conda or apt-get: mmseqs2), or set search to built-in"
_COLUMNS = ["query", "target", "qstart", "qend", "tstart", "tend", "bits"]
_ROWS = 1_000_000
_NO_WORDS = "No k-mer could be extracted"
_LETTERS = bytes(b"ACGT".ljust(256, b"N"))
_COMPLEMENT = bytes.maketrans(b"ACGT", b"TGCA")


def find_candidates(
    tokens: np.ndarray,
    offsets: np.ndarray,
    *,
    both_strands: bool,
    word_length: int,
    margin: int,
    longest: int,
    threads: int,
) -> Iterator[Candidates]:
    """Search sequences against themselves.

    Parameters
    ----------
    tokens : array of uint8, shape (letters,)
        Distinct sequences end to end; whatever isn't A, C, G or T is unknown.
    offsets : array of int64, shape (n + 1,)
        Where each begins, and the end.
    both_strands : bool
        Whether to look at reverse complements, too.
    word_length : int
        Letters of the words to look for.
    margin : int
        Letters around what MMseqs2 found that are to be aligned, too.
    longest : int
        Letters of a hit that are to be aligned at most.
    threads : int
        Threads to run on.

    Yields
    ------
    Candidates
        Some of the pairs, each once a strand, the best first.

    Raises
    ------
    InputError
        If the program is missing or fails.
    """
    lengths = np.diff(offsets)
    numbers = np.flatnonzero(lengths >= shortest_found(word_length))
    if len(numbers) < 2:
        return
    with tempfile.TemporaryDirectory(prefix="seqarena-mmseqs-") as folder:
        folder = Path(folder)
        queries, targets, table = folder / "one.fasta", folder / "both.fasta", folder / "hits.tsv"
        _write_fasta(tokens, offsets, numbers, queries, both_strands=False)
        if both_strands:
            _write_fasta(tokens, offsets, numbers, targets, both_strands=True)
        else:
            targets = queries
        options = {
            "--search-type": 3,  # nucleotides
            "--strand": 1,  # as they are written
            "-k": word_length,
            "--mask": 0,
            "--min-ungapped-score": MIN_UNGAPPED,
            "-e": MAX_E_VALUE,
            "--max-seqs": MAX_RESULTS,
            "--max-seq-len": max(65_535, int(lengths.max()) + 1),
            "--format-output": ",".join(_COLUMNS),
            "--threads": threads,
            "-v": 1,
        }
        files = [str(path) for path in (queries, targets, table, folder / "work")]
        words = [str(word) for pair in options.items() for word in pair]
        if _NO_WORDS in _run(["easy-search", *files, *words], accept=_NO_WORDS):
            return
        for rows in _read_hits(table):
            yield _as_candidates(_best_of_pairs(_in_order(rows, lengths)), lengths, margin, longest)


def read_version() -> str:
    """Ask the installed MMseqs2 for its version.

    Raises
    ------
    InputError
        If it isn't installed or can't be run.
    """
    return _run(["version"]).strip()


def choose_word_length(n_letters: int) -> int:
    """Give the shortest length of words of which random letters have few enough equal pairs."""
    for length in range(WORDS[0], WORDS[1]):
        if n_letters**2 / 4**length <= MAX_WORD_PAIRS:
            return length
    return WORDS[1]


def shortest_found(word_length: int) -> int:
    """Give how many letters a sequence must have to hold a word, which is a spaced one."""
    return 2 * word_length - 3


def _run(arguments: list[str], accept: str | None = None) -> str:
    """Run the program; give what it printed. It may fail with the message `accept`."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise InputError(f"the program {PROGRAM} of MMseqs2 is not installed", remedy=REMEDY)
    try:
        done = subprocess.run(
            [program, *arguments], capture_output=True, text=True, errors="replace", check=False
        )
    except OSError as error:
        raise InputError(f"{program} can't be run ({error.strerror})", remedy=REMEDY) from None
    printed = done.stdout + done.stderr
    if done.returncode and not (accept and accept in printed):
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["it said nothing"]
        raise InputError(
            f"MMseqs2 failed with exit status {done.returncode}: {lines[-1].strip()}",
            remedy="mend that (its temporary files need room in TMPDIR), or set search to built-in",
        )
    return printed


def _write_fasta(
    tokens: np.ndarray, offsets: np.ndarray, numbers: np.ndarray, path: Path, both_strands: bool
) -> None:
    """Write sequences, named by their numbers, and reverse complements by those from n on."""
    letters = tokens.tobytes().translate(_LETTERS)
    n = len(offsets) - 1
    with path.open("wb") as handle:
        for i in numbers:
            sequence = letters[offsets[i] : offsets[i + 1]]
            handle.write(b">%d\n%s\n" % (i, sequence))
            if both_strands:
                handle.write(b">%d\n%s\n" % (n + i, sequence.translate(_COMPLEMENT)[::-1]))


def _read_hits(table: Path) -> Iterator[pd.DataFrame]:
    """Read the table of hits part by part."""
    try:
        yield from pd.read_csv(table, sep="\t", header=None, names=_COLUMNS, chunksize=_ROWS)
    except pd.errors.EmptyDataError:
        return


def _in_order(rows: pd.DataFrame, lengths: np.ndarray) -> pd.DataFrame:
    """Name each pair by its smaller number first; leave out hits of a sequence with itself.

    MMseqs2 counts places from 1. Those of a reverse complement become places of the sequence.
    """
    query, found = rows["query"].to_numpy(), rows["target"].to_numpy()
    target, opposite = found % len(lengths), found >= len(lengths)
    places = rows[["qstart", "qend"]].to_numpy() - [1, 0]
    there = rows[["tstart", "tend"]].to_numpy() - [1, 0]
    there[opposite] = (lengths[target][:, None] - there)[opposite][:, ::-1]
    turned = (query > target)[:, None]
    first, second = np.where(turned, there, places), np.where(turned, places, there)
    return pd.DataFrame(
        {
            "one": np.minimum(query, target),
            "other": np.maximum(query, target),
            "opposite": opposite,
            "start": first[:, 0],
            "stop": first[:, 1],
            "other_start": second[:, 0],
            "other_stop": second[:, 1],
            "bits": rows["bits"].to_numpy(),
        }
    )[query != target]


def _best_of_pairs(hits: pd.DataFrame) -> pd.DataFrame:
    """Keep the best hit of each pair and strand, of equally good ones the first in place."""
    order = ["bits", "one", "other", "opposite", "start", "stop", "other_start", "other_stop"]
    hits = hits.sort_values(order, ascending=[column != "bits" for column in order])
    return hits.drop_duplicates(["one", "other", "opposite"])


def _as_candidates(
    hits: pd.DataFrame, lengths: np.ndarray, margin: int, longest: int
) -> Candidates:
    """Say between which places to align each pair."""
    pairs = hits[["one", "other"]].to_numpy(dtype=np.int64)
    starts = hits[["start", "other_start"]].to_numpy(dtype=np.int64)
    stops = hits[["stop", "other_stop"]].to_numpy(dtype=np.int64)
    stops = np.minimum(stops, starts + longest)
    return Candidates(
        pairs,
        np.maximum(starts - margin, 0),
        np.minimum(stops + margin, lengths[pairs]),
        hits["opposite"].to_numpy(),
    )
