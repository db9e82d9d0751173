"""Names of controls: which trainings a section ``controls`` asks for, and what each name says.

A control is a training on changed inputs or from another seed, and its name is the name of its
folder: ``permuted_labels``, ``shuffled_input``, ``seed2``, ``seed3``, ..., and ``size{percent}``,
such as ``size12.5`` for an eighth of the training groups.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

PERMUTED_LABELS = "permuted_labels"
SHUFFLED_INPUT = "shuffled_input"
NULL_CONTROLS = (PERMUTED_LABELS, SHUFFLED_INPUT)
"""Controls from which nothing, or nothing but composition, can be learned."""

CHEAP_ARCHITECTURE = "linear"


def control_names(settings: Mapping[str, Any]) -> list[str]:
    """Name the controls that a dataset's settings ask for.

    Parameters
    ----------
    settings : mapping
        A complete section ``controls``: permuted_labels and shuffled_input (bool), seeds (int, at
        least 1) and learning_curve (fractions of the training groups, above 0 and below 1).

    Returns
    -------
    list of str
        In the order permuted_labels, shuffled_input, seed2, ..., sizes from small to large.
    """
    names = [name for name in NULL_CONTROLS if settings[name]]
    names += [f"seed{number}" for number in range(2, settings["seeds"] + 1)]
    return names + [size_name(fraction) for fraction in sorted(set(settings["learning_curve"]))]


def trained_models(
    control: str, settings: Mapping[str, Any], models: Mapping[str, str]
) -> list[str]:
    """Name the models that are trained for a control.

    Parameters
    ----------
    control : str
        Name of the control.
    settings : mapping
        The section ``controls``. Its key models is a list of names, or None for the default:
        linear models for permuted labels and shuffled input, all models for seeds and sizes.
    models : mapping of str to str
        Architecture of each model of the dataset.

    Returns
    -------
    list of str
        In the order of `models`.
    """
    wanted = settings["models"]
    if wanted is not None:
        return [name for name in models if name in wanted]
    if control not in NULL_CONTROLS:
        return list(models)
    return [name for name, architecture in models.items() if architecture == CHEAP_ARCHITECTURE]


def size_name(fraction: float) -> str:
    """Name the control that trains on a fraction of the training groups.

    Parameters
    ----------
    fraction : float
        Above 0 and below 1.

    Returns
    -------
    str
        "size" and the exact percentage, which `size_fraction` turns back into the same number.
    """
    # In decimals: 100 * 0.07 is 7.000000000000001 in binary.
    percent = Decimal(repr(float(fraction))).scaleb(2).normalize()
    return f"size{percent:f}"


def size_fraction(control: str) -> float | None:
    """Read the fraction of the training groups from a name such as "size12.5", or give None."""
    match = re.fullmatch(r"size(\d+(?:\.\d+)?)", control)
    return float(Decimal(match[1]).scaleb(-2)) if match else None


def seed_number(control: str) -> int | None:
    """Read the number of the seed from a name such as "seed3", or give None."""
    match = re.fullmatch(r"seed(\d+)", control)
    return int(match[1]) if match else None


def control_seed(seed: int, control: str) -> int:
    """Give the seed from which a control trains.

    Parameters
    ----------
    seed : int
        The configured seed.
    control : str
        Name of the control.

    Returns
    -------
    int
        The configured seed, and for "seed2", "seed3", ... the ones that follow it: what is drawn
        from neighbouring seeds is as unrelated as from any others.
    """
    return seed + (seed_number(control) or 1) - 1
