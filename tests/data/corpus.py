"""Small sound datasets of every kind, as files and a configuration, to be spoiled by `mutators`."""

import gzip
import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pysam

RECORDS = 15
MODELS = {
    "majority": {"architecture": "majority"},
    "composition": {"architecture": "composition"},
    "linear": {"architecture": "linear", "parameters": {"k": 2}},
}


@dataclass(frozen=True)
class Base:
    """A sound dataset.

    Parameters
    ----------
    files : dict of str to bytes
        Contents by name.
    dataset : dict
        Its entry in a configuration.
    kinds : dict of str to str
        What each file is: "fasta", "table", "bed" or "list"; of Parquet "parquet".
    """

    files: dict[str, bytes]
    dataset: dict[str, Any]
    kinds: dict[str, str] = field(default_factory=dict)

    def configuration(self) -> dict[str, Any]:
        """A whole configuration of this dataset, with models that take no time."""
        return {
            "split": {"folds": 3, "repeats": 1},
            "grouping": {"by": "sequence"},
            "datasets": {"d": self.dataset},
            "models": MODELS,
        }


def sequences(letters: str, seed: int, n: int = RECORDS, low: int = 12, high: int = 20) -> list:
    rng = random.Random(seed)
    return ["".join(rng.choices(letters, k=rng.randint(low, high))) for _ in range(n)]


def fasta(of: list[str], describe: Callable = lambda i: "made up", first: int = 0) -> bytes:
    """Records in lines of 10 letters."""
    lines = []
    for i, text in enumerate(of):
        lines += [f">r{first + i} {describe(i)}", *(text[j : j + 10] for j in range(0, 20, 10))]
    return "\n".join(filter(None, lines)).encode() + b"\n"


def rows(columns: dict[str, list], separator: str = "\t") -> bytes:
    lines = [columns, *zip(*columns.values(), strict=True)]
    return "".join(separator.join(map(str, line)) + "\n" for line in lines).encode()


def names(n: int = RECORDS) -> list[str]:
    return [f"r{i}" for i in range(n)]


def each(*values: Any, n: int = RECORDS) -> list:
    """Values in turn."""
    return [values[i % len(values)] for i in range(n)]


def parquet(columns: dict[str, list]) -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame(columns).to_parquet(buffer)
    return buffer.getvalue()


def bgzip(content: bytes) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        with pysam.BGZFile(str(path), "wb") as handle:
            handle.write(content)
        return path.read_bytes()


def with_table(letters: str, columns: dict, labels: dict, task: str, **others: Any) -> Base:
    """Sequences in FASTA, labels in a table."""
    files = {
        "s.fa": fasta(sequences(letters, len(letters))),
        "l.tsv": rows({"id": names(), **columns}),
    }
    dataset = {"task": task, "fasta": "s.fa", "labels": {"table": "l.tsv"} | labels, **others}
    return Base(files, dataset, {"s.fa": "fasta", "l.tsv": "table"})


def one_table(name: str, content: bytes, dataset: dict) -> Base:
    kind = "parquet" if content.startswith(b"PAR1") else "table"
    return Base({name: content}, dataset, {name: kind})


NUMBERS = {
    "id": names(),
    "x": [i * 0.25 for i in range(RECORDS)],
    "y": [(i * 7 % 5) - 2.5 for i in range(RECORDS)],
    "label": each("no", "yes"),
}


def sentences() -> list[str]:
    rng = random.Random(5)
    words = ["cold", "wet", "wind", "sun", "warm", "hail"]
    return [" ".join(rng.choices(words, k=rng.randint(1, 6))) for _ in range(RECORDS)]


def genome() -> bytes:
    lines = []
    for name, seed in (("chr1", 1), ("chr2", 2)):
        text = "".join(sequences("ACGTacgtN", seed, n=12, low=10, high=10))
        lines += [f">{name} made up", *(text[i : i + 30] for i in range(0, len(text), 30))]
    return "\n".join(lines).encode() + b"\n"


def bed(columns: int, header: str = "", first: int = 0, n: int = RECORDS) -> bytes:
    rng = random.Random(columns)
    lines = [header] if header else []
    for i in range(first, n):
        start, length = 6 * i + rng.randint(2, 5), rng.randint(8, 12)  # each its own middle
        peak = rng.randrange(length)
        cells = [f"chr{1 + i % 2}", start, start + length, each("no", "yes")[i], i, "+-."[i % 3]]
        lines.append("\t".join(map(str, [*cells, 1, 2, 3, peak][:columns])))
    return "\n".join(lines).encode() + b"\n"


def of_intervals(files: dict[str, bytes], intervals: dict, **others: Any) -> Base:
    """Intervals of a genome."""
    compressed = intervals.get("genome") == "g.fa.gz"
    contents = files | ({"g.fa.gz": bgzip(genome())} if compressed else {"g.fa": genome()})
    whole = {"genome": "g.fa", **intervals}
    kinds = dict.fromkeys(files, "bed") | {whole["genome"]: "fasta"}
    return Base(contents, {"task": "binary", "intervals": whole, **others}, kinds)


