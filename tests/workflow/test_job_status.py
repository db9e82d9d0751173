"""What the template for PBS, LSF and SGE tells Snakemake of a job."""

import importlib.util
import subprocess

import pytest

from .conftest import ROOT

PATH = ROOT / "profiles/cluster-generic/job_status.py"
specification = importlib.util.spec_from_file_location("job_status", PATH)
job_status = importlib.util.module_from_spec(specification)
specification.loader.exec_module(job_status)

QACCT = "jobnumber    7\nfailed       {}\nexit_status  {}\n"
# What each program prints of job 7; None: it fails, as it does for a job that it doesn't know.
ANSWERS = [
    ("pbs", {"qstat": "    job_state = R\n"}, "running"),
    ("pbs", {"qstat": "    job_state = Q\n"}, "running"),
    ("pbs", {"qstat": "    job_state = F\n    Exit_status = 0\n"}, "success"),
    ("pbs", {"qstat": "    job_state = F\n    Exit_status = 271\n"}, "failed"),
    ("pbs", {"qstat": "    job_state = C\n    exit_status = 0\n"}, "success"),
    ("pbs", {"qstat": "    job_state = F\n"}, "failed"),  # deleted before it began
    ("pbs", {"qstat": None}, "failed"),
    ("lsf", {"bjobs": "PEND\n"}, "running"),
    ("lsf", {"bjobs": "RUN\n"}, "running"),
    ("lsf", {"bjobs": "DONE\n"}, "success"),
    ("lsf", {"bjobs": "EXIT\n"}, "failed"),
    ("lsf", {"bjobs": ""}, "failed"),
    ("sge", {"qstat": "job_number: 7\n", "qacct": None}, "running"),
    ("sge", {"qstat": None, "qacct": QACCT.format("0", "0")}, "success"),
    ("sge", {"qstat": None, "qacct": QACCT.format("0", "137")}, "failed"),
    ("sge", {"qstat": None, "qacct": QACCT.format("37 : qmaster enforced h_rt", "0")}, "failed"),
    ("sge", {"qstat": None, "qacct": None}, "failed"),
]


@pytest.mark.parametrize(("scheduler", "answers", "expected"), ANSWERS)
def test_status_of_a_job(monkeypatch, scheduler, answers, expected):
    def run(command, **options):
        if answers[command[0]] is None:
            raise subprocess.CalledProcessError(1, command)
        assert command[-1] == "7"
        return subprocess.CompletedProcess(command, 0, stdout=answers[command[0]])

    monkeypatch.setattr(job_status.subprocess, "run", run)
    monkeypatch.setattr(job_status.time, "sleep", lambda seconds: None)
    assert job_status.status(scheduler, "7") == expected


def test_a_scheduler_that_is_silent_for_a_moment_is_asked_again(monkeypatch):
    answers = iter([None, None, "RUN\n"])
    monkeypatch.setattr(job_status, "ask", lambda *command: next(answers))
    monkeypatch.setattr(job_status.time, "sleep", lambda seconds: None)
    assert job_status.status("lsf", "7") == "running"
