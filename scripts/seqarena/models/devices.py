"""The device that a training process computes on, settled before TensorFlow's first operation."""

import logging
import os
import platform
import random
import re
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from seqarena.errors import InputError

logger = logging.getLogger(__name__)

# All are read when TensorFlow and Keras are imported, so this module comes first in a script.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"
# By itself TensorFlow uses oneDNN on some processors only; on others, too, it trains faster: the
# gradient of max pooling takes a fifth of the time (`make bench CASE=training`).
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

DEVICES = ("auto", "cpu", "gpu")

#: Locks on cards, held until the process ends: the system frees them then, even after a kill.
_claims: list[FileLock] = []


@dataclass(frozen=True)
class DeviceInfo:
    """Where a run was computed.

    Attributes
    ----------
    device : str
        "cpu" or "gpu".
    name : str
        Model of the processor or of the graphics card.
    threads : int
        Threads of TensorFlow's pools.
    count : int
        Graphics cards that train together; 1 on the CPU.
    """

    device: str
    name: str
    threads: int
    count: int = 1


def configure(
    device: str = "auto",
    threads: int = 1,
    gpu_resource: int | None = None,
    lock_folder: str | Path = ".",
    wait_seconds: float = -1,
) -> DeviceInfo:
    """Settle device and threads of this process. Call it once, before any other use of TensorFlow.

    Parameters
    ----------
    device : {"auto", "cpu", "gpu"}
        "auto" takes a GPU where one can be used.
    threads : int
        Size of TensorFlow's pools, within operations and between them (with one operation at a
        time, two threads were no faster than one; with two, up to 1.6 times).
    gpu_resource : int, optional
        The job's resource `gpu`: so many cards train together; 0 means CPU whatever `device` says
        (`--resources gpu=0`).
    lock_folder : path-like
        Folder of the lock files by which local jobs share out the cards.
    wait_seconds : float
        How long to wait for a free card; negative: until there is one.

    Returns
    -------
    DeviceInfo
        What was settled.

    Raises
    ------
    InputError
        For another `device`, fewer than one thread, or "gpu" where none can be used or comes free.

    Notes
    -----
    Where `CUDA_VISIBLE_DEVICES` is set (by a scheduler or by the user) its choice stands. Otherwise
    cards are claimed, since a workflow engine that counts GPUs gives no job a number, and every
    job would land on the first card.
    """
    if device not in DEVICES:
        raise InputError(
            f"The device {device!r} is none of {', '.join(DEVICES)}.", remedy="choose one of them"
        )
    if threads < 1:
        raise InputError(f"{threads} threads can't compute anything.", remedy="give at least 1")
    wanted = device != "cpu" and gpu_resource != 0
    if wanted and device == "gpu" and not visible_cards():
        raise _no_gpu("the machine shows none to this process")
    import tensorflow as tf

    wanted = wanted and bool(visible_cards())
    if wanted and not tf.test.is_built_with_cuda():
        if device == "gpu":
            raise _no_gpu("the installed TensorFlow is a build without CUDA")
        wanted = False
    if wanted:
        claim_cards(lock_folder, gpu_resource or 1, wait_seconds)
    _set_threads(tf, threads)
    cards = tf.config.list_physical_devices("GPU")[: gpu_resource or 1] if wanted else []
    if wanted and not cards and device == "gpu":
        raise _no_gpu("TensorFlow can't use the one that the machine has")
    if not cards:
        while _claims:
            _claims.pop().release()
        tf.config.set_visible_devices([], "GPU")
        return DeviceInfo("cpu", cpu_name(), threads)
    tf.config.set_visible_devices(cards, "GPU")
    for card in cards:
        # Without it TensorFlow takes the whole card's memory at once.
        tf.config.experimental.set_memory_growth(card, True)
    details = tf.config.experimental.get_device_details(cards[0])
    name = details.get("device_name", "GPU of unknown model")
    return DeviceInfo("gpu", name, threads, len(cards))


def strategy():
    """How TensorFlow spreads a step over the visible GPUs: evenly, if there are several.

    Returns
    -------
    tf.distribute.Strategy
        A MirroredStrategy, or the default one, which does nothing.
    """
    import tensorflow as tf

    several = len(tf.config.get_visible_devices("GPU")) > 1
    return tf.distribute.MirroredStrategy() if several else tf.distribute.get_strategy()


