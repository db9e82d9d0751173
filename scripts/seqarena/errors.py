"""The one error that a user of Seqarena sees when the input is at fault."""

from pathlib import Path


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

    Notes
    -----
    The message has at most three lines (problem, place, remedy), so that it reads the same on a
    terminal, in a log and in a test.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        record: str | None = None,
        remedy: str | None = None,
    ):
        self.problem, self.file, self.line = problem, file, line
        self.record, self.remedy = record, remedy
        place = [
            f"{name} {value}"
            for name, value in (("file", file), ("line", line), ("record", record))
            if value is not None
        ]
        lines = [problem]
        if place:
            lines.append("  where: " + ", ".join(place))
        if remedy:
            lines.append("  what to do: " + remedy)
        super().__init__("\n".join(lines))
