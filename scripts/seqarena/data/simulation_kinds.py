"""Simulations of DNA for each kind of task, from sites of transcription factors and decoys.

In all of them composition tells nothing, places and strands are random, and what a model can learn
is which letters follow each other in a site: convolutions and counts of k-mers can, a dense network
on one-hot letters would have to learn each site anew at every place.
"""

import numpy as np
import pandas as pd

from seqarena.data.alphabet import check_choice, decode
from seqarena.data.simulation_parts import MOTIFS, Simulation, check_ranges, record_names
from seqarena.data.simulation_sites import affinity, plant

FACTORS = ("nfe2", "gata1", "hnf4a")
SHARES = (0.5, 0.3, 0.1)
"""How many records have each label of a multilabel task: one is rare."""

LEVELS = ("none", "few", "many")
SITES = ((0, 0), (1, 2), (3, 4))
"""Fewest and most sites of each level of an ordinal task."""

SITES_PER_FACTOR = 3
"""Slots of each factor in a regression: a record has 0 to 3 sites of it."""


def simulate_multiclass(
    *, n_records: int, length: int, decoy_strength: float, seed: int
) -> Simulation:
    """Say which of three factors has a site; of the two others there are decoys.

    As many records of each class, up to one. Parameters are those of `plant`.
    """
    rng = np.random.default_rng(seed)
    classes = rng.permutation(np.arange(n_records) % len(FACTORS))
    is_site = classes[:, None] == np.arange(len(FACTORS))
    lengths = np.full(n_records, length)
    tokens, truth = plant(is_site, FACTORS, lengths, decoy_strength, rng)
    labels = pd.DataFrame({"label": np.array(FACTORS)[classes]})
    return _simulation(tokens, labels, truth)


def simulate_multilabel(
    *, n_records: int, length: int, decoy_strength: float, missing: float, seed: int
) -> Simulation:
    """Say of each of three factors whether it has a site, independently of the others.

    One label is frequent, one rare. Of the labels, a share `missing` isn't known, at random, so
    that leaving them out of the loss costs nothing but records; a record keeps at least one.
    """
    check_ranges(missing=(missing, 0, 0.9))
    rng = np.random.default_rng(seed)
    is_site = rng.random((n_records, len(FACTORS))) < SHARES
    lengths = np.full(n_records, length)
    tokens, truth = plant(is_site, FACTORS, lengths, decoy_strength, rng)
    labels = pd.DataFrame(is_site.astype(int).astype(object), columns=list(FACTORS))
    return _simulation(tokens, _hide(labels, missing, rng), truth)


def simulate_regression(*, n_records: int, length: int, noise: float, seed: int) -> Simulation:
    """Say how strongly a factor binds: the sum over a record's sites of their scores, and noise.

    The strength is `affinity`, a function of the sequence. Noise is the share `noise` of the
    variance of the labels, so no model can explain more than 1 - `noise` of it (r2).
    """
    rng = np.random.default_rng(seed)
    is_site = rng.random((n_records, SITES_PER_FACTOR)) < 0.5
    factors = FACTORS[:1] * SITES_PER_FACTOR
    tokens, truth = plant(is_site, factors, np.full(n_records, length), 0.5, rng)
    strengths = pd.DataFrame({"label": affinity(tokens, FACTORS[0])})
    return _simulation(tokens, _noisy(strengths, noise, rng), _told(truth, strengths))


def simulate_regression_targets(
    *, n_records: int, length: int, noise: float, missing: float, seed: int
) -> Simulation:
    """Say three numbers at once: how strongly two factors bind, and how strongly both together.

    The third, `both`, is the product of the first two: a network that has learned these has what it
    needs, while no model that adds up k-mers can. `noise` and `missing` as above, of each target.
    """
    check_ranges(missing=(missing, 0, 0.9))
    rng = np.random.default_rng(seed)
    first, second = FACTORS[:2]
    factors = (first, second) * SITES_PER_FACTOR
    is_site = rng.random((n_records, len(factors))) < 0.5
    tokens, truth = plant(is_site, factors, np.full(n_records, length), 0.5, rng)
    strengths = pd.DataFrame({name: affinity(tokens, name) for name in (first, second)})
    strengths["both"] = strengths[first] * strengths[second]
    labels = _hide(_noisy(strengths, noise, rng), missing, rng)
    return _simulation(tokens, labels, _told(truth, strengths))


