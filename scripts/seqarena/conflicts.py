"""Keys of a configuration that exclude or need each other: what its schema can't say."""

import difflib
from collections.abc import Iterator, Sequence

from seqarena.simulation_settings import KINDS, WORDS, has_numbers
from seqarena.split_settings import ROLES, dataset_split, is_own_split

# Folders beside those of the datasets.
RESERVED = ("across", "bench", "genomes", "examples")

Problem = tuple[tuple, str, str | None]
"""Keys that lead to the place, what is wrong, and perhaps what to do."""


def nearest(word: str, known: Sequence[str]) -> str:
    """Suggest the nearest of the known words, or list them all."""
    close = difflib.get_close_matches(word, known, n=1)
    listing = "allowed: " + ", ".join(known) if known else "none is allowed here"
    return f"did you mean `{close[0]}`? ({listing})" if close else listing


def conflicts(config: dict, schema: dict) -> Iterator[Problem]:
    """Find what the schema can't say: keys that exclude or need each other."""
    yield from _device_conflicts(config)
    yield from _split_conflicts(("split",), config["split"])
    for name, dataset in config["datasets"].items():
        if name in RESERVED:
            problem = f"the folder results/{name} has another use"
            yield ("datasets", name), problem, "give the dataset another name"
        yield from _source_conflicts(("datasets", name), dataset)
        own = dataset.get("split", {})
        yield from _split_conflicts(("datasets", name, "split"), own)
        yield from _effective_split_conflicts(("datasets", name), dataset, own, config["split"])
        metrics = schema["$defs"][f"{dataset['task']}_metric"]["enum"]
        metric = dataset.get("primary_metric", metrics[0])
        if metric not in metrics:
            keys = ("datasets", name, "primary_metric")
            yield keys, f'"{metric}" is no metric of {dataset["task"]}', nearest(metric, metrics)
        unknown = list(_unknown_models(("datasets", name), dataset, config))
        yield from unknown
        controls = dataset.get("controls", {})
        yield from _unknown_models(("datasets", name, "controls"), controls, config)
        yield from _grouping_conflicts(("datasets", name), dataset, config["grouping"])
        yield from _alphabet_conflicts(("datasets", name), dataset)
        if not unknown:
            yield from _model_conflicts(("datasets", name), dataset, config)
    yield from _unknown_models(("controls",), config["controls"], config)


def _unknown_models(keys: tuple, section: dict, config: dict) -> Iterator[Problem]:
    for model in section.get("models") or []:
        if model not in config["models"]:
            remedy = nearest(model, list(config["models"]))
            yield (*keys, "models"), f'there is no model "{model}"', remedy


def _grouping_conflicts(keys: tuple, dataset: dict, general: dict) -> Iterator[Problem]:
    labels = dataset.get("labels", {})
    has_groups = "group" in labels or "(?P<group>" in labels.get("header", "")
    grouping = general | dataset.get("grouping", {})
    if grouping.get("groups") == "replace" and not has_groups:
        problem = f"`{keys[-1]}` has no groups of its own that could replace those of sequence"
        yield (*keys, "grouping"), problem, "name their column by `labels.group`, or set `join`"


def _device_conflicts(config: dict) -> Iterator[Problem]:
    """Find what several GPUs a training job exclude."""
    if config["gpus"] == 1:
        return
    if config["device"] == "cpu":
        yield ("gpus",), "device: cpu uses no GPU", "leave gpus out, or set device: gpu"
    for name, model in config["models"].items():
        if model.get("training", {}).get("precision") == "mixed_float16":
            problem = "mixed_float16 scales the loss, which only one GPU a job can do"
            keys = ("models", name, "training", "precision")
            yield keys, problem, "set precision: mixed_bfloat16, or gpus: 1"


