"""Sequences of intervals, cut from a genome."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqarena.data.alphabet import check_choice
from seqarena.data.description import note
from seqarena.data.fitting import refuse_too_many_letters
from seqarena.data.genome import Genome, reverse_complement_letters
from seqarena.data.intervals import Intervals
from seqarena.data.places import Places
from seqarena.data.reading import quote
from seqarena.errors import InputError

CENTERS = ("middle", "summit")
BEYOND_ENDS = ("refuse", "drop", "unknown")


@dataclass(frozen=True)
class Windows:
    """Stretches of a genome with their letters.

    Parameters
    ----------
    names : list of str
        Identifiers, each once: names of the intervals if all had one of their own, else
        chromosome:start-end(strand), counted from 0.
    chromosomes, strands : list of str
        Chromosome and strand ("+" or "-") of each window.
    starts, ends : numpy.ndarray
        int64 of shape (windows,): letters [start, end), counted from 0.
    letters : bytes
        All sequences end to end, in the direction of their strand, in the case of the genome.
    offsets : numpy.ndarray
        int64 of shape (windows + 1,): window i is ``letters[offsets[i]:offsets[i + 1]]``.
    places : Places
        File and line of the interval of each window.
    origins : numpy.ndarray
        int64, index of the interval's file among those that were read.
    cells : dict of str to list of str
        Columns that were asked for, and always "chrom".
    changes : list of dict
        Entries {"what", "count"} on what was moved, widened, cropped, filled, dropped, turned.
    """

    names: list[str]
    chromosomes: list[str]
    strands: list[str]
    starts: np.ndarray
    ends: np.ndarray
    letters: bytes
    offsets: np.ndarray
    places: Places
    origins: np.ndarray
    cells: dict[str, list[str]]
    changes: list[dict[str, Any]]

    def __len__(self) -> int:
        return len(self.names)


def cut_windows(
    intervals: Intervals,
    genome: Genome,
    width: int | None = None,
    center: str = "middle",
    beyond_ends: str = "refuse",
) -> Windows:
    """Cut the sequences of intervals from a genome.

    Parameters
    ----------
    intervals : Intervals
        As read; with summits if `center` is "summit".
    genome : Genome
        Open.
    width : int, optional
        Letters of each window. Default: intervals keep their lengths.
    center : {"middle", "summit"}
        Which letter of the interval comes to the middle of its window, at index ``width // 2`` on
        the plus strand. Without `width` it makes no difference.
    beyond_ends : {"refuse", "drop", "unknown"}
        What becomes of a window that reaches beyond its chromosome: an error, no window, or N for
        each letter that isn't there.

    Returns
    -------
    Windows
        In the order of the intervals.

    Raises
    ------
    InputError
        If the genome lacks a chromosome, an interval lies outside its chromosome, a window reaches
        beyond it and that is refused, no window is left, or two have the same name.
    """
    check_choice("center", center, CENTERS)
    check_choice("beyond_ends", beyond_ends, BEYOND_ENDS)
    if width is not None and width < 1:
        raise InputError(f"the width of windows is {width}", remedy="state 1 or more")
    lengths = _chromosome_lengths(intervals, genome)
    _refuse_endless(intervals, width)
    starts, ends, changes = _place(intervals, width, center)
    beyond = np.clip(-starts, 0, None) + np.clip(ends - np.maximum(starts, lengths), 0, None)
    outside = np.count_nonzero(beyond)
    if outside and beyond_ends == "refuse":
        _refuse_beyond(intervals, starts, ends, lengths, beyond)
    if beyond_ends == "drop":
        changes += note("intervals dropped, since they reach beyond their chromosome", outside)
        kept = np.flatnonzero(beyond == 0)
    else:
        what = f"letters N for what lies beyond chromosomes, in {outside} intervals"
        changes += note(what, beyond.sum())
        kept = np.arange(len(intervals))
    if not len(kept):
        raise InputError(
            "every interval reaches beyond its chromosome, so that none is left",
            file=intervals.files[0],
            remedy="check that the genome is of the assembly of the intervals",
        )
    chosen = _choose(intervals, kept)
    minus = chosen.strands.count("-")
    changes += note("intervals of the minus strand read as its reverse complement", minus)
    names = window_names(chosen.chromosomes, starts[kept], ends[kept], chosen.strands)
    _refuse_repeats(chosen.names or names, chosen.places)
    return fetch(
        Windows(
            names=chosen.names or names,
            chromosomes=chosen.chromosomes,
            strands=chosen.strands,
            starts=starts[kept],
            ends=ends[kept],
            letters=b"",
            offsets=np.zeros(1, np.int64),
            places=chosen.places,
            origins=chosen.origins,
            cells=chosen.cells | {"chrom": chosen.chromosomes},
            changes=changes,
        ),
        genome,
    )


def fetch(windows: Windows, genome: Genome) -> Windows:
    """The windows with their letters, read in the order of the genome, which is the fast one."""
    parts = [b""] * len(windows)
    starts, ends = windows.starts.tolist(), windows.ends.tolist()
    for i in sorted(range(len(windows)), key=lambda i: (windows.chromosomes[i], starts[i])):
        letters = genome.letters(windows.chromosomes[i], starts[i], ends[i])
        parts[i] = reverse_complement_letters(letters) if windows.strands[i] == "-" else letters
    offsets = np.concatenate([[0], np.cumsum(windows.ends - windows.starts)]).astype(np.int64)
    return replace(windows, letters=b"".join(parts), offsets=offsets)


def window_names(
    chromosomes: Sequence[str], starts: np.ndarray, ends: np.ndarray, strands: Sequence[str]
) -> list[str]:
    """Names chromosome:start-end(strand), counted from 0, ends excluded."""
    return [
        f"{chromosome}:{start}-{end}({strand})"
        for chromosome, start, end, strand in zip(
            chromosomes, starts.tolist(), ends.tolist(), strands, strict=True
        )
    ]


def _place(
    intervals: Intervals, width: int | None, center: str
) -> tuple[np.ndarray, np.ndarray, list[dict[str, Any]]]:
    """Starts and ends of windows, int64, and what was changed."""
    if width is None:
        return intervals.starts, intervals.ends, []
    middles = (intervals.starts + intervals.ends) // 2
    if center == "summit":
        if intervals.summits is None:
            raise ValueError("the intervals were read without their summits")
        middles = intervals.summits
    starts = middles - width // 2
    lengths = intervals.ends - intervals.starts
    moved = np.count_nonzero((lengths == width) & (starts != intervals.starts))
    where = f"to {width} letters about their {center}"
    return (
        starts,
        starts + width,
        [
            *note(f"intervals widened {where}", np.count_nonzero(lengths < width)),
            *note(f"intervals cropped {where}", np.count_nonzero(lengths > width)),
            *note(f"intervals of {width} letters moved to have their {center} inmost", moved),
        ],
    )


def _choose(intervals: Intervals, kept: np.ndarray) -> Intervals:
    """Some of the intervals, by index."""
    if len(kept) == len(intervals):
        return intervals

    def take(values: list) -> list:
        return [values[i] for i in kept.tolist()]

    return Intervals(
        chromosomes=take(intervals.chromosomes),
        starts=intervals.starts[kept],
        ends=intervals.ends[kept],
        strands=take(intervals.strands),
        names=None if intervals.names is None else take(intervals.names),
        summits=None if intervals.summits is None else intervals.summits[kept],
        places=intervals.places.take(kept),
        origins=intervals.origins[kept],
        cells={name: take(cells) for name, cells in intervals.cells.items()},
        files=intervals.files,
    )


def _chromosome_lengths(intervals: Intervals, genome: Genome) -> np.ndarray:
    """Letters of each interval's chromosome, int64; an interval outside of it is refused."""
    strangers = [i for i, name in enumerate(intervals.chromosomes) if name not in genome.lengths]
    if strangers:
        counts = Counter(intervals.chromosomes[i] for i in strangers)
        path, line = intervals.places[strangers[0]]
        raise InputError(
            f"{len(strangers)} of {len(intervals)} intervals are on chromosomes that the genome "
            f"{genome.path} doesn't have: {quote(list(counts))}"
            f"{genome.suggest(intervals.chromosomes[strangers[0]])}",
            file=path,
            line=line,
            remedy="use a genome and intervals that name chromosomes alike, of one assembly",
        )
    lengths = np.array([genome.lengths[name] for name in intervals.chromosomes], np.int64)
    for i in np.flatnonzero(intervals.starts >= lengths)[:1].tolist():
        path, line = intervals.places[i]
        raise InputError(
            f"the interval starts at {intervals.starts[i]}, but {intervals.chromosomes[i]!r} ends "
            f"before {lengths[i]}",
            file=path,
            line=line,
            remedy="check that the genome is of the assembly of the intervals",
        )
    return lengths


