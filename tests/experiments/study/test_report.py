"""The report: every text escaped, nothing from elsewhere, the README's block alone replaced, and, in a browser, a page
that can be read at any width, in the dark, on paper and with a keyboard."""

import copy
import json
import re
import shutil
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from charcells.errors import UserError
from experiments.study.catalogue import CLAIMS, SOURCES
from experiments.study.findings import Region
from experiments.study.report import __main__ as report
from experiments.study.report.__main__ import BEGIN, END, main, pieces, replaced
from experiments.study.report.drawing import _series, _styles, deciding, series_colours
from experiments.study.report.languages import (
    LANGUAGES,
    OUTCOME,
    PAGE,
    PHRASES,
    SOURCE_NAMES,
    VERDICT_SENTENCES,
    VERDICT_WORDS,
    phrase,
    written,
)
from experiments.study.report.reading import QUESTION, VERDICTS, read_editions, read_findings
from experiments.study.report.stories import STORIES, fingerprint
from experiments.study.report.words import estimate, figures_in, needed, number, outcome, region, table_rows

ROOT = Path(__file__).parents[3]
RESULTS = ROOT / "experiments" / "results"
HOSTILE = "</script><img src=x onerror=alert(1)>"
LONG = "unbroken" * 300
README = f"# Title\r\n\r\nbefore | \u2028 text\r\n\n{BEGIN}\nold\n{END}\nafter, without a line break at the end"


def verdict(question, word="supported", figures=(0.012, -0.01, 0.034), threshold="within ±0.02", **more):
    keys = dict(zip(("estimate", "low", "high"), figures, strict=True))
    facts = {"question": question, "verdict": word, "unit": "bits per character", "n": 16, "threshold": threshold}
    return {**facts, **keys, "held_equal": "hidden size", "p": None, "note": "", **more}


def finding(name, **more):
    facts = {
        "kind": "finding",
        "name": name,
        "source": "003",
        "source_title": "A report",
        "quote": f"o que diz {name}",
        "quote_language": "pt",
        "translation": "what it says",
        "prediction": "so and so",
        "judged_by": "an interval",
        "main": False,
        "scale": "laptop",
        "verdict": "supported",
        "answer": "It does.",
        "population": "small models",
        "held_equal": "epochs",
        "verdicts": [verdict("A against B")],
        "command": f"python -m experiments.reproduce claim={name}",
        "runs": 96,
        "train_hours": 0.7,
        "versions": {"charcells": "0.1.0", "git": None},
        "corpora": {"biblia": "ab" * 32},
        "date": "2026-11-21",
    }
    return {**facts, **more}


def series(name, x, y, **more):
    return {"name": name, "x": x, "y": y, "low": None, "high": None, **more}


def drawn(title, kind, *all_series, **more):
    facts = {"title": title, "kind": kind, "x_label": "x", "y_label": "y", "log_x": False, "log_y": False}
    return {**facts, "series": list(all_series), "line": None, "description": f"{title}: to be seen", **more}


PARTS = [
    {key: verdict(name, "alike", figures)[key] for key in QUESTION}
    for name, figures in (("biblia", (0.01, -0.005, 0.015)), ("quijote", (-0.002, -0.012, 0.008)))
]


