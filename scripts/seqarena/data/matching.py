"""Candidates drawn from a genome, and their assignment to the positives that they resemble."""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.spatial import KDTree

from seqarena.data.genome import Genome
from seqarena.data.stretches import Blocked, Stretches, measure

TOLERANCE = 0.02
"""Largest difference in GC and in repeats between a positive and a negative that match."""

ROUNDS = ((8, False), (16, False), (32, False), (64, True), (128, True))
"""Candidates drawn for each target without a match, and whether on any chromosome."""

MOST_CANDIDATES = 2_000_000
"""Candidates of one round, unless the first number of `ROUNDS` alone needs more."""

JITTER = 1e-6
"""Noise in GC and repeats, far less than one letter makes."""

NEIGHBOURS = 64
"""Candidates tried for a target, the nearest first, before it waits for the next round."""


class Matcher:
    """Gives each target, a positive for which a negative is wanted, a candidate of its own.

    Parameters
    ----------
    targets : Stretches
        In an order that does not depend on the order of the records.
    genome : Genome
        Open.
    chromosomes : sequence of str
        Names by index, from which candidates come.
    blocked : Blocked
        What candidates may not overlap; those that are chosen are added.
    rng : numpy.random.Generator
        Draws the candidates.

    Attributes
    ----------
    pool : Stretches
        All candidates so far; the owner is the target for which one was drawn.
    choice : numpy.ndarray
        int64 of shape (targets,): candidate of each target, -1 for none.
    beyond : int
        Targets without a match within the tolerance, which got the nearest candidate.
    """

    def __init__(
        self,
        targets: Stretches,
        genome: Genome,
        chromosomes: Sequence[str],
        blocked: Blocked,
        rng: np.random.Generator,
    ):
        self.targets, self.blocked = targets, blocked
        self._genome, self._chromosomes, self._rng = genome, chromosomes, rng
        self._sizes = np.array([genome.lengths[name] for name in chromosomes], np.int64)
        self.pool = targets.choose(np.zeros(0, np.int64))
        self.choice = np.full(len(targets), -1, np.int64)
        self.beyond = 0

    def run(self) -> np.ndarray:
        """Match the targets; give those for which there is no room, int64."""
        for candidates, anywhere in ROUNDS:
            waiting = np.flatnonzero(self.choice < 0)
            if not len(waiting):
                return waiting
            self._draw(waiting, candidates, anywhere)
            self._match(waiting, anywhere, TOLERANCE + 2 * JITTER)
        left = np.flatnonzero(self.choice < 0)
        self.beyond, before = len(left), len(left) + 1
        while 0 < len(left) < before:
            before = len(left)
            self._match(left, True, np.inf)
            left = left[self.choice[left] < 0]
        self._match_singly(left)
        return left[self.choice[left] < 0]

    def random_choice(self) -> tuple[np.ndarray, np.ndarray]:
        """Targets, and for each the first candidate that was drawn for it: int64 both."""
        return np.unique(self.pool.owner, return_index=True)

    def _draw(self, waiting: np.ndarray, candidates: int, anywhere: bool) -> None:
        """Add candidates of the lengths of targets to the pool."""
        affordable = max(ROUNDS[0][0], MOST_CANDIDATES // len(waiting))
        owner = waiting.repeat(min(candidates, affordable))
        length, chromosome = self.targets.length[owner], self.targets.chromosome[owner]
        if anywhere:
            shares = self._sizes / self._sizes.sum()
            chromosome = self._rng.choice(len(shares), len(owner), p=shares)
        room = self._sizes[chromosome] - length + 1
        start = (self._rng.random(len(owner)) * room).astype(np.int64)
        fits = (room > 0) & self.blocked.free(chromosome, start, length)
        drawn = measure(
            self._genome, self._chromosomes, *(x[fits] for x in (chromosome, start, length, owner))
        )
        self.pool = self.pool.join(drawn)

    def _match(self, waiting: np.ndarray, anywhere: bool, reach: float) -> None:
        """Give targets the nearest candidates of their length within reach."""
        targets, pool = self.targets, self.pool
        free = self.blocked.free(pool.chromosome, pool.start, pool.length)
        candidates = np.flatnonzero(free)
        for rows, columns in self._groups(waiting, candidates, anywhere):
            points = self._points(pool, columns)
            wanted = self._points(targets, rows)
            # Those least like the usual candidate choose first, since they have least to choose.
            rare = np.argsort(
                -np.abs(wanted - np.median(points, axis=0)).max(axis=1), kind="stable"
            )
            neighbours = np.arange(1, min(NEIGHBOURS, len(columns)) + 1)
            _, found = KDTree(points).query(
                wanted[rare], neighbours, p=np.inf, distance_upper_bound=reach
            )
            for target, near in zip(rows[rare].tolist(), found.tolist(), strict=True):
                self._give(target, [columns[j] for j in near if j < len(columns)])

    def _points(self, stretches: Stretches, rows: np.ndarray) -> np.ndarray:
        """GC and repeats, float64 (rows, 2), each point at a place of its own.

        Many stretches are just alike, and would otherwise have the same few neighbours.
        """
        points = np.column_stack([stretches.gc[rows], stretches.repeats[rows]])
        return points + self._rng.uniform(-JITTER, JITTER, points.shape)

    def _match_singly(self, waiting: np.ndarray) -> None:
        """Give targets any candidate of their length: their neighbours have more N than they."""
        pool = self.pool
        free = self.blocked.free(pool.chromosome, pool.start, pool.length)
        for target in waiting.tolist():
            usable = free & (pool.length == self.targets.length[target])
            rows = np.flatnonzero(usable & (pool.unknown <= self.targets.unknown[target]))
            distances = np.maximum(
                np.abs(pool.gc[rows] - self.targets.gc[target]),
                np.abs(pool.repeats[rows] - self.targets.repeats[target]),
            )
            self._give(target, rows[np.argsort(distances, kind="stable")].tolist())

    def _give(self, target: int, candidates: Sequence[int]) -> None:
        """Give a target the first of some candidates that it may have."""
        pool, most_unknown = self.pool, self.targets.unknown[target]
        for candidate in candidates:
            start = int(pool.start[candidate])
            if pool.unknown[candidate] <= most_unknown and self.blocked.take(
                int(pool.chromosome[candidate]), start, start + int(pool.length[candidate])
            ):
                self.choice[target] = candidate
                return

    def _groups(
        self, waiting: np.ndarray, candidates: np.ndarray, anywhere: bool
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Targets, and candidates of the same length (and chromosome), for each that has both."""
        keys = [
            stretches.length * (len(self._sizes) + 1) + (0 if anywhere else stretches.chromosome)
            for stretches in (self.targets.choose(waiting), self.pool.choose(candidates))
        ]
        orders = [np.argsort(key, kind="stable") for key in keys]
        for key in np.intersect1d(*keys).tolist():
            members = []
            for values, order, indices in zip(keys, orders, (waiting, candidates), strict=True):
                ends = np.searchsorted(values, [key, key + 1], sorter=order)
                members.append(indices[order[slice(*ends)]])
            yield members[0], members[1]
