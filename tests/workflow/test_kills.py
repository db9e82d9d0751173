"""A workflow that is killed at random moments comes to the results of an undisturbed run.

`make test-resume N=50 SEED=2` kills as often as asked; by itself this is a few kills.
"""

import os
import random
import shutil

import pytest

from .conftest import copy_workflow
from .kills import TABLES, Count, Victim, durations, run_disturbed, table

KILLS = int(os.environ.get("RESUME_KILLS", "4"))
SEED = int(os.environ.get("RESUME_SEED", "1"))
# The report and the figures take most of a tiny run, so they are left to the long test.
TARGETS = () if os.environ.get("RESUME_WHOLE") else tuple(f"results/tiny/{t}" for t in TABLES)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_kills_change_no_result(tmp_path, capsys):
    rng, count, victims = random.Random(SEED), Count(), []
    original = tmp_path / "original"
    original.mkdir()
    copy_workflow(original)
    try:
        victims.append(Victim(tmp_path / "undisturbed", original, TARGETS))
        usual = durations(victims[0])
        while len(count.kills) < KILLS and not count.problems:
            victims.append(Victim(tmp_path / f"run{len(victims)}", original, TARGETS))
            run_disturbed(victims[-1], victims[0].results, usual, rng, count, KILLS)
            with capsys.disabled():
                print(f"\n{len(count.kills)} kills, {count.runs} runs finished", end="", flush=True)
            if not count.problems:
                shutil.rmtree(victims[-1].folder)
    finally:
        for victim in victims:
            victim.clean()
        with capsys.disabled():
            print(f"\nseed {SEED}\n{table(count)}", flush=True)
    assert not count.problems, "\n".join(count.problems)
