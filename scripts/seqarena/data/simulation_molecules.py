"""Simulations of RNA and of protein, whose motifs are read in one direction."""

import re

import numpy as np
import pandas as pd

from seqarena.data.alphabet import PROTEIN, RNA, decode, reverse_complement
from seqarena.data.simulation_parts import (
    Simulation,
    background_dinucleotides,
    check_ranges,
    motif_matrix,
    record_names,
    sample_chain,
    sample_columns,
)

FACTOR = "pum2"

SHARES = np.array(
    [
        [8.3, 1.4, 5.5, 6.7, 3.9, 7.1, 2.3, 5.9, 5.8, 9.7],
        [2.4, 4.1, 4.7, 3.9, 5.5, 6.6, 5.4, 6.9, 1.1, 2.9],
    ]
).ravel()
"""Amino acids in Swiss-Prot, in per cent, in the order of their letters."""

P_LOOP = re.compile("[AG]....GK[ST]")
"""The P-loop (Walker A), which holds the phosphates of ATP and GTP: PROSITE PS00017."""

WIDTH = 8
"""Residues of a P-loop."""


def simulate_rna(*, n_records: int, length: int, seed: int) -> Simulation:
    """Put a site of Pumilio 2 (UGUAAAUA) into positives, and it turned round into negatives.

    A negative holds the reverse complement of a site, so whoever reads RNA on both strands finds
    one in every record and is at chance. GC tells nothing; the other bases tell a little.
    """
    matrix = motif_matrix(FACTOR)
    width = len(matrix)
    check_ranges(n_records=(n_records, 2, np.inf), length=(length, width, np.inf))
    rng = np.random.default_rng(seed)
    forward = rng.permutation(np.arange(n_records) < n_records // 2)
    tokens = sample_chain(background_dinucleotides(matrix), n_records, length, rng)
    sites = sample_columns(matrix, n_records, rng)
    starts = rng.integers(0, length - width + 1, n_records)
    placed = np.where(forward[:, None], sites, reverse_complement(sites))
    np.put_along_axis(tokens, starts[:, None] + np.arange(width), placed, axis=1)
    names = record_names(n_records)
    labels = np.where(forward, "site", "reversed")
    truth = {
        "record": names,
        "kind": labels,
        "start": starts,
        "instance": [decode(row, RNA) for row in placed],
    }
    sequences = [decode(row, RNA) for row in tokens]
    return Simulation(names, sequences, pd.DataFrame({"label": labels}), pd.DataFrame(truth))


def simulate_protein(*, n_records: int, length: int, seed: int) -> Simulation:
    """Put a P-loop into positives, and the same residues in another order into negatives.

    The pattern is [AG]-x(4)-G-K-[ST]. It stands in each positive once and in no negative, so a
    model that knows it is always right. Composition tells nothing; triplets tell much (GKS, GKT).
    """
    check_ranges(n_records=(n_records, 2, np.inf), length=(length, WIDTH, np.inf))
    rng = np.random.default_rng(seed)
    positive = rng.permutation(np.arange(n_records) < n_records // 2)
    sequences, starts, instances = [], [], []
    for has_loop in positive:
        sequence, start = _protein(bool(has_loop), length, rng)
        sequences.append(sequence)
        starts.append(start)
        instances.append(sequence[start : start + WIDTH])
    names = record_names(n_records)
    labels = np.where(positive, "p_loop", "decoy")
    truth = {"record": names, "kind": labels, "start": starts, "instance": instances}
    return Simulation(names, sequences, pd.DataFrame({"label": labels}), pd.DataFrame(truth))


def _protein(has_loop: bool, length: int, rng: np.random.Generator) -> tuple[str, int]:
    """Draw a protein with one P-loop or with none, and where its eight residues stand."""
    while True:
        residues = _draw(length, rng)
        loop = _draw(WIDTH, rng)
        loop[0] = rng.choice(list("AG"))
        loop[5:] = ["G", "K", rng.choice(list("ST"))]
        start = int(rng.integers(0, length - WIDTH + 1))
        residues[start : start + WIDTH] = loop if has_loop else rng.permutation(loop)
        sequence = "".join(residues)
        found = [match.start() for match in re.finditer(f"(?={P_LOOP.pattern})", sequence)]
        if found == ([start] if has_loop else []):
            return sequence, start


def _draw(number: int, rng: np.random.Generator) -> list[str]:
    return list(rng.choice(PROTEIN.symbols, number, p=SHARES / SHARES.sum()))
