"""Give every record its role in every fold of every repeat."""

from pathlib import Path

from rule_script import read_tsv, rule_script
from seqarena.data.dataset import read_dataset
from seqarena.files import whole_file, write_json
from seqarena.splits.folds import kfold
from seqarena.splits.locked_test import locked_test
from seqarena.splits.own_split import (
    own_split,
    roles_from_column,
    roles_from_lists,
    roles_from_values,
)
from seqarena.splits.summary import summarise_splits

KINDS = {"record": "category", "repeat": "int16", "fold": "int16", "role": "category"}
"""Types of the columns: of millions of rows, names as text would take ten times the memory."""


def split(dataset, clusters, settings, lists, seed):
    """Split as the settings say: by id lists, by a column, by one test set, or into folds."""
    given = clusters, *dataset.strata
    common = {"seed": seed, "repeats": settings["repeats"], "classes": dataset.classes}
    if dataset.task == "multilabel":
        common |= {"classes": dataset.target_names, "labels": dataset.targets}
    rare_classes = settings.get("rare_classes", "refuse")
    if "folds" in settings:
        return kfold(*given, folds=settings["folds"], rare_classes=rare_classes, **common)
    common["validation_fraction"] = settings["validation_fraction"]
    if "test_fraction" in settings:
        fraction = settings["test_fraction"]
        return locked_test(*given, test_fraction=fraction, rare_classes=rare_classes, **common)
    if "values" in settings:
        roles = roles_from_values(dataset.records["split"], **settings["values"])
        return own_split(*given, roles, mode="own column values", **common)
    if "column" in settings:
        roles = roles_from_column(clusters["record"], dataset.records["split"])
    else:
        roles = roles_from_lists(clusters["record"], lists)
    return own_split(*given, roles, **common)


@rule_script
def main(snakemake):
    """Write the splits and a summary of their sizes and balance."""
    dataset = read_dataset(Path(snakemake.input.tokens).parent)
    clusters = read_tsv(snakemake.input.clusters)
    lists = {role: snakemake.input.get(role) for role in ("train", "validation", "test")}
    result = split(dataset, clusters, snakemake.params.split, lists, snakemake.params.seed)
    names = dataset.classes
    if dataset.targets.ndim > 1:
        names = dataset.target_names
    summary = summarise_splits(result, dataset.targets, dataset.task, names, clusters)
    table = result.table.astype(KINDS)
    with whole_file(snakemake.output.splits) as path:
        table.to_parquet(path, index=False)
    write_json(summary, snakemake.output.summary)


if __name__ == "__main__":
    main(snakemake)
