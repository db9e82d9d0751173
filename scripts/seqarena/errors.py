"""The one error that a user of Seqarena sees when the input is at fault."""

import re
from collections.abc import Sequence
from pathlib import Path

LONGEST_WORD = 300
LONGEST_LINE = 900
SHOWN = 80
"""Letters of a longer word that are shown."""


def one_line(text: str) -> str:
    """Write text that quotes what users gave so that it stays on one line of a terminal.

    Letters that can't be seen (tabs, escapes, letters without width) are written as Python writes
    them, and what nobody would read to its end (a sequence in the place of a name) is shortened.
    """
    text = re.sub(
        rf"\S{{{LONGEST_WORD},}}",
        lambda word: f"{word[0][:SHOWN]}... ({len(word[0])} letters)",
        text,
    )
    if len(text) > LONGEST_LINE:
        text = f"{text[:LONGEST_LINE]}... ({len(text)} letters)"
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


class InputError(ValueError):
    """Something the user gave can't be used.

    Parameters
    ----------
    problem : str
        What is wrong, as a sentence that quotes the culprit.
    file : path-like, optional
        The file in which it is.
    line : int, optional
        Line of that file, counted from 1.
    record : str, optional
        Identifier of the sequence record.
    remedy : str, optional
        What to do about it, as a sentence.
    also : sequence of str
        What else is wrong, a sentence each.

    Notes
    -----
    The message has at most three lines (problem, place, remedy) beside those of `also`, whatever is
    quoted in them, so that it reads the same on a terminal, in a log and in a test.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        record: str | None = None,
        remedy: str | None = None,
        also: Sequence[str] = (),
    ):
        self.problem, self.file, self.line = problem, file, line
        self.record, self.remedy = record, remedy
        place = [
            f"{name} {value}"
            for name, value in (("file", file), ("line", line), ("record", record))
            if value is not None
        ]
        lines = [problem, *(f"  {other}" for other in also)]
        if place:
            lines.append("  where: " + ", ".join(place))
        if remedy:
            lines.append("  what to do: " + remedy)
        super().__init__("\n".join(map(one_line, lines)))