def simulate_ordinal(
    *, n_records: int, length: int, decoy_strength: float, seed: int
) -> Simulation:
    """Say whether a factor has none, few (1, 2) or many (3, 4) sites among four slots.

    As many records of each level, up to one. A model must count: one that only sees whether there
    is a site can't tell few from many.
    """
    rng = np.random.default_rng(seed)
    levels = rng.permutation(np.arange(n_records) % len(LEVELS))
    fewest, most = np.array(SITES).T
    counts = rng.integers(fewest[levels], most[levels] + 1)
    slots = max(most)
    is_site = rng.permuted(np.arange(slots) < counts[:, None], axis=1)
    lengths = np.full(n_records, length)
    tokens, truth = plant(is_site, FACTORS[:1] * slots, lengths, decoy_strength, rng)
    labels = pd.DataFrame({"label": np.array(LEVELS)[levels]})
    return _simulation(tokens, labels, truth)


def simulate_unequal_lengths(
    *,
    n_records: int,
    shortest: int,
    longest: int,
    decoy_strength: float,
    label: str,
    seed: int,
) -> Simulation:
    """Make records of unequal lengths, evenly from `shortest` to `longest`.

    With `label: motif` the label is whether there is a site, and independent of the length. With
    `label: length` there is a decoy in every record and the label is whether it is long, above the
    middle: `composition`, which sees lengths, is right always; a model that masks its padding has
    no more to go by than that a longer record holds more background.
    """
    check_choice("label", label, ("motif", "length"))
    width = len(MOTIFS[FACTORS[0]])
    check_ranges(shortest=(shortest, width, np.inf), longest=(longest, shortest, np.inf))
    rng = np.random.default_rng(seed)
    lengths = rng.integers(shortest, longest + 1, n_records)
    is_site = rng.permutation(np.arange(n_records) < n_records // 2)[:, None]
    by_length = label == "length"
    tokens, truth = plant(is_site & (not by_length), FACTORS[:1], lengths, decoy_strength, rng)
    is_long = lengths > (shortest + longest) / 2
    named = np.where(is_long, "long", "short") if by_length else _motif_or_decoy(is_site[:, 0])
    return _simulation(tokens, pd.DataFrame({"label": named}), truth)


def simulate_weights(
    *,
    n_records: int,
    length: int,
    decoy_strength: float,
    noisy: float,
    wrong: float,
    weight: float,
    seed: int,
) -> Simulation:
    """Make labels of which a part, from a careless source, is often wrong and has a low weight.

    A share `noisy` of the records is from that source, whose labels are wrong in a share `wrong`
    and have the weight `weight`; the others are right and weigh 1. The wrong ones are among the
    records of the test, too, and no model can get these right.
    """
    check_ranges(noisy=(noisy, 0, 1), wrong=(wrong, 0, 0.5), weight=(weight, 0, np.inf))
    rng = np.random.default_rng(seed)
    is_site = rng.permutation(np.arange(n_records) < n_records // 2)
    lengths = np.full(n_records, length)
    tokens, truth = plant(is_site[:, None], FACTORS[:1], lengths, decoy_strength, rng)
    careless = rng.random(n_records) < noisy
    is_wrong = careless & (rng.random(n_records) < wrong)
    labels = {"label": _motif_or_decoy(is_site ^ is_wrong)}
    labels["weight"] = np.where(careless, weight, 1.0)
    told = pd.DataFrame({"careless": careless, "wrong": is_wrong})
    return _simulation(tokens, pd.DataFrame(labels), _told(truth, told))


def _motif_or_decoy(is_site: np.ndarray) -> np.ndarray:
    return np.where(is_site, "motif", "decoy")


def _simulation(tokens: list[np.ndarray], labels: pd.DataFrame, truth: pd.DataFrame) -> Simulation:
    return Simulation(record_names(len(tokens)), [decode(row) for row in tokens], labels, truth)


def _hide(labels: pd.DataFrame, missing: float, rng: np.random.Generator) -> pd.DataFrame:
    """Take a share of the labels away at random; a record keeps at least one."""
    hidden = rng.random(labels.shape) < missing
    kept = rng.integers(labels.shape[1], size=len(labels))
    hidden[np.arange(len(labels)), kept] &= ~hidden.all(axis=1)
    return labels.mask(hidden)


def _noisy(strengths: pd.DataFrame, noise: float, rng: np.random.Generator) -> pd.DataFrame:
    """Add normal noise that is a share of the variance of what comes out."""
    check_ranges(noise=(noise, 0, 0.99))
    spread = strengths.std(ddof=0).to_numpy() * np.sqrt(noise / (1 - noise))
    return strengths + rng.normal(size=strengths.shape) * spread


def _told(truth: pd.DataFrame, of_records: pd.DataFrame) -> pd.DataFrame:
    """Add what is true of a whole record to each of its rows."""
    slots = len(truth) // len(of_records)
    named = of_records.rename(columns={name: f"true_{name}" for name in of_records})
    return truth.join(named.loc[np.repeat(named.index, slots)].reset_index(drop=True))
