"""From a dataset to groups, folds and roles."""
