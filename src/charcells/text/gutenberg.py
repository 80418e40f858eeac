"""Detecting and removing Project Gutenberg's header and licence."""

import re

from charcells.errors import UserError

MAX_STRIPPED = 0.2
"""Largest share of a text that may be removed as boilerplate; a misplaced marker could otherwise delete a book."""

_START = re.compile(r"^\*{3}\s*START OF (?:THE|THIS) PROJECT GUTENBERG EBOOK[^*]{0,300}\*{3}[^\n]*\n", re.M | re.I)
_END = re.compile(
    r"^(?:End of (?:the )?Project Gutenberg[^\n]*\s+)?\*{3}\s*END OF (?:THE|THIS) PROJECT GUTENBERG EBOOK", re.M | re.I
)


def has_boilerplate(text: str) -> bool:
    """Whether a text contains both markers."""
    return _START.search(text) is not None and _END.search(text) is not None


def strip_boilerplate(text: str) -> str:
    """The text between Project Gutenberg's start and end markers, without surrounding white space.

    Raises UserError if a marker is missing or if more than MAX_STRIPPED of the text would be removed.
    """
    start, keep = _START.search(text), "corpus.strip_boilerplate=false keeps the whole text"
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
            f"corpus.strip_boilerplate=true would remove {stripped:.0%} of the text, and the limit is "
            f"{MAX_STRIPPED:.0%}: {keep}"
        )
    return body + "\n"
