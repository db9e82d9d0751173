"""The audit of proteins: the nearest seen protein of each tested one."""

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import parasail

from seqarena.splits import protein, protein_seeds, seeds
from seqarena.splits.alignment import Sequences
from seqarena.splits.audit_exact import (
    AUTO_CELLS,
    MOST_CELLS,
    Nearest,
    choose_exact,
    nearest_of,
    query_order,
)
from seqarena.splits.audit_sides import Sides
from seqarena.splits.grouping_compiler import compiled
from seqarena.splits.neighbours import (
    PATTERN_SEED,
    Candidates,
    as_bits,
    best_aligned,
    keep_candidate,
    mark_needed,
    meet,
    merge_candidates,
    no_candidates,
)

SPEED = 0.2
"""Cells of a matrix that are scored in the time of one of DNA, in which a call does many pairs."""
SLICES = 4


class Proteins:
    """Proteins, scored as for grouping; the methods of `seqarena.splits.comparison.Comparison`."""

    relatives = True
    both_strands = False

    def plain(self, originals: Sequences) -> Sequences:
        """Make stretches of low complexity unknown."""
        return Sequences(protein.blank_low_complexity(*originals), originals.offsets)

    def calibrate(self, originals: Sequences, pool: ThreadPoolExecutor) -> int:
        """As for grouping."""
        return protein.calibrate(*originals, False, pool)[0]

    def best(self, sequences: Sequences) -> tuple[np.ndarray, np.ndarray]:
        """Score each with itself, of which all columns are identical."""
        return protein.own_scores(*sequences), np.ones(len(sequences.lengths))

    def choose(self, sides: Sides, exact: str | int, seed: int) -> np.ndarray:
        """As many as some seconds allow, if `exact` is "auto"."""
        return choose_exact(sides, exact, False, seed, SPEED * AUTO_CELLS, SPEED * MOST_CELLS)

    def exactly(self, sides: Sides, records: np.ndarray, pool: ThreadPoolExecutor) -> Nearest:
        """Align each of these records with every seen one."""
        queries, references, _ = query_order(sides, records)
        texts = _texts(sides.sequences)

        def compare_one(code: int) -> np.ndarray:
            profile = parasail.profile_create_sat(texts[code], parasail.blosum62)
            gaps = protein.OPEN, protein.EXTEND
            scores = np.array(
                [
                    parasail.sw_striped_profile_sat(profile, texts[other], *gaps).score
                    for other in references
                ]
            )
            scores[references == code] = 0
            return nearest_of(scores, sides.first_seen[references], sides.tested[code])

        best = np.zeros((len(queries), sides.tested.shape[1]), dtype=np.int64)
        if len(references):
            for row, found in enumerate(pool.map(compare_one, queries.tolist())):
                best[row] = found
        return Nearest.unpack(best, queries, sides.tested.shape)

    def search(self, sides: Sides, pool: ThreadPoolExecutor) -> Nearest:
        """Search by words, and align the best few candidates."""
        candidates = _collect(sides, pool)
        needed = mark_needed(sides, candidates)
        ones, ranks = np.nonzero(needed)
        texts = _texts(sides.sequences)
        pairs = np.column_stack([ones, candidates.other[ones, ranks]])
        parts = np.array_split(pairs, max(len(pairs) // 500, 1))

        def scores_of(part: np.ndarray) -> list[int]:
            return [protein.score(texts[one], texts[other]) for one, other in part.tolist()]

        aligned = np.zeros(needed.shape, dtype=np.int64)
        aligned[ones, ranks] = [score for part in pool.map(scores_of, parts) for score in part]
        return best_aligned(sides, candidates, aligned)

    def describe(self, sequences: Sequences, pairs: np.ndarray) -> list[tuple[Any, ...]]:
        """Align pairs; the other strand has no score."""
        rows = []
        for pair in pairs.tolist():
            one, other = (_text(sequences, number) for number in pair)
            found = parasail.sw_stats_striped_sat(
                one, other, protein.OPEN, protein.EXTEND, parasail.blosum62
            )
            identity = found.matches / found.length if found.score else math.nan
            rows.append((found.score, identity, -1, math.nan))
        return rows


def _text(sequences: Sequences, number: int) -> str:
    start, stop = sequences.offsets[number : number + 2]
    return protein.as_text(sequences.letters[start:stop])


def _texts(sequences: Sequences) -> list[str]:
    return [_text(sequences, number) for number in range(len(sequences.lengths))]


def _collect(sides: Sides, pool: ThreadPoolExecutor) -> Candidates:
    """Search with all patterns; they differ from those of grouping."""
    tokens, offsets = sides.sequences
    text = protein_seeds.lay_out(tokens, offsets)
    weight = protein_seeds.choose_weight(tokens, protein.MAX_WORD_PAIRS)
    n_words = len(protein_seeds.KINDS) ** weight
    cap = max(protein.MIN_CAP, math.ceil(protein.CAP_FACTOR * len(tokens) / n_words))
    tested, seen = as_bits(sides.tested), as_bits(sides.first_seen >= 0)
    lengths = sides.sequences.lengths
    found = [no_candidates(len(lengths)) for _ in range(SLICES)]
    for pattern in seeds.choose_patterns(weight, PATTERN_SEED):
        index = protein_seeds.index_words(text, pattern)
        bounds, _, _ = seeds.cut_evenly(index.first, cap, SLICES)

        def scan_slice(number: int, index=index, bounds=bounds) -> None:
            words = bounds[number : number + 2]
            _scan(
                *(text, protein_seeds.SCORES, index, words, cap),
                *(tested, seen, lengths, found[number]),
            )

        list(pool.map(scan_slice, range(SLICES)))
    for part in found[1:]:
        merge_candidates(found[0], part, lengths)
    return found[0]


@compiled
def _scan(text, scores, index, words, cap, tested, seen, lengths, candidates):
    """Compare the places of each word with each other; of too many, each with the next `cap`."""
    for word in range(words[0], words[1]):
        end = index.first[word + 1]
        for i in range(index.first[word], end - 1):
            a = index.places[i]
            one = text.sequence_at[a]
            for j in range(i + 1, min(end, i + 1 + cap)):
                b = index.places[j]
                other = text.sequence_at[b]
                if one == other:
                    continue
                forth, back = meet(tested, one, seen, other), meet(tested, other, seen, one)
                if not (forth or back):
                    continue
                score = protein_seeds.extend(text.letters, scores, a, b, 1)
                score += protein_seeds.extend(text.letters, scores, a - 1, b - 1, -1)
                if forth:
                    keep_candidate(candidates, one, other, score, b - a, a, lengths[one])
                if back:
                    keep_candidate(candidates, other, one, score, a - b, b, lengths[other])
