"""Files in a storage provider, as in a cloud: here a folder plays the bucket."""

import pytest
import yaml

from .test_slurm import CONFIGURATION, copy_workflow, snakemake

pytestmark = [pytest.mark.slurm, pytest.mark.slow]


def test_a_whole_run_can_be_planned_from_files_in_storage(tmp_path):
    pytest.importorskip("snakemake_storage_plugin_fs")
    folder = copy_workflow(tmp_path)
    bucket = folder / "bucket"
    bucket.mkdir()
    for name in ("records.fasta", "labels.tsv"):
        (bucket / name).touch()
    data = {"task": "binary", "fasta": "records.fasta", "labels": {"table": "labels.tsv"}}
    models = {"majority": {"architecture": "majority"}, "dense": {"architecture": "dense"}}
    configuration = {**CONFIGURATION, "models": models, "datasets": {"stored": data}}
    (folder / "test.yaml").write_text(yaml.safe_dump(configuration))
    status, planned = snakemake(
        folder,
        *("--dry-run", "--cores", "1"),
        *("--default-storage-provider", "fs", "--default-storage-prefix", str(bucket)),
        *("--shared-fs-usage", "persistence", "sources", "source-cache", "software-deployment"),
    )
    assert status == 0, planned
    assert f"{bucket}/results/report.html (send to storage)" in planned
    assert f"{bucket}/records.fasta (retrieve from storage)" in planned
