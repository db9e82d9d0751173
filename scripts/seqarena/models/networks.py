"""Networks from builders: what they are shown in front, the task's head behind."""

import inspect
import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from seqarena.data.alphabet import DNA, Alphabet
from seqarena.data.description import note
from seqarena.errors import InputError
from seqarena.models.architectures import RANKS
from seqarena.models.builders import Builder, check_parameters, failure, resolve, takes_mask
from seqarena.models.layers import OneHot, ReverseComplement, Standardise, TargetScale
from seqarena.models.masking import PaddingMask
from seqarena.models.representations import WordFrequencies, word_cells


@dataclass(frozen=True)
class Network:
    """A network twice, on the same weights, and what must be known of it to train it.

    Attributes
    ----------
    core : keras.Model
        Tokens -> what the loss is computed on: probabilities, or standardised values.
    model : keras.Model
        Tokens -> predictions in the target's own units; what is saved. For classification it is
        `core` itself.
    task : {"binary", "multiclass", "multilabel", "regression"}
        What it predicts.
    alphabet : Alphabet
        Of the tokens.
    cells : int
        Numbers of a record's representation; 0 where it has none.
    augment : bool
        Whether training turns half of the records round.
    standardise : Standardise or None
        The layer that scales numbers, in `core`.
    scale : TargetScale or None
        The layer between the two, for regression.
    """

    core: keras.Model
    model: keras.Model
    task: str
    alphabet: Alphabet
    cells: int = 0
    augment: bool = False
    standardise: Standardise | None = None
    scale: TargetScale | None = None


@dataclass(frozen=True)
class Inputs:
    """What a network reads, and how it is shown to the builder.

    Parameters
    ----------
    length : int or None
        Letters of a record, or columns of numbers; None: any number of letters.
    alphabet : Alphabet
        Of the letters.
    padded : bool
        Whether records are padded, so that padding must be masked.
    representation : dict or None
        `kind` and `k` of `seqarena.models.representations.WordFrequencies`; None: one-hot letters,
        or numbers as they are.
    reverse_complement : {"none", "augment", "average"}
        "average": logits are the mean over both strands, through the same weights.
    """

    length: int | None
    alphabet: Alphabet = DNA
    padded: bool = False
    representation: Mapping[str, Any] | None = None
    reverse_complement: str = "none"


HEADS = {
    "binary": "sigmoid",
    "multiclass": "softmax",
    "multilabel": "sigmoid",
    "regression": "linear",
}


def build_network(
    builder: Builder,
    parameters: Mapping[str, Any],
    *,
    inputs: Inputs,
    task: str,
    n_outputs: int,
    model_name: str = "model",
) -> Network:
    """Build a network from tokens (or numbers) to predictions.

    Parameters
    ----------
    builder : Builder
        From `resolve`.
    parameters : mapping
        The builder's keyword arguments.
    inputs : Inputs
        What it reads.
    task : {"binary", "multiclass", "multilabel", "regression"}
        Decides the head: sigmoid (for each label), softmax, or linear with `TargetScale`.
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
        When parameters or inputs don't fit, or a user's builder fails or returns something else.
    """
    check_parameters(builder, parameters, model_name)
    alphabet, numbers = inputs.alphabet, inputs.alphabet.name == "numbers"
    if inputs.reverse_complement != "none" and alphabet.complement is None:
        raise InputError(
            f"Model {model_name!r}: {alphabet.name} has no second strand to read.",
            remedy="set reverse_complement: none",
        )
    dtype = "float32" if numbers else "uint8"
    tokens = keras.Input((inputs.length,), dtype=dtype, name="tokens")
    standardise = Standardise(dtype="float32", name="standardise") if numbers else None

    def strand(tokens, activation):
        shown = standardise(tokens) if numbers else _shown(tokens, inputs, model_name)
        mask = None
        if inputs.padded and takes_mask(builder) and not inputs.representation:
            mask = PaddingMask(alphabet, name="padding_mask")(tokens)
        features = _features(builder, shown, mask, parameters, model_name)
        head = keras.layers.Dense(
            n_outputs, activation=activation, dtype="float32", name="prediction"
        )
        return head(features)

    if inputs.reverse_complement == "average":
        one_strand = keras.Input((inputs.length,), dtype=dtype, name="strand")
        logits = keras.Model(one_strand, strand(one_strand, "linear"), name="one_strand")
        other = ReverseComplement(alphabet, name="other_strand")(tokens)
        # A sum of two doesn't depend on their order, so both strands give the same bits.
        mean = keras.layers.Average(dtype="float32")([logits(tokens), logits(other)])
        outputs = keras.layers.Activation(HEADS[task], dtype="float32", name="probability")(mean)
    else:
        outputs = strand(tokens, HEADS[task])
    core = keras.Model(tokens, outputs)
    parts = {"augment": inputs.reverse_complement == "augment", "standardise": standardise}
    if inputs.representation:
        shape, _ = word_cells(**inputs.representation, alphabet=alphabet)
        parts["cells"] = math.prod(shape)
    if task != "regression":
        return Network(core, core, task, alphabet, **parts)
    scale = TargetScale(dtype="float32", name="target_scale")
    return Network(core, keras.Model(tokens, scale(outputs)), task, alphabet, **parts, scale=scale)