def _split_conflicts(keys: tuple, split: dict) -> Iterator[Problem]:
    lists = [key for key in ROLES if key in split]
    if lists and "column" in split:
        yield keys, "a split comes from id lists or from a column, not both", "remove one"
    if lists and not {"train", "test"} <= set(lists):
        yield keys, f"a split by id lists has only {', '.join(lists)}", "give `train` and `test`"
    for key in ("folds", "test_fraction", "rare_classes"):
        if is_own_split(split) and key in split:
            problem = f"`{key}` has no meaning beside the data's own split"
            yield (*keys, key), problem, f"remove `{key}`"
    if {"folds", "test_fraction"} <= set(split):
        problem = "a split has folds or one locked test set, not both"
        yield keys, problem, "remove `folds` or `test_fraction`"
    if "values" in split and "column" not in split:
        remedy = "say by `column` whose values they are"
        yield (*keys, "values"), "`values` are those of a column, and none is named", remedy
    values = split.get("values", {})
    if both := set(map(str, values.get("test", []))) & set(map(str, values.get("validation", []))):
        problem = f"{', '.join(sorted(both))} can't be both test and validation"
        yield (*keys, "values"), problem, "name each value once"


def _effective_split_conflicts(
    keys: tuple, dataset: dict, own: dict, general: dict
) -> Iterator[Problem]:
    """Find what is wrong with a dataset's split once the general one has filled its gaps."""
    split = dataset_split(own, {"folds": None} | general)
    given = "validation" in split or "validation" in split.get("values", {})
    validator = "records given for validation" if given else "folds, one of which validates"
    if "validation_fraction" in own and (given or "folds" in split):
        problem = f"`validation_fraction` has no use beside {validator}"
        yield (*keys, "split", "validation_fraction"), problem, "remove `validation_fraction`"
    if "column" in split and ("simulation" in dataset or isinstance(dataset.get("fasta"), dict)):
        source = "a simulation" if "simulation" in dataset else "a FASTA per class"
        problem = f"{source} has no column `{split['column']}` to split `{keys[-1]}` by"
        yield (*keys, "split"), problem, "give it a `split` of its own with `folds`"


SOURCES = ("fasta", "table", "intervals", "numbers", "simulation")
"""The keys that say where records come from."""


def _source_conflicts(keys: tuple, dataset: dict) -> Iterator[Problem]:
    name, given = keys[-1], [source for source in SOURCES if source in dataset]
    if len(given) != 1:
        found = " and ".join(given) if given else "none"
        problem = f"`{name}` needs one source of records, and has {found}"
        yield keys, problem, f"give one of {', '.join(f'`{source}`' for source in SOURCES)}"
        return
    (source,) = given
    if source == "simulation":
        yield from _simulation_conflicts(keys, dataset)
        return
    if source == "fasta":
        yield from _fasta_conflicts(keys, dataset)
    elif source == "intervals":
        yield from _interval_conflicts(keys, dataset)
    for key in ("table", "header", "id"):
        if source != "fasta" and key in dataset.get("labels", {}):
            if key == "id" and dataset["labels"]["id"] == "id":
                continue
            problem = f"labels of `{source}` are columns of its own, so `{key}` has no meaning"
            yield (*keys, "labels", key), problem, f"remove `labels.{key}`"
    if "positive" in dataset and dataset["task"] != "binary":
        yield (*keys, "positive"), "only a binary task has a positive class", "remove `positive`"
    yield from _label_conflicts(keys, dataset)


def _simulation_conflicts(keys: tuple, dataset: dict) -> Iterator[Problem]:
    settings = dataset["simulation"]
    name, kind = settings["kind"], KINDS[settings["kind"]]
    if dataset["task"] != kind.task:
        problem = f"a simulation of kind `{name}` is made for the task {kind.task}"
        yield (*keys, "task"), problem, f"set `task: {kind.task}`"
    for key in sorted(set(settings) - set(kind.settings) - {"kind"}):
        problem = f"`{key}` has no meaning for a simulation of kind `{name}`"
        remedy = f"remove it; `{name}` has {', '.join(f'`{known}`' for known in kind.settings)}"
        yield (*keys, "simulation", key), problem, remedy
    if "placement" in kind.settings and "placement" not in settings:
        problem = f"the key `placement` is missing in `{'.'.join((*keys, 'simulation'))}`"
        yield (*keys, "simulation"), problem, "add `placement:`"
    unused = {"labels"} | ({"length"} if name != "unequal_lengths" else set())
    unused |= {"positive"} if kind.task != "binary" else set()
    for key in sorted(unused & set(dataset)):
        yield (*keys, key), f"`{key}` has no meaning for this simulation", f"remove `{key}`"
    yield from _simulated_alphabet_conflicts((*keys, "alphabet"), dataset["alphabet"], name)


