"""Give every record its role in every fold of every repeat."""

from pathlib import Path

from rule_script import read_tsv, rule_script
from seqarena.data.dataset import read_dataset
from seqarena.files import whole_file, write_json
from seqarena.splits.folds import kfold, own_split, summarise_splits


def split(dataset, clusters, settings, lists, seed):
    """Split as the settings say: by id lists, by a column, or into folds."""
    common = {"seed": seed, "repeats": settings["repeats"], "classes": dataset.classes}
    if "folds" in settings:
        targets, task = dataset.targets, dataset.task
        return kfold(clusters, targets, task, folds=settings["folds"], **common)
    return own_split(
        clusters,
        dataset.targets,
        dataset.task,
        **lists,
        column=dataset.records["split"] if "column" in settings else None,
        validation_fraction=settings["validation_fraction"],
        **common,
    )


@rule_script
def main(snakemake):
    """Write the splits and a summary of their sizes and balance."""
    dataset = read_dataset(Path(snakemake.input.tokens).parent)
    clusters = read_tsv(snakemake.input.clusters)
    lists = {role: snakemake.input.get(role) for role in ("train", "validation", "test")}
    splits = split(dataset, clusters, snakemake.params.split, lists, snakemake.params.seed)
    summary = summarise_splits(splits, dataset.targets, dataset.task, dataset.classes, clusters)
    with whole_file(snakemake.output.splits) as path:
        splits.to_parquet(path, index=False)
    write_json(summary, snakemake.output.summary)


if __name__ == "__main__":
    main(snakemake)
