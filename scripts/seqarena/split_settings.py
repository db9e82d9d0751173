"""What a `split` section means: which kind of split it asks for, and what each kind takes."""

ROLES = ("train", "validation", "test")
# The keys that say which kind of split is meant; one kind excludes the others.
KINDS_OF_SPLIT = ("folds", "test_fraction", "column", "train")


def is_own_split(split: dict) -> bool:
    """Say whether a ``split`` section names the data's own split."""
    return "train" in split or "column" in split


def has_fixed_test(split: dict) -> bool:
    """Say whether a complete ``split`` section has one test set, so that its repeats are seeds."""
    return "folds" not in split


def dataset_split(own: dict, general: dict) -> dict:
    """Fill a dataset's split from the general one, leaving out what its kind has no use for."""
    if set(own) & set(KINDS_OF_SPLIT):  # one kind of split replaces the other
        others = {*KINDS_OF_SPLIT, *ROLES, "values"} - {"folds"}
        general = {key: general[key] for key in general if key not in others}
    split = general | own
    unused = {"validation_fraction"}
    if is_own_split(split):
        unused = {"folds", "rare_classes"}
    elif "test_fraction" in split:
        unused = {"folds"}
    return {key: value for key, value in split.items() if key not in unused}