@pytest.fixture(scope="module")
def findings():
    """By name: one full of figures, one full of hostile and endless texts, one that lacks what may be missing."""
    steps = list(range(1, 41))
    curve = [2 + 1 / step for step in steps]
    band = {"low": [y - 0.1 for y in curve], "high": [y + 0.1 for y in curve]}
    interval = {"low": [1.0, None, 2.9], "high": [1.2, None, None]}
    full = finding(
        "best_cell",
        main=True,
        verdict="refuted",
        verdicts=[
            verdict("LSTM against GRU, " * 6, "refuted", (0.03, 0.01, 0.05), "below 0", p=0.0001),
            verdict("one side", "inconclusive", (0.5, None, 0.7), "above 0.25", unit="share"),
            verdict("no interval", "inconclusive", (0.1, None, None), "between 0 and 1", unit="share"),
            verdict("no figure", "inconclusive", (None, None, None), "above 0"),
            verdict("all of them", "alike", (None, None, None), "each part", unit="", parts=PARTS),
            verdict("over recipes", "recipe-dependent", (0.01, -0.02, 0.04), "above 0"),
        ],
        constants=[
            {"question": "multiply-adds of a GRU", "value": 98304, "unit": "per character", "note": "128 units"},
            {"question": "the shortest", "value": 0.5, "unit": HOSTILE},
        ],
        tables=[
            {
                "title": "Means",
                "columns": ["cell", "val/bpc"],
                "rows": [["lstm", 1.234567], ["gru", None]],
                "note": "n",
            },
            {"title": "Wide", "columns": [f"a column {i}" for i in range(30)], "rows": [list(range(30))], "note": ""},
            {"title": "Empty", "columns": ["cell"], "rows": [], "note": ""},
        ],
        plots=[
            drawn("Curves", "lines", series("lstm", steps, curve, **band), series("gru", steps, curve), line=2.5),
            drawn("Cells", "points", series("a", ["rnn", "gru", "lstm"], [1.1, None, 3], **interval)),
            drawn("Log", "lines", series("rnn", [0, 1, 1000], [0, 5, 0.5]), log_x=True, log_y=True),
            drawn("Nothing", "points", series("a", [], []), series("b", [1], [None])),
        ],
        samples=[
            {"title": "seed 1", "text": "\nab" * 60, "prompt": "\nprompt", "copied": [[0, 60], [60, 110]]},
            {"title": "seed 2", "text": "", "prompt": "", "copied": []},
        ],
        run_command="python train.py",
    )
    hostile = finding(
        "hostile",
        **dict.fromkeys(("quote", "answer", "translation", "source"), HOSTILE + " | `*_[x](y)"),
        **dict.fromkeys(("scale", "command", "date"), HOSTILE),
        source_title=f"{HOSTILE}\x1b[31m\ud800",
        quote_language='"><img src=x>',
        prediction=LONG,
        history=HOSTILE,
        population=LONG,
        verdict="inconclusive",
        verdicts=[verdict(HOSTILE + LONG, "inconclusive", threshold=HOSTILE, unit=HOSTILE, note=LONG, held_equal=LONG)],
        tables=[{"title": HOSTILE, "columns": [HOSTILE, LONG], "rows": [[LONG, HOSTILE]], "note": HOSTILE}],
        plots=[
            drawn(
                f"{HOSTILE} $x_{{", "points",
                series(f"{HOSTILE} $\\frac", [HOSTILE, "$\x07", "語"], [1, 2, 3]), series(LONG, ["--> ]]>"], [2]),
                x_label=HOSTILE + LONG, y_label="$^", description=HOSTILE,
            )
        ],
        samples=[{"title": HOSTILE, "text": HOSTILE * 4 + LONG, "prompt": HOSTILE, "copied": [[3, 90]]}],
        versions={HOSTILE: HOSTILE},
        corpora={HOSTILE: LONG},
    )  # fmt: skip
    bare = finding("bare", tables=None, plots=[drawn("Bare", "lines", {"name": "a", "x": [1, 2], "y": [1, 2]})])
    del bare["main"], bare["source_title"]
    for key in ("held_equal", "p", "note"):
        del bare["verdicts"][0][key]
    for key in ("log_x", "log_y", "line"):
        del bare["plots"][0][key]
    return {each["name"]: each for each in (full, hostile, bare)}


@pytest.fixture(scope="module")
def folder(findings, tmp_path_factory):
    """A folder of results with its report, and with files of other kinds."""
    folder = tmp_path_factory.mktemp("results")
    for name, facts in findings.items():
        (folder / f"{name}.json").write_text(json.dumps(facts), encoding="utf-8")
    (folder / "other.json").write_text('{"kind": "benchmark"}')
    (folder / "list.json").write_text("[1]")
    (folder / "README.md").write_text(README, encoding="utf-8", newline="")
    main(["--results", str(folder), "--readme", str(folder / "README.md")])
    return folder


@pytest.fixture(scope="module")
def page(folder):
    return Page((folder / "report.html").read_text(encoding="utf-8"))


class Page(HTMLParser):
    """Checks that tags are closed in order, and collects what a test may ask for."""

    def __init__(self, source):
        super().__init__()
        self.source, self.open, self.tags, self.attributes = source, [], [], []
        self.text, self.samples, self.quotes, self.headings = "", [], [], []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.handle_startendtag(tag, attributes)
        if tag not in ("meta", "link", "img", "br", "input"):
            self.open.append((tag, dict(attributes)))
        if tag == "pre":
            self.samples.append([])
        if tag == "blockquote":
            self.quotes.append("")

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.attributes += attributes
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        tags = [tag for tag, _ in self.open]
        if "style" not in tags:
            self.text += data
        if "blockquote" in tags:
            self.quotes[-1] += data
        if "pre" in tags and not any(attributes.get("class") == "hidden" for _, attributes in self.open):
            self.samples[-1].append(("mark" in tags, data))


# the page


def test_the_page_is_well_formed_and_needs_nothing_from_elsewhere(page):
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"img", "link", "iframe", "object", "embed", "base", "form"}
    addresses = [value for name, value in page.attributes if name in ("src", "href", "xlink:href", "srcset", "action")]
    assert addresses
    (led,) = {address for address in addresses if not address.startswith("#")}
    assert (RESULTS / led).resolve() == RESULTS.parents[1] / "docs" / "quijote.html"
    assert (RESULTS / led).exists()
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert "url(" not in re.sub(r"url\(#", "", page.source)
    assert "@import" not in page.source


