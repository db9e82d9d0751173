"""Networks from builders: a registered one or a user's own from a file, with the task's head."""

import difflib
import importlib.util
import inspect
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from seqarena.errors import InputError
from seqarena.models.architectures import CHECKS, REGISTRY
from seqarena.models.layers import OneHot, TargetScale


@dataclass(frozen=True)
class Builder:
    """A function that makes features, and where it came from.

    Attributes
    ----------
    build : callable
        `build(inputs, **parameters) -> features`.
    name : str
        As the configuration names it.
    file : pathlib.Path or None
        The user's file; None for a registered architecture.
    """

    build: Callable[..., Any]
    name: str
    file: Path | None = None


@dataclass(frozen=True)
class Network:
    """A network twice, on the same weights.

    Attributes
    ----------
    core : keras.Model
        Tokens -> what the loss is computed on: probabilities, or standardised values.
    model : keras.Model
        Tokens -> predictions in the target's own units; what is saved. For classification it is
        `core` itself.
    scale : TargetScale or None
        The layer between the two, for regression.
    """

    core: keras.Model
    model: keras.Model
    scale: TargetScale | None


def resolve(architecture: str, model_name: str = "model") -> Builder:
    """Find a builder by registered name or in a user's file.

    Parameters
    ----------
    architecture : str
        "dense", "conv1d", or "path/to/file.py:function".
    model_name : str
        For messages.

    Returns
    -------
    Builder
        The function and its origin.

    Raises
    ------
    InputError
        For an unknown name, or a file that is missing, doesn't load or lacks the function.
    """
    if architecture in REGISTRY:
        return Builder(REGISTRY[architecture], architecture)
    file_name, colon, function = architecture.rpartition(":")
    if not colon or not file_name.endswith(".py"):
        near = difflib.get_close_matches(architecture, REGISTRY, n=1)
        raise InputError(
            f"Model {model_name!r}: there is no architecture {architecture!r}.",
            remedy=(f"did you mean {near[0]!r}? " if near else "")
            + f"known are {', '.join(REGISTRY)}, and your own as path/to/file.py:function",
        )
    file = Path(file_name)
    if not file.is_file():
        raise InputError(
            f"Model {model_name!r}: the builder's file doesn't exist.",
            file=file,
            remedy="give its path from the working directory",
        )
    module = _load(file, model_name)
    build = getattr(module, function, None)
    if not callable(build):
        own = [
            name
            for name, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == module.__name__
        ]
        raise InputError(
            f"Model {model_name!r}: the file has no function {function!r}.",
            file=file,
            remedy=f"it has {', '.join(own)}" if own else "define build(inputs, **parameters)",
        )
    return Builder(build, architecture, file)


def _load(file: Path, model_name: str):
    """Run a user's file as a module of its own."""
    name = f"seqarena_user_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickling look modules up by name
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise InputError(
            f"Model {model_name!r}: the builder's file isn't Python: {error.msg}.",
            file=file,
            line=error.lineno,
            remedy="correct the file",
        ) from None
    except Exception as error:
        raise _failure(error, file, model_name, "the builder's file fails to load") from None
    return module