def _simulated_alphabet_conflicts(keys: tuple, alphabet, name: str) -> Iterator[Problem]:
    wanted = KINDS[name].alphabet
    problem = f"a simulation of kind `{name}` is made of {wanted}"
    if wanted == "words":
        known = [] if isinstance(alphabet, str) else alphabet["words"]
        if set(WORDS) - set(known):
            yield keys, problem, f"set `alphabet: {{words: [{', '.join(WORDS)}]}}`"
    elif wanted != "numbers" and alphabet != wanted:
        yield keys, problem, f"set `alphabet: {wanted}`"


def _fasta_conflicts(keys: tuple, dataset: dict) -> Iterator[Problem]:
    name, labels, per_class = keys[-1], dataset.get("labels"), isinstance(dataset["fasta"], dict)
    yield from _per_class_conflicts(keys, dataset, "fasta", dataset["fasta"])
    given = {"table", "header"} & set(labels or {})
    if not per_class and len(given) == 2:
        yield (*keys, "labels"), "labels come from a table or from headers, not both", "remove one"
    if not per_class and not given:
        remedy = "give `labels: {table: ...}` or `labels: {header: ...}`, or a FASTA per class"
        yield keys, f"it isn't said where the labels of `{name}` come from", remedy
    if dataset["alphabet"] not in ("dna", "rna", "protein"):
        problem = "FASTA holds letters, which have nothing between them, not words"
        yield (*keys, "fasta"), problem, "give sentences in a column, by `table`"


def _interval_conflicts(keys: tuple, dataset: dict) -> Iterator[Problem]:
    intervals = dataset["intervals"]
    yield from _per_class_conflicts(keys, dataset, "intervals", intervals["file"])
    if "negatives" in intervals:
        if isinstance(intervals["file"], dict) or "labels" in dataset:
            problem = (
                "negatives are drawn where all intervals are positive, and here they have labels"
            )
            yield (*keys, "intervals", "negatives"), problem, "remove `negatives`, or the labels"
        elif dataset["task"] != "binary":
            yield (*keys, "task"), "positives and negatives are two classes", "set `task: binary`"
    elif not isinstance(intervals["file"], dict) and "labels" not in dataset:
        remedy = "give a file per class, `negatives`, or `labels: {column: ...}`"
        yield keys, f"it isn't said where the labels of `{keys[-1]}` come from", remedy
    if intervals["center"] == "summit" and "width" not in intervals:
        problem = "a summit needs a `width` around it"
        yield (*keys, "intervals", "center"), problem, "give `width`"
    if dataset["alphabet"] != "dna":
        yield (*keys, "alphabet"), "a genome is DNA", "remove `alphabet`"


def _per_class_conflicts(keys: tuple, dataset: dict, source: str, files) -> Iterator[Problem]:
    if not isinstance(files, dict):
        return
    if "labels" in dataset:
        yield (*keys, "labels"), "files per class label themselves", "remove `labels`"
    classes = [str(name).strip() for name in files]
    if len(set(classes)) < len(classes) or not all(classes):
        problem = "the names of two classes differ in blanks only, or a class has no name"
        yield (*keys, source), problem, "give each class a name of its own"
    if dataset["task"] not in ("binary", "multiclass"):
        problem = f"files per class can't give what a {dataset['task']} needs"
        yield (*keys, source), problem, "name a column of `labels` instead"


