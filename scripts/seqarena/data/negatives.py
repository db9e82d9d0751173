"""Negatives for intervals: stretches of the genome that look like positives and are none.

Networks tell peaks from random stretches of a genome by their GC content and repeats alone, and
learn nothing of binding. Negatives are therefore matched to positives one by one in length,
chromosome, GC and repeats (as Ghandi et al. 2014, gkmSVM, do), and it is counted how well.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqarena.data.description import note
from seqarena.data.genome import Genome
from seqarena.data.intervals import Intervals
from seqarena.data.matching import TOLERANCE, Matcher
from seqarena.data.stretches import Blocked, Stretches, composition
from seqarena.data.windows import Windows, fetch, window_names
from seqarena.errors import InputError


@dataclass(frozen=True)
class Negatives:
    """Sampled negatives and how well they match.

    Parameters
    ----------
    windows : Windows
        In the order of chromosomes and positions of the positives that they match; place, origin
        and strand are those of that positive; of `cells` there is "chrom" only.
    report : dict
        negatives, tolerance; gc_difference and repeat_difference with "random" (windows of the
        same length drawn anywhere on the same chromosome) and "matched", the mean absolute
        difference from the positive; beyond_tolerance and other_chromosome, counts of negatives.
    notices : list of dict
        Entries {"what", "count"} on what could not be matched.
    """

    windows: Windows
    report: dict[str, Any]
    notices: list[dict[str, Any]]


def sample_negatives(
    positives: Windows,
    genome: Genome,
    ratio: float = 1.0,
    seed: int = 0,
    exclude: Intervals | None = None,
) -> Negatives:
    """Sample stretches of the genome that match positives.

    Parameters
    ----------
    positives : Windows
        As cut from the genome.
    genome : Genome
        Open.
    ratio : float
        Negatives a positive; their number is rounded.
    seed : int
        Gives the same negatives whatever the order of the positives.
    exclude : Intervals, optional
        What negatives may not overlap beside the positives: the intervals from which these were
        cut, parts of which they may lack.

    Returns
    -------
    Negatives
        None overlaps a positive, an interval of `exclude` or another negative, or has a larger
        share of N than its positive. Each has the length of its positive and, if there is a match
        within `TOLERANCE`, lies on its chromosome; else on any chromosome of a positive.

    Raises
    ------
    InputError
        If the ratio is no positive number, or there is no room for a negative.
    """
    if not (math.isfinite(ratio) and ratio > 0 and round(ratio * len(positives)) >= 1):
        raise InputError(
            f"the ratio of negatives to positives is {ratio}",
            remedy="state a number above 0, large enough for one negative at least",
        )
    rng = np.random.default_rng(seed)
    chromosomes = sorted({*positives.chromosomes})
    index_of = {name: index for index, name in enumerate(chromosomes)}
    known = _describe(positives, index_of)
    minus = np.array([strand == "-" for strand in positives.strands])
    order = np.lexsort([minus, positives.ends, positives.starts, known.chromosome])
    whole, rest = divmod(round(ratio * len(order)), len(order))
    some = rng.choice(len(order), rest, replace=False)
    targets = known.choose(order[np.sort(np.r_[np.arange(len(order)).repeat(whole), some])])
    blocked = _block(positives, exclude, index_of)
    matcher = Matcher(targets, genome, chromosomes, blocked, rng)
    _refuse_no_room(targets.owner[matcher.run()], len(targets), positives)
    windows = _as_windows(matcher, positives, chromosomes)
    return Negatives(fetch(windows, genome), *_assess(matcher))


def _describe(positives: Windows, index_of: Mapping[str, int]) -> Stretches:
    """The positives as stretches, each its own owner."""
    return Stretches(
        positives.ends - positives.starts,
        np.array([index_of[name] for name in positives.chromosomes], np.int64),
        positives.starts,
        *composition(positives.letters, positives.offsets),
        np.arange(len(positives)),
    )


def _block(positives: Windows, exclude: Intervals | None, index_of: Mapping[str, int]) -> Blocked:
    """Positives and other intervals, on chromosomes of positives, as what negatives must avoid."""
    names, starts, ends = [*positives.chromosomes], positives.starts, positives.ends
    if exclude is not None:
        names += exclude.chromosomes
        starts, ends = np.r_[starts, exclude.starts], np.r_[ends, exclude.ends]
    # Negatives are on chromosomes of positives only.
    chromosome = np.array([index_of.get(name, -1) for name in names], np.int64)
    here = chromosome >= 0
    return Blocked(chromosome[here], starts[here], ends[here], len(index_of))


def _refuse_no_room(left: np.ndarray, wanted: int, positives: Windows) -> None:
    """Say so if there are positives (by index) without a negative."""
    for i in left[:1].tolist():
        raise InputError(
            f"for {len(left)} of {wanted} negatives there is no room on the chromosomes of the "
            "positives",
            file=positives.places[i][0],
            line=positives.places[i][1],
            record=positives.names[i],
            remedy="ask for fewer or shorter negatives (ratio, width), or give negatives of your "
            "own",
        )


def _as_windows(matcher: Matcher, positives: Windows, chromosomes: list[str]) -> Windows:
    """The negatives as windows, yet without letters."""
    chosen = matcher.pool.choose(matcher.choice)
    owners = matcher.targets.owner
    names = [chromosomes[c] for c in chosen.chromosome.tolist()]
    strands = [positives.strands[i] for i in owners.tolist()]
    ends = chosen.start + chosen.length
    return Windows(
        names=window_names(names, chosen.start, ends, strands),
        chromosomes=names,
        strands=strands,
        starts=chosen.start,
        ends=ends,
        letters=b"",
        offsets=np.zeros(1, np.int64),
        places=positives.places.take(owners),
        origins=positives.origins[owners],
        cells={"chrom": names},
        changes=[],
    )


def _assess(matcher: Matcher) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Report and notices on how well negatives match."""
    targets, chosen = matcher.targets, matcher.pool.choose(matcher.choice)
    drawn_for, first = matcher.random_choice()
    drawn = matcher.pool.choose(first)
    elsewhere = int(np.count_nonzero(chosen.chromosome != targets.chromosome))
    report = {"negatives": len(chosen), "tolerance": TOLERANCE}
    for name, kind in (("gc_difference", "gc"), ("repeat_difference", "repeats")):
        wanted = getattr(targets, kind)
        report[name] = {
            "random": float(np.abs(getattr(drawn, kind) - wanted[drawn_for]).mean()),
            "matched": float(np.abs(getattr(chosen, kind) - wanted).mean()),
        }
    report |= {"beyond_tolerance": matcher.beyond, "other_chromosome": elsewhere}
    masked = targets.repeats.any() or matcher.pool.repeats.any()
    notices = [
        *note(
            f"negatives that differ from their positive by more than {TOLERANCE} in GC or in "
            "repeats, since nothing nearer was found",
            matcher.beyond,
        ),
        *note("negatives on another chromosome than their positive", elsewhere),
        *note(
            "negatives not matched in repeats, since the genome has no lower-case letters there",
            0 if masked else len(chosen),
        ),
    ]
    return report, notices
