"""charcells page, looked at in a browser: its cells against PyTorch's, and how the page behaves."""

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from charcells.cli.page import main
from charcells.config import Config
from charcells.errors import UserError
from charcells.models.char_rnn import CharRNN
from charcells.models.checkpoint import Description
from charcells.text.vocabulary import Vocabulary
from charcells.training.train import train
from charcells.writing.generator import TextGenerator
from charcells.writing.page import PageModel, beginning, content, html, read_model
from charcells.writing.units import FEATURES, correlations, find_units, in_quotes, line_position

ROOT = Path(__file__).parents[2]

CHARACTERS = "\n !ABabcdefghij"


@pytest.fixture
def look(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens a page of some models: `look(models, kind)`. It asks for nothing but itself and complains of nothing."""
    contexts, asked, complaints = [], [], []

    def open_page(models: list[PageModel], kind: str = "float32", **options: Any) -> Any:
        file = tmp_path / "page.html"
        file.write_text(html(models, kind), encoding="utf-8")
        contexts.append(browser.new_context(**{"locale": "en", **options}))
        page = contexts[-1].new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(file.as_uri())
        page.evaluate("charcells.ready")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert all(url.endswith("/page.html") for url in asked)
    assert complaints == []


def wait(page: Any, condition: str) -> None:
    """Wait until an expression is true. Playwright's own way would evaluate a string, which the page forbids."""
    end = time.monotonic() + 30
    while not page.evaluate(condition):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(20)


def stop(page: Any) -> None:
    """Stop the writing, if it has not come to its end by itself."""
    page.evaluate("document.getElementById('stop').click()")


def model_of(cell: str, layers: int = 1, embedding: int | None = 5, hidden: int = 9, **changes: Any) -> PageModel:
    """A model of random weights, large enough for its predictions to differ from character to character."""
    characters = changes.pop("characters", CHARACTERS)
    torch.manual_seed(len(cell) + layers)
    options: dict[str, Any] = {"cell": cell, "embedding_dim": embedding, "hidden_size": hidden, "num_layers": layers}
    network = CharRNN(len(characters), **options).eval()
    with torch.no_grad():
        network.output.weight *= 6
        for parameter in network.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    prompt = changes.pop("prompt", "Aha")
    description = Description(options, characters, prompt, changes.pop("corpus", "made up"), "")
    generator = TextGenerator(network, Vocabulary(characters), prompt)
    return PageModel(
        changes.pop("run", cell),
        generator,
        description,
        description.corpus,
        2.5,
        [],
        changes.pop("text", "bad cab\nA fig!"),
    )


@pytest.fixture(scope="module")
def three() -> list[PageModel]:
    return [model_of("rnn"), model_of("gru"), model_of("lstm")]


def probabilities_of_the_page(page: Any, index: int, tokens: NDArray[Any]) -> NDArray[np.float64]:
    """After each token, (T, V). They come as base64, because a list of numbers takes the browser far longer."""
    found = page.evaluate(
        """([index, tokens]) => {
            const network = charcells.networks[index], state = network.start(), width = state.logits.length;
            const all = new Float64Array(tokens.length * width);
            tokens.forEach((token, t) => {
                network.step(state, token);
                all.set(charcells.softmax(state.logits), t * width);
            });
            const bytes = new Uint8Array(all.buffer), step = 8192;
            let text = "";
            for (let i = 0; i < bytes.length; i += step) text += String.fromCharCode(...bytes.subarray(i, i + step));
            return btoa(text);
        }""",
        [index, tokens.tolist()],
    )
    return np.frombuffer(base64.b64decode(found)).reshape(len(tokens), -1)


@torch.no_grad()
def probabilities_of_pytorch(network: CharRNN, tokens: NDArray[Any]) -> NDArray[np.float64]:
    logits, _ = network(torch.from_numpy(tokens).long().unsqueeze(0))
    return logits[0].double().softmax(-1).numpy()


def rounded(values: NDArray[np.float32], kind: str) -> NDArray[np.float32]:
    if values.ndim == 1 or kind == "float32":
        return values
    if kind == "float16":
        return values.astype(np.float16).astype(np.float32)
    step = np.abs(values).max(1, keepdims=True) / 127
    return (np.round(values / step) * step).astype(np.float32)


@pytest.mark.parametrize("kind", ["float32", "float16", "int8"])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_pages_cells_are_pytorchs_with_the_weights_as_they_are_rounded(look: Any, cell: str, kind: str) -> None:
    shapes: list[tuple[int, int | None]] = [(1, 5), (1, None), (2, 5), (2, None), (3, 5)]
    models = [model_of(cell, layers, embedding) for layers, embedding in shapes]
    page = look(models, kind)
    tokens = np.random.default_rng(1).integers(len(CHARACTERS), size=10_000)
    for index, model in enumerate(models):
        exact = probabilities_of_pytorch(model.generator.model, tokens)
        assert exact.std(0).min() > 0.002, "predictions that hardly change would hide an error"
        with torch.no_grad():
            for parameter in model.generator.model.parameters():
                parameter.copy_(torch.from_numpy(rounded(parameter.numpy(), kind)))
        expected = probabilities_of_pytorch(model.generator.model, tokens)
        found = probabilities_of_the_page(page, index, tokens)
        np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)
        assert kind == "float32" or np.abs(found - exact).max() > 1e-5, "the weights were not rounded"
        print(
            f"{kind} {cell} {shapes[index]}: {np.abs(found - expected).max():.1e} from PyTorch with the same weights, "
            f"{np.abs(found - exact).max():.1e} from float32"
        )