def _refuse_endless(intervals: Intervals, width: int | None) -> None:
    sizes = intervals.ends - intervals.starts
    longest = int(sizes.argmax())
    path, line = intervals.places[longest]
    # In integers of Python, which don't overflow.
    letters = sum(sizes.tolist()) if width is None else len(sizes) * width
    remedy = "state a smaller width" if width else "shorten the longest interval, or state a width"
    refuse_too_many_letters(letters, remedy, file=path, line=None if width else line)


def _refuse_beyond(
    intervals: Intervals,
    starts: np.ndarray,
    ends: np.ndarray,
    lengths: np.ndarray,
    beyond: np.ndarray,
) -> None:
    i = int(np.flatnonzero(beyond)[0])
    raise InputError(
        f"{np.count_nonzero(beyond)} of {len(intervals)} intervals reach beyond their chromosome: "
        f"the first is {starts[i]} to {ends[i]}, and {intervals.chromosomes[i]!r} has "
        f"{lengths[i]} letters",
        file=intervals.places[i][0],
        line=intervals.places[i][1],
        remedy="set beyond_ends to drop (leave such intervals out) or unknown (fill them with N)",
    )


def _refuse_repeats(names: list[str], places: Places) -> None:
    if len(set(names)) == len(names):
        return
    first: dict[str, int] = {}
    again = [i for i, name in enumerate(names) if first.setdefault(name, i) != i]
    earlier = places[first[names[again[0]]]]
    raise InputError(
        f"{len(again)} intervals give a window that an earlier one gives, the first in "
        f"{earlier[0]}, line {earlier[1]}",
        file=places[again[0]][0],
        line=places[again[0]][1],
        record=names[again[0]],
        remedy="remove repeated intervals, or give each interval a name of its own",
    )