def _failure(error: Exception, file: Path, model_name: str, what: str) -> InputError:
    """One message for an exception in a user's file: its words and the line in that file."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).resolve() == file.resolve()
    ]
    words = " ".join(str(error).split())
    return InputError(
        f"Model {model_name!r}: {what}: {type(error).__name__}: {words}",
        file=file,
        line=lines[-1] if lines else None,
        remedy="correct the file; a builder is build(inputs, **parameters) -> features, "
        "from one-hot letters (batch, length, 4) to a tensor (batch, number)",
    )


def check_parameters(builder: Builder, parameters: Mapping[str, Any], model_name: str) -> None:
    """Check names (and, of registered architectures, values) of a model's parameters.

    Raises
    ------
    InputError
        Naming the model and the parameter.
    """
    signature = inspect.signature(builder.build)
    known = list(signature.parameters)[1:]
    open_ended = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
    for name, value in parameters.items():
        if name not in known and not open_ended:
            near = difflib.get_close_matches(name, known, n=1)
            raise InputError(
                f"Model {model_name!r}: {builder.name!r} has no parameter {name!r}.",
                file=builder.file,
                remedy=f"did you mean {near[0]!r}?" if near else "it takes " + ", ".join(known),
            )
        wanted = CHECKS[name](value) if builder.file is None else None
        if wanted:
            raise InputError(
                f"Model {model_name!r}: parameter {name!r} is {value!r}.",
                remedy=f"give {wanted}",
            )


def build_network(
    builder: Builder,
    parameters: Mapping[str, Any],
    *,
    length: int,
    task: str,
    n_outputs: int,
    model_name: str = "model",
) -> Network:
    """Build a network from tokens to predictions.

    Parameters
    ----------
    builder : Builder
        From `resolve`.
    parameters : mapping
        The builder's keyword arguments.
    length : int
        Bases in a sequence.
    task : {"binary", "multiclass", "regression"}
        Decides the head: sigmoid, softmax, or linear with `TargetScale`.
    n_outputs : int
        Classes of a multiclass task; otherwise number of targets.
    model_name : str
        For messages.

    Returns
    -------
    Network
        Freshly initialised from Keras' global seed.

    Raises
    ------
    InputError
        When parameters don't fit, or a user's builder fails or returns something else.
    """
    check_parameters(builder, parameters, model_name)
    tokens = keras.Input((length,), dtype="uint8", name="tokens")
    features = _features(builder, OneHot(name="one_hot")(tokens), parameters, model_name)
    activation = {"binary": "sigmoid", "multiclass": "softmax", "regression": "linear"}[task]
    head = keras.layers.Dense(n_outputs, activation=activation, dtype="float32", name="prediction")
    outputs = head(features)
    core = keras.Model(tokens, outputs)
    if task != "regression":
        return Network(core, core, None)
    scale = TargetScale(dtype="float32", name="target_scale")
    return Network(core, keras.Model(tokens, scale(outputs)), scale)


def _features(builder: Builder, inputs, parameters, model_name: str):
    """Call the builder and check what it returns."""
    if builder.file is None:
        try:
            return builder.build(inputs, **parameters)
        except InputError as error:
            raise InputError(
                f"Model {model_name!r}: {error.problem}.", remedy="change the model's parameters"
            ) from None
    try:
        features = builder.build(inputs, **parameters)
    except Exception as error:
        raise _failure(error, builder.file, model_name, "the builder fails") from None
    shape = getattr(features, "shape", None)
    problem = None
    if not isinstance(features, keras.KerasTensor) or len(shape) != 2 or shape[1] is None:
        found = f"a tensor of shape {shape}" if shape is not None else type(features).__name__
        problem = f"returns {found}, not features (batch, number)"
    else:
        try:
            keras.Model(inputs, features)
        except ValueError:
            problem = "returns a tensor that doesn't depend on its inputs"
    if problem:
        code = getattr(inspect.unwrap(builder.build), "__code__", None)
        raise InputError(
            f"Model {model_name!r}: the builder {problem}.",
            file=builder.file,
            line=code.co_firstlineno if code else None,
            remedy="end it with keras.layers.Flatten or GlobalMaxPooling1D, without a head",
        )
    return features


def check_saving(network: Network, builder: Builder, model_name: str) -> None:
    """Save a user's network and load it again, before hours of training go into it.

    Raises
    ------
    InputError
        When it can't be saved, can't be loaded, or comes back with other predictions.
    """
    remedy = (
        "use Keras' own layers and keras.ops, without Lambda; decorate a layer of your own with "
        "keras.saving.register_keras_serializable(), and give it a get_config with its arguments"
    )
    tokens = np.arange(network.model.input_shape[1], dtype=np.uint8)[None] % 5
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            network.model.save(path)
            loaded = keras.models.load_model(path, compile=False)
        same = np.allclose(loaded(tokens), network.model(tokens), equal_nan=True)
    except Exception as error:
        while error.__context__ is not None:  # Keras wraps the reason in pages of configuration
            error = error.__context__
        words = " ".join(str(error).split()).partition(". ")[0][:300]
        problem = f"can't be saved and loaded: {type(error).__name__}: {words}."
    else:
        if same:
            return
        problem = "gives other predictions when it is saved and loaded."
    raise InputError(
        f"Model {model_name!r}: the builder's network {problem}",
        file=builder.file,
        remedy=remedy,
    )


def load_network(path: str | Path, architecture: str | None = None) -> keras.Model:
    """Load a saved network: uint8 tokens (n, length) -> predictions in the target's own units.

    Parameters
    ----------
    path : path-like
        `fold{k}.keras` of a run.
    architecture : str, optional
        As in the run's `run.json`; needed where a user's file defines layers of its own,
        which it registers with Keras when it is run.

    Returns
    -------
    keras.Model
        The network.
    """
    if architecture is not None:
        resolve(architecture)
    return keras.models.load_model(path, compile=False)