def test_every_text_of_a_finding_stands_there_as_it_was_written(page, findings):
    for facts in findings.values():
        keys = ("quote", "translation", "prediction", "judged_by", "answer", "population", "held_equal", "command")
        for key in (*keys, "history") if "history" in facts else keys:
            assert facts[key] in page.text, (facts["name"], key)
        assert any(facts["quote"] in quote for quote in page.quotes)
    assert "<img" not in page.source
    assert "\\x1b[31m\\ud800" in page.text
    assert ("blockquote", {"lang": "pt"}) in page.tags
    assert ("blockquote", {"lang": '"><img src=x>'}) in page.tags


def test_copied_spans_are_marked_and_the_samples_whole(page, findings):
    shown = ["".join(text for _, text in parts) for parts in page.samples]
    for facts in findings.values():
        for sample in facts.get("samples", []):
            assert "\n" + sample["prompt"] + sample["text"] in shown  # a browser drops the first line break
    marked = ["".join(text for copied, text in parts if copied) for parts in page.samples]
    assert ("\nab" * 60)[:110] in marked
    assert (HOSTILE * 4 + LONG)[3:90] in marked


def test_pieces_are_the_text_cut_at_its_copies():
    sample = {"text": "abcdefgh", "copied": [[0, 2], [2, 3], [5, 8]]}
    assert pieces(sample) == [("ab", True), ("c", True), ("de", False), ("fgh", True)]
    assert pieces({"text": "ab", "copied": []}) == [("ab", False)]
    assert pieces({"text": "", "copied": []}) == []


def test_ids_are_unique_and_every_reference_is_there(page):
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    referred = {value[1:] for name, value in page.attributes if name == "href" and value.startswith("#")}
    referred |= set(re.findall(r"url\(#([^)]+)\)", page.source))
    for name in ("aria-labelledby", "aria-describedby"):
        referred |= {value for key, value in page.attributes if key == name}
    assert referred <= set(ids)


def test_only_a_cell_has_the_colour_of_a_cell():
    cells = [style["color"] for style in _styles(["rnn", "gru", "lstm"], covered=False)]
    texts = [style["color"] for style in _styles(["biblia", "quijote", "pydoc"], covered=False)]
    assert len(set(cells)) == len(set(texts)) == 3 and not set(cells) & set(texts)


def test_each_drawing_has_a_name_and_a_description_and_follows_the_page(page):
    drawings = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(drawings) == 4 + 1 + 1 + 3 + 1  # plots, the deciding intervals, and all of them where there are more
    assert all(each["role"] == "img" and each["aria-labelledby"] and each["aria-describedby"] for each in drawings)
    for drawing in re.findall("<svg.*?</svg>", page.source, re.DOTALL):
        assert not re.search("#(?!000000)[0-9a-f]{6}", drawing)  # colours of the page's style alone
        assert "<style" not in drawing
        assert "font-family" not in drawing
        assert "currentColor" in drawing
    assert "var(--lstm)" in page.source


def test_headings_tables_and_verdicts_can_be_heard(page):
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(page.headings))
    tags = [tag for tag, _ in page.tags]
    assert tags.count("caption") == tags.count("table") == 3 + 4 + 1
    assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")
    regions = [attributes for tag, attributes in page.tags if attributes.get("class") == "table"]
    assert all(each["tabindex"] == "0" and each["role"] == "region" for each in regions)
    assert all("aria-label" in each or "aria-labelledby" in each for each in regions)
    for word, sign in VERDICTS.items():
        assert f'<span aria-hidden="true">{sign}</span> {word}' in page.source
        for language, text in VERDICT_WORDS[word].items():
            assert f'<span class="w" lang="{language}">{text}</span>' in page.source


def test_the_main_claims_come_first(folder):
    assert [each["name"] for each in read_findings(folder)] == ["best_cell", "bare", "hostile"]