@pytest.mark.parametrize("seed", [0, 1, 7, 2**31 + 5, 2**32 - 1, 2**40 + 3])
def test_the_random_numbers_are_numpys(look: Any, three: list[PageModel], seed: int) -> None:
    found = look(three[:1]).evaluate(
        "(seed) => { const random = new charcells.Random(seed); return Array(50).fill(0).map(() => random.next()); }",
        seed,
    )
    np.testing.assert_allclose(found, np.random.default_rng(seed).random(50), rtol=1e-11)


@pytest.mark.parametrize(
    ("temperature", "top_k", "seed"), [(0, None, 1), (0.8, None, 1), (1.3, 4, 12345), (0.5, 1, 2), (1, 100, 3)]
)
def test_the_page_writes_the_text_of_sample(
    look: Any, three: list[PageModel], temperature: float, top_k: int | None, seed: int
) -> None:
    page = look(three)
    page.fill("#prompt", "bad\ncab")
    page.fill("#temperature", str(temperature))
    page.fill("#top-k", "" if top_k is None else str(top_k))
    page.fill("#seed", str(seed))
    page.select_option("#speed", "0")
    page.click("#write")
    wait(page, "charcells.writers[0].text.length >= 300")
    stop(page)
    for index, model in enumerate(three):
        text = "".join(page.evaluate(f"charcells.writers[{index}].text"))
        expected = model.generator.generate(
            "bad\ncab", length=len(text), temperature=temperature, top_k=top_k, seed=seed
        )
        assert "bad\ncab" + text == expected
        lines = page.locator(".paper").nth(index).locator(":scope > span").all_text_contents()
        assert "\n".join(lines) == expected


def test_a_step_writes_one_character_and_a_bar_the_chosen_one(look: Any, three: list[PageModel]) -> None:
    page = look(three)
    page.click("#step")
    page.click("#step")
    assert page.evaluate("charcells.writers.map((writer) => writer.text.length)") == [2, 2, 2]
    bars = page.locator(".column").nth(1).locator(".chances button")
    shares = [float(text.rstrip(" %")) for text in bars.locator("span:last-child").all_text_contents()]
    assert shares == sorted(shares, reverse=True)
    chosen = bars.nth(3).locator("b").text_content()
    bars.nth(3).click()
    text = page.evaluate("charcells.writers[1].text")
    assert {" ": "␣", "\n": "↵"}.get(text[-1], text[-1]) == chosen
    assert page.evaluate("charcells.writers.map((writer) => writer.text.length)") == [2, 3, 2]


def test_a_step_while_a_long_beginning_is_read_begins_again(look: Any) -> None:
    model = model_of("gru", 3, 5, 256)
    page = look([model, model])
    prompt = "bad cab " * 240
    page.fill("#prompt", prompt)
    page.fill("#temperature", "0")  # leaves the field, and the models begin to read
    assert not page.evaluate("charcells.writers[1].begun")
    page.click("#step")
    wait(page, "charcells.writers[1].text.length === 1")
    expected = model.generator.generate(prompt, length=1, temperature=0)[-1]
    assert page.evaluate("charcells.writers.map((writer) => writer.text[0])") == [expected, expected]


