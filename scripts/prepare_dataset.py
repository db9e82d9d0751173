"""Check sequences and labels and turn them into a dataset of tokens."""

from pathlib import Path

from rule_script import rule_script
from seqarena.data.dataset import write_dataset
from seqarena.data.sources import prepare_dataset


def fasta_by_class(paths, classes):
    """Give back the mapping from class to files, where there is one FASTA per class."""
    paths = [paths] if isinstance(paths, str) else list(paths)
    if classes is None:
        return paths
    by_class = {}
    for name, path in zip(classes, paths, strict=True):
        by_class.setdefault(name, []).append(path)
    return by_class


@rule_script
def main(snakemake):
    """Write tokens, offsets, records and the summary of what was changed."""
    params = snakemake.params
    labels, length = params.labels or {}, params.length or {}
    dataset = prepare_dataset(
        params.task,
        fasta_by_class(snakemake.input.fasta, params.classes_of_files),
        snakemake.input.get("labels"),
        id_column=labels.get("id", "id"),
        label_column=labels.get("column", "label"),
        header_pattern=labels.get("header"),
        group_column=labels.get("group"),
        split_column=params.split_column,
        positive=params.positive,
        length_to=length.get("to"),
        anchor=length.get("anchor", "center"),
        ambiguous=params.ambiguous,
        soft_masked=params.soft_masked,
    )
    write_dataset(Path(snakemake.output.tokens).parent, dataset)


if __name__ == "__main__":
    main(snakemake)