def _label_conflicts(keys: tuple, dataset: dict) -> Iterator[Problem]:
    labels, task = dataset.get("labels", {}), dataset["task"]
    keys = (*keys, "labels")
    if {"column", "columns"} <= set(labels):
        yield keys, "there is a `column` and there are `columns`", "remove one"
    if task == "multilabel" and len(labels.get("columns", [])) < 2:
        yield keys, "a multilabel task needs a column a label", "name them by `columns`"
    if task in ("binary", "multiclass") and len(labels.get("columns", [])) > 1:
        problem = f"a {task} task has one column of labels"
        yield (*keys, "columns"), problem, "name it by `column`, or set `task: multilabel`"
    order = list(map(str, labels.get("order", [])))
    if repeated := [level for level in order if order.count(level) > 1]:
        problem = f'the class "{repeated[0]}" has two places in the order'
        yield (*keys, "order"), problem, "name each class once; 1 and '1' are the same"
    if dataset.get("table", {}).get("sequence") in _label_columns(labels):
        problem = "the label would be the sequence itself"
        yield keys, problem, "name the column of labels by `column`"
    if "order" in labels and task != "regression":
        problem = "ordered classes are predicted as the numbers 0, 1, 2, ..."
        yield (*keys, "order"), problem, "set `task: regression`"


def _label_columns(labels: dict) -> list[str]:
    return labels.get("columns") or [labels.get("column", "label")]


def _alphabet_conflicts(keys: tuple, dataset: dict) -> Iterator[Problem]:
    alphabet = "numbers" if has_numbers(dataset) else dataset["alphabet"]
    name = alphabet if isinstance(alphabet, str) else "words"
    if name == "numbers" and dataset["alphabet"] != "dna":
        yield (*keys, "alphabet"), "a table of numbers has no alphabet", "remove `alphabet`"
    if name != "dna" and dataset.get("both_strands"):
        problem = f"{name} has no second strand"
        yield (*keys, "both_strands"), problem, "remove `both_strands`"
    unused = {"words": ("ambiguous", "soft_masked", "gaps"), "numbers": ("length",)}
    unused["numbers"] += unused["words"]
    defaults = {"ambiguous": "share", "soft_masked": "upper", "gaps": "refuse"}
    for key in unused.get(name, ()):
        if dataset.get(key) != defaults.get(key):
            yield (*keys, key), f"`{key}` has no meaning for {name}", f"remove `{key}`"
    if name in ("words", "numbers") and dataset.get("grouping", {}).get("by") == "homology":
        problem = f"{name} have no homology"
        yield (*keys, "grouping", "by"), problem, "set `by: sequence`, or remove it"
    if name == "numbers" and dataset.get("controls", {}).get("shuffled_input"):
        problem = "a row of numbers has no order to shuffle"
        yield (*keys, "controls", "shuffled_input"), problem, "remove `shuffled_input`"


NEEDED_REPRESENTATION = {"conv1d": "one_hot", "conv2d": "chaos_game", "conv3d": "chaos_game_3d"}
"""What a convolution of each rank needs to be shown."""


def misfit(model: dict, dataset: dict) -> str | None:
    """Say why a model can't compete on a dataset, or nothing."""
    architecture, kind = model["architecture"], (model.get("representation") or {}).get("kind")
    numbers, letters = has_numbers(dataset), dataset["alphabet"] in ("dna", "rna")
    kind = kind or NEEDED_REPRESENTATION.get(architecture)
    if numbers and architecture in (*NEEDED_REPRESENTATION, "composition"):
        return f"`{architecture}` reads sequences, and `numbers` has none"
    if numbers and kind is not None:
        return f"numbers are shown as they are, not as {kind}"
    if kind in ("chaos_game", "chaos_game_3d") and not letters:
        return "a chaos-game image has a corner for each of four bases"
    if model["parameters"].get("both_strands") and (numbers or dataset["alphabet"] != "dna"):
        return "`both_strands` counts words of the other strand, and only DNA has one"
    if model.get("reverse_complement", "none") != "none" and not dataset["both_strands"]:
        return (
            f"`reverse_complement: {model['reverse_complement']}` reads both strands, and here "
            "only one strand is meant (RNA, protein, words, or both_strands: false)"
        )
    return None


def _model_conflicts(keys: tuple, dataset: dict, config: dict) -> Iterator[Problem]:
    for name in dataset.get("models", config["models"]):
        problem = misfit(config["models"][name], dataset)
        if problem:
            remedy = f"leave `{name}` out of the dataset's `models`, or change the model"
            yield keys, f"the model `{name}` can't compete on `{keys[-1]}`: {problem}", remedy