def test_large_models_take_turns_between_frames_and_end_with_as_many_characters(look: Any) -> None:
    models = [model_of("lstm", 3, 5, 512) for _ in range(4)]
    page = look(models, "int8")
    page.select_option("#speed", "0")
    page.click("#write")
    wait(page, "charcells.writers[0].text.length >= 12")
    wait(page, "document.querySelector('#writing-pace').textContent.includes('characters per second from each model')")
    stop(page)
    lengths = page.evaluate("charcells.writers.map((writer) => writer.text.length)")
    assert len(set(lengths)) == 1
    expected = models[3].generator.generate("Aha", length=lengths[0], temperature=0.8, seed=1)
    rounded_text = "".join(page.evaluate("charcells.writers[3].text"))
    assert len(expected) == 3 + len(rounded_text)


def test_a_blank_beginning_is_replaced_by_the_first_words_of_the_text() -> None:
    assert beginning("Aha ", "bad cab") == "Aha "
    assert beginning("\n", "a fig\nbad  cab fig") == "a fig bad cab"
    assert beginning("\n", "") == ""


def test_unknown_characters_are_left_out_and_named(look: Any, three: list[PageModel]) -> None:
    page = look(three)
    page.fill("#prompt", "bxaéd")
    page.click("#step")
    assert "RNN does not know them: x é" in page.text_content("#prompt-unknown")
    assert page.locator(".given").first.text_content() == "bad"


def test_surprise_is_that_of_score(look: Any, three: list[PageModel]) -> None:
    page = look(three)
    page.fill("#surprise-text", "a fig cab\nbad!")
    page.click("#surprise-read")
    wait(page, "document.querySelectorAll('#surprises .strip')[2]?.textContent.includes('bad!')")
    for index, model in enumerate(three):
        score = model.generator.score("a fig cab\nbad!")
        column = page.locator("#surprises .column").nth(index)
        assert f"{score.bpc:.2f} bits per character" in column.text_content()
        found = [
            int(name[1])
            for name in column.locator(".strip span").evaluate_all(
                "all => all.map(s => s.className[0] + s.className[1])"
            )
        ]
        assert found == [int(np.searchsorted([1, 2, 4, 7], bits)) for bits in score.bits]


def test_memory_is_the_divergence_of_two_readings(look: Any, three: list[PageModel]) -> None:
    page = look(three)
    before, after = "bad cab\n", "figjaBabe"
    page.fill("#memory-text", before + after)
    page.evaluate("(cut) => { document.getElementById('memory-cut').value = cut }", len(before))
    page.click("#memory-read")
    wait(page, "document.getElementById('memory-table').textContent.includes('1–9')")
    found = [
        float(text.replace("< ", ""))
        for text in page.locator("#memory-table tbody tr").first.locator("td").all_text_contents()
    ]
    for index, model in enumerate(three):
        encode = model.generator.vocabulary.encode
        whole = probabilities_of_pytorch(model.generator.model, encode(before + after).astype(int))[len(before) :]
        part = probabilities_of_pytorch(model.generator.model, encode(after).astype(int))
        assert found[index] == pytest.approx((whole * np.log2(whole / part)).sum(1).mean(), abs=6e-4)


def test_empty_and_unknown_texts_show_nothing_and_break_nothing(look: Any, three: list[PageModel]) -> None:
    page = look(three)
    for text in ("", "é", "b"):
        for view in ("surprise", "neuron", "memory", "inside"):
            page.fill(f"#{view}-text", text)
            page.click(f"#{view}-read")
        page.fill("#prompt", text)
        page.click("#step")
        known = len(text) if text == "b" else 0
        wait(page, f"document.querySelectorAll('#inside-strip .strip span').length === {known}")
        wait(page, f"document.querySelectorAll('#neuron-strip .strip span').length === {known}")
        assert page.locator(".given").first.text_content() == ("b" if text == "b" else "Aha")