def input_notices(builder: Builder, parameters, inputs: Inputs, dataset) -> list[dict[str, Any]]:
    """Say what of the records a network sees or misses that one wouldn't expect.

    Parameters
    ----------
    builder, parameters, inputs
        As of `build_network`.
    dataset : seqarena.data.dataset.Dataset
        The records.

    Returns
    -------
    list of dict
        Entries {"what", "count"}, counted in records.
    """
    lengths = np.minimum(dataset.records["length"], dataset.summary["length"])
    shown = inputs.representation
    if shown:
        what = f"records have fewer than {shown['k']} letters, and so nothing is seen of them"
        return note(what, (lengths < shown["k"]).sum())
    blind = takes_mask(builder) and parameters.get("readout") != "flatten"
    if not inputs.padded or blind:
        return []
    what = "records are padded, and the model can see by that how long they are"
    return note(what, (lengths < dataset.summary["length"]).sum())


def _shown(tokens, inputs: Inputs, model_name: str):
    """Tokens as the builder is shown them."""
    if not inputs.representation:
        return OneHot(inputs.alphabet, name="one_hot")(tokens)
    try:
        words = WordFrequencies(
            **inputs.representation, alphabet=inputs.alphabet, dtype="float32", name="words"
        )
    except InputError as error:
        raise InputError(f"Model {model_name!r}: {error.problem}", remedy=error.remedy) from None
    return words(tokens)


def _features(builder: Builder, inputs, mask, parameters, model_name: str):
    """Call the builder and check what it returns."""
    parameters = {**parameters, "mask": mask} if takes_mask(builder) else parameters
    if builder.file is None:
        axes = RANKS.get(builder.name, len(inputs.shape))
        if axes != len(inputs.shape):
            raise InputError(
                f"Model {model_name!r}: {builder.name} can't be shown a tensor of "
                f"{len(inputs.shape) - 1} axes.",
                remedy="conv1d takes one_hot, conv2d chaos_game and conv3d chaos_game_3d",
            )
        try:
            return builder.build(inputs, **parameters)
        except InputError as error:
            raise InputError(
                f"Model {model_name!r}: {error.problem}.", remedy="change the model's parameters"
            ) from None
    try:
        features = builder.build(inputs, **parameters)
    except Exception as error:
        raise failure(error, builder.file, model_name, "the builder fails") from None
    shape = getattr(features, "shape", None)
    problem = None
    if not isinstance(features, keras.KerasTensor) or len(shape) != 2 or shape[1] is None:
        found = f"a tensor of shape {shape}" if shape is not None else type(features).__name__
        problem = f"returns {found}, not features (batch, number)"
    else:
        try:
            keras.Model(inputs if mask is None else [inputs, mask], features)
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
    shape, numbers = network.model.input_shape, network.alphabet.name == "numbers"
    tokens = np.arange(shape[1] or 64)[None] % (network.alphabet.unknown + 1)
    tokens = tokens.astype(np.float32 if numbers else np.uint8)
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

    Shorter records are padded at the right with the alphabet's padding. A network of numbers takes
    these as float32 (n, columns).

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
