"""Early stopping: which epoch is best, and when to give up waiting for a better one."""

import numpy as np

from seqarena.models.settings import Settings


class Watch:
    """Keeps the best epoch, counts those since, and lowers the rate on a plateau.

    Parameters
    ----------
    settings : Settings
        Monitor, patience and schedule.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        self.best_epoch, self.best, self.lowest_loss = 0, np.nan, np.inf
        self.waited, self.factor = 0, 1.0

    @property
    def watched(self) -> str:
        """What has decided so far, in words."""
        monitor = self.settings.monitor
        undefined = monitor != "loss" and np.isnan(self.best)
        return f"loss ({monitor} not defined in validation)" if undefined else monitor

    def look(self, epoch: int, value: float, loss: float = np.nan) -> bool:
        """Take an epoch's monitored value; True if it is the best so far.

        While the metric is undefined (validation records of one class only, say) the validation
        loss decides.
        """
        lower = self.settings.monitor == "loss"
        better = value < self.best if lower else value > self.best
        if np.isnan(self.best):
            better = not np.isnan(value) or loss < self.lowest_loss
            self.lowest_loss = np.fmin(self.lowest_loss, loss)
        if better or self.best_epoch == 0:
            self.best_epoch, self.best, self.waited = epoch, value, 0
            return True
        self.waited += 1
        if (
            self.settings.schedule == "reduce_on_plateau"
            and self.waited % self.settings.plateau_patience == 0
        ):
            self.factor *= self.settings.plateau_factor
        return False
