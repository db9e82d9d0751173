"""The registered architectures: from one-hot letters to features.

A builder is a function `build(inputs, **parameters) -> features`. `inputs` is the symbolic one-hot
tensor (batch, length, 4), `features` a tensor (batch, anything). Seqarena puts the look-up of
tokens before it and the head of the task behind it, so one builder serves every task.
"""

from collections.abc import Callable
from typing import Any

import keras

from seqarena.errors import InputError

#: Keras' default, 0.99, lags for hundreds of steps: on 4,904 sequences validation loss rose while
#: AUROC went from 0.77 to 0.90, so that early stopping restored a useless epoch.
BATCH_NORMALIZATION_MOMENTUM = 0.9

READOUTS = ("flatten", "max", "average", "max_average")


def dense(
    inputs,
    *,
    hidden_units: list[int] = (64,),
    activation: str = "relu",
    dropout: float = 0.2,
    batch_normalization: bool = False,
    l2: float = 0.0,
):
    """Fully connected layers on the flattened one-hot sequence.

    Each position and letter has weights of its own: it learns what stands at a fixed place.

    Parameters
    ----------
    inputs : keras.KerasTensor
        One-hot letters (batch, length, 4).
    hidden_units : list of int
        Units of each hidden layer; none makes it a linear model.
    activation : str
        Any that Keras names.
    dropout : float
        Share of units dropped behind each hidden layer, 0 to below 1.
    batch_normalization : bool
        Normalise before each activation.
    l2 : float
        L2 penalty on the weights.

    Returns
    -------
    keras.KerasTensor
        Features (batch, units of the last layer).
    """
    x = keras.layers.Flatten()(inputs)
    return _hidden_layers(x, hidden_units, activation, dropout, batch_normalization, l2)


def conv1d(
    inputs,
    *,
    filters: list[int] = (32,),
    kernel_sizes: list[int] = (12,),
    pool_sizes: list[int] | None = None,
    dilations: list[int] | None = None,
    pooling: str = "max",
    padding: str = "same",
    residual: bool = False,
    readout: str = "max",
    hidden_units: list[int] = (32,),
    activation: str = "relu",
    dropout: float = 0.2,
    input_dropout: float = 0.0,
    batch_normalization: bool = False,
    l2: float = 0.0,
):
    """Convolutions along the sequence, then dense layers on what they found.

    Parameters
    ----------
    inputs : keras.KerasTensor
        One-hot letters (batch, length, 4).
    filters, kernel_sizes : list of int
        Number and width (bases, or positions of the layer before) of each layer's filters.
    pool_sizes : list of int, optional
        Positions pooled into one behind each layer; 1 is no pooling, and so everywhere by default.
    dilations : list of int, optional
        Step between the positions that a filter looks at, a layer; 1 by default.
    pooling : {"max", "average"}
        What pooling takes of its positions.
    padding : {"same", "valid"}
        Whether filters reach beyond the ends (onto zeros) or stay inside.
    residual : bool
        Add each layer's input to its output (through a convolution of width 1 where the number of
        filters changes). Needs padding "same".
    readout : {"flatten", "max", "average", "max_average"}
        How the last layer becomes features: each position's own value, or the maximum and/or mean
        over positions.
    hidden_units : list of int
        Units of the dense layers behind it.
    activation : str
        Any that Keras names.
    dropout : float
        Share dropped behind each convolution but the last, the readout and each dense layer.
    input_dropout : float
        Share of the bases that training replaces by unknown ones.
    batch_normalization : bool
        Normalise before each activation.
    l2 : float
        L2 penalty on the weights.

    Returns
    -------
    keras.KerasTensor
        Features (batch, number).
    """
    layers = len(filters)
    pool_sizes = pool_sizes or [1] * layers
    dilations = dilations or [1] * layers
    _same_lengths(filters=filters, kernel_sizes=kernel_sizes)
    _same_lengths(filters=filters, pool_sizes=pool_sizes)
    _same_lengths(filters=filters, dilations=dilations)
    if residual and padding != "same":
        raise InputError("residual needs padding: same, since both sums must have one length")
    pool = {"max": keras.layers.MaxPooling1D, "average": keras.layers.AveragePooling1D}[pooling]
    x = inputs
    if input_dropout:
        x = keras.layers.Dropout(input_dropout, noise_shape=(None, inputs.shape[1], 1))(x)
    shapes = zip(filters, kernel_sizes, pool_sizes, dilations, strict=True)
    for number, (n_filters, width, pool_size, dilation) in enumerate(shapes):
        reach = dilation * (width - 1) + 1
        if padding == "valid" and reach > x.shape[1]:
            raise InputError(
                f"kernel_sizes: layer {number + 1} spans {reach} positions and only "
                f"{x.shape[1]} are left"
            )
        y = keras.layers.Conv1D(
            n_filters,
            width,
            dilation_rate=dilation,
            padding=padding,
            use_bias=not batch_normalization,
            kernel_regularizer=_penalty(l2),
        )(x)
        y = _normalize_and_activate(y, activation, batch_normalization)
        if residual:
            if x.shape[-1] != n_filters:
                x = keras.layers.Conv1D(n_filters, 1, use_bias=False)(x)
            y = keras.layers.Add()([x, y])
        if pool_size > y.shape[1]:
            raise InputError(
                f"pool_sizes: layer {number + 1} pools {pool_size} positions and only "
                f"{y.shape[1]} are left"
            )
        x = pool(pool_size)(y) if pool_size > 1 else y
        if dropout and number + 1 < layers:
            x = keras.layers.Dropout(dropout)(x)
    x = _read_out(x, readout)
    if dropout:
        x = keras.layers.Dropout(dropout)(x)
    return _hidden_layers(x, hidden_units, activation, dropout, batch_normalization, l2)


REGISTRY: dict[str, Callable[..., Any]] = {"dense": dense, "conv1d": conv1d}


def _hidden_layers(x, hidden_units, activation, dropout, batch_normalization, l2):
    """Dense layers, each with its normalisation, activation and dropout."""
    for units in hidden_units:
        x = keras.layers.Dense(
            units, use_bias=not batch_normalization, kernel_regularizer=_penalty(l2)
        )(x)
        x = _normalize_and_activate(x, activation, batch_normalization)
        if dropout:
            x = keras.layers.Dropout(dropout)(x)
    return x


def _normalize_and_activate(x, activation, batch_normalization):
    """Batch normalisation, if wanted, and the activation."""
    if batch_normalization:
        x = keras.layers.BatchNormalization(momentum=BATCH_NORMALIZATION_MOMENTUM)(x)
    return keras.layers.Activation(activation)(x)


def _read_out(x, readout):
    """Feature maps (batch, positions, filters) -> features (batch, number)."""
    if readout == "flatten":
        return keras.layers.Flatten()(x)
    parts = []
    if readout in ("max", "max_average"):
        parts.append(keras.layers.GlobalMaxPooling1D()(x))
    if readout in ("average", "max_average"):
        parts.append(keras.layers.GlobalAveragePooling1D()(x))
    return keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]


def _penalty(l2):
    """Regulariser, or None where there is nothing to add to the loss."""
    return keras.regularizers.L2(l2) if l2 else None


def _same_lengths(**lists):
    """Raise unless both lists have one entry a layer."""
    (first, one), (second, other) = lists.items()
    if len(one) != len(other):
        raise InputError(
            f"{first} has {len(one)} entries and {second} has {len(other)}; "
            "both need one a convolution"
        )


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
