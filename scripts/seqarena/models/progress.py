"""Lines that tell how far a training job is, and when it will be done."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

SECONDS_BETWEEN_LINES = 2.0


@dataclass
class Progress:
    """Lines about a training job, at most one in two seconds.

    Parameters
    ----------
    report : callable
        Takes a line.
    label : str
        Begins each line.
    epochs : int
        Most epochs of a fold.
    """

    report: Callable[[str], None]
    label: str
    epochs: int
    folds: int = 0
    finished_epochs: list[int] = field(default_factory=list)
    seconds: float = 0.0
    n_epochs: int = 0
    last: float = 0.0

    def epoch(self, position: int, epoch: int, seconds: float, measured: Mapping, metric: str):
        """Count an epoch and tell of it when it is time."""
        self.n_epochs += 1
        # The first epoch goes for the most part into tracing the graph and says little of others.
        if self.n_epochs > 1:
            self.seconds += seconds
        if time.monotonic() - self.last < SECONDS_BETWEEN_LINES:
            return
        self.last = time.monotonic()
        self.report(
            f"{self.label}: fold {position}/{self.folds}, epoch {epoch}/{self.epochs}, "
            f"loss {measured['train', 'loss']:.4f} in training "
            f"{measured['validation', 'loss']:.4f} in validation, "
            f"{metric} {measured['validation', metric]:.4f}{self._time_left(position, epoch)}"
        )

    def _time_left(self, position: int, epoch: int) -> str:
        """Estimate the time left from the epochs so far; nothing after the first."""
        if self.n_epochs == 1:
            return ""
        usual = np.mean(self.finished_epochs) if self.finished_epochs else self.epochs
        epochs_left = max(usual, epoch) - epoch + usual * (self.folds - position)
        return f", about {_duration(epochs_left * self.seconds / (self.n_epochs - 1))} left"


def _duration(seconds: float) -> str:
    """A length of time in words."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
