"""What the parameters of the registered architectures must be."""

from collections.abc import Callable
from typing import Any

import keras

READOUTS = ("flatten", "max", "average", "max_average")


def _whole_numbers(least):
    def check(value):
        good = isinstance(value, list | tuple) and all(
            isinstance(item, int) and not isinstance(item, bool) and item >= least for item in value
        )
        return None if good else f"a list of whole numbers from {least}"

    return check


def _share(value):
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1
    return None if good else "a number from 0 to below 1"


def _not_negative(value):
    good = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return None if good else "a number from 0"


def _yes_or_no(value):
    return None if isinstance(value, bool) else "true or false"


def _one_of(*choices):
    return lambda value: None if value in choices else "one of " + ", ".join(choices)


def _optional(check):
    return lambda value: None if value is None else check(value)


def _activation(value):
    # Not activations by themselves: the last two need arguments, or halve the units.
    helpers = ("deserialize", "get", "serialize", "threshold", "glu")
    known = sorted(x for x in dir(keras.activations) if x[0].islower() and x not in helpers)
    return None if value in known else "an activation of Keras: " + ", ".join(known)


#: What each parameter of the registered architectures must be; a check gives None or says it.
CHECKS: dict[str, Callable[[Any], str | None]] = {
    "filters": _whole_numbers(1),
    "kernel_sizes": _whole_numbers(1),
    "pool_sizes": _optional(_whole_numbers(1)),
    "dilations": _optional(_whole_numbers(1)),
    "hidden_units": _whole_numbers(1),
    "pooling": _one_of("max", "average"),
    "padding": _one_of("same", "valid"),
    "readout": _one_of(*READOUTS),
    "residual": _yes_or_no,
    "batch_normalization": _yes_or_no,
    "dropout": _share,
    "input_dropout": _share,
    "l2": _not_negative,
    "activation": _activation,
}
