"""Several devices train one network as one device does.

TensorFlow's processor is divided into two logical devices, which only a fresh process can do.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.tensorflow]

PROGRAM = """
import json, sys, tempfile
import numpy as np, pandas as pd, tensorflow as tf
from seqarena.data.dataset import Dataset
from seqarena.errors import InputError
from seqarena.models.training import train_networks

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
random = np.random.default_rng(3)
n, length = 105, 20
tokens = random.integers(0, 4, (n, length)).astype(np.uint8)
labels = random.integers(0, 2, n)
tokens[labels == 1, 4:9] = [0, 2, 3, 1, 0]
records = pd.DataFrame({"record": [f"r{i}" for i in range(n)], "label": labels, "length": length})
summary = {"task": "binary", "target": "label", "targets": ["label"], "classes": ["no", "yes"],
           "length": length, "records": n, "alphabet": {"name": "dna"}}
dataset = Dataset(tokens.ravel(), np.arange(n + 1) * length, records, summary)
roles = np.repeat(["train", "validation", "test"], [65, 20, 20])  # 65: the last batch has one
splits = pd.DataFrame({"record": records["record"], "repeat": 1, "fold": 0, "role": roles})
plain = {"filters": [6], "kernel_sizes": [5], "hidden_units": [4], "dropout": 0.0}
CASES = {
    "plain": (plain, {}),
    "clipped": (plain, {"global_clipnorm": 0.05, "ema_momentum": 0.9, "optimizer": "sgd",
                        "learning_rate": 1.0}),
    "random": ({**plain, "dropout": 0.3, "batch_normalization": True}, {"shift": 1}),
    "penalty": ({**plain, "l2": 0.01}, {}),
}

def run(case, strategy):
    parameters, settings = CASES[case]
    settings = {"epochs": 3, "batch_size": 16, "learning_rate": 0.01, **settings}
    run = train_networks(dataset, splits, "net", "conv1d", parameters, settings=settings, seed=7,
                         repeat=1, resume_folder=tempfile.mkdtemp(), key="k", strategy=strategy)
    return run.history["value"].tolist() + run.predictions["prediction"].tolist()

both = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
results = {case: [run(case, strategy) for strategy in (None, both)] for case in CASES}
results["again"] = [run("random", both), results["random"][1]]
try:
    CASES["float16"] = (plain, {"precision": "mixed_float16"})
    run("float16", both)
except InputError as error:
    results["refused"] = str(error)
print("RESULTS" + json.dumps(results))
"""


@pytest.fixture(scope="module")
def results():
    scripts = Path(__file__).parents[2] / "scripts"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=scripts, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.split("RESULTS")[1])


@pytest.mark.parametrize("case", ["plain", "clipped", "penalty"])
def test_two_devices_compute_what_one_does(results, case):
    one, two = results[case]
    assert two == pytest.approx(one, abs=2e-5)
    assert one != two, "both ran on one device"


def test_dropout_and_normalisation_work_on_two_devices(results):
    one, two = results["random"]
    assert two == pytest.approx(one, abs=0.5), "random numbers differ, but not by much"
    assert results["again"][0] == results["again"][1], "the same seed, the same numbers"


def test_a_loss_scaled_by_each_device_is_refused(results):
    assert "mixed_float16" in results["refused"] and "gpus: 1" in results["refused"]
