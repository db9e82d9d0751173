import os
import socket

import pytest
from filelock import FileLock

from seqarena.errors import InputError
from seqarena.models import devices


@pytest.fixture(autouse=True)
def no_cards(monkeypatch):
    """A machine without cards and schedulers; what a test claims is given back after it."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    monkeypatch.setattr(devices, "_count_cards", lambda: 0)
    monkeypatch.setattr(devices, "_claims", [])
    yield
    for lock in devices._claims:
        lock.release()


@pytest.fixture
def two_cards(monkeypatch):
    monkeypatch.setattr(devices, "_count_cards", lambda: 2)


@pytest.fixture
def cuda_build(monkeypatch, one_thread):
    """TensorFlow as it would be with CUDA and one card visible; gives the settings it got."""
    import tensorflow as tf

    seen = []
    monkeypatch.setattr(tf.test, "is_built_with_cuda", lambda: True)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["card", "other"])
    monkeypatch.setattr(tf.config, "set_visible_devices", lambda cards, kind: None)
    monkeypatch.setattr(
        tf.config.experimental, "set_memory_growth", lambda card, on: seen.append((card, on))
    )
    monkeypatch.setattr(
        tf.config.experimental, "get_device_details", lambda card: {"device_name": "Model X"}
    )
    return seen


def test_claims_are_one_a_card(two_cards, tmp_path, monkeypatch):
    assert devices.claim_cards(tmp_path) == ["0"]
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0"
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")  # the next process has none
    assert devices.claim_cards(tmp_path) == ["1"]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    with pytest.raises(InputError, match="Of the 2 GPUs"):
        devices.claim_cards(tmp_path, wait_seconds=0.01)
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


def test_a_card_that_another_process_holds_is_passed_over(two_cards, tmp_path):
    with FileLock(tmp_path / f"gpu-{socket.gethostname()}-0.lock"):
        assert devices.claim_cards(tmp_path) == ["1"]


def test_several_cards_are_claimed_together_or_not_at_all(two_cards, tmp_path, monkeypatch):
    with FileLock(tmp_path / f"gpu-{socket.gethostname()}-1.lock"):
        with pytest.raises(InputError, match="fewer than 2"):
            devices.claim_cards(tmp_path, 2, wait_seconds=0.01)
        assert devices.claim_cards(tmp_path) == ["0"], "the first was kept by who got only one"
        devices._claims.pop().release()
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert devices.claim_cards(tmp_path, 2) == ["0", "1"]
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,1"


def test_more_cards_than_there_are(two_cards, tmp_path):
    with pytest.raises(InputError, match="asks for 3 GPUs") as caught:
        devices.claim_cards(tmp_path, 3)
    assert "gpus: 2" in caught.value.remedy


def test_a_scheduler_s_choice_stands(two_cards, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    assert devices.claim_cards(tmp_path) == []
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "5"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("named", "cards"),
    [("0,1", ["0", "1"]), ("", []), ("-1", []), ("GPU-ab12", ["GPU-ab12"]), ("0,-1,1", ["0"])],
)
def test_visible_cards_as_cuda_reads_them(named, cards, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert devices.visible_cards() == cards


def test_gpu_without_one_fails_before_any_work(tmp_path):
    with pytest.raises(InputError, match="device: gpu") as caught:
        devices.configure("gpu", 1, lock_folder=tmp_path)
    assert "device: cpu" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_wrong_device_and_threads():
    with pytest.raises(InputError, match="'tpu'"):
        devices.configure("tpu", 1)
    with pytest.raises(InputError, match="0 threads"):
        devices.configure("cpu", 0)


@pytest.mark.tensorflow
def test_auto_without_a_card_is_the_cpu(one_thread, tmp_path):
    info = devices.configure("auto", 1, lock_folder=tmp_path)
    assert (info.device, info.threads) == ("cpu", 1)
    assert info.name


@pytest.mark.tensorflow
def test_a_build_without_cuda(one_thread, two_cards, tmp_path, monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr(tf.test, "is_built_with_cuda", lambda: False)
    assert devices.configure("auto", 1, lock_folder=tmp_path).device == "cpu"
    with pytest.raises(InputError, match="without CUDA"):
        devices.configure("gpu", 1, lock_folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.tensorflow
@pytest.mark.parametrize("device", ["auto", "gpu"])
def test_a_card_is_claimed_with_memory_growth(device, cuda_build, two_cards, tmp_path):
    info = devices.configure(device, 1, lock_folder=tmp_path)
    assert (info.device, info.name) == ("gpu", "Model X")
    assert cuda_build == [("card", True)]
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0"


@pytest.mark.tensorflow
def test_a_job_of_two_cards(cuda_build, two_cards, tmp_path):
    assert devices.configure("gpu", 1, gpu_resource=2, lock_folder=tmp_path).count == 2
    assert cuda_build == [("card", True), ("other", True)]
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,1"


@pytest.mark.tensorflow
def test_no_gpu_resource_means_cpu(cuda_build, two_cards, tmp_path):
    for device in devices.DEVICES:
        info = devices.configure(device, 1, gpu_resource=0, lock_folder=tmp_path)
        assert info.device == "cpu"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.tensorflow
def test_a_card_that_tensorflow_can_not_use(cuda_build, two_cards, tmp_path, monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    assert devices.configure("auto", 1, lock_folder=tmp_path).device == "cpu"
    assert devices._claims == []
    with pytest.raises(InputError, match="can't use"):
        devices.configure("gpu", 1, lock_folder=tmp_path)


def test_cards_are_counted_without_touching_them(monkeypatch, tmp_path):
    monkeypatch.undo()
    script = tmp_path / "nvidia-smi"
    script.write_text("#!/bin/sh\necho 'GPU 0: NVIDIA X (UUID: a)'\necho 'GPU 1: NVIDIA X'\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert devices._count_cards() == 2
