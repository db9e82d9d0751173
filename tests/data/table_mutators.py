"""Ways to spoil tables: text, intervals, Parquet. As in `mutators`."""

import random
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .mutators import BYTES, FASTA, LIST, Mutator, at_random, lines_of, replaced

WEIRD = (
    "",
    "NA",
    "nan",
    "inf",
    "-inf",
    "1e400",
    "1e-400",
    "1e30",
    "9" * 40,
    "-1",
    "-0",
    "+1",
    "0x1A",
    "1_0",
    "1,5",
    "1.5",
    "1e3",
    "2",
    "true",
    "text",
    "=1+1",
    "\u0661",  # the digit one in Arabic
    "\uff11",
    "\u221e",
    "a b",
    "a/b",
    "é",
    "-",
    "*",
    "'",
    '"',
    '"x"',
    "x" * 2000,
    "\u00a0",
    "\u200b",
    "\x1f",
    "#",
    "null",
)


def cells_of(content: bytes) -> tuple[list[list[bytes]], bytes]:
    """Cells of a table and its separator."""
    first = lines_of(content)[0]
    separator = next((mark for mark in (b"\t", b",", b";") if mark in first), b"\t")
    return [line.split(separator) for line in content.splitlines()], separator


def cell(new: str) -> Mutator:
    """Write another text in a random cell below the header."""

    def mutate(rng: random.Random, content: bytes) -> bytes:
        table, separator = cells_of(content)
        if len(table) > 1:
            row = rng.choice(table[1:])
            row[rng.randrange(len(row))] = new.encode()
        return b"\n".join(map(separator.join, table)) + b"\n"

    return mutate


def columns(change: Callable[[random.Random, list], list]) -> Mutator:
    """Change all lines by columns; `change` sees their numbers."""

    def mutate(rng: random.Random, content: bytes) -> bytes:
        table, separator = cells_of(content)
        order = change(rng, list(range(len(table[0]))))
        kept = [[row[i] if i < len(row) else b"" for i in order] for row in table]
        return b"\n".join(map(separator.join, kept)) + b"\n"

    return mutate


def header(change: Callable[[random.Random, bytes], bytes]) -> Mutator:
    def mutate(rng: random.Random, content: bytes) -> bytes:
        first, newline, others = content.partition(b"\n")
        return change(rng, first) + newline + others

    return mutate


def separated(new: bytes, some: bool = False) -> Mutator:
    """Write another separator on all lines or on some."""

    def mutate(rng: random.Random, content: bytes) -> bytes:
        table, old = cells_of(content)
        marks = [new if not some or rng.random() < 0.5 else old for _ in table]
        return b"\n".join(m.join(row) for m, row in zip(marks, table, strict=True)) + b"\n"

    return mutate


TABLE: dict[str, Mutator] = {
    "columns shuffled": columns(lambda rng, order: rng.sample(order, len(order))),
    "columns swapped below the header": lambda rng, x: (
        lines_of(x)[0] + b"\n" + columns(lambda _, order: order[::-1])(rng, x).partition(b"\n")[2]
    ),
    "column twice": columns(lambda rng, order: [*order, rng.choice(order)]),
    "column removed": columns(lambda rng, order: order[:-1]),
    "first column removed": columns(lambda rng, order: order[1:]),
    "more columns": lambda rng, x: x.replace(b"\n", cells_of(x)[1] + b"0\n"),
    "separator at the end": lambda rng, x: x.replace(b"\n", cells_of(x)[1] + b"\n"),
    "header misspelt": header(lambda rng, x: at_random(rng, x, b"", 1)),
    "header in capitals": header(lambda rng, x: x.upper()),
    "header commented": header(lambda rng, x: b"#" + x),
    "header quoted": header(lambda rng, x: b'"' + x + b'"'),
    "header twice": header(lambda rng, x: x + b"\n" + x),
    "quoted cells": lambda rng, x: re.sub(rb"[^\t,;\n]+", rb'"\g<0>"', x),
    "quote not closed": lambda rng, x: re.sub(rb"[^\t,;\n]+", rb'"\g<0>', x, count=8),
    "newline in a cell": cell('"a\nb"'),
    "separator in a cell": cell('"a,b;c\td"'),
    "name of another": cell("r1"),
    "tabs": separated(b"\t"),
    "commas": separated(b","),
    "semicolons": separated(b";"),
    "blanks": separated(b" "),
    "bars": separated(b"|"),
    "some commas": separated(b",", some=True),
    "decimal commas": lambda rng, x: re.sub(rb"(\d)\.(\d)", rb"\1,\2", x),
    "all one class": lambda rng, x: re.sub(rb"\b(yes|no|good|bad)\b", b"yes", x),
    **{f"cell {text[:12]!r}": cell(text) for text in WEIRD},
}

