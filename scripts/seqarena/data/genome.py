"""Letters of a genome by chromosome and position, from an indexed FASTA file."""

import gzip
import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pysam

from seqarena.data.reading import GZIP_MAGIC, explain_reading, nearest, open_text
from seqarena.errors import InputError
from seqarena.files import whole_file

MITOCHONDRION = {"chrM": "MT", "MT": "chrM", "chrMT": "MT", "M": "MT"}
_COMPLEMENT = bytes.maketrans(
    b"ACGTURYSWKMBDHVNacgturyswkmbdhvn", b"TGCAAYRSWMKVHDBNtgcaayrswmkvhdbn"
)


def reverse_complement_letters(letters: bytes) -> bytes:
    """The other strand of DNA as letters, whose case stays, read in its own direction."""
    return letters.translate(_COMPLEMENT)[::-1]


@dataclass(frozen=True)
class Genome:
    """An open genome; `open_genome` makes it.

    Parameters
    ----------
    path : pathlib.Path
        The FASTA file.
    lengths : dict of str to int
        Letters of each chromosome, in the order of the file.
    handle : pysam.FastaFile
        Through which letters are read.
    """

    path: Path
    lengths: dict[str, int]
    handle: pysam.FastaFile

    def letters(self, chromosome: str, start: int, end: int) -> bytes:
        """Letters [start, end), counted from 0; N beyond the chromosome's ends."""
        length = self.lengths[chromosome]
        first, last = (min(max(position, 0), length) for position in (start, end))
        try:
            inside = self.handle.fetch(chromosome, first, last).encode("ascii")
        except (OSError, ValueError):  # of a damaged archive, or letters outside ASCII
            inside = b""
        if len(inside) != last - first:
            raise InputError(
                f"the genome gives {len(inside)} letters for {chromosome}:{first}-{last}",
                file=self.path,
                remedy="the file is damaged, or its index is of another file: delete the index, or "
                "copy or download the genome again",
            )
        # A stretch that lies outside altogether is before the first letter or behind the last one.
        before = min(end, 0) - min(start, 0)
        return b"N" * before + inside + b"N" * (end - start - before - len(inside))

    def suggest(self, chromosome: str) -> str:
        """Words for the name that the genome may have for a chromosome which it doesn't know."""
        others = [f"chr{chromosome}", chromosome.removeprefix("chr"), MITOCHONDRION.get(chromosome)]
        for other in others:
            if other in self.lengths:
                return f" (it has {other!r})"
        return nearest(chromosome, self.lengths)


@contextmanager
def open_genome(path: str | Path, cache: str | Path) -> Iterator[Genome]:
    """Open a genome in FASTA, plain or compressed by bgzip.

    Parameters
    ----------
    path : path-like
        An index beside it (.fai, and .gzi for bgzip) is used if it is not older than the genome
        and, for plain FASTA, fits it. Nothing is ever written there.
    cache : path-like
        Folder in which an index is made where there is none to use, or was made before.

    Yields
    ------
    Genome
        Open for as long as the block runs.

    Raises
    ------
    InputError
        If the file can't be read, is not FASTA, is a gzip that is not bgzip, has lines of uneven
        lengths or names a chromosome twice.
    """
    path = Path(path)
    compressed = _check(path)
    beside = [Path(f"{path}{suffix}") for suffix in _suffixes(compressed)]
    indices = beside if _usable(path, beside) else _cached_indices(path, Path(cache), compressed)
    try:
        handle = pysam.FastaFile(
            str(path),
            filepath_index=str(indices[0]),
            filepath_index_compressed=str(indices[1]) if compressed else None,
        )
    except (OSError, ValueError) as error:
        raise InputError(
            f"the genome can't be opened with its index {indices[0]} ({error})",
            file=path,
            remedy="delete the index, so that it is made anew",
        ) from None
    with handle:
        yield Genome(path, dict(zip(handle.references, handle.lengths, strict=True)), handle)


def _suffixes(compressed: bool) -> list[str]:
    return [".fai", ".gzi"] if compressed else [".fai"]


