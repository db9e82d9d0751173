"""Builders of networks: a registered architecture, or a user's own function from a file."""

import difflib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqarena.errors import InputError
from seqarena.models.architectures import REGISTRY
from seqarena.models.parameter_checks import CHECKS


@dataclass(frozen=True)
class Builder:
    """A function that makes features, and where it came from.

    Attributes
    ----------
    build : callable
        `build(inputs, **parameters) -> features`; with a parameter `mask`, it is given one.
    name : str
        As the configuration names it.
    file : pathlib.Path or None
        The user's file; None for a registered architecture.
    """

    build: Callable[..., Any]
    name: str
    file: Path | None = None


def resolve(architecture: str, model_name: str = "model") -> Builder:
    """Find a builder by registered name or in a user's file.

    Parameters
    ----------
    architecture : str
        "dense", "conv1d", "conv2d", "conv3d", or "path/to/file.py:function".
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
        raise failure(error, file, model_name, "the builder's file fails to load") from None
    return module


def failure(error: Exception, file: Path, model_name: str, what: str) -> InputError:
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
    known = [name for name in list(signature.parameters)[1:] if name != "mask"]
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


def takes_mask(builder: Builder) -> bool:
    """Say whether a builder asks which positions are real."""
    return "mask" in inspect.signature(builder.build).parameters