BED: dict[str, Mutator] = {
    "counted from 1": lambda rng, x: re.sub(
        rb"(?m)^(chr\d\t)(\d+)", lambda m: m[1] + b"%d" % (int(m[2]) + 1), x
    ),
    "negative start": lambda rng, x: re.sub(rb"\t(\d+)\t", rb"\t-\1\t", x, count=1),
    "start after end": lambda rng, x: re.sub(rb"\t(\d+)\t(\d+)", rb"\t\2\t\1", x, count=1),
    "no letters": lambda rng, x: re.sub(rb"\t(\d+)\t(\d+)", rb"\t\1\t\1", x, count=1),
    "beyond the end": lambda rng, x: re.sub(rb"\t(\d+)\t(\d+)", rb"\t\1\t130", x, count=1),
    "far away": lambda rng, x: re.sub(rb"\t(\d+)\t(\d+)", rb"\t1000\t1010", x, count=1),
    "endless": lambda rng, x: re.sub(rb"\t(\d+)\t(\d+)", rb"\t\1\t999999999999", x, count=1),
    "too many digits": lambda rng, x: re.sub(rb"\t(\d+)\t", b"\t" + b"9" * 25 + b"\t", x, count=1),
    "decimal start": lambda rng, x: re.sub(rb"\t(\d+)\t", rb"\t\1.0\t", x, count=1),
    "thousands": lambda rng, x: re.sub(rb"\t(\d+)\t", rb"\t1,000\t", x, count=1),
    "positive start": lambda rng, x: re.sub(rb"\t(\d+)\t", rb"\t+\1\t", x, count=1),
    "Arabic digits": lambda rng, x: re.sub(rb"\t(\d+)\t", "\t\u0661\u0662\t".encode(), x, count=1),
    "exponent": lambda rng, x: re.sub(rb"\t(\d+)\t", b"\t1e1\t", x, count=1),
    "without chr": replaced(b"chr", b""),
    "another chromosome": replaced(b"chr1", b"chr9", once=True),
    "chromosome in capitals": replaced(b"chr", b"CHR"),
    "no chromosome": replaced(b"chr1\t", b"\t", once=True),
    "strand x": replaced(b"\t+", b"\tx", once=True),
    "track": lambda rng, x: b'track name="x"\nbrowser position chr1:1-2\n' + x,
    "header of blanks": lambda rng, x: b"chrom start end\n" + x,
    "header of BED": lambda rng, x: b"#chrom\tstart\tend\n" + x,
    "capital header": lambda rng, x: b"Chrom\tStart\tEnd\tName\tScore\tStrand\n" + x,
    "blanks in a name": replaced(b"\tyes", b"\tyes or no", once=True),
    "three columns": columns(lambda rng, order: order[:3]),
    "two columns": columns(lambda rng, order: order[:2]),
    "no peak": lambda rng, x: re.sub(rb"(?m)\d+$", b"-1", x, count=1),
    "peak beyond": lambda rng, x: re.sub(rb"(?m)\d+$", b"500", x, count=1),
    "cell missing": lambda rng, x: re.sub(rb"(?m)\t[^\t\n]*$", b"", x, count=1),
    "turned": lambda rng, x: x.translate(bytes.maketrans(b"+-", b"-+")),
    "whole chromosome": lambda rng, x: re.sub(rb"\t(\d+)\t(\d+)", rb"\t0\t120", x, count=1),
}