def visible_cards() -> list[str]:
    """Numbers (or names) of the GPUs that this process may use, found without touching them."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        cards = []
        for name in (part.strip() for part in named.split(",")):
            if name in ("", "-1", "NoDevFiles"):  # CUDA stops reading at the first invalid one
                break
            cards.append(name)
        return cards
    return [str(number) for number in range(_count_cards())]


def _count_cards() -> int:
    """How many NVIDIA cards the machine has."""
    if shutil.which("nvidia-smi"):
        try:
            listing = subprocess.run(
                ["nvidia-smi", "-L"], capture_output=True, text=True, timeout=30, check=True
            )
            return len(re.findall(r"^GPU \d+:", listing.stdout, flags=re.MULTILINE))
        except (OSError, subprocess.SubprocessError):
            logger.warning("nvidia-smi is there but fails; looking for device files instead")
    in_proc = len(list(Path("/proc/driver/nvidia/gpus").glob("*")))
    return in_proc or len(list(Path("/dev").glob("nvidia[0-9]*")))


def claim_cards(lock_folder: str | Path, count: int = 1, wait_seconds: float = -1) -> list[str]:
    """Claim cards for this process's life and make them the only visible ones.

    Parameters
    ----------
    lock_folder : path-like
        Holds a lock file a card; names hold the host, since the folder may be shared by several.
    count : int
        How many.
    wait_seconds : float
        How long to wait while too few are free; negative: without end.

    Returns
    -------
    list of str
        The cards' numbers; none where `CUDA_VISIBLE_DEVICES` was set, which is left as it is.

    Raises
    ------
    InputError
        When the machine has too few, or too few came free in time.
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES") is not None:
        return []
    folder = Path(lock_folder)
    folder.mkdir(parents=True, exist_ok=True)
    cards, waited = visible_cards(), 0.0
    if count > len(cards):
        raise InputError(
            f"A training job asks for {count} GPUs, and this machine has {len(cards)}.",
            remedy=f"set gpus: {len(cards)}, or run where there are more",
        )
    while True:
        claimed = _lock(folder, cards, count)
        if claimed:
            os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # the order of nvidia-smi's numbers
            os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(claimed)
            return claimed
        if 0 <= wait_seconds <= waited:
            raise InputError(
                f"Of the {len(cards)} GPUs of this machine fewer than {count} are free.",
                remedy="give Snakemake the number of cards, as in --resources gpu=1, or wait",
            )
        if waited == 0:
            logger.warning("fewer than %d of %d GPUs are free; waiting", count, len(cards))
        # Of different length, or two jobs that want several could each keep one for ever.
        pause = random.uniform(0.25, 0.75)
        pause = min(pause, wait_seconds - waited) if wait_seconds >= 0 else pause
        time.sleep(pause)
        waited += pause


def _lock(folder: Path, cards: list[str], count: int) -> list[str]:
    """Lock so many of the cards, or none: who waits holds nothing that others wait for."""
    locks = {}
    for card in cards:
        # thread_local=False: the claim is the process's, not this thread's.
        lock = FileLock(folder / f"gpu-{socket.gethostname()}-{card}.lock", thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        locks[card] = lock
        if len(locks) == count:
            _claims.extend(locks.values())
            return list(locks)
    for lock in locks.values():
        lock.release()
    return []


def cpu_name() -> str:
    """Model of the processor as the system tells it."""
    try:
        found = re.search(
            r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE
        )
    except OSError:
        found = None
    return found.group(1).strip() if found else (platform.processor() or platform.machine())


def _set_threads(tf, threads: int) -> None:
    """Set both pools; in a process where TensorFlow has begun they must be as asked already."""
    for pool in ("intra", "inter"):
        if getattr(tf.config.threading, f"get_{pool}_op_parallelism_threads")() != threads:
            getattr(tf.config.threading, f"set_{pool}_op_parallelism_threads")(threads)


def _no_gpu(reason: str) -> InputError:
    """Say that a GPU was asked for in vain."""
    return InputError(
        f"The configuration asks for a GPU (device: gpu), but {reason}.",
        remedy="check `nvidia-smi` and CUDA_VISIBLE_DEVICES, install with `make install GPU=1`, "
        "or set `device: auto` or `device: cpu`",
    )