def test_the_equations_show_what_pytorch_computes(look: Any, three: list[PageModel]) -> None:
    page = look(three)
    page.fill("#inside-text", "bad cab")
    page.select_option("#inside-model", "2")
    page.fill("#inside-unit", "4")
    page.click("#inside-read")
    page.locator("#inside-at").fill("6")
    network = three[2].generator.model
    with torch.no_grad():
        _, (hidden, cell) = network(torch.from_numpy(three[2].generator.vocabulary.encode("bad cab")).long()[None])
    shown = page.locator("#equations .equation").all_text_contents()
    ends = [float(text.rpartition("= ")[2].replace("−", "-")) for text in shown]
    assert ends[-2:] == pytest.approx([float(cell[0, 0, 3]), float(hidden[0, 0, 3])], abs=0.006)
    i, f, g, o = ends[:4]
    assert ends[5] == pytest.approx(o * np.tanh(ends[4]), abs=0.02)
    assert all(0 <= gate <= 1 for gate in (i, f, o)) and -1 <= g <= 1


@pytest.mark.parametrize("index", [0, 1, 2])
def test_the_values_of_a_unit_are_pytorchs(look: Any, three: list[PageModel], index: int) -> None:
    page = look(three)
    page.select_option("#neuron-model", str(index))
    page.fill("#neuron-unit", "4")
    page.fill("#neuron-text", "bad cab")
    page.click("#neuron-read")
    wait(page, "document.querySelectorAll('#neuron-strip .strip span').length === 7")
    page.locator("#neuron-at").fill("6")
    network = three[index].generator.model
    with torch.no_grad():
        _, state = network(torch.from_numpy(three[index].generator.vocabulary.encode("bad cab")).long()[None])
    expected = dict(zip("hc", (float(part[0, 0, 3]) for part in (state if index == 2 else [state])), strict=False))
    said = page.text_content("#neuron-value").replace("−", "-")
    assert said.startswith("b: h = ")
    figures = dict(figure.split(" = ") for figure in said.removeprefix("b: ").split(", "))
    assert list(figures) == [["h"], ["h", "r", "z", "n"], ["h", "c", "i", "f", "g", "o"]][index]
    for name, value in expected.items():
        assert float(figures[name]) == pytest.approx(value, abs=0.006)
    # behind the character stands the chosen value, and under it a band for each other one
    bands = page.locator("#neuron-strip .strip span").last.evaluate("span => span.style.backgroundImage")
    assert bands.count("var(--") == len(figures)


HOSTILE = "</script><script>window.harmed = 1</script><img src=x onerror='window.harmed = 1'>"


def test_hostile_names_and_characters_show_as_text(look: Any) -> None:
    characters = "".join(sorted(set(HOSTILE) | set('&"`\u2028\u202e\ud800\x1b\U0001f600{}')))
    hostile = {
        "characters": characters,
        "prompt": HOSTILE,
        "corpus": HOSTILE,
        "run": HOSTILE,
        "text": HOSTILE + "\ud800",
    }
    page = look([model_of("gru", **hostile)])
    assert HOSTILE in page.text_content("#trained-on")
    assert page.input_value("#prompt") == HOSTILE
    page.click("#write")
    wait(page, "charcells.writers[0].text.length >= 20")
    stop(page)
    assert HOSTILE in page.text_content(".paper")
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2
    assert page.evaluate("window.harmed") is None
    assert HOSTILE in page.title()


