"""Texts that are part of every Python installation."""

import sysconfig
import tokenize
from pathlib import Path


def pydoc() -> str:
    """The language reference that Python ships for `help()`, its topics in alphabetical order."""
    from pydoc_data.topics import topics

    return "\n".join(topic.strip() + "\n" for _, topic in sorted(topics.items()))


def stdlib() -> str:
    """The Python files of the standard library, sorted by path, without tests and installed packages."""
    root = Path(sysconfig.get_path("stdlib"))
    skipped = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}
    sources = []
    for path in sorted(root.rglob("*.py")):
        if skipped.isdisjoint(path.relative_to(root).parts):
            with tokenize.open(path) as file:
                sources.append(file.read())
    return "\n".join(sources)


EMBEDDED = {"hello": lambda: "hello", "pydoc": pydoc, "stdlib": stdlib}
"""Corpora that need no file."""
