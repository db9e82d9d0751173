"""The report for machines: all that the page says, as plain data."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqarena.reporting.cells import Layout, Picture, Table

SCHEMA_VERSION = 1
"""Goes up when a key of `report.json` changes its meaning or goes away."""


def report_content(views: Mapping) -> dict[str, Any]:
    """Give the report as mappings, lists, texts and numbers.

    Parameters
    ----------
    views : mapping
        Of `report.report_views`, the same as for the page.

    Returns
    -------
    dict
        Fit for JSON, with the keys in the order of the page. A table is a mapping of caption,
        records (a mapping a row of the source: numbers, not texts) and notes; a figure one of
        title, caption and alternative (what is to be seen). What is undefined or infinite is None.
    """
    return {"schema_version": SCHEMA_VERSION, **as_data(views)}


def as_data(value: object) -> Any:
    """Turn a part of the views into what JSON knows.

    Parameters
    ----------
    value : object
        Mapping, sequence, named tuple, frame, array, path, text, number or None.
    """
    if isinstance(value, Table):
        value = {"caption": value.caption, "records": value.records, "notes": value.notes}
    elif isinstance(value, Picture):
        value = {key: getattr(value, key) for key in ("title", "caption", "alternative")}
    elif hasattr(value, "_asdict"):
        value = value._asdict()
    elif isinstance(value, pd.DataFrame):
        value = value.to_dict("records")
    if isinstance(value, Mapping):
        shown = ((key, part) for key, part in value.items() if not isinstance(part, Layout))
        return {str(key): as_data(part) for key, part in shown}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [as_data(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return str(value) if isinstance(value, Path) else value
