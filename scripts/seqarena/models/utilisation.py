"""How busy the GPUs of a training job were."""

import os
import shutil
import subprocess
import threading
from statistics import mean
from typing import Any

SECONDS_BETWEEN = 2.0


class Utilisation:
    """Asks `nvidia-smi` every other second, in a thread, while the `with` block runs.

    Parameters
    ----------
    on : bool
        Whether there is a GPU to be asked about.

    Attributes
    ----------
    summary : dict or None
        After the block: `utilisation_percent` (mean share of time in which the cards computed) and
        `peak_memory_mb` (most memory taken of any card, by whichever process). None where nothing
        could be learned.
    """

    def __init__(self, on: bool):
        self.on = on and shutil.which("nvidia-smi") is not None
        self.summary: dict[str, Any] | None = None
        self._samples: list[tuple[float, float]] = []
        self._finished = threading.Event()
        # Of this process's life, so that no `nvidia-smi` outlives a job that is killed.
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "Utilisation":
        if self.on:
            self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._finished.set()
        if self.on:
            self._thread.join()
        if self._samples:
            busy, memory = zip(*self._samples, strict=True)
            self.summary = {
                "utilisation_percent": round(mean(busy), 1),
                "peak_memory_mb": max(memory),
            }

    def _sample(self) -> None:
        while not self._finished.wait(SECONDS_BETWEEN):
            self._samples += _ask()


def _ask() -> list[tuple[float, float]]:
    """Utilisation (%) and memory (MiB) of each visible card; none where the answer is unclear."""
    command = ["nvidia-smi", "--query-gpu=utilization.gpu,memory.used"]
    command.append("--format=csv,noheader,nounits")
    if cards := os.environ.get("CUDA_VISIBLE_DEVICES"):
        command += ["-i", cards]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        rows = [line.split(",") for line in answer.stdout.splitlines()]
        return [(float(busy), float(memory)) for busy, memory in rows]
    except (OSError, subprocess.SubprocessError, ValueError):
        return []
