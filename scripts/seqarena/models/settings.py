"""How a network is trained: the settings, their checks, and the optimizers they name."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import keras
import numpy as np

from seqarena.errors import InputError
from seqarena.models.runs import LEARNING_METRIC

SCHEDULES = ("constant", "cosine", "reduce_on_plateau")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
DEFAULT_LOSS = {
    "binary": "binary_crossentropy",
    "multiclass": "categorical_crossentropy",
    "multilabel": "binary_crossentropy",
    "regression": "mean_squared_error",
}


@dataclass(frozen=True)
class Settings:
    """Settings of training, named as in Keras where Keras has them.

    Attributes
    ----------
    loss : str or None
        Any that Keras names; None: cross-entropy, or squared error for regression. Regression
        losses are computed on targets scaled to mean 0 and standard deviation 1 in training.
    optimizer : str
        Any that Keras names.
    learning_rate : float
        The highest of the schedule.
    schedule : {"constant", "cosine", "reduce_on_plateau"}
        "cosine" falls to 1 % over all epochs; "reduce_on_plateau" multiplies by `plateau_factor`
        after `plateau_patience` epochs without improvement.
    warmup_epochs : int
        Epochs in which the rate rises linearly from 0, under any schedule.
    plateau_factor, plateau_patience : float, int
        See `schedule`.
    weight_decay : float
        Decoupled decay of weights other than biases and those of normalisation.
    global_clipnorm : float or None
        Gradients are scaled down to this norm when above it.
    label_smoothing : float
        Share of each label spread evenly over the classes, in training only.
    class_weights : None, "balanced" or dict of name to float
        Weights of the classes in the training loss. "balanced": inverse to their frequency, of
        several labels the positives and negatives of each. By name: of classes, or of whole labels.
    batch_size : int
        Records in a step.
    epochs : int
        At most so many passes.
    patience : int
        Stop after so many epochs without a better `monitor`.
    monitor : str
        What is best: "loss", or "metric" (that of `seqarena.models.runs.LEARNING_METRIC`, also by
        name), of the validation records. The weights of its best epoch are restored.
    ema_momentum : float or None
        Evaluate and keep an exponential moving average of the weights with this momentum.
    shift : int
        Training sequences move by a random number of bases up to this; N fills what is vacated.
    precision : {"float32", "mixed_bfloat16", "mixed_float16"}
        Keras' dtype policy: "mixed" computes layers in 16 bits and keeps weights, head and loss in
        32. Of "mixed_float16" the loss is scaled, so that small gradients don't vanish.
    """

    loss: str | None = None
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    schedule: str = "constant"
    warmup_epochs: int = 0
    plateau_factor: float = 0.5
    plateau_patience: int = 3
    weight_decay: float = 0.0
    global_clipnorm: float | None = None
    label_smoothing: float = 0.0
    class_weights: str | Mapping[str, float] | None = None
    batch_size: int = 64
    epochs: int = 100
    patience: int = 10
    monitor: str = "loss"
    ema_momentum: float | None = None
    shift: int = 0
    precision: str = "float32"

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON holds them."""
        return asdict(self)


def _number(low: float, high: float = np.inf, *, whole: bool = False, open_low: bool = False):
    """Check of a number's type and range, which gives None or says what is wanted."""
    kind = int if whole else (int, float)
    limits = f"{'above' if open_low else 'from'} {low:g}" + (
        f" to below {high:g}" if high < np.inf else ""
    )
    wanted = f"a {'whole ' if whole else ''}number {limits}"

    def check(value):
        if isinstance(value, bool) or not isinstance(value, kind):
            return wanted + _meant_as_number(value)
        return None if low <= value < high and not (open_low and value == low) else wanted

    return check


