"""Keras without the packages that it only looks for."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
import sys
import seqarena.models.light_keras
import seqarena.models.training
print(*(name for name in ("sklearn", "matplotlib", "scipy.stats") if name in sys.modules))
import matplotlib, sklearn
print(sklearn.__name__, matplotlib.__name__)
"""


def test_a_training_job_starts_without_them_and_can_still_import_them():
    scripts = Path(__file__).parents[2] / "scripts"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=scripts, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["", "sklearn matplotlib"]