def test_the_same_findings_give_the_same_bytes(folder, findings, tmp_path):
    for name in reversed(findings):
        shutil.copy(folder / f"{name}.json", tmp_path)
    (tmp_path / "README.md").write_text(README, encoding="utf-8", newline="")
    main(["--results", str(tmp_path), "--readme", str(tmp_path / "README.md")])
    for name in ("report.html", "README.md"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_colours_stand_out_from_either_page():
    def luminance(colour):
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    def contrast(one, other):
        low, high = sorted(luminance(colour) for colour in (one, other))
        return (high + 0.05) / (low + 0.05)

    for light, dark in series_colours().values():
        assert contrast(light, "#ffffff") >= 3
        assert contrast(dark, "#161616") >= 3
    style = report.TEMPLATE.read_text(encoding="utf-8").partition("</style>")[0]
    for scheme in style.split("@media screen"):
        shown = {name: "#" + "".join(c * (2 if len(value) == 3 else 1) for c in value)
                 for name, value in re.findall(r"--([\w-]+): #([0-9a-f]+)", scheme)}  # fmt: skip
        for name in ("ink", "dim", "link", *VERDICTS):
            for ground in ("page", "faint"):
                assert contrast(shown[name], shown[ground]) >= 4.5, (name, ground)
        assert contrast(shown["ink"], shown["copy"]) >= 4.5


# figures in words


def test_an_interval_has_the_decimals_it_is_worth():
    assert estimate(verdict("", figures=(0.01234, -0.0101, 0.0341))) == "0.012 (−0.010 to 0.034) bits per character"
    assert estimate(verdict("", figures=(123456.7, 120000.2, 126000.4), unit="")) == "123,457 (120,000 to 126,000)"
    assert estimate(verdict("", figures=(-0.00001, -0.2, 0.2))) == "0.00 (−0.20 to 0.20) bits per character"
    assert estimate(verdict("", figures=(1.0, 1.0, 1.0), unit="share")) == "1 (1 to 1) share"
    assert estimate(verdict("", figures=(1e-16, 0.0, 2.34e-16), unit="")) == "1e−16 (0 to 2.3e−16)"
    assert estimate(verdict("", figures=(0.5, None, None), unit="share")) == "0.5 share"
    assert estimate(verdict("", figures=(None, None, None))) == "no estimate"


def test_a_verdict_in_parts_is_written_as_those_of_its_parts():
    both = verdict("all of them", "alike", (None, None, None), "each part", unit="", parts=PARTS)
    assert estimate(both) == (
        "biblia: 0.010 (−0.005 to 0.015) bits per character; quijote: −0.002 (−0.012 to 0.008) bits per character"
    )


def test_constants_are_shown_without_a_verdict(page):
    table = page.source.partition("Reported, not tested</h3>")[2].partition("</table>")[0]
    assert "98,304</td>" in table
    assert "multiply-adds of a GRU" in table
    assert "badge" not in table


def test_numbers_are_read_easily():
    values = [None, 0, -3, 1234567, 1.23456, 12345.67, 1e-7, "text", 1e300]
    assert [number(value) for value in values] == [
        "–", "0", "−3", "1,234,567", "1.235", "12,346", "1e−07", "text", "1e+300"
    ]  # fmt: skip


def test_a_threshold_in_words_is_a_region():
    assert region("above 0") == (0, float("inf"))
    assert region("below -0.5") == (-float("inf"), -0.5)
    assert region("within ±0.02") == (-0.02, 0.02)
    assert region("between 0 and 1e-05") == (0, 1e-5)
    for words in ("0.02", "above", "between 1", "above 1 and 2", "8 of 10 seeds", HOSTILE):
        assert region(words) is None


def test_regions_are_read_as_they_are_written():
    for bounds in ((0.25, float("inf")), (-float("inf"), -0.1), (-0.02, 0.02), (0.1, 0.3)):
        assert region(str(Region(*bounds))) == bounds


# the README


def test_only_the_block_of_the_readme_changes(folder):
    after = (folder / "README.md").read_bytes().decode()
    head, _, tail = README.partition("old\n")
    assert after.startswith(head)
    assert after.endswith(tail)
    block = after.removeprefix(head).removesuffix(tail)
    assert "3 claims judged: supported 1, refuted 1, inconclusive 1. [The report](report.html)" in block
    assert "| The LSTM is the best of the three cells | ✗ [refuted](report.html#best_cell) |\n" in block
    assert "<" not in block.replace("\\<", "")
    rows = [line for line in block.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 3
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3}  # hostile texts add no column


def test_the_block_can_be_replaced_again():
    once = replaced(README, "one\n\ntwo")
    assert replaced(once, "one\n\ntwo") == once
    assert replaced(replaced(README, "three"), "one\n\ntwo") == once
    assert replaced(f"{BEGIN}\r\n{END}\r\n", "a\nb") == f"{BEGIN}\r\n\r\na\r\nb\r\n\r\n{END}\r\n"


@pytest.mark.parametrize(
    "text", ["", f"{BEGIN}\n", f"{END}\n{BEGIN}\n", f"{BEGIN}\n{BEGIN}\n{END}\n", f"x {BEGIN}\n{END}"]
)
def test_a_readme_without_its_markers_is_left_alone(folder, tmp_path, text):
    (tmp_path / "R.md").write_text(text)
    page = tmp_path / "page.html"
    with pytest.raises(SystemExit, match=r"^error: .*R\.md: the table needs one line <!-- findings: begin -->"):
        main(["--results", str(folder), "--readme", str(tmp_path / "R.md"), "--html", str(page)])
    assert (tmp_path / "R.md").read_text() == text
    assert not page.exists()


def test_links_lead_from_the_readme_to_the_page(folder, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text(f"{BEGIN}\n{END}\n")
    page = tmp_path / "docs" / "page.html"
    main(["--results", str(folder), "--readme", str(tmp_path / "README.md"), "--html", str(page)])
    assert "](docs/page.html#best_cell)" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_each_language_that_has_a_readme_gets_its_own_words(folder, tmp_path):
    for name in ("README.md", "README.es.md"):
        (tmp_path / name).write_text(f"{BEGIN}\n{END}\n")
    main(["--results", str(folder), "--readme", str(tmp_path / "README.md"), "--html", str(tmp_path / "report.html")])
    spanish = (tmp_path / "README.es.md").read_text(encoding="utf-8")
    assert "| La LSTM es la mejor de las tres celdas | ✗ [refutada](report.html#best_cell) |" in spanish
    assert "The LSTM is the best" in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert not (tmp_path / "README.pt.md").exists()


# what cannot be shown


def change(facts, path, value):
    *way, last = path
    for key in way:
        facts = facts[key]
    if value is ...:
        del facts[last]
    else:
        facts[last] = value


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["quote"], ..., "it lacks 'quote'"),
        (["verdicts", 1, "unit"], ..., r"verdicts\[1\] lacks 'unit'"),
        (["verdicts", 0, "low"], "1", r'verdicts\[0\].low is "1", not int or float or null'),
        (["verdicts", 0, "n"], True, r"verdicts\[0\].n is true, not int"),
        (["answer"], None, "answer is null, not str"),
        (["verdicts"], [], "verdicts is empty"),
        (["verdicts"], {}, "verdicts is {}, not a list"),
        (["verdicts"], [3], r"verdicts\[0\] is 3, not an object"),
        (["verdict"], "maybe", "must be one of supported, refuted, alike, recipe-dependent, inconclusive"),
        (["name"], "../x y", "lower-case letters"),
        (["plots", 0, "kind"], "pie", "must be lines or points"),
        (["plots", 0, "series", 0, "y"], [1], "series 'lstm' of unequal lengths"),
        (["tables", 0, "rows", 0], ["lstm"], "does not have its 2 columns"),
        (["samples", 0, "copied"], [[5, 3]], "not in order"),
        (["samples", 0, "copied"], [[0, 60], [50, 90]], "not in order"),
        (["samples", 0, "copied"], [[0, 999]], "not in its text"),
        (["samples", 0, "copied"], [[0]], "not in order"),
    ],
)
def test_a_file_that_is_no_finding_is_named_with_what_is_wrong(findings, tmp_path, path, value, message):
    facts = copy.deepcopy(findings["best_cell"])
    change(facts, path, value)
    (tmp_path / "best_cell.json").write_text(json.dumps(facts))
    with pytest.raises(UserError, match=rf"best_cell\.json cannot be shown: .*{message}"):
        read_findings(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, content):
    (tmp_path / "broken.json").write_bytes(content)
    with pytest.raises(UserError, match=r"broken\.json cannot be read as JSON"):
        read_findings(tmp_path)


