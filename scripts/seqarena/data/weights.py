"""How much each record counts in training."""

from collections.abc import Sequence

import numpy as np

from seqarena.data.labels import Labels
from seqarena.errors import InputError


def read_weights(labels: Labels, names: Sequence[str]) -> np.ndarray:
    """Turn cells into weights.

    Parameters
    ----------
    labels : Labels
        With weights as text.
    names : sequence of str
        Identifiers of the records.

    Returns
    -------
    numpy.ndarray
        float64 of shape (records,), finite and at least 0, not all 0.

    Raises
    ------
    InputError
        If a weight isn't such a number, or all are 0.
    """
    values = np.zeros(len(names))
    for i, text in enumerate(labels.weights):
        try:
            values[i] = float(text)
        except ValueError:
            values[i] = np.nan
        if not 0 <= values[i] < np.inf or "_" in text:
            file, line = labels.places[i]
            raise InputError(
                f"the weight {text!r} is not a number of at least 0",
                file=file,
                line=line,
                record=names[i],
                remedy="write how much the record shall count: 1 as much as others, 0 not at all",
            )
    if not values.any():
        raise InputError(
            "all weights are 0, so no record would count in training",
            file=labels.places[0][0],
            remedy="give weights above 0, or leave the column of weights out",
        )
    return values
