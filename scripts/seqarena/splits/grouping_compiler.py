"""Compilation of loops, with a cache on disk where there is room for one."""

from collections.abc import Callable

from numba import njit


def compiled(function: Callable) -> Callable:
    """Compile a function on its first call; other threads run on meanwhile.

    What was compiled is kept in ``__pycache__`` beside the source, or in the user's cache if that
    folder can't be written, and is used by later processes. Where neither can be written (a
    container, a shared installation), each process compiles anew, which takes some seconds, rather
    than that it fails, as Numba would.

    Parameters
    ----------
    function : callable
        As `numba.njit` takes.

    Returns
    -------
    callable
        The compiled function.
    """
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:  # "cannot cache function ...: no locator available"
        return njit(nogil=True)(function)
