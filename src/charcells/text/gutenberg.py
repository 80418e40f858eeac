"""Project Gutenberg's header and licence: found and cut off."""

import re

from charcells.errors import UserError

MAX_STRIPPED = 0.2
"""Largest share of a text that stripping boilerplate may remove: strippers have deleted whole books."""

_START = re.compile(r"^\*{3}\s*START OF (?:THE|THIS) PROJECT GUTENBERG EBOOK[^*]{0,300}\*{3}[^\n]*\n", re.M | re.I)
_END = re.compile(
    r"^(?:End of (?:the )?Project Gutenberg[^\n]*\s+)?\*{3}\s*END OF (?:THE|THIS) PROJECT GUTENBERG EBOOK", re.M | re.I
)


def has_boilerplate(text: str) -> bool:
    """Whether a text carries both markers."""
    return _START.search(text) is not None and _END.search(text) is not None


def strip_boilerplate(text: str) -> str:
    """The text between Project Gutenberg's start and end markers, without surrounding blank space.

    Raises UserError where a marker is missing, or where more than MAX_STRIPPED of the text would go.
    """
    start, keep = _START.search(text), "corpus.strip_boilerplate=false keeps the text whole"
    end = _END.search(text, start.end()) if start else None
    if start is None or end is None:
        raise UserError(
            f"corpus.strip_boilerplate=true, but Project Gutenberg's {'end' if start else 'start'} marker "
            f"is not in the text: {keep}"
        )
    body = text[start.end() : end.start()].strip()
    stripped = 1 - len(body) / len(text)
    if stripped > MAX_STRIPPED:
        raise UserError(
            f"corpus.strip_boilerplate=true would cut {stripped:.0%} of the text, more than the {MAX_STRIPPED:.0%} "
            f"that a header and a licence can be: {keep}"
        )
    return body + "\n"