def test_a_folder_without_findings_says_what_writes_them(tmp_path):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UserError, match=r"no finding in .*experiments\.reproduce"):
            read_findings(folder)


def test_two_findings_of_a_name_are_both_named(tmp_path):
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps(finding("same")))
    with pytest.raises(UserError, match=r"a\.json and .*b\.json are both named 'same'"):
        read_findings(tmp_path)


def test_figures_that_are_not_finite_are_none(tmp_path):
    facts = finding("it", verdicts=[verdict("A", figures=(float("nan"), -float("inf"), float("inf")))])
    (tmp_path / "it.json").write_text(json.dumps(facts))
    assert estimate(read_findings(tmp_path)[0]["verdicts"][0]) == "no estimate"


# the languages


def test_each_language_has_every_word():
    stories = [text for each in STORIES.values() for text in (each.title, each.claimed, each.expected) if text]
    texts = [*PAGE.values(), *VERDICT_WORDS.values(), *VERDICT_SENTENCES.values(), *OUTCOME.values(), *stories]
    texts += [*SOURCE_NAMES.values(), *({"en": text} | others for text, others in PHRASES.items())]
    for text in texts:
        assert list(text) == list(LANGUAGES)
        assert all(text.values()) or text is PAGE["in_english"], text
    for words in OUTCOME.values():  # the same figures in each
        assert len({frozenset(re.findall(r"{(\w+)}", text)) for text in words.values()}) == 1, words
    assert VERDICT_WORDS.keys() == VERDICT_SENTENCES.keys() == VERDICTS.keys()
    assert SOURCE_NAMES.keys() == SOURCES.keys()


def test_each_claim_is_told():
    assert set(CLAIMS) <= set(STORIES)
    assert all(story.expected or not story.retells for story in STORIES.values())


def test_known_labels_have_different_longest_translations():
    """A drawing holds the longest, by which all are found."""
    longest = [max((text, *others.values()), key=len) for text, others in PHRASES.items()]
    assert sorted(longest) == sorted(set(longest))


