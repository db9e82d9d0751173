"""Train a network on the folds of one repeat, in one process."""

import hashlib
import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path

import pandas as pd

import seqarena.models.light_keras  # noqa: F401  (before all that imports Keras)
from rule_script import progress, rule_script
from seqarena.data.dataset import read_dataset
from seqarena.models.devices import configure, strategy
from seqarena.models.runs import versions, write_run
from seqarena.models.training import train_networks

READ_AT_ONCE = 1 << 20


def resume_key(snakemake, device):
    """Digest all that decides the result: finished folds of another key are not resumed."""
    params = {name: value for name, value in snakemake.params.items() if name != "resume"}
    parts = [params, asdict(device), versions("keras", "tensorflow", "numpy")]
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode())
    for path in sorted(set(snakemake.input)):
        with Path(path).open("rb") as handle:
            while part := handle.read(READ_AT_ONCE):
                digest.update(part)
    return digest.hexdigest()


@rule_script
def main(snakemake):
    """Write predictions, history, the record of the run and the trained networks."""
    params, output = snakemake.params, snakemake.output
    repeat = int(snakemake.wildcards.repeat)
    device = configure(
        params.device,
        snakemake.threads,
        gpu_resource=snakemake.resources.get("gpu"),
        lock_folder=Path(tempfile.gettempdir()) / f"seqarena-{os.getuid()}",
    )
    run = train_networks(
        read_dataset(Path(snakemake.input.tokens).parent),
        pd.read_parquet(snakemake.input.splits, filters=[("repeat", "==", repeat)]),
        model_name=snakemake.wildcards.model,
        architecture=params.architecture,
        parameters=params.parameters,
        settings=params.training,
        representation=params.representation,
        reverse_complement=params.reverse_complement,
        seed=params.seed,
        repeat=repeat,
        device=device,
        strategy=strategy(),
        resume_folder=Path(params.resume),
        key=resume_key(snakemake, device),
        progress=progress.info,
    )
    # The kept folds stay until the run is evaluated: until Snakemake has noted that this job is
    # finished, it would delete the outputs and train again if it were killed.
    write_run(run, output.predictions, output.history, output.info, output.folds)


if __name__ == "__main__":
    main(snakemake)
