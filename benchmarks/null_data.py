"""Made-up results of two models that are equally good by construction, and tests of them.

The benchmark and the tests of the type-I error share this. Records come in groups of uneven size
(geometric, 4 on average) that share a random effect, as homologous sequences do. With an advantage
above 0 the second model is better, which shows a test's power.
"""

from typing import NamedTuple

import numpy as np

from seqarena.evaluation import weighted
from seqarena.evaluation.corrected_t import corrected_t
from seqarena.evaluation.delong import delong_difference
from seqarena.evaluation.intervals import group_weights, replicate, two_sided_p

GROUP_SIZE = 4
MOST_IN_GROUP = 20


class ScoredSet(NamedTuple):
    """Scores of two models on one test set."""

    positive: np.ndarray
    first: np.ndarray
    second: np.ndarray
    clusters: np.ndarray


class Folds(NamedTuple):
    """Fold by fold differences of AUROC between two learners, and one repeat's pooled scores."""

    differences: np.ndarray
    n_train: np.ndarray
    n_test: np.ndarray
    pooled: ScoredSet


def _groups(random: np.random.Generator, n_groups: int) -> np.ndarray:
    sizes = np.minimum(random.geometric(1 / GROUP_SIZE, n_groups), MOST_IN_GROUP)
    return np.repeat(np.arange(n_groups), sizes)


def _labels(random: np.random.Generator, clusters: np.ndarray, mixed: bool) -> np.ndarray:
    """Draw classes; a group has one, or (mixed) its own share of positives."""
    share = random.random(clusters.max() + 1)
    return random.random(len(clusters)) < share[clusters] if mixed else share[clusters] < 0.5


def draw_test_set(
    random: np.random.Generator, n_groups: int, mixed: bool = False, advantage: float = 0.0
) -> ScoredSet:
    """Draw scores of two trained models, whose errors on a group are partly their own.

    Parameters
    ----------
    random : numpy.random.Generator
        Source of all draws.
    n_groups : int
        Number of groups.
    mixed : bool, default False
        Whether groups hold both classes.
    advantage : float, default 0
        By how much the second model separates the classes better, in units of its noise.

    Returns
    -------
    ScoredSet
    """
    clusters = _groups(random, n_groups)
    positive = _labels(random, clusters, mixed)
    hard = random.normal(size=n_groups)[clusters]  # for both alike
    first, second = (
        signal * positive
        + 0.5 * hard
        + random.normal(size=n_groups)[clusters]
        + 0.7 * random.normal(size=len(clusters))
        for signal in (1.0, 1.0 + advantage)
    )
    return ScoredSet(positive, first, second, clusters)


def draw_folds(
    random: np.random.Generator,
    n_groups: int,
    repeats: int = 10,
    folds: int = 5,
    mixed: bool = False,
    advantage: float = 0.0,
    n_features: int = 8,
) -> Folds:
    """Train two learners on repeated folds and test them.

    Both are ridge classifiers. Each sees features of its own, drawn alike, so that neither is
    better in expectation though on any one dataset one comes out ahead. As in the workflow, fold k
    is tested, fold k + 1 is kept for validation and the others are trained on.

    Parameters
    ----------
    random, n_groups, mixed
        As of `draw_test_set`.
    repeats, folds : int
        How often to split, and into how many folds.
    advantage : float, default 0
        By how much more the classes differ in each of the second learner's features.
    n_features : int, default 8
        Features of each learner.

    Returns
    -------
    Folds
    """
    clusters = _groups(random, n_groups)
    positive = _labels(random, clusters, mixed)
    features = [
        (0.3 + extra) * (positive - 0.5)[:, None]
        + random.normal(size=(n_groups, n_features))[clusters]
        + random.normal(size=(len(clusters), n_features))
        for extra in (0.0, advantage)
    ]
    differences, n_train, n_test, pooled = [], [], [], None
    for _ in range(repeats):
        fold_of = (random.permutation(n_groups) % folds)[clusters]
        inside = fold_of[:, None] == np.arange(folds)
        scores = [_out_of_fold(x, positive, inside) for x in features]
        areas = [weighted.auroc(positive, score, inside.astype(float)) for score in scores]
        differences.append(areas[1] - areas[0])
        sizes = inside.sum(axis=0)
        n_test.append(sizes)
        n_train.append(len(clusters) - sizes - np.roll(sizes, -1))
        pooled = pooled or ScoredSet(positive, *scores, clusters)
    return Folds(*(np.concatenate(part) for part in (differences, n_train, n_test)), pooled)


def _out_of_fold(features: np.ndarray, positive: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Score each record by the ridge classifier that neither trained nor validated on its fold."""
    x = np.column_stack([features, np.ones(len(features))])
    y = 2.0 * positive - 1
    square = np.stack([x[rows].T @ x[rows] for rows in inside.T])
    cross = np.stack([x[rows].T @ y[rows] for rows in inside.T])
    used = [part.sum(axis=0) - part - np.roll(part, -1, axis=0) for part in (square, cross)]
    coefficients = np.linalg.solve(used[0] + np.eye(x.shape[1]), used[1][..., None])[..., 0]
    return np.einsum("ij,ij->i", x, coefficients[inside.argmax(axis=1)])


def robust_delong(data: ScoredSet) -> float:
    """Give the p-value of the cluster-robust DeLong test."""
    return delong_difference(*data).p


def naive_delong(data: ScoredSet) -> float:
    """Give the p-value of DeLong's test, which takes each record for independent."""
    return delong_difference(*data[:3], np.arange(len(data.clusters))).p


def group_bootstrap(data: ScoredSet, n_bootstrap: int = 300) -> float:
    """Give the p-value of the bootstrap over groups."""
    weights = group_weights(data.clusters.max() + 1, n_bootstrap, 0)
    drawn = [
        replicate(
            lambda w, s=score: {"": weighted.auroc(data.positive, s, w)}, data.clusters, weights
        )[""]
        for score in (data.first, data.second)
    ]
    return two_sided_p(drawn[0] - drawn[1], weights.shape[1])


def corrected(data: Folds) -> float:
    """Give the p-value of the corrected t-test."""
    return corrected_t(data.differences, data.n_train, data.n_test).p


def naive_t(data: Folds) -> float:
    """Give the p-value of the paired t-test, which takes folds for independent."""
    from scipy.stats import ttest_1samp

    return float(ttest_1samp(data.differences[np.isfinite(data.differences)], 0).pvalue)


def pooled_bootstrap(data: Folds) -> float:
    """Give the p-value of the bootstrap over groups of the first repeat's pooled scores."""
    return group_bootstrap(data.pooled)