def test_figures_have_a_comma_where_people_write_one():
    assert written("−1,234.5", "en") == "−1,234.5"
    assert written("−1,234.5", "es") == written("−1,234.5", "pt") == "−1\u202f234,5"
    assert phrase("0.25") == {"en": "0.25", "es": "0,25", "pt": "0,25"}
    assert (phrase("gradient 100 characters back, tanh, trained") or {})["es"].endswith("entrenada")  # no corpus
    assert phrase("12") is phrase("GRU, unheard of") is phrase("1. first, then") is phrase("−") is None
    facts = verdict("", figures=(-0.21, -0.219, -0.2004))
    assert figures_in(facts) == {
        "en": "−0.210 (bits per character; 95 % interval −0.219 to −0.200)",
        "es": "−0,210 (bits por carácter; intervalo del 95 %: de −0,219 a −0,200)",
        "pt": "−0,210 (bits por caractere; intervalo de 95 %: de −0,219 a −0,200)",
    }
    assert needed(facts)["es"] == "Para cumplirse, hace falta un valor entre −0,02 y 0,02."
    assert needed(facts | {"threshold": "above 0.5"})["pt"] == "Para valer, é preciso um valor acima de 0,5."
    assert needed(facts | {"threshold": HOSTILE})["en"] == ""


def test_what_came_out_of_a_verdict_in_parts_counts_them():
    parts = [*PARTS, PARTS[0] | {"verdict": "refuted"}]
    both = verdict("all", "inconclusive", (None, None, None), "each part", unit="", parts=parts)
    assert outcome(both)["en"] == "The question has 3 parts: refuted 1, alike 2."
    assert outcome(both)["es"] == "La pregunta tiene 3 partes: refutada 1, sin diferencia 2."
    assert outcome(verdict("none", "inconclusive", (None, None, None)))["en"] == "There is no figure to show."


def test_a_prediction_that_is_not_the_one_retold_is_shown_itself(findings):
    facts = finding("best_cell", prediction="Something else.")
    assert report.story(facts)["expected"] == {"en": "Something else."}
    assert list(report.not_retold([facts])) == ["best_cell"]
    prints = {story.retells for story in STORIES.values()}
    assert fingerprint("Something else.") not in prints
    assert report.story(finding("unheard_of"))["title"] == {"en": "unheard_of"}


def test_an_earlier_verdict_is_shown_where_the_claim_is_judged_otherwise(tmp_path):
    (tmp_path / "first_edition").mkdir()
    for name, before in (("turned", "refuted"), ("kept", "supported")):
        (tmp_path / f"{name}.json").write_text(json.dumps(finding(name, history=f"why {name} {HOSTILE}")))
        (tmp_path / "first_edition" / f"{name}.json").write_text(json.dumps(finding(name, verdict=before)))
    (tmp_path / "new.json").write_text(json.dumps(finding("new")))
    (tmp_path / "R.md").write_text(f"{BEGIN}\n{END}\n")
    main(["--results", str(tmp_path), "--readme", str(tmp_path / "R.md")])
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    sections = dict(re.findall(r'<section class="claim" id="(\w+)"(.*?)</section>', page.source, re.DOTALL))
    assert "First verdict" in sections["turned"]
    assert "First verdict" not in sections["kept"] + sections["new"]
    assert f"why turned {HOSTILE}" in page.text
    assert f"why kept {HOSTILE}" in page.text
    assert "What we found before" not in sections["new"]


# figures that can be seen


def interval_ends(description):
    """What a plot draws besides its lines and points: the vertices of its bars and bands."""
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    _series(axes, description, [each["name"] for each in description["series"]])
    paths = [path for collection in axes.collections for path in collection.get_paths()]
    return [tuple(vertex) for path in paths for vertex in path.vertices]


@pytest.mark.parametrize("count", [1, 3, 40])
@pytest.mark.parametrize("kind", ["lines", "points"])
@pytest.mark.parametrize("log", [False, True])
def test_every_interval_is_drawn(kind, count, log):
    x = list(range(1, count + 1))
    shown = series("a", x, [2.0] * count, low=[1 + 0.01 * i for i in x], high=[3 + 0.01 * i for i in x])
    ends = interval_ends(drawn("Plot", kind, shown, series("b", x, [5] * count), log_x=log, log_y=log))
    for i in x:
        for end in (1 + 0.01 * i, 3 + 0.01 * i):
            assert any(abs(at - i) < 1e-9 and abs(y - end) < 1e-9 for at, y in ends), (i, end)


def test_every_recipe_of_a_specification_curve_has_its_interval_and_its_name():
    recipes = [f"recipe {i}: width {64 * i}, epochs {i}" for i in range(1, 11)]
    effects = {"y": [0.01 * i for i in range(10)], "low": [0.01 * i - 0.02 for i in range(10)]}
    shown = series("GRU − LSTM", recipes, **effects, high=[0.01 * i + 0.03 for i in range(10)])
    curve = drawn("Curve", "points", shown, line=0.0)
    ends = interval_ends(curve)
    for row in range(10):
        assert any(abs(x - (0.01 * row - 0.02)) < 1e-9 and abs(y - row) < 1e-9 for x, y in ends)
        assert any(abs(x - (0.01 * row + 0.03)) < 1e-9 and abs(y - row) < 1e-9 for x, y in ends)
    drawing = str(report.plot(curve, "p"))
    assert all(f"recipe {i}: width {64 * i}," in drawing for i in range(1, 11))