def arrow(change: Callable[[random.Random, pa.Table], pa.Table]) -> Mutator:
    """Change a table in Parquet."""

    def mutate(rng: random.Random, content: bytes) -> bytes:
        buffer = pa.BufferOutputStream()
        pq.write_table(change(rng, pq.read_table(pa.py_buffer(content))), buffer)
        return buffer.getvalue().to_pybytes()

    return mutate


def column_as(values: Callable[[int], list], kind: pa.DataType | None = None) -> Mutator:
    """Put other values (by the number of rows) in the place of one column."""

    def change(rng: random.Random, table: pa.Table) -> pa.Table:
        at = rng.randrange(table.num_columns)
        return table.set_column(at, table.column_names[at], pa.array(values(len(table)), kind))

    return arrow(change)


PARQUET: dict[str, Mutator] = {
    "no rows": arrow(lambda rng, x: x.slice(0, 0)),
    "column twice": arrow(lambda rng, x: x.append_column(x.column_names[-1], x.column(0))),
    "column removed": arrow(lambda rng, x: x.drop_columns([rng.choice(x.column_names)])),
    "columns turned": arrow(lambda rng, x: x.select(x.column_names[::-1])),
    "names in capitals": arrow(
        lambda rng, x: x.rename_columns([c.upper() for c in x.schema.names])
    ),
    "null": column_as(lambda n: [None] * n),
    "some null": column_as(lambda n: [None, *"abcdefghijklmnopqrstuvwxyz"[1:n]]),
    "lists": column_as(lambda n: [[i] for i in range(n)]),
    "structures": column_as(lambda n: [{"a": i} for i in range(n)]),
    "bytes": column_as(lambda n: [b"ACGT"] * n),
    "truth": column_as(lambda n: [i % 2 == 0 for i in range(n)]),
    "whole numbers": column_as(lambda n: list(range(n))),
    "large numbers": column_as(lambda n: [2**63 - 1 - i for i in range(n)]),
    "float": column_as(lambda n: [i / 3 for i in range(n)]),
    "half": column_as(lambda n: np.arange(n).astype(np.float16)),
    "nan": column_as(lambda n: [float("nan"), *range(1, n)], pa.float64()),
    "infinite": column_as(lambda n: [float("inf"), *range(1, n)], pa.float64()),
    "too large": column_as(lambda n: [1e300, *range(1, n)], pa.float64()),
    "decimal": column_as(lambda n: [Decimal(i) / 4 for i in range(n)]),
    "dates": column_as(lambda n: [date(2020, 1, 1 + i) for i in range(n)]),
    "dates to come": column_as(lambda n: list(range(10**7, 10**7 + n)), pa.date32()),
    "times to come": column_as(lambda n: list(range(10**15, 10**15 + n)), pa.timestamp("s")),
    "duration": column_as(lambda n: list(range(n)), pa.duration("s")),
    "categories": arrow(
        lambda rng, x: x.set_column(2, x.column_names[2], x.column(2).dictionary_encode())
    ),
    "large text": arrow(lambda rng, x: x.cast(large_text(x.schema))),
    "letters of unicode": column_as(lambda n: [f"ACGÜ{i}" for i in range(n)]),
    "nul": column_as(lambda n: [f"AC\0{i}" for i in range(n)]),
    "no UTF-8": column_as(lambda n: pa.array([b"\xff\xfe"] * n).view(pa.string())),
    "blank text": column_as(lambda n: [" "] * n),
}


def large_text(schema: pa.Schema) -> pa.Schema:
    kinds = [pa.large_string() if f.type == pa.string() else f.type for f in schema]
    return pa.schema(list(zip(schema.names, kinds, strict=True)))


BY_KIND = {"fasta": FASTA, "table": TABLE, "bed": BED, "list": LIST, "parquet": PARQUET}


def all_mutators(kind: str) -> dict[str, Mutator]:
    """Mutators of bytes, then those that know what a file of some kind means."""
    return BYTES | BY_KIND[kind]
