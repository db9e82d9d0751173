"""Import this before anything that imports Keras: it then starts in about two thirds of the time.

Keras imports scikit-learn and matplotlib where they are installed, for wrappers and galleries that
no training needs, and takes both for missing where an import fails. So it finds them missing while
it is imported, and nobody else does.
"""

import sys

from seqarena.models import devices  # noqa: F401  (settles what TensorFlow reads when imported)

OPTIONAL = ("sklearn", "matplotlib")

if "keras" not in sys.modules:
    hidden = [name for name in OPTIONAL if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None
    try:
        import keras  # noqa: F401
    finally:
        for name in hidden:
            del sys.modules[name]
