"""Simulations of tables of numbers: two features and a truth, with the probability behind it."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from seqarena.data.alphabet import check_choice
from seqarena.data.simulation_parts import Simulation, check_ranges, record_names

TRUTH = "Ground Truth"
RADII = (1.0, 2.0)
"""Radius of the ring of each class."""

CENTRES = ((-0.7, -0.3), (0.7, 0.3))
"""Centre of the cloud of each class."""


def simulate_numbers(*, n_records: int, shape: str, overlap: float, seed: int) -> Simulation:
    """Make two features and a class, 0 or 1, that depends on them.

    Parameters
    ----------
    n_records : int
        Rows, about half of each class.
    shape : {"rings", "clouds", "corners"}
        "rings": one class around the other; no straight line parts them, a hidden layer does.
        "clouds": two round clouds, for which a straight line is best; a network can't do better
        than a linear model. "corners": class 1 where both features have the same sign; each
        feature alone, and any sum of them, tells nothing.
    overlap : float
        How far classes run into each other: the width of a ring, twice that of a cloud, or the
        share of wrong labels in the corners. The best that a model can do is in the truth.
    seed : int
        Same seed, same records.

    Returns
    -------
    Simulation
        Labels are the features and the class; the truth gives the probability of class 1.

    Raises
    ------
    InputError
        If a setting is out of range.
    """
    check_choice("shape", shape, tuple(SHAPES))
    highest = 0.45 if shape == "corners" else 1
    check_ranges(n_records=(n_records, 2, np.inf), overlap=(overlap, 0.01, highest))
    rng = np.random.default_rng(seed)
    points, classes, probability = SHAPES[shape](n_records, overlap, rng)
    table = pd.DataFrame(points.round(6), columns=["Feature 1", "Feature 2"])
    table[TRUTH] = classes.astype(int)
    truth = pd.DataFrame({"record": record_names(n_records), "probability": probability})
    return Simulation(record_names(n_records), [], table, truth)


Drawn = tuple[np.ndarray, np.ndarray, np.ndarray]


def _rings(number: int, overlap: float, rng: np.random.Generator) -> Drawn:
    outer = rng.random(number) < 0.5
    inner_radius, outer_radius = RADII
    radius = np.where(outer, outer_radius, inner_radius) + rng.normal(0, overlap, number)
    angle = rng.uniform(0, 2 * np.pi, number)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    # A radius below 0 lies on the other side of the centre, so both signs speak for a class.
    distance = np.abs(radius)
    likelihood = [
        sum(np.exp(-0.5 * ((sign * distance - ring) / overlap) ** 2) for sign in (1, -1))
        for ring in RADII
    ]
    return points, outer, likelihood[1] / (likelihood[0] + likelihood[1])


def _clouds(number: int, overlap: float, rng: np.random.Generator) -> Drawn:
    second = rng.random(number) < 0.5
    centres, spread = np.array(CENTRES), 2 * overlap
    points = centres[second.astype(int)] + rng.normal(0, spread, (number, 2))
    squares = [((points - centre) ** 2).sum(axis=1) for centre in centres]
    return points, second, 1 / (1 + np.exp((squares[1] - squares[0]) / (2 * spread**2)))


def _corners(number: int, overlap: float, rng: np.random.Generator) -> Drawn:
    points = rng.uniform(-1, 1, (number, 2))
    probability = np.where(points.prod(axis=1) > 0, 1 - overlap, overlap)
    return points, rng.random(number) < probability, probability


SHAPES: dict[str, Callable[..., Drawn]] = {"rings": _rings, "clouds": _clouds, "corners": _corners}
"""Points, classes and probability of class 1, by shape."""