def _check(path: Path) -> bool:
    """Whether a genome is compressed by bgzip; refuse what is no FASTA."""
    with open_text(path) as handle:
        first = handle.read(1)
    if first != ">":
        raise InputError(
            "the genome is empty" if not first else f"the genome is not FASTA but begins {first!r}",
            file=path,
            remedy="give a FASTA file, plain or compressed by bgzip",
        )
    with path.open("rb") as handle:
        head = handle.read(18)
    if not head.startswith(GZIP_MAGIC):
        return False
    # A block of bgzip says so in an extra field named BC (SAM specification, 4.1).
    if not (head[3] & 4 and head[12:14] == b"BC"):
        raise InputError(
            "the genome is compressed by gzip, in which letters can't be looked up",
            file=path,
            remedy=f"compress it by bgzip: `gunzip -c {path.name} | bgzip > "
            f"{path.name.removesuffix('.gz')}.bgz`",
        )
    return True


def _usable(path: Path, indices: list[Path]) -> bool:
    """Whether indices exist, are not older than the genome, and fit it."""
    if not all(index.is_file() for index in indices):
        return False
    changed = path.stat().st_mtime_ns
    if any(index.stat().st_mtime_ns < changed for index in indices):
        return False
    try:
        rows = _rows(indices[0])
    except (OSError, ValueError):
        return False
    return bool(rows) and (len(indices) == 2 or _fits(path, rows))


def _rows(index: Path) -> list[tuple[str, list[int]]]:
    """Name of each sequence of a .fai, and its length, offset, letters and bytes a line."""
    lines = [line.split("\t") for line in index.read_text(encoding="utf-8").splitlines()]
    if any(len(line) != 5 for line in lines):
        raise ValueError(f"{index} is no index of a FASTA file")
    return [(line[0], list(map(int, line[1:]))) for line in lines]


def _fits(path: Path, rows: list[tuple[str, list[int]]]) -> bool:
    """Whether each sequence of a plain FASTA begins and ends where the index has it.

    An index may be newer than its genome and yet be of another one, for instance after a copy.
    """
    with path.open("rb") as handle:
        for name, (length, offset, letters, width) in rows:
            start = max(0, offset - 1000)
            handle.seek(start)
            before = handle.read(offset - start)
            header = before.rstrip(b"\r\n").rsplit(b"\n", 1)[-1]
            words = header[1:].split(maxsplit=1)
            named = header.startswith(b">") and bool(words) and words[0] == name.encode()
            if not before.endswith(b"\n") or not (named or len(header) > 900):
                return False
            handle.seek(offset + (length // letters * width + length % letters if letters else 0))
            if handle.read(3).strip()[:1] not in (b"", b">"):
                return False
    return True


def _cached_indices(path: Path, cache: Path, compressed: bool) -> list[Path]:
    """Indices in the cache, made if they aren't there; their names say which file they are of."""
    state = path.stat()
    of = f"{path.resolve()} {state.st_size} {state.st_mtime_ns}"
    stem = f"{path.name}.{hashlib.sha256(of.encode()).hexdigest()[:16]}"
    indices = [cache / f"{stem}{suffix}" for suffix in _suffixes(compressed)]
    if all(index.is_file() for index in indices):
        return indices
    with ExitStack() as stack:
        parts = [str(stack.enter_context(whole_file(index))) for index in indices]
        options = [x for pair in zip(("--fai-idx", "--gzi-idx"), parts, strict=False) for x in pair]
        _build(path, options)
        _refuse_repeated(path, compressed, len(_rows(Path(parts[0]))))
    return indices


def _build(path: Path, options: list[str]) -> None:
    verbosity = pysam.set_verbosity(0)  # what goes wrong is said once, by us
    try:
        pysam.faidx(str(path), *options)
    except pysam.SamtoolsError:
        raise InputError(
            "it can't be indexed: the genome is damaged, or lines of one sequence differ in length",
            file=path,
            remedy="wrap all lines alike, for instance with `seqkit seq -w 60`",
        ) from None
    finally:
        pysam.set_verbosity(verbosity)


def _refuse_repeated(path: Path, compressed: bool, names: int) -> None:
    """Refuse a genome in which a name occurs twice; an index silently leaves out the second."""
    headers, last = 0, b"\n"
    opener = gzip.open if compressed else open
    with explain_reading(path), opener(path, "rb") as handle:
        while chunk := handle.read(1 << 24):
            headers += (last + chunk).count(b"\n>")
            last = chunk[-1:]
    if headers != names:
        raise InputError(
            f"the genome has {headers} sequences of only {names} names",
            file=path,
            remedy="give each sequence a name (the first word after '>') of its own",
        )