def test_lines_that_cover_each_other_differ_in_width_and_dashes():
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    same = [series(name, [1, 2, 3], [1.0, 2.0, 3.0]) for name in ("rnn", "gru", "lstm")]
    _series(axes, drawn("Plot", "lines", *same), ["rnn", "gru", "lstm"])
    widths = [line.get_linewidth() for line in axes.lines]
    assert widths == sorted(set(widths), reverse=True)  # the lower one is the wider one
    assert len({line.get_linestyle() + str(line._dash_pattern) for line in axes.lines}) == 3


def test_a_caption_speaks_of_intervals_only_where_there_are_some(page, findings):
    for facts in findings.values():
        for i, each in enumerate(facts["plots"]):
            start = page.source.index(f'id="{facts["name"]}-plot-{i}-text"')
            caption = page.source[start : page.source.index("</figcaption>", start)]
            given = any(end is not None for one in each["series"] for end in one.get("low") or [])
            assert (PAGE["intervals"]["es"] in caption) == given


def test_means_have_the_decimals_that_their_deviations_leave():
    columns = ["cell", "runs", "bpc", "bpc sd", "steps", "steps sd"]
    rows = [
        ["lstm", 5, 2.21, 0.006238, 1872.0, 0.0],
        ["gru", 5, 2.2144, 0.0623, 1872.4, 12.3],
        ["rnn", 1, 2.5, None, 3, None],
    ]
    assert table_rows({"columns": columns, "rows": rows}) == [
        ["lstm", "5", "2.210", "0.0062", "1,872", "0"],
        ["gru", "5", "2.214", "0.062", "1,872", "12"],
        ["rnn", "1", "2.5", "–", "3", "–"],
    ]


def test_the_picture_of_a_claim_shows_each_part():
    joined = finding("it", verdicts=[verdict("all", "alike", (None, None, None), parts=PARTS), verdict("other")])
    assert deciding(joined) == PARTS
    first, repeated = verdict("all"), verdict("the same figures")
    near = [verdict(str(i), figures=(i, i - 1, i + 1)) for i in range(1, 9)]
    alone = finding("it", verdicts=[first, repeated, verdict("seconds", unit="s", figures=(3, 2, 4)), *near])
    assert deciding(alone) == [first, *near[:5]]


# in a browser

OPEN = 'document.querySelectorAll("details").forEach(e => { e.open = true })'
"""Opens everything that is folded away."""


@pytest.fixture
def look(browser):
    """Opens a report as on a screen: `look(file, width, scheme, locale)`. It asks for nothing but itself and
    complains of nothing."""
    contexts, asked, complaints = [], [], []

    def open_report(file, width=1200, scheme="light", locale="en-US"):
        options = {"color_scheme": scheme, "locale": locale}
        contexts.append(browser.new_context(viewport={"width": width, "height": 800}, **options))
        page = contexts[-1].new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(file.as_uri())
        return page

    yield open_report
    for context in contexts:
        context.close()
    assert asked
    assert all(url.endswith("/report.html") for url in asked)
    assert complaints == []


@pytest.mark.parametrize(("locale", "chosen"), [("es-ES", "es"), ("pt-BR", "pt"), ("en-GB", "en"), ("fr-FR", "en")])
def test_the_report_opens_in_the_readers_language(look, folder, locale, chosen):
    page = look(folder / "report.html", locale=locale)
    assert page.evaluate("document.querySelector('[name=language]:checked').id") == f"say-{chosen}"
    assert page.locator(f"h1 [lang={chosen}]").is_visible()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("which", ["made up", "committed"])
def test_a_browser_shows_the_page_whole(look, folder, which, width, scheme):
    file = (folder if which == "made up" else RESULTS) / "report.html"
    if not file.exists():
        pytest.skip("no claim has been judged yet")
    page = look(file, width, scheme)
    assert page.evaluate("innerWidth") == width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # only where a table is scrolled does anything reach beyond the page
    wide = """[...document.querySelectorAll("body *")].filter(e => !e.closest(".table, .skip")
        && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(e => e.tagName)"""
    assert page.evaluate(wide) == []
    page.evaluate(OPEN)
    drawings = """[...document.querySelectorAll("svg")].map(e => [e.getBoundingClientRect().width,
        e.getBoundingClientRect().height, getComputedStyle(e).visibility])"""
    for drawn_width, height, visibility in page.evaluate(drawings):
        assert drawn_width > 280
        assert height > 40
        assert visibility == "visible"


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("which", ["made up", "committed"])
def test_no_text_of_a_drawing_is_cut(look, folder, which, language):
    file = (folder if which == "made up" else RESULTS) / "report.html"
    if not file.exists():
        pytest.skip("no claim has been judged yet")
    page = look(file)
    page.evaluate(f"{OPEN}; document.getElementById('say-{language}').click()")
    cut = """[...document.querySelectorAll("svg text")].filter(e => e.checkVisibility()).filter(e => {
        const t = e.getBoundingClientRect(),
        s = e.closest("svg").getBoundingClientRect();
        return t.left < s.left - 1 || t.right > s.right + 1 || t.top < s.top - 1 || t.bottom > s.bottom + 1
        }).map(e => e.textContent)"""
    assert page.evaluate(cut) == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_drawings_follow_the_colours_of_the_page(look, folder, scheme):
    page = look(folder / "report.html", scheme=scheme)
    ink = page.evaluate("getComputedStyle(document.body).color")
    assert ink == {"light": "rgb(26, 26, 26)", "dark": "rgb(236, 236, 236)"}[scheme]
    page.evaluate(OPEN)
    fills = '[...new Set([...document.querySelectorAll("svg text")].map(e => getComputedStyle(e).fill))]'
    assert page.evaluate(fills) == [ink]


