"""The terminal: names are shown as they are, and a table breaks no word."""

import pytest
from rich.table import Table

from charcells.terminal import LONGEST_WORD, keep_words, natural_width, print_table

WORDS = ["Obras [v2].txt", "[/b]", "[red]x[/red]", ":cat: :smile:", "1.234 ± 0.056", "not comparable", "語文 漢字"]


def table() -> Table:
    shown = Table("corpus.path", "[b]val/bpc[/b]", "", title="[/b] $x$ :cat:")
    for word in WORDS:
        shown.add_row(f"{word} and more words behind it", word, word)
    return shown


@pytest.mark.parametrize("width", [20, 60, 80, 200])
def test_every_word_is_shown_whole_and_as_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    print_table(table())
    printed = capsys.readouterr().out
    for text in (*WORDS, "[b]val/bpc[/b]", "corpus.path"):
        for word in text.split():
            assert word in printed


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_a_table_is_no_wider_than_the_terminal_or_than_it_needs(width: int) -> None:
    shown = table()
    natural = natural_width(shown)
    assert keep_words(shown, width) == min(width, natural)
    assert natural_width(shown) == min(width, natural)  # as rich itself measures it


def test_the_widest_column_gives_way_first() -> None:
    shown = Table("path", "figure")
    shown.add_row("many short words " * 10, "1.234 ± 0.056")
    assert keep_words(shown, 60) == 60
    assert shown.columns[1].width == len("1.234 ± 0.056")


def test_a_path_longer_than_any_word_is_folded() -> None:
    for width, expected in ((80, 80), (10, LONGEST_WORD + 4)):  # 4: borders and padding
        shown = Table("path")
        shown.add_row("x" * 300)
        assert keep_words(shown, width) == expected
