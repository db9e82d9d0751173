"""The order in which tests are run."""


def pytest_collection_modifyitems(items):
    """Begin with whole runs of the workflow: they take longest, and one at the end runs alone."""
    items.sort(key=lambda item: "workflow" not in item.path.parts)
