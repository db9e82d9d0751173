"""Ways to spoil a file or a configuration, each a function of a random generator and the content.

A mutator gives the changed content; what it can't be applied to it gives back as it is.
"""

import gzip
import random
import re
from collections.abc import Callable

from .corpus import bgzip

Mutator = Callable[[random.Random, bytes], bytes]


def lines_of(content: bytes) -> list[bytes]:
    return content.split(b"\n")


def at_random(rng: random.Random, content: bytes, piece: bytes, cut: int = 0) -> bytes:
    at = rng.randint(0, len(content))
    return content[:at] + piece + content[at + cut :]


def flip(rng: random.Random, content: bytes) -> bytes:
    changed = bytearray(content or b"x")
    for _ in range(rng.randint(1, 3)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def duplicate_line(rng: random.Random, content: bytes) -> bytes:
    lines = lines_of(content)
    at = rng.randrange(len(lines))
    return b"\n".join([*lines[:at], lines[at], *lines[at:]])


def remove_line(rng: random.Random, content: bytes) -> bytes:
    lines = lines_of(content)
    del lines[rng.randrange(len(lines))]
    return b"\n".join(lines)


def swap_lines(rng: random.Random, content: bytes) -> bytes:
    lines = lines_of(content)
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[i], lines[j] = lines[j], lines[i]
    return b"\n".join(lines)


def mixed_endings(rng: random.Random, content: bytes) -> bytes:
    return b"".join(line + rng.choice([b"\n", b"\r\n", b"\r"]) for line in lines_of(content))


def join_lines(rng: random.Random, content: bytes) -> bytes:
    at = rng.randrange(content.count(b"\n") + 1)
    lines = lines_of(content)
    return b"\n".join([*lines[:at], b"".join(lines[at : at + 2]), *lines[at + 2 :]])


def replaced(old: bytes, new: bytes, once: bool = False) -> Mutator:
    """Replace a piece everywhere, or once at a random place."""

    def mutate(rng: random.Random, content: bytes) -> bytes:
        if not once or old not in content:
            return content.replace(old, new)
        parts = content.split(old)
        at = rng.randrange(1, len(parts))
        return old.join(parts[:at]) + new + old.join(parts[at:])

    return mutate


def inserted(piece: str | bytes) -> Mutator:
    """Put a piece at a random place."""
    raw = piece if isinstance(piece, bytes) else piece.encode()
    return lambda rng, content: at_random(rng, content, raw)


def line_inserted(line: str) -> Mutator:
    def mutate(rng: random.Random, content: bytes) -> bytes:
        lines = lines_of(content)
        lines.insert(rng.randint(0, len(lines)), line.encode())
        return b"\n".join(lines)

    return mutate


BYTES: dict[str, Mutator] = {
    "flip": flip,
    "flip again": flip,
    "cut out": lambda rng, x: at_random(rng, x, b"", rng.randint(1, 30)),
    "letter cut out": lambda rng, x: at_random(rng, x, b"", 1),
    "truncated": lambda rng, x: x[: rng.randrange(len(x) + 1)],
    "begun late": lambda rng, x: x[rng.randrange(len(x) + 1) :],
    "empty": lambda rng, x: b"",
    "blank": lambda rng, x: b" \n\t\n\n",
    "first line only": lambda rng, x: lines_of(x)[0],
    "no first line": lambda rng, x: x.partition(b"\n")[2],
    "twice": lambda rng, x: x + x,
    "line twice": duplicate_line,
    "line removed": remove_line,
    "lines swapped": swap_lines,
    "lines joined": join_lines,
    "shuffled": lambda rng, x: b"\n".join(rng.sample(lines_of(x), len(lines_of(x)))),
    "crlf": replaced(b"\n", b"\r\n"),
    "lone cr": replaced(b"\n", b"\r"),
    "mixed endings": mixed_endings,
    "blank lines": replaced(b"\n", b"\n\n"),
    "no last newline": lambda rng, x: x.rstrip(b"\n"),
    "byte order mark": lambda rng, x: b"\xef\xbb\xbf" + x,
    "mark within": inserted("\ufeff"),
    "utf-16": lambda rng, x: x.decode("latin-1").encode("utf-16"),
    "utf-16 without mark": lambda rng, x: x.decode("latin-1").encode("utf-16-le"),
    "utf-32": lambda rng, x: x.decode("latin-1").encode("utf-32"),
    "latin-1": inserted(b"\xe9"),
    "nul": inserted(b"\0"),
    "tabs to blanks": replaced(b"\t", b" "),
    "blanks to tabs": replaced(b" ", b"\t"),
    "trailing blanks": replaced(b"\n", b"  \n"),
    "leading blanks": replaced(b"\n", b"\n  "),
    "lower case": lambda rng, x: x.lower(),
    "upper case": lambda rng, x: x.upper(),
    "letter of unicode": inserted("ß"),
    "look-alike": replaced(b"A", "\u0410".encode(), once=True),
    "emoji": inserted("\U0001f9ec"),
    "combining accent": inserted("\u0301"),
    "no-break space": inserted("\u00a0"),
    "zero width": inserted("\u200b"),
    "line separator": inserted("\u2028"),
    "next line": inserted("\x85"),
    "vertical tab": inserted("\x0b"),
    "form feed": inserted("\x0c"),
    "escape": inserted("\x1b[31m"),
    "unit separator": inserted("\x1f"),
    "quote": inserted('"'),
    "two quotes": inserted('""'),
    "apostrophe": inserted("'"),
    "backslash": inserted("\\"),
    "comma": inserted(","),
    "semicolon": inserted(";"),
    "tab": inserted("\t"),
    "newline": inserted("\n"),
    "comment": line_inserted("# a comment"),
    "old comment": line_inserted("; a comment"),
    "slashes": line_inserted("//"),
    "html": lambda rng, x: b"<!DOCTYPE html>\n<html><body>404</body></html>\n",
    "pickle": lambda rng, x: b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00]\x94(K\x01K\x02e.",
    "zip": lambda rng, x: b"PK\x03\x04\x14\0\0\0\x08\0" + x,
    "only parquet's mark": lambda rng, x: b"PAR1" + x,
    "parquet's marks": lambda rng, x: b"PAR1" + x + b"\x04\0\0\0PAR1",
    "gzip": lambda rng, x: gzip.compress(x),
    "gzip twice": lambda rng, x: gzip.compress(gzip.compress(x)),
    "gzip of members": lambda rng, x: gzip.compress(x[:40]) + gzip.compress(x[40:]),
    "gzip cut": lambda rng, x: gzip.compress(x)[: -rng.randint(1, 30)],
    "gzip flipped": lambda rng, x: flip(rng, gzip.compress(x)),
    "gzip and rubbish": lambda rng, x: gzip.compress(x) + b"rubbish",
    "gzip's mark only": lambda rng, x: b"\x1f\x8b" + x,
    "bgzip": lambda rng, x: bgzip(x),
    "bgzip cut": lambda rng, x: bgzip(x)[: -rng.randint(1, 60)],
    "bgzip flipped": lambda rng, x: flip(rng, bgzip(x)),
    "bgzip of members": lambda rng, x: bgzip(x[:40]) + bgzip(x[40:]),
}


def in_letters(letters: str) -> Mutator:
    """Write all sequences with other letters."""

    def mutate(rng: random.Random, content: bytes) -> bytes:
        lines = [
            line if line.startswith(b">") else bytes(rng.choices(letters.encode(), k=len(line)))
            for line in lines_of(content)
        ]
        return b"\n".join(lines)

    return mutate


def identifier(change: Callable[[str], str]) -> Mutator:
    """Change the identifier of one record in FASTA."""

    def mutate(rng: random.Random, content: bytes) -> bytes:
        lines = lines_of(content)
        headers = [i for i, line in enumerate(lines) if line.startswith(b">")]
        if headers:
            at = rng.choice(headers)
            name, *others = lines[at][1:].decode("utf-8", "replace").split(" ")
            lines[at] = " ".join([">" + change(name), *others]).encode()
        return b"\n".join(lines)

    return mutate


def one_sequence(new: str) -> Mutator:
    """Write another text in place of one line of a sequence."""

    def mutate(rng: random.Random, content: bytes) -> bytes:
        lines = lines_of(content)
        inner = [i for i, line in enumerate(lines) if line and not line.startswith(b">")]
        if inner:
            lines[rng.choice(inner)] = new.encode()
        return b"\n".join(lines)

    return mutate


FASTA: dict[str, Mutator] = {
    "nameless": identifier(lambda name: ""),
    "blank before the name": identifier(lambda name: " " + name),
    "two marks": identifier(lambda name: ">" + name),
    "name of another": identifier(lambda name: "r1"),
    "name with tab": identifier(lambda name: name + "\tx"),
    "name with slash": identifier(lambda name: name + "/../x"),
    "name with pipe": identifier(lambda name: f"gi|{name}|x"),
    "name in unicode": identifier(lambda name: name + "ü\u0301"),
    "name in capitals": identifier(str.upper),
    "endless name": identifier(lambda name: name * 5000),
    "name NA": identifier(lambda name: "NA"),
    "blank before the mark": replaced(b">", b" >", once=True),
    "no marks": replaced(b">", b""),
    "wrapped after 3": lambda rng, x: re.sub(rb"(?m)^([A-Za-z]{3})", rb"\1\n", x),
    "not wrapped": lambda rng, x: re.sub(rb"(?m)^([A-Za-z*.-]+)\n(?!>)", rb"\1", x),
    "counted lines": lambda rng, x: re.sub(rb"(?m)^([A-Za-z]+)$", rb"   1 \1", x),
    "blanks within": lambda rng, x: re.sub(rb"(?m)^([A-Za-z]{4})", rb"\1 ", x),
    "only N": in_letters("N"),
    "only X": in_letters("X"),
    "only gaps": in_letters("-"),
    "only stops": in_letters("*"),
    "codes": in_letters("ACGTURYSWKMBDHVN"),
    "RNA": in_letters("ACGU"),
    "T and U": in_letters("ACGTUtu"),
    "protein": in_letters("ACDEFGHIKLMNPQRSTVWY"),
    "rare residues": in_letters("ACDEFGHIKLMNPQRSTVWYBZJXUO"),
    "protein in lower case": in_letters("acdefghiklmnpqrstvwyX"),
    "soft-masked": in_letters("ACGTacgtn"),
    "gaps": in_letters("ACGT-."),
    "punctuation": in_letters("ACGT?!~"),
    "digits": in_letters("ACGT01"),
    "one sequence N": one_sequence("NNNN"),
    "one sequence of gaps": one_sequence("--..--"),
    "stop within": one_sequence("MK*V"),
    "two stops": one_sequence("MKV**"),
    "one letter": one_sequence("A"),
    "a million letters": one_sequence("ACGTN" * 200_000),
    "empty sequence": lambda rng, x: re.sub(rb"(>r3[^\n]*\n)[^>]*", rb"\1", x),
    "empty last": lambda rng, x: x + b">last\n",
    "quality": lambda rng, x: re.sub(rb"(?m)^>", b"@", x),
}

LIST: dict[str, Mutator] = {
    "stranger": line_inserted("stranger"),
    "name of the other list": lambda rng, x: x + b"\nr3\nr12\n",
    "names with more words": replaced(b"\n", b" made up\n"),
    "marks": replaced(b"\n", b"\n>"),
}


def unpacked(content: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    """What is within an archive, and how to pack it again."""
    if content[:2] != b"\x1f\x8b":
        return content, lambda x: x
    is_bgzip = content[12:14] == b"BC"
    return gzip.decompress(content), bgzip if is_bgzip else gzip.compress
