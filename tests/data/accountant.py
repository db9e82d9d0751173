"""An account of a prepared dataset by other means: the raw files, read anew in a few plain lines.

What the library says it changed must explain every difference between files and dataset, exactly.
Nothing of `seqarena` is used to read.
"""

import csv
import gzip
import io
import json
import re
from collections import Counter
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

CODES = {"dna": "RYSWKMBDHV", "rna": "RYSWKMBDHV", "protein": "BZJ"}
PLAIN = {"dna": "ACGT", "rna": "ACGU", "protein": "ACDEFGHIKLMNPQRSTVWY"}
UNKNOWN = {"dna": "N", "rna": "N", "protein": "X"}
ALIASES = {"dna": {"U": "T"}, "rna": {"T": "U"}, "protein": {"U": "C", "O": "K"}}
COMPLEMENT = dict(zip("ACGTURYSWKMBDHVN", "TGCAAYRSWMKVHDBN", strict=True))
COMPLEMENT |= {key.lower(): value.lower() for key, value in COMPLEMENT.items()}
MISSING = ("", "na", "nan", "n/a", "null")
PAD = "_"

PHRASES = {
    "lower": "lower-case letters read as",
    "alias": r"letters \w read as [A-Z]\b",
    "code": "ambiguous letters",
    "unknown": r"letters \w read as unknown",
    "gap": "gaps ",
    "stop": "stops ",
    "padding": "letters of padding added",
    "cropped": "letters cut off",
    "word": "words that are not in the alphabet read as unknown",
    "rounded": "numbers were rounded to 7 digits",
    "dropped": "intervals dropped",
    "beyond": "letters N for what lies beyond",
    "minus": "intervals of the minus strand",
    "widened": "intervals widened",
    "narrowed": "intervals cropped",
    "moved": r"intervals of \d+ letters moved",
}


def text_of(path: str) -> str:
    raw = Path(path).read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    return raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def table_of(path: str) -> pd.DataFrame:
    """All cells as text."""
    if Path(path).read_bytes()[:4] == b"PAR1":
        table = pq.read_table(path)
        cells = {c: [cell_of(x) for x in table[c].to_pylist()] for c in table.column_names}
        return pd.DataFrame(cells)
    text = text_of(path).lstrip("\n \t\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0")
    first = text.split("\n")[0]
    mark = next((mark for mark in "\t,;" if mark in first), "\t")
    table = [[c.strip() for c in row] for row in csv.reader(io.StringIO(text), delimiter=mark)]
    names, *lines = (row for row in table if any(row))
    return pd.DataFrame([row[: len(names)] for row in lines], columns=names)


