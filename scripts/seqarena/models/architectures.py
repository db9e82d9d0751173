"""The registered architectures: from one-hot letters, or another representation, to features.

A builder is a function `build(inputs, **parameters) -> features`. `inputs` is the symbolic one-hot
tensor (batch, length, symbols), or what another representation gives, `features` a tensor (batch,
anything). Seqarena puts the representation of tokens before it and the head of the task behind it,
so one builder serves every task. A builder with a parameter `mask` is told which positions are real
where records are padded.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import keras

from seqarena.errors import InputError
from seqarena.models.masking import (
    Mask,
    MaskedAveragePooling,
    MaskedGlobalAverage,
    MaskedGlobalMax,
    MaskedMaxPooling,
    PooledMask,
    WholeWindows,
)

#: Keras' default, 0.99, lags for hundreds of steps: on 4,904 sequences validation loss rose while
#: AUROC went from 0.77 to 0.90, so that early stopping restored a useless epoch.
BATCH_NORMALIZATION_MOMENTUM = 0.9

#: Activations that never fall, so that they may come before or behind a maximum.
RISING = ("linear", "relu", "leaky_relu", "elu", "selu", "softplus", "sigmoid", "tanh")

#: Keras' layers by the number of axes of positions.
CONVOLUTIONS = {1: keras.layers.Conv1D, 2: keras.layers.Conv2D, 3: keras.layers.Conv3D}
POOLS = {
    kind: {axes: getattr(keras.layers, f"{name}Pooling{axes}D") for axes in CONVOLUTIONS}
    for kind, name in (("max", "Max"), ("average", "Average"))
}
GLOBAL_POOLS = {
    kind: {axes: getattr(keras.layers, f"Global{name}Pooling{axes}D") for axes in CONVOLUTIONS}
    for kind, name in (("max", "Max"), ("average", "Average"))
}


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

    Each position and letter has weights of its own: it learns what stands at a fixed place, and
    where records are padded also how long they are.

    Parameters
    ----------
    inputs : keras.KerasTensor
        One-hot letters (batch, length, symbols), or any other tensor (batch, ...).
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


def convolutions(
    inputs,
    *,
    mask=None,
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
    """Convolutions along a sequence, an image or a cube, then dense layers on what they found.

    Parameters
    ----------
    inputs : keras.KerasTensor
        One-hot letters (batch, length, symbols), or an image (batch, x, y, channels), or with a
        third axis.
    mask : keras.KerasTensor, optional
        Which positions of a sequence are real, bool (batch, length); all by default.
    filters, kernel_sizes : list of int
        Number and width (letters, or positions of the layer before; along all axes alike) of each
        layer's filters.
    pool_sizes : list of int, optional
        Positions along each axis that are pooled into one behind each layer; 1 is no pooling. By
        default 1 in sequences and 2 in images.
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
        Share of the letters (of an image, cells) that training replaces by unknown ones (by 0).
    batch_normalization : bool
        Normalise before each activation.
    l2 : float
        L2 penalty on the weights.

    Returns
    -------
    keras.KerasTensor
        Features (batch, number).
    """
    layers, axes = len(filters), len(inputs.shape) - 2
    pool_sizes = pool_sizes or [1 if axes == 1 else 2] * layers
    dilations = dilations or [1] * layers
    _same_lengths(filters=filters, kernel_sizes=kernel_sizes)
    _same_lengths(filters=filters, pool_sizes=pool_sizes)
    _same_lengths(filters=filters, dilations=dilations)
    if residual and padding != "same":
        raise InputError("residual needs padding: same, since both sums must have one length")
    x = inputs
    if input_dropout:
        positions = (None, *inputs.shape[1:-1], 1)
        x = keras.layers.Dropout(input_dropout, noise_shape=positions)(x)
    shapes = zip(filters, kernel_sizes, pool_sizes, dilations, strict=True)
    for number, (n_filters, width, pool_size, dilation) in enumerate(shapes, start=1):
        y, mask = _convolve(
            x, mask, n_filters, width, dilation, padding, not batch_normalization, l2, number
        )
        # A maximum of rising values is the value of the maximum, of which there are fewer.
        late = mask is None and pooling == "max" and not residual and activation in RISING
        y = _normalize_and_activate(y, None if late else activation, batch_normalization, mask)
        if residual:
            if x.shape[-1] != n_filters:
                x = CONVOLUTIONS[axes](n_filters, 1, use_bias=False)(x)
            y = keras.layers.Add()([x, y])
        x, mask = _pool(y, mask, pool_size, pooling, number)
        if late:
            x = keras.layers.Activation(activation)(x)
        if dropout and number < layers:
            x = keras.layers.Dropout(dropout)(x)
    x = _read_out(x, mask, readout)
    if dropout:
        x = keras.layers.Dropout(dropout)(x)
    return _hidden_layers(x, hidden_units, activation, dropout, batch_normalization, l2)


#: In an image of words a cell's place says which word it is, and so the readout keeps places.
_of_images = partial(convolutions, filters=(16, 32), kernel_sizes=(3, 3), readout="flatten")

REGISTRY: dict[str, Callable[..., Any]] = {
    "dense": dense,
    "conv1d": convolutions,
    "conv2d": _of_images,
    "conv3d": _of_images,
}

RANKS = {"conv1d": 3, "conv2d": 4, "conv3d": 5}
"""Axes that an architecture needs of its inputs, the batch among them; others take any."""


def takes_any_length(architecture: str, parameters: Mapping[str, Any]) -> bool:
    """Say whether a registered architecture has weights for letters, none for positions."""
    return architecture == "conv1d" and parameters.get("readout", "max") != "flatten"


def _convolve(x, mask, n_filters, width, dilation, padding, use_bias, l2, number):
    """One convolution, and where its output is real."""
    reach = dilation * (width - 1) + 1
    left = [size for size in x.shape[1:-1] if size is not None]
    if padding == "valid" and left and reach > min(left):
        raise InputError(
            f"kernel_sizes: layer {number} spans {reach} positions and only {min(left)} are left"
        )
    if padding == "valid" and mask is not None:
        # As many outputs as inputs, so that records shorter than a filter can be in a batch.
        mask = WholeWindows(reach)(mask)
        x = keras.layers.ZeroPadding1D((0, reach - 1))(x)
    y = CONVOLUTIONS[len(x.shape) - 2](
        n_filters,
        width,
        dilation_rate=dilation,
        padding=padding,
        use_bias=use_bias,
        kernel_regularizer=_penalty(l2),
    )(x)
    return y, mask


def _pool(x, mask, size, pooling, number):
    """Pooling, and where its output is real."""
    left = [positions for positions in x.shape[1:-1] if positions is not None]
    if left and size > min(left):
        raise InputError(
            f"pool_sizes: layer {number} pools {size} positions and only {min(left)} are left"
        )
    if size == 1:
        return x, mask
    if mask is not None:
        pool = {"max": MaskedMaxPooling, "average": MaskedAveragePooling}[pooling]
        return pool(size)(x, mask), PooledMask(size)(mask)
    return POOLS[pooling][len(x.shape) - 2](size)(x), None


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


def _normalize_and_activate(x, activation, batch_normalization, mask=None):
    """Batch normalisation and activation, if wanted; zero where a position isn't real."""
    if batch_normalization:
        normalization = keras.layers.BatchNormalization(momentum=BATCH_NORMALIZATION_MOMENTUM)
        x = normalization(x) if mask is None else normalization(x, mask=mask)
    if activation:
        x = keras.layers.Activation(activation)(x)
    return x if mask is None else Mask()(x, mask)


def _read_out(x, mask, readout):
    """Feature maps (batch, positions, filters) -> features (batch, number)."""
    if readout == "flatten":
        return keras.layers.Flatten()(x)
    parts = []
    for name in ("max", "average"):
        if name not in readout:
            continue
        if mask is not None:
            masked = {"max": MaskedGlobalMax, "average": MaskedGlobalAverage}[name]
            parts.append(masked()(x, mask))
        else:
            parts.append(GLOBAL_POOLS[name][len(x.shape) - 2]()(x))
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