def test_the_policy_forbids_all_but_the_pages_own_script(browser: Any, three: list[PageModel], tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(html(three, "int8"), encoding="utf-8")
    context = browser.new_context()
    page = context.new_page()
    page.goto(file.as_uri())
    found = page.evaluate(
        """async () => {
            const refused = [];
            document.addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
            document.body.append(Object.assign(document.createElement("script"), {textContent: "window.harmed = 1"}));
            document.body.append(Object.assign(document.createElement("img"), {src: "https://example.org/a.png"}));
            await fetch("https://example.org/").catch(() => refused.push("fetch failed"));
            await new Promise((resolve) => setTimeout(resolve, 100));
            return [window.harmed === undefined, ...refused.sort()];
        }"""
    )
    context.close()
    assert found == [True, "connect-src", "fetch failed", "img-src", "script-src-elem"]


def test_words_are_the_same_in_each_language_and_the_switch_changes_all(look: Any, three: list[PageModel]) -> None:
    page = look(three)
    words: dict[str, dict[str, str]] = page.evaluate("charcells.words")
    names = {
        language: {key: set(re.findall(r"\{\w+\}", text)) for key, text in own.items()}
        for language, own in words.items()
    }
    assert names["en"] == names["es"] == names["pt"]
    for language, title in (("es", "Escribir"), ("pt", "Escrever"), ("en", "Writing")):
        page.click(f"#languages [lang={language}]")
        assert page.get_attribute("html", "lang") == language
        assert page.text_content("#writing-title") == title
        text = page.inner_text("body")
        for other in {"en", "es", "pt"} - {language}:
            foreign = [
                words[other][key] for key in ("writingLead", "memoryLead", "insideLead", "chart", "topK", "offline")
            ]
            assert not any(sentence in text for sentence in foreign)


@pytest.mark.parametrize("language", ["en", "es", "pt"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_has_no_sideways_scroll_and_axe_finds_nothing(
    look: Any, three: list[PageModel], language: str, scheme: str
) -> None:
    page = look(three, viewport={"width": 360, "height": 740}, color_scheme=scheme, locale=language)
    page.click("#step")
    assert page.get_attribute("html", "lang") == language
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here to check the page with")
    found = axe.Axe().run(page).response["violations"]
    serious = [rule for rule in found if rule["impact"] in ("serious", "critical", "moderate")]
    assert not serious, json.dumps(
        [(rule["id"], [node["html"][:150] for node in rule["nodes"][:3]]) for rule in serious]
    )


def test_every_control_is_reached_by_keyboard(look: Any, three: list[PageModel]) -> None:
    page = look(three)
    page.click("#step")
    controls = set(
        page.evaluate("""() => [...document.querySelectorAll("button, input, select, textarea, a, .paper")]
        .filter((e) => !e.disabled && e.offsetParent).map((e, i) => e.dataset.n = String(i))""")
    )
    reached = set()
    page.evaluate("document.activeElement.blur()")
    for _ in range(len(controls) + 20):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.dataset.n"))
    assert controls <= reached
    page.focus("#write")
    page.keyboard.press("Enter")
    wait(page, "charcells.writers[0].text.length >= 3")
    page.focus("#stop")
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.id") == "go-on"


def test_sliders_say_where_they_stand_and_what_is_there(look: Any, three: list[PageModel]) -> None:
    page = look(three)
    page.focus("#surprise-at")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    bits = [
        f"{name} {model.generator.score('ba').bits[1]:.1f} bits"
        for name, model in zip(("RNN", "GRU", "LSTM"), three, strict=True)
    ]
    assert page.get_attribute("#surprise-at", "aria-valuetext") == "; ".join(["2 of 14: a", *bits])
    for view in ("neuron", "inside"):
        page.focus(f"#{view}-at")
        page.keyboard.press("Home")
        assert page.get_attribute(f"#{view}-at", "aria-valuetext").startswith("1 of 14: b")


def test_reduced_motion_and_print_keep_everything(look: Any, three: list[PageModel]) -> None:
    page = look(three, reduced_motion="reduce")
    page.click("#step")
    page.emulate_media(media="print")
    assert page.locator(".paper").first.is_visible() and not page.locator("#write").is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.paper')).overflowY") == "visible"


def test_quotes_and_line_positions_of_a_text_counted_by_hand() -> None:
    assert in_quotes('a "bc" d').tolist() == [0, 0, 1, 1, 1, 0, 0, 0]
    assert in_quotes("«a» “b”").tolist() == [1, 1, 0, 0, 1, 1, 0]
    assert in_quotes('"a\n\nb').tolist() == [1, 1, 1, 0, 0]
    assert line_position("ab\nc").tolist() == [1, 2, 0, 1]
    assert FEATURES["capitals"]("aB1É").tolist() == [0, 1, 0, 1]


def test_correlations_are_numpys() -> None:
    values = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    feature = np.random.default_rng(1).normal(size=50).astype(np.float32)
    values[:, 2] = 0.5
    expected = [np.corrcoef(values[:, n], feature)[0, 1] for n in range(2)]
    np.testing.assert_allclose(correlations(values, feature), [*expected, 0], atol=1e-5)


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_a_planted_unit_is_found(cell: str) -> None:
    characters, text = "1ab", "a1b" * 3 + "1a1bb1ab" * 20
    network = CharRNN(3, cell=cell, embedding_dim=None, hidden_size=6).eval()
    with torch.no_grad():
        network.rnn.weight_hh_l0[4::6] = 0  # unit 4 sees the character only, and says whether it is a digit
        network.rnn.weight_ih_l0[4::6] = torch.tensor([3.0, -3, -3])
    found = find_units(network, torch.tensor([characters.index(character) for character in text]), text)
    digits = [unit for unit in found if unit.feature == "digits"]
    assert (digits[0].unit, digits[0].layer) == (4, 0) and abs(digits[0].correlation) > 0.99
    assert not [unit for unit in found if unit.feature in ("capitals", "quotes")]


def test_the_command_makes_a_page_of_trained_runs(
    small: Callable[..., Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, look: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    text = 'He said "no 12 times" to\nBob, and went.\n\n' * 60
    for cell in ("rnn", "gru"):
        train(small(text, f"cell={cell}"), tmp_path / cell)
    main(["sweep=.", "out=sweep.html"])
    assert capsys.readouterr().out.startswith("of the sweep: rnn\nof the sweep: gru\nwritten: ")
    (tmp_path / "lstm").mkdir()
    (tmp_path / "lstm" / "config.yaml").write_text((tmp_path / "gru" / "config.yaml").read_text())
    main(["sweep=.", "out=sweep.html"])
    assert "of the sweep: gru\nnot considered: lstm (unreadable)\nwritten: " in capsys.readouterr().out
    main(["runs=[rnn,gru]", "out=a b=[c].html"])
    assert "written: a b=[c].html" in capsys.readouterr().out
    content = (tmp_path / "a b=[c].html").read_text(encoding="utf-8")
    assert (tmp_path / "sweep.html").read_text(encoding="utf-8") == content
    data = json.loads(re.search(r'id="data">(.*?)</script>', content, re.DOTALL)[1])  # type: ignore[index]
    assert [model["cell"] for model in data["models"]] == ["rnn", "gru"]
    assert data["text"] in text and len(data["text"]) > 100
    units = [unit for model in data["models"] for unit in model["units"]]
    assert units and {unit["feature"] for unit in units} <= set(FEATURES)
    (tmp_path / "runs").mkdir()
    (tmp_path / "gru").rename(tmp_path / "runs" / "gru")
    main(["runs=[latest]", "out=latest.html", "weights=int8"])
    assert capsys.readouterr().err == "latest run: runs/gru\n"
    assert '"run": "gru"' in (tmp_path / "latest.html").read_text(encoding="utf-8")
    (tmp_path / "text.txt").unlink()
    main(["runs=rnn", "weights=int8"])
    reason = "rnn: the page shows no text and no units: the training text is needed (corpora_dir="
    assert reason in capsys.readouterr().out
    assert (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "runs=[]: name one to four"),
        (["runs=[a,b,c,d,e]"], "name one to four"),
        (["runs=nowhere"], "nowhere"),
        (["sweep=nowhere"], "sweep=nowhere: nowhere is not a folder"),
        (["sweep=."], "sweep=.: . contains no runs"),
        (["sweep="], "sweep= is empty: name a folder"),
        (["sweep=.", "runs=a"], "sweep=.: give either the sweep's folder or runs=['a'], not both"),
        (["runs=a", "out=no/page.html"], "out=no/page.html: there is no folder no"),
        (["runs=a", "weights=int4"], "one of float32, float16, int8"),
        (["run=a"], "did you mean runs"),
    ],
)
def test_wrong_input_has_one_clear_message(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=re.escape(message)):
        main(arguments)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("cell=jordan", "run has cell=jordan, and a page computes rnn, gru and lstm only"),
        ("model.num_layers=4", "run has model.num_layers=4, and a page takes at most 3"),
        ("model.hidden_size=513", "run has model.hidden_size=513, and a page takes at most 512"),
    ],
)
def test_a_model_that_a_page_cannot_compute_is_refused(
    small: Callable[..., Config], tmp_path: Path, override: str, message: str
) -> None:
    train(small("abcd efgh\n" * 60, override, "trainer.max_steps=1"), tmp_path / "run")
    with pytest.raises(UserError, match=message):
        read_model(str(tmp_path / "run"), None)


def test_a_text_is_called_by_its_title_and_without_one_by_its_name(
    small: Callable[..., Config], tmp_path: Path
) -> None:
    for options, name in (([], "text.txt"), (["corpus.title=Letters"], "Letters")):
        folder = tmp_path / f"run of {name}"
        train(small("abcd efgh\n" * 60, *options, "trainer.max_steps=1"), folder)
        assert content([read_model(str(folder), None)], "int8")["models"][0]["corpus"] == name


def test_a_text_that_all_models_share_is_named_once(look: Any) -> None:
    page = look([model_of("gru"), model_of("rnn")])
    assert page.text_content("header").count("made up") == 1
    page = look([model_of("gru"), model_of("rnn", corpus="another")])
    assert [page.text_content("header").count(name) for name in ("made up", "another")] == [1, 1]
    assert page.is_hidden("#trained-on")


def test_a_model_that_diverged_is_refused() -> None:
    model = model_of("rnn")
    with torch.no_grad():
        model.generator.model.rnn.weight_hh_l0[0, 0] = 1e5
    html([model], "float32")
    with pytest.raises(UserError, match=r"weights=float16: rnn\.weight_hh_l0 has a number that is not finite or above"):
        html([model], "float16")


def test_three_cells_of_256_units_fit_in_three_megabytes() -> None:
    models = [
        model_of(cell, 1, 64, 256, characters="".join(map(chr, range(32, 132)))) for cell in ("rnn", "gru", "lstm")
    ]
    for kind in ("float16", "int8"):
        assert len(html(models, kind).encode()) <= 3e6


@pytest.fixture(scope="module")
def wide() -> list[PageModel]:
    """Three cells of 256 units."""
    characters = "\n" + "".join(map(chr, range(32, 132)))
    more: dict[str, Any] = {"characters": characters, "prompt": "A", "text": "A fig"}
    return [model_of(cell, 1, 64, 256, **more) for cell in ("rnn", "gru", "lstm")]


@pytest.mark.slow
def test_an_lstm_of_256_units_writes_1000_characters_a_second(look: Any, wide: list[PageModel]) -> None:
    per_second = look(wide).evaluate(
        """() => {
            const network = charcells.networks[2], state = network.start();
            const once = () => {
                const begun = performance.now();
                for (let i = 0; i < 30; i++) network.step(state, charcells.draw(state.logits, 1, 0, 0.5));
                return 30e3 / (performance.now() - begun);
            };
            return Array.from({ length: 200 }, once); // short ones: another program may hold the core meanwhile
        }"""
    )
    per_second = np.quantile(per_second, 0.9)
    print(f"{per_second:.0f} characters/s")
    assert per_second > 1000  # 2,000 and more where nothing else runs


@pytest.mark.slow
@pytest.mark.parametrize("which", ["three of 256 units", "four of 3 x 512 units"])
def test_no_task_of_the_page_holds_a_frame_up_while_the_models_write(
    look: Any, browser: Any, wide: list[PageModel], which: str
) -> None:
    page = look(wide if which.startswith("three") else [model_of("lstm", 3, 5, 512) for _ in range(4)])
    page.select_option("#speed", "0")
    browser.start_tracing(page=page, categories=["toplevel"])
    page.click("#write")
    page.wait_for_timeout(4000)
    stop(page)
    page.click("#step")
    events = json.loads(browser.stop_tracing())["traceEvents"]
    threads = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}
    # time of the processor, and not of the clock, in which other programs take their share
    tasks = [
        event["tdur"] / 1000
        for event in events
        if "tdur" in event and threads.get((event["pid"], event["tid"])) == "CrRendererMain"
    ]
    print(f"{len(tasks)} tasks, the longest {max(tasks):.0f} ms; {page.text_content('#writing-pace')}")
    assert len(tasks) > 50
    assert max(tasks) < 50


COMMITTED = ROOT / "docs" / "quijote.html"


def test_the_committed_page_is_small_and_quotes_little(browser: Any) -> None:
    source = COMMITTED.read_text(encoding="utf-8")
    assert len(source.encode()) < 3e6
    data = json.loads(re.search(r'id="data">(.*?)</script>', source, re.DOTALL)[1])  # type: ignore[index]
    assert [(model["cell"], model["layers"], model["hidden"]) for model in data["models"]] == [
        ("rnn", 1, 256),
        ("gru", 1, 256),
        ("lstm", 1, 256),
    ]
    assert len(data["text"]) <= 400
    assert data["prompt"] == "En un lugar de la Mancha"
    context = browser.new_context()
    page = context.new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(COMMITTED.as_uri())
    page.evaluate("charcells.ready")
    page.click("#step")
    assert page.evaluate("charcells.writers.map((writer) => writer.text.length)") == [1, 1, 1]
    context.close()
    assert (asked, complaints) == ([COMMITTED.as_uri()], [])