def cell_of(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(float(value)) if isinstance(value, float) else str(value).strip()


def fasta_of(paths: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Identifiers, headers and letters."""
    headers, letters = [], []
    for path in paths:
        for line in text_of(path).split("\n"):
            if line.startswith(">"):
                headers.append(line[1:].strip())
                letters.append("")
            elif line.strip():
                letters[-1] += line.strip().replace(" ", "")
    return [header.split()[0] for header in headers], headers, letters


class Expected:
    """What the files say that the dataset must be."""

    def __init__(self, settings: dict):
        self.settings, self.counts = settings, Counter()
        self.names: list[str] = []
        self.content: list[Any] = []
        self.cells: dict[str, list[str]] = {}
        self.negatives = False

    def count(self, kind: str, number: int) -> None:
        if number:
            self.counts[kind] += number

    def read(self) -> None:
        settings = self.settings
        labels = settings.get("labels", {})
        if "fasta" in settings:
            self._read_fasta(settings["fasta"], labels)
        elif "intervals" in settings:
            self._read_intervals(settings["intervals"])
        else:
            source = settings.get("table") or settings["numbers"]
            table = pd.concat([table_of(path) for path in source["file"]], ignore_index=True)
            width = len(str(len(table)))
            numbered = [f"row_{i + 1:0{width}}" for i in range(len(table))]
            self.names = list(table[source["id"]]) if source.get("id") else numbered
            self.cells = {name: list(table[name]) for name in set(table.columns)}
            if "table" in settings:
                self.content = list(table[source["sequence"]])
            else:
                self._read_numbers(table, source, labels)

    def _read_fasta(self, files: Any, labels: dict) -> None:
        groups = files if isinstance(files, dict) else {"": files}
        self.names, headers, self.content = fasta_of([*chain(*groups.values())])
        if isinstance(files, dict):
            sizes = {name: len(fasta_of(paths)[0]) for name, paths in groups.items()}
            self.cells["label"] = [n.strip() for n, size in sizes.items() for _ in range(size)]
        elif "header" in labels:
            found = [re.search(labels["header"], header) for header in headers]
            self.cells = {
                key: [(match[key] or "").strip() for match in found] for key in found[0].groupdict()
            }
        else:
            table = table_of(labels["table"]).set_index(labels["id"]).loc[self.names]
            self.cells = {name: list(table[name]) for name in set(table.columns)}
            self.cells[labels["id"]] = self.names

    def _read_numbers(self, table: pd.DataFrame, source: dict, labels: dict) -> None:
        split = self.settings["split"].get("column")
        said = [source.get("id"), labels.get("group"), labels.get("weight"), split]
        said += labels.get("columns") or [labels.get("column", "label")]
        columns = source.get("columns") or [name for name in table.columns if name not in said]
        self.content = [[float(cell) for cell in row] for row in table[columns].to_numpy()]
        for number in (number for row in self.content for number in row):
            longer = float(f"{number:.7g}") != number or 0 < abs(number) < 2**-126
            if longer and np.float32(number) != number:
                self.counts["rounded"] += 1

    def _read_intervals(self, source: dict) -> None:
        files = source["file"]
        groups = files if isinstance(files, dict) else {"": files}
        chromosomes = dict(zip(*fasta_of([source["genome"]])[::2], strict=True))
        rows = [
            {"class": name, **row}
            for name, paths in groups.items()
            for path in paths
            for row in intervals_of(path)
        ]
        given = [row.get("name", "") for row in rows]
        named = len(set(given)) == len(given) and not {"", "."} & set(given)
        for row in rows:
            self._add_window(row, source, chromosomes, named)
        self.negatives = "negatives" in source

    def _add_window(self, row: dict, source: dict, chromosomes: dict, named: bool) -> None:
        start, end = row["start"], row["end"]
        chromosome, width = chromosomes[row["chrom"]], source.get("width")
        if width:
            middle = (start + end) // 2
            if source["center"] == "summit":
                middle = start + int(row["peak"])
            size, first = end - start, middle - width // 2
            self.count("widened", size < width)
            self.count("narrowed", size > width)
            self.count("moved", size == width and first != start)
            start, end = first, first + width
        letters = "".join(
            chromosome[i] if 0 <= i < len(chromosome) else "~" for i in range(start, end)
        )
        if "~" in letters and source["beyond_ends"] == "drop":
            self.count("dropped", 1)
            return
        self.count("beyond", letters.count("~"))
        letters = letters.replace("~", "N")
        strand = "-" if row.get("strand") == "-" else "+"
        if strand == "-":
            self.count("minus", 1)
            letters = "".join(COMPLEMENT.get(x, x) for x in reversed(letters))
        self.names.append(row["name"] if named else f"{row['chrom']}:{start}-{end}({strand})")
        self.content.append(letters)
        cells = {"label": row["class"] or "positive"} | {k: str(v) for k, v in row.items()}
        for key, value in cells.items():
            self.cells.setdefault(key, []).append(value)

    def sequences(self) -> list[list[str]]:
        """Spellings of each record as they must be stored, counting what changes them."""
        name = self.settings["alphabet"]["name"]
        read = self._words if name == "words" else self._letters
        stored = [read(text, name) for text in self.content]
        length = self.settings.get("length")
        return [self._fitted(x, length) for x in stored] if length else stored

    def _words(self, text: str, _: str) -> list[str]:
        alphabet = self.settings["alphabet"]
        words = [x.strip() for x in text.split(alphabet.get("separator")) if x.strip()]
        known = [str(word) for word in alphabet["words"]]
        self.count("word", sum(word not in known for word in words))
        return [word if word in known else "" for word in words]

    def _letters(self, text: str, name: str) -> list[str]:
        settings, unknown = self.settings, UNKNOWN[name]
        stored = []
        for i, letter in enumerate(text):
            upper = letter.upper()
            masked = letter.islower() and settings["soft_masked"] == "unknown"
            self.count("lower", letter.islower())
            if letter in "-.":
                assert settings["gaps"] != "refuse"
                self.count("gap", 1)
                if settings["gaps"] == "unknown":
                    stored.append(unknown)
                continue
            if letter == "*":
                assert name == "protein" and i == len(text) - 1
                self.count("stop", 1)
                continue
            assert letter.isascii() and letter.isalpha()
            if masked:
                stored.append(unknown)
                continue
            self.count("alias", upper in ALIASES[name])
            self.count("code", upper in CODES[name])
            self.count("unknown", upper == unknown)
            upper = ALIASES[name].get(upper, upper)
            assert upper in PLAIN[name] + CODES[name] + unknown
            stored.append(upper)
        return stored

    def _fitted(self, stored: list[str], length: dict) -> list[str]:
        to, centred = length["to"], length["anchor"] == "center"
        missing, excess = max(0, to - len(stored)), max(0, len(stored) - to)
        self.count("padding", missing)
        self.count("cropped", excess)
        before, first = (missing // 2, excess // 2) if centred else (0, 0)
        padding = [PAD] * before, [PAD] * (missing - before)
        return [*padding[0], *stored[first : first + to], *padding[1]]


def intervals_of(path: str) -> list[dict]:
    first = next(line for line in text_of(path).split("\n") if line.strip())
    if {"chrom", "start", "end"} <= {x.strip("# ") for x in re.split("[\t,;]", first)}:
        table = table_of(path)
        rows = table.rename(columns={table.columns[0]: table.columns[0].lstrip("#").strip()})
        rows = rows.to_dict("records")
    else:
        lines = [line for line in text_of(path).split("\n") if line.strip()]
        lines = [x for x in lines if not re.match(r"\s*(#|track\b|browser\b)", x)]
        cells = [[y.strip() for y in x.split("\t")] if "\t" in x else x.split() for x in lines]
        keys = ["chrom", "start", "end", "name", "score", "strand"]
        keys += ["signalValue", "pValue", "qValue", "peak"] if len(cells[0]) == 10 else []
        rows = [dict(zip(keys, row, strict=False)) for row in cells]
    return [row | {"start": int(row["start"]), "end": int(row["end"])} for row in rows]


def account(settings: dict, folder: Path) -> None:
    """Check a prepared dataset against its files.

    Parameters
    ----------
    settings : dict
        Of the dataset, complete; paths start from the current folder.
    folder : path-like
        Of the dataset's four files.
    """
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    records = pd.read_parquet(folder / "records.parquet")
    tokens, offsets = np.load(folder / "tokens.npy"), np.load(folder / "offsets.npy")
    stored = [tokens[start:end] for start, end in pairwise(offsets)]
    expected = Expected(settings)
    expected.read()
    n = len(expected.names)
    assert len(records) == len(stored) == summary["records"]
    assert n == len(records) or (expected.negatives and n < len(records))
    assert records["record"].tolist()[:n] == expected.names
    if expected.negatives:
        check_negatives(settings, expected, records)
    if "numbers" in settings:
        assert np.array_equal(np.stack(stored), np.float32(expected.content))
    else:
        spellings = spellings_of(summary["alphabet"])
        wanted = expected.sequences()
        assert [[spellings[token] for token in row.tolist()] for row in stored] == wanted
    assert counts_of(summary) == expected.counts
    check_labels(settings, expected, records[:n], summary)


def check_negatives(settings: dict, expected: Expected, records: pd.DataFrame) -> None:
    """Let negatives be what their names say, so that their letters are checked like others."""
    chromosomes = dict(zip(*fasta_of([settings["intervals"]["genome"]])[::2], strict=True))
    target = records.columns[1]
    n = len(expected.names)
    assert records[target].tolist() == [1] * n + [0] * (len(records) - n)
    for name in records["record"][n:]:
        chromosome, start, end, strand = re.fullmatch(r"(.*):(\d+)-(\d+)\((.)\)", name).groups()
        letters = chromosomes[chromosome][int(start) : int(end)]
        assert len(letters) == int(end) - int(start)
        if strand == "-":
            letters = "".join(COMPLEMENT.get(x, x) for x in reversed(letters))
        expected.content.append(letters)


def spellings_of(alphabet: dict) -> list[str]:
    name = alphabet["name"]
    if name == "words":
        return [*alphabet["symbols"], "", PAD]
    return [*PLAIN[name], UNKNOWN[name], *CODES[name], PAD]


def counts_of(summary: dict) -> Counter:
    """Counts of the summary by what they are of; one that is unknown here fails."""
    counts = Counter()
    for entry in summary["changes"]:
        (kind,) = [k for k, phrase in PHRASES.items() if re.match(phrase, entry["what"])]
        counts[kind] += entry["count"]
    return counts


def check_labels(settings: dict, expected: Expected, records: pd.DataFrame, summary: dict) -> None:
    """Targets, groups, splits and weights are those of the files."""
    labels, cells = settings.get("labels", {}), expected.cells
    targets = labels.get("columns") or [labels.get("column", "label")]
    assert summary["targets"] == targets
    for name in targets:
        assert list(map(str, target_cells(settings, records[name], summary))) == [
            str(wanted_target(settings, cell)) for cell in cells[name]
        ]
    group = labels.get("group")
    if group is None and "(?P<group>" in labels.get("header", ""):
        group = "group"
    for key, column in (("group", group), ("split", settings["split"].get("column"))):
        if column:
            said = [None if cell.lower() in MISSING else cell for cell in cells[column]]
            assert [None if pd.isna(x) else x for x in records[key]] == said
            if key == "group":
                counts = {x["what"]: x["count"] for x in summary["notices"]}
                assert counts.get("records of no group", 0) == said.count(None)
        else:
            assert key not in records
    if "weight" in labels:
        assert records["weight"].tolist() == [float(cell) for cell in cells[labels["weight"]]]


def target_cells(settings: dict, column: pd.Series, summary: dict) -> list:
    if settings["task"] in ("binary", "multiclass"):
        return [summary["classes"][i] for i in column]
    return column.tolist()


def wanted_target(settings: dict, cell: str) -> Any:
    if settings["task"] in ("binary", "multiclass"):
        return cell
    if cell.lower() in MISSING:
        return float("nan")
    if "order" in settings.get("labels", {}):
        return float([str(level) for level in settings["labels"]["order"]].index(cell))
    truths = {"true": 1.0, "false": 0.0}
    if settings["task"] == "multilabel" and cell.lower() in truths:
        return truths[cell.lower()]
    return float(cell)