def sequence_tables() -> dict[str, Base]:
    columns = {"id": names(), "sequence": sequences("ACGT", 8), "label": each("a", "b")}
    whole = {"task": "binary", "table": {"file": "t.csv", "id": "id"}}
    text = columns | {"sequence": sentences()}
    words = {"words": ["cold", "wet", "wind", "sun", "warm", "hail"]}
    few = {"words": words["words"][:4], "unlisted": "unknown", "separator": " "}
    numbers = {"task": "binary", "numbers": {"file": "n.csv", "id": "id"}}
    numbers["models"] = ["majority", "linear"]
    kinds = {k: v for k, v in columns.items() if k != "id"} | {"label": each("a", "b", "c")}
    return {
        "csv": one_table("t.csv", rows(columns, ","), whole),
        "tsv": one_table(
            "t.tsv", rows(kinds), {"task": "multiclass", "table": {"file": ["t.tsv"]}}
        ),
        "semicolons": one_table("t.csv", rows(columns, ";"), whole),
        "parquet": one_table("t.csv", parquet(columns), whole),
        "sentences": one_table("t.csv", rows(text), whole | {"alphabet": words}),
        "few words": one_table("t.csv", rows(text, ","), whole | {"alphabet": few}),
        "numbers": one_table("n.csv", rows(NUMBERS, ","), numbers),
        "numbers in parquet": one_table("n.csv", parquet(NUMBERS), numbers),
    }


def interval_sets() -> dict[str, Base]:
    column = {"labels": {"column": "name"}}
    by_class = {"file": {"no": "a.bed", "yes": ["b.bed"]}, "width": 25, "beyond_ends": "unknown"}
    peaks = {"file": "p.narrowPeak", "genome": "g.fa.gz", "width": 12, "center": "summit"}
    header = "chrom\tstart\tend\tname\tscore\tstrand"
    return {
        "bed": of_intervals({"i.bed": bed(6)}, {"file": "i.bed"}, **column),
        "narrowPeak": of_intervals(
            {"p.narrowPeak": bed(10, n=6)}, peaks | {"negatives": {}, "beyond_ends": "drop"}
        ),
        "headed intervals": of_intervals(
            {"i.tsv": bed(6, header)},
            {"file": "i.tsv", "width": 15, "beyond_ends": "drop"},
            labels={"column": "name", "group": "strand"},
        ),
        "bed per class": of_intervals({"a.bed": bed(6, n=8), "b.bed": bed(3, first=8)}, by_class),
    }


def targets() -> dict[str, Base]:
    labels = {"a": each(0, 1), "b": each(1, 0, "NA"), "c": each("", 1, 0, 1, 0)}
    return {
        "regression": with_table(
            "ACGT",
            {"value": [i / 4 for i in range(RECORDS)]},
            {"column": "value"},
            "regression",
        ),
        "several numbers": with_table(
            "ACGT",
            {"u": [i / 4 for i in range(RECORDS)], "v": each(1, 2.5, "NA")},
            {"columns": ["u", "v"]},
            "regression",
        ),
        "ordinal": with_table(
            "ACGT",
            {"label": each("low", "mid", "high")},
            {"order": ["low", "mid", "high"]},
            "regression",
        ),
        "multilabel": with_table("ACGT", labels, {"columns": list("abc")}, "multilabel"),
        "weighted": with_table(
            "ACGTN",
            {"label": each("x", "y"), "w": each(0.5, 1, 2)},
            {"weight": "w"},
            "binary",
            positive="x",
        ),
    }


def fasta_sets() -> dict[str, Base]:
    label = {"label": each("no", "yes")}
    plain = with_table(
        "ACGT", label | {"gene": each("g1", "g2", "", "g4", "g5")}, {"group": "gene"}, "binary"
    )
    packed = {name: gzip.compress(content, mtime=0) for name, content in plain.files.items()}
    halves = {
        "a.fa": fasta(sequences("ACGT", 1, 8)),
        "b.fa": fasta(sequences("ACGTUN", 2, 7), first=8),
    }
    own = {"split": {"train": "train.txt", "test": "test.txt"}}
    listed = with_table("ACGT", label, {}, "binary", **own)
    lists = {
        "train.txt": "\n".join(names()[:9]).encode(),
        "test.txt": "\n".join(names()[9:]).encode(),
    }
    protein = with_table("ACDEFGHIKLMNPQRSTVWYXBU-", label, {}, "binary", gaps="remove")
    stops = protein.files["s.fa"].replace(b"\n>", b"*\n>")
    return {
        "fasta and table": plain,
        "compressed": Base(packed, plain.dataset, plain.kinds),
        "fasta per class": Base(
            halves,
            {"task": "binary", "fasta": {"no": "a.fa", "yes": ["b.fa"]}, "length": {"to": 16}},
            dict.fromkeys(halves, "fasta"),
        ),
        "headers": Base(
            {"s.fa": fasta(sequences("ACGTacgt", 7), lambda i: f"class={'ab'[i % 2]} x")},
            {"task": "binary", "fasta": "s.fa", "labels": {"header": r"class=(?P<label>\w+)"}},
            {"s.fa": "fasta"},
        ),
        "own split": Base(
            listed.files | lists, listed.dataset, listed.kinds | dict.fromkeys(lists, "list")
        ),
        "rna": with_table("ACGUT", label, {}, "binary", alphabet="rna"),
        "protein": Base(
            protein.files | {"s.fa": stops}, protein.dataset | {"alphabet": "protein"}, plain.kinds
        ),
        "gaps and codes": with_table(
            "ACGTacgt-.RYN",
            label,
            {},
            "binary",
            gaps="unknown",
            soft_masked="unknown",
            length={"to": 15, "anchor": "left"},
        ),
    }


@cache
def bases() -> dict[str, Base]:
    """All sound datasets by name; not to be changed."""
    return fasta_sets() | targets() | sequence_tables() | interval_sets()
