"""The template for other schedulers, with programs that behave as those of PBS do."""

import os

import pytest

from .cluster import write_program
from .test_slurm import NO_CLUSTER, copy_workflow, snakemake

pytestmark = [pytest.mark.slurm, pytest.mark.slow]

# It numbers jobs, notes what was asked for, loses the first job as one killed for its memory is
# lost (nothing is written by it), and runs the others at once.
QSUB = """\
#!/bin/sh
echo "$*" >> asked.txt
number=$(wc -l < asked.txt)
for script; do :; done
if [ "$number" = 1 ]; then code=271; else sh "$script" > "job$number.log" 2>&1; code=$?; fi
echo "$code" > "job$number.code"
echo "$number.server"
"""
QSTAT = """\
#!/bin/sh
for job; do :; done
echo "    job_state = F"
echo "    Exit_status = $(cat "job${job%.server}.code")"
"""


def test_the_template_asks_pbs_for_what_a_job_needs_and_tries_a_lost_one_again(tmp_path):
    pytest.importorskip("snakemake_executor_plugin_cluster_generic")
    folder = copy_workflow(tmp_path)
    (folder / "bin").mkdir()
    write_program(folder / "bin/qsub", QSUB)
    write_program(folder / "bin/qstat", QSTAT)
    status, output = snakemake(
        folder,
        *("--profile", "profiles/cluster-generic", "--seconds-between-status-checks", "1"),
        *("--latency-wait", "5", "results/simulated/simulation/labels.tsv"),
        environment={**NO_CLUSTER, "PATH": f"{folder}/bin:{os.environ['PATH']}"},
    )
    assert status == 0, output
    first, second = (folder / "asked.txt").read_text().splitlines()
    assert "-N simulate_dataset" in first and "ncpus=1:mem=1500mb" in first
    assert "walltime=1800" in first
    assert "mem=3000mb" in second and "walltime=3600" in second
