import pytest

from seqarena.models import utilisation
from seqarena.models.utilisation import Utilisation


@pytest.fixture
def smi(monkeypatch, tmp_path):
    """A function that puts a program in the place of nvidia-smi."""

    def write(program):
        script = tmp_path / "nvidia-smi"
        script.write_text(f"#!/bin/sh\n{program}\n")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,3")
        monkeypatch.setattr(utilisation, "SECONDS_BETWEEN", 0.01)

    return write


def measure(wait_for):
    with Utilisation(True) as watched:
        for _ in range(500):
            if wait_for(watched):
                break
            watched._finished.wait(0.01)
    return watched.summary


def test_mean_utilisation_and_most_memory_of_the_visible_cards(smi, tmp_path):
    smi(f'echo "$@" > {tmp_path}/asked; echo "40, 1000"; echo "80, 3000"')
    summary = measure(lambda watched: watched._samples)
    assert summary == {"utilisation_percent": 60.0, "peak_memory_mb": 3000.0}
    asked = (tmp_path / "asked").read_text()
    assert "utilization.gpu,memory.used" in asked and "-i 1,3" in asked


@pytest.mark.parametrize("program", ["exit 9", "echo '[N/A], [N/A]'", "echo nonsense"])
def test_an_answer_that_says_nothing(smi, tmp_path, program):
    smi(f"touch {tmp_path}/asked; {program}")
    assert measure(lambda watched: (tmp_path / "asked").exists()) is None


def test_without_a_gpu_nobody_is_asked(smi, tmp_path):
    smi(f"touch {tmp_path}/asked; echo '40, 1000'")
    with Utilisation(False) as watched:
        watched._finished.wait(0.05)
    assert watched.summary is None and not (tmp_path / "asked").exists()
