"""Check sequences and labels and turn them into a dataset of tokens."""

from pathlib import Path

from rule_script import rule_script
from seqarena.data.alphabet import ALPHABETS, words_alphabet
from seqarena.data.dataset import write_dataset
from seqarena.data.labels import Columns
from seqarena.data.preparation import prepare_dataset
from seqarena.data.sources import read_fasta_records
from seqarena.data.table_sources import (
    read_interval_records,
    read_number_records,
    read_table_records,
)


def by_class(paths, classes):
    """Give back the mapping from class to files, where there is one file (or several) a class."""
    paths = [paths] if isinstance(paths, str) else list(paths)
    if classes is None:
        return paths
    files = {}
    for name, path in zip(classes, paths, strict=True):
        files.setdefault(name, []).append(path)
    return files


def read_records(inputs, params):
    """Read the records of whatever source the dataset has."""
    labels, source = params.labels or {}, params.source
    columns = Columns(
        tuple(labels.get("columns") or [labels.get("column", "label")]),
        group=labels.get("group"),
        split=params.split_column,
        weight=labels.get("weight"),
    )
    files = by_class(inputs.records, params.classes_of_files)
    if source["kind"] == "table":
        words = params.alphabet["name"] == "words"
        names = {"sequence_column": source["sequence"], "id_column": source.get("id")}
        return read_table_records(files, columns, words=words, **names)
    if source["kind"] == "numbers":
        names = {"features": source.get("columns"), "id_column": source.get("id")}
        return read_number_records(files, columns, **names)
    if source["kind"] == "intervals":
        return read_interval_records(
            files,
            inputs.genome,
            columns,
            cache=params.cache,
            width=source.get("width"),
            center=source["center"],
            beyond_ends=source["beyond_ends"],
            negatives=source.get("negatives", {}).get("ratio"),
            seed=params.seed,
        )
    return read_fasta_records(
        files,
        columns,
        table=inputs.get("labels"),
        id_column=labels.get("id", "id"),
        header_pattern=labels.get("header"),
    )


@rule_script
def main(snakemake):
    """Write tokens, offsets, records and the summary of what was changed."""
    params = snakemake.params
    name, length = params.alphabet["name"], params.length or {}
    known = ALPHABETS.get(name)
    if name == "words":
        known = words_alphabet(params.alphabet["words"])
    dataset = prepare_dataset(
        params.task,
        read_records(snakemake.input, params),
        alphabet=known,
        separator=params.alphabet.get("separator"),
        unlisted=params.alphabet.get("unlisted", "refuse"),
        positive=params.positive,
        order=(params.labels or {}).get("order"),
        length_to=length.get("to"),
        anchor=length.get("anchor", "center"),
        ambiguous=params.ambiguous,
        soft_masked=params.soft_masked,
        gaps=params.gaps,
    )
    write_dataset(Path(snakemake.output.tokens).parent, dataset)


if __name__ == "__main__":
    main(snakemake)