@pytest.mark.slow
def test_one_language_is_shown_and_the_keyboard_chooses_it(look, folder):
    shown = """Object.fromEntries(["en", "es", "pt"].map(language => [language,
        [...document.querySelectorAll(`.w[lang=${language}]`)]
        .filter(e => getComputedStyle(e).display != "none").length]))"""
    page = look(folder / "report.html")
    page.focus("#say-en")
    for language in LANGUAGES:
        counts = page.evaluate(shown)
        assert counts.pop(language) > 50
        assert set(counts.values()) == {0}  # not displayed, so not read aloud either
        heading = page.evaluate('document.querySelector("h1").innerText')
        assert heading.strip() == PAGE["title"][language]
        page.keyboard.press("ArrowRight")


@pytest.mark.slow
def test_headings_are_in_order_and_the_keyboard_reaches_everything(look, folder):
    page = look(folder / "report.html", 360)
    levels = page.evaluate('[...document.querySelectorAll("h1, h2, h3, h4")].map(e => Number(e.tagName[1]))')
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    page.evaluate(OPEN)
    reached = []
    for _ in range(100):
        page.keyboard.press("Tab")
        now = page.evaluate("""(() => { const e = document.activeElement, s = getComputedStyle(e);
            return [e.tagName, e.className, e.getAttribute("href"), s.outlineStyle, e.getBoundingClientRect().left]
            })()""")
        if now[0] == "BODY":
            break
        reached.append(now)
    assert reached[0][:3] == ["A", "skip", "#findings"]
    assert reached[0][4] >= 0  # in sight once it is reached
    assert all(outline == "solid" for *_, outline, _ in reached)
    names = [name for name, *_ in reached]
    assert names.count("DIV") == 3 + 4 + 1  # each table can be scrolled
    assert names.count("SUMMARY") == 3 * 2 + 2  # two of them have samples
    assert names.count("INPUT") == 1  # the arrow keys lead on to the other languages
    assert {"#best_cell", "#bare", "#hostile"} <= {href for _, _, href, *_ in reached}


@pytest.mark.slow
def test_the_page_prints_with_its_details_open(look, folder):
    height = 'document.querySelector("details dl").getBoundingClientRect().height'
    page = look(folder / "report.html")
    assert not page.evaluate('document.querySelector("details").open')
    page.emulate_media(media="print")
    assert page.evaluate(height) > 50
    assert page.evaluate('document.querySelector("details dl").checkVisibility({contentVisibilityAuto: true})')
    page.emulate_media(color_scheme="dark", media="print")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(26, 26, 26)"  # ink on paper
    printed = page.pdf(print_background=True)
    assert printed.startswith(b"%PDF")
    assert len(re.findall(rb"/Type ?/Page\b", printed)) > 2


@pytest.mark.slow
def test_the_committed_report_is_what_the_committed_findings_give(tmp_path):
    if not (RESULTS / "report.html").exists():
        pytest.skip("no claim has been judged yet")
    results = tmp_path / "experiments" / "results"
    shutil.copytree(RESULTS, results)
    for name in ("README.md", "README.es.md", "README.pt.md"):
        shutil.copy(ROOT / name, tmp_path)
    report.report(results, results / "report.html", tmp_path / "README.md")
    assert (results / "report.html").read_bytes() == (RESULTS / "report.html").read_bytes()
    for name in ("README.md", "README.es.md", "README.pt.md"):
        assert (tmp_path / name).read_bytes() == (ROOT / name).read_bytes()


def test_a_claim_that_waits_to_be_judged_again_is_shown_by_its_first_finding(folder, tmp_path):
    work = tmp_path / "results"
    shutil.copytree(folder, work)
    first = work / "first_edition"
    first.mkdir()
    for name in ("bare", "best_cell"):
        shutil.copy(work / f"{name}.json", first)
    (work / "bare.json").unlink()
    findings, before = read_editions(work)
    assert {finding["name"]: finding["again"] for finding in findings} == {
        "best_cell": False,
        "bare": True,
        "hostile": False,
    }
    assert before.keys() == {"bare", "best_cell"}
    table = report.markdown(findings, "report.html")
    assert table.count("\\*") == 2  # at the verdict, and before what the sign means
    assert "#bare)\\* |" in table and "Verdict of a first experiment" in table
    assert report.html(findings, before).count("Verdict of a first experiment") == 2  # in the overview and at its head