def _meant_as_number(value) -> str:
    """YAML 1.1 reads 1e-3 as text: say so, with the spelling that works."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return ""
    mantissa, _, exponent = f"{number:e}".partition("e")
    return f"; YAML reads {value} as text, write {float(mantissa)}e{int(exponent):+d}"


def _optional(check: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    return lambda value: None if value is None else check(value)


def _loss_name(value) -> str | None:
    """Check that Keras has a loss of that name; whether it fits the task, `check_loss` says."""
    try:
        keras.losses.get(value)
    except (ValueError, TypeError, ImportError):
        return _near_name("a loss", value, [n for n in dir(keras.losses) if n[0] != "_"])
    return None if isinstance(value, str) else "a name"


def _near_name(what: str, value, names) -> str:
    """Say what is wanted and which of the names is near."""
    near = difflib.get_close_matches(str(value), [n for n in names if n != value], n=1)
    return f"the name of {what} of Keras" + (f"; did you mean {near[0]!r}?" if near else "")


#: Keras' optimizers by name in lower case, without those that are made of other optimizers.
OPTIMIZERS: dict[str, type[keras.optimizers.Optimizer]] = {
    name.lower(): found
    for name, found in vars(keras.optimizers).items()
    if isinstance(found, type)
    and issubclass(found, keras.optimizers.Optimizer)
    and name not in ("Optimizer", "LossScaleOptimizer", "MultiOptimizer")
}


def _optimizer_name(value) -> str | None:
    known = isinstance(value, str) and value.lower() in OPTIMIZERS
    return None if known else _near_name("an optimizer", value, OPTIMIZERS)


CHECKS: dict[str, Callable[[Any], str | None]] = {
    "loss": _optional(_loss_name),
    "optimizer": _optimizer_name,
    "learning_rate": _number(0, open_low=True),
    "schedule": lambda value: None if value in SCHEDULES else "one of " + ", ".join(SCHEDULES),
    "warmup_epochs": _number(0, whole=True),
    "plateau_factor": _number(0, 1, open_low=True),
    "plateau_patience": _number(1, whole=True),
    "weight_decay": _number(0),
    "global_clipnorm": _optional(_number(0, open_low=True)),
    "label_smoothing": _number(0, 1),
    "batch_size": _number(1, whole=True),
    "epochs": _number(1, whole=True),
    "patience": _number(1, whole=True),
    "ema_momentum": _optional(_number(0, 1)),
    "shift": _number(0, whole=True),
    "precision": lambda value: None if value in PRECISIONS else "one of " + ", ".join(PRECISIONS),
}


def read_settings(
    given: Mapping[str, Any], *, task: str, classes: list[str] | None, model_name: str
) -> Settings:
    """Check settings against a task and fill in the defaults.

    Parameters
    ----------
    given : mapping
        Settings by name; any may be left out.
    task : {"binary", "multiclass", "multilabel", "regression"}
        The dataset's task.
    classes : list of str or None
        Its classes, or labels if there are several.
    model_name : str
        For messages.

    Returns
    -------
    Settings
        With `loss` and `monitor` spelt out for the task.

    Raises
    ------
    InputError
        Naming the model, the setting and what it may be.
    """
    known = [field.name for field in fields(Settings)]
    for name, value in given.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise InputError(
                f"Model {model_name!r}: there is no training setting {name!r}.",
                remedy=f"did you mean {near[0]!r}?" if near else "known are " + ", ".join(known),
            )
        wanted = CHECKS[name](value) if name in CHECKS else None
        if wanted:
            raise InputError(
                f"Model {model_name!r}: training setting {name!r} is {value!r}.",
                remedy=f"give {wanted}",
            )
    settings = Settings(**given)
    _check_class_weights(settings.class_weights, classes, model_name)
    metric = LEARNING_METRIC[task]
    if settings.monitor not in ("loss", "metric", metric):
        raise InputError(
            f"Model {model_name!r}: training setting 'monitor' is {settings.monitor!r}.",
            remedy=f"give loss or metric, which is {metric} in this task",
        )
    monitor = "loss" if settings.monitor == "loss" else metric
    loss = settings.loss or DEFAULT_LOSS[task]
    # Targets are indicator columns here, on which the two are the same function.
    loss = loss.replace("sparse_categorical", "categorical")
    return Settings(**{**asdict(settings), "loss": loss, "monitor": monitor})


def _check_class_weights(weights, classes, model_name) -> None:
    """Raise unless class weights are none, "balanced" or a positive number for known classes."""
    if weights is None or (weights == "balanced" and classes):
        return
    if not classes:
        problem, remedy = "a regression has no classes to weight", "leave class_weights out"
    elif not isinstance(weights, Mapping):
        problem, remedy = f"class_weights is {weights!r}", "give balanced, or a number a class"
    else:
        unknown = [name for name in weights if str(name) not in classes]
        wrong = [name for name, value in weights.items() if _number(0)(value)]
        if not unknown and not wrong:
            return
        problem = (
            f"class_weights names {unknown[0]!r}, which is no class"
            if unknown
            else f"class_weights gives {wrong[0]!r} the weight {weights[wrong[0]]!r}"
        )
        remedy = "classes are " + ", ".join(classes) + "; weights are numbers from 0"
    raise InputError(f"Model {model_name!r}: {problem}.", remedy=remedy)


def make_optimizer(settings: Settings, variables, devices: int = 1) -> keras.optimizers.Optimizer:
    """The optimizer of the settings, built for the given variables.

    Of several devices it expects from each the same gradient, divided by their number.
    """
    kind = OPTIMIZERS[settings.optimizer.lower()]
    # None saves the operation, but AdamW insists on a number.
    no_decay = 0.0 if kind is keras.optimizers.AdamW else None
    optimizer = kind(
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay or no_decay,
        global_clipnorm=settings.global_clipnorm and settings.global_clipnorm / devices,
    )
    if settings.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    if settings.precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(variables)
    return optimizer


def learning_rates(settings: Settings, epoch: int, steps: int, factor: float) -> np.ndarray:
    """Learning rate of each step of an epoch.

    Parameters
    ----------
    settings : Settings
        Schedule and highest rate.
    epoch : int
        From 1.
    steps : int
        Steps in an epoch.
    factor : float
        What plateaus have multiplied the rate by so far.

    Returns
    -------
    numpy.ndarray
        float32 (steps,).
    """
    done = epoch - 1 + (np.arange(steps) + 1) / steps
    rates = np.full(steps, settings.learning_rate * factor)
    if settings.schedule == "cosine":
        share = np.clip(
            (done - settings.warmup_epochs) / max(settings.epochs - settings.warmup_epochs, 1), 0, 1
        )
        rates = settings.learning_rate * (0.01 + 0.99 * (1 + np.cos(np.pi * share)) / 2)
    if settings.warmup_epochs:
        rates = rates * np.minimum(done / settings.warmup_epochs, 1)
    return rates.astype(np.float32)
