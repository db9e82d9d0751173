"""Jobs end with their run, and a run clears up after killed ones, but never beside a living one."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from .conftest import ROOT

RUN = """
import sys, subprocess, time
from seqarena.interruption import begin_run
begin_run("state", "locks")
print("begun", flush=True)
{then}
"""
JOB = "from seqarena.interruption import join_run; join_run(); print('joined', flush=True); "
SLEEP = "import time; time.sleep(60)"
# Holds the interpreter, as the import of a large library does.
HOLD = "import ctypes; ctypes.PyDLL(None).sleep(60)"
# Where the kernel doesn't kill by a pipe, a thread watches it.
BY_THREAD = "import fcntl; del fcntl.F_SETSIG; "
# A shell stands between run and job, as Snakemake's does where it can't replace itself.
SHELL = '"$0" -c "$1"; true'
START_JOB = f"subprocess.run(['sh', '-c', {SHELL!r}, sys.executable, {{job!r}}])"


@pytest.fixture
def start(tmp_path):
    """Start Python code in the folder; what it started ends with the test."""
    (tmp_path / "locks").mkdir()
    started = []

    def begin(code, **variables):
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT / "scripts"), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def leave_lock(tmp_path):
    path = tmp_path / "locks/0.output.lock"
    path.write_text("results/report.html\n")
    return path


@pytest.mark.parametrize("job", [JOB + SLEEP, BY_THREAD + JOB + SLEEP, JOB + HOLD])
def test_jobs_of_a_killed_run_end_before_the_next_goes_on(start, tmp_path, job):
    killed = start(RUN.format(then=START_JOB.format(job=job)))
    assert killed.stdout.readline() == "begun\n"
    assert killed.stdout.readline() == "joined\n"
    lock = leave_lock(tmp_path)
    os.kill(killed.pid, signal.SIGKILL)  # and not buried: it stays as a zombie
    begun = time.monotonic()
    output, _ = start(RUN.format(then="")).communicate(timeout=60)
    assert time.monotonic() - begun < 20
    assert "was killed. It left its lock" in output and "begun" in output
    assert not lock.exists()
    assert "gone" in killed.stdout.read() or job != BY_THREAD + JOB + SLEEP  # ends with the job
    assert not list((tmp_path / "state").glob("*.lifeline"))


def test_a_job_that_starts_after_its_run_was_killed_writes_nothing(start, tmp_path):
    run = start(RUN.format(then=SLEEP))
    run.stdout.readline()
    lifeline = str(next((tmp_path / "state").glob("*.lifeline")))
    os.kill(run.pid, signal.SIGKILL)
    for _ in range(2):  # with the file of the killed run still there, and without
        job = start(JOB, SEQARENA_LIFELINE=lifeline)
        output, _ = job.communicate(timeout=60)
        assert job.returncode == 1 and "joined" not in output
        start(RUN.format(then="")).communicate(timeout=60)


def test_a_living_run_keeps_its_lock(start, tmp_path):
    first = start(RUN.format(then=SLEEP))
    first.stdout.readline()
    lock = leave_lock(tmp_path)
    second = start(RUN.format(then=SLEEP))
    assert second.stdout.readline() == "begun\n"
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    start(RUN.format(then="")).communicate(timeout=60)
    assert lock.exists()  # the second run lives, and the lock may be its own
    os.kill(second.pid, signal.SIGKILL)
    second.wait()
    start(RUN.format(then="")).communicate(timeout=60)
    assert not lock.exists()


def test_a_lock_of_another_machine_is_left_to_the_user(start, tmp_path):
    lock = leave_lock(tmp_path)
    (tmp_path / "state").mkdir()
    (tmp_path / "state/runs.lock").write_text("elsewhere\n")
    output, _ = start(RUN.format(then="")).communicate(timeout=60)
    assert lock.exists() and "elsewhere" in output and "--unlock" in output
    lock.unlink()  # as the user would
    start(RUN.format(then="")).communicate(timeout=60)
    leave_lock(tmp_path)
    output, _ = start(RUN.format(then="")).communicate(timeout=60)
    assert not lock.exists()


def test_a_job_that_no_run_started_goes_its_way(start):
    output, _ = start(JOB, SEQARENA_LIFELINE="").communicate(timeout=60)
    assert output == "joined\n"


def test_a_folder_that_cannot_be_written_is_no_hindrance(start, tmp_path):
    (tmp_path / "state").write_text("a file in the place of the folder")
    then = "import os; print('SEQARENA_LIFELINE' in os.environ)"
    run = start(RUN.format(then=then), SEQARENA_LIFELINE="of another machine")
    output, _ = run.communicate(timeout=60)
    assert run.returncode == 0 and output == "begun\nFalse\n"
