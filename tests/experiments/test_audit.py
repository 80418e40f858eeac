"""The audit of the verdicts: each method against a printed example, and what it notices in a finding."""

import ast
import itertools
import json
import math
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest

from experiments.audit import __main__ as report
from experiments.audit import methods
from experiments.audit.check import DIFFERS, PARTLY, WRITTEN, audited, of_holm
from experiments.audit.methods import Interval
from experiments.audit.questions import Question, mean_of, median_of, over_recipes, share, trend
from experiments.audit.words import holm, p_of, region, word_of

COMMITTED = sorted(path.stem for path in report.RESULTS.glob("*.json"))

# Student's (1908) data: additional hours of sleep of ten patients by either of two drugs
DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def ends(found: Interval) -> tuple[float, float]:
    assert found.low is not None and found.high is not None
    return found.low, found.high


def test_it_imports_only_the_standard_library_pandas_and_scipy():
    for file in Path(report.__file__).parent.glob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        modules |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        others = {module for module in modules if module.split(".")[0] not in sys.stdlib_module_names}
        others -= {module for module in others if module.startswith("experiments.audit")}
        assert {module.split(".")[0] for module in others} <= {"pandas", "scipy"}, file.name


# The methods


def test_students_interval_is_that_of_his_own_data():
    # R's documentation: t.test(extra ~ group, sleep, paired = TRUE), 0.7001142 to 2.4598858
    found = methods.student([b - a for a, b in zip(DRUG_1, DRUG_2, strict=True)])
    assert found.estimate == pytest.approx(1.58)
    assert ends(found) == pytest.approx((0.7001142, 2.4598858), abs=1e-7)


def test_welchs_interval_is_that_of_the_same_data_unpaired():
    # R's documentation: t.test(extra ~ group, sleep), df = 17.776, -3.3654832 to 0.2054832
    assert ends(methods.welch(DRUG_1, DRUG_2)) == pytest.approx((-3.3654832, 0.2054832), abs=1e-7)


def test_the_exact_interval_of_a_share_is_that_of_the_tables():
    # tables of the exact limits: 5 of 10 are 18.7 to 81.3 %, 2 of 20 are 1.2 to 31.7 %
    assert ends(methods.clopper_pearson(5, 10)) == pytest.approx((0.187, 0.813), abs=5e-4)
    assert ends(methods.clopper_pearson(2, 20)) == pytest.approx((0.012, 0.317), abs=5e-4)
    # of n in n the lower end is the rate whose n-th power is 0.025
    assert ends(methods.clopper_pearson(8, 8)) == pytest.approx((0.025 ** (1 / 8), 1))


@pytest.mark.parametrize(("n", "rank"), [(6, 1), (8, 1), (9, 2), (12, 3), (24, 7)])
def test_the_median_lies_between_the_ranks_of_the_tables_of_the_sign_test(n, rank):
    # one more than the critical values of the two-sided sign test at 0.05: 0, 0, 1, 2, 6
    shuffled = [(7 * i) % n if math.gcd(7, n) == 1 else i for i in range(n)]
    assert ends(methods.median(shuffled)) == (rank - 1, n - rank)


def test_five_figures_give_no_interval_of_the_median():
    assert methods.median([3, 1, 2, 5, 4]) == Interval(3)


def test_hoeffdings_interval_in_two_cases_that_can_be_solved_by_hand():
    # all figures at the end: mⁿ = 0.025
    assert ends(methods.hoeffding([1] * 6, (0, 1))) == pytest.approx((0.025 ** (1 / 6), 1))
    # in the middle: (4 m (1 − m))^(n/2) = 0.025
    m = (1 - math.sqrt(1 - 0.025 ** (2 / 10))) / 2
    assert ends(methods.hoeffding([0, 1] * 5, (0, 1))) == pytest.approx((m, 1 - m))
    assert ends(methods.hoeffding([-1, 1] * 5, (-1, 1))) == pytest.approx((2 * m - 1, 1 - 2 * m))


def test_hoeffdings_interval_of_a_difference():
    # reach √((1/8 + 1/8) ln 40 / 2) = √(3.688879 / 8) = 0.679051
    assert ends(methods.hoeffding_difference([1] * 8, [1] * 8, (0, 1))) == pytest.approx((-0.679051, 0.679051), 1e-5)
    assert ends(methods.hoeffding_difference([1] * 8, [0] * 8, (0, 1))) == pytest.approx((0.320949, 1), 1e-5)


def test_an_interval_of_shares_stays_among_shares_and_is_the_wider_of_two():
    inside, beyond = [0.4, 0.5, 0.6, 0.5, 0.5], [0.9, 1.0, 1.0, 1.0, 1.0]
    assert methods.student_within(inside, (0, 1)) == methods.student(inside)
    assert methods.student(beyond).high > 1
    low, high = ends(methods.student_within(beyond, (0, 1)))
    assert high == 1 and low == methods.hoeffding(beyond, (0, 1)).low < methods.student(beyond).low


def test_figures_without_spread_and_without_range_give_no_interval():
    assert methods.student([2.0] * 9) == Interval(2.0)
    assert methods.welch([2.0] * 9, [1.0] * 9) == Interval(1.0)


def test_rank_correlations_by_hand():
    assert methods.rank_correlation([1, 2, 3, 4, 5]) == 1
    assert methods.rank_correlation([5, 4, 3, 2, 1]) == -1
    assert methods.rank_correlation([7, 7, 7, 7, 7]) == 0
    # ranks 1½, 1½, 3, 4, 5: 3 + 1½ + 0 + 1 + 4 = 9½ of 10
    assert methods.rank_correlation([1, 1, 3, 4, 5]) == 0.95
    # Σ d² = 4: Spearman's 1 − 6 · 4 / (5 · 24)
    assert methods.rank_correlation([2, 1, 4, 3, 5]) == pytest.approx(0.8)


def test_pages_test_of_three_groups():
    # each of four runs puts three levels in order: L is as large as can be, of which the chance is (1/6)⁴
    rising = [[1, 2, 3]] * 4
    assert methods.pages_test_agrees(rising, rising=True)
    assert not methods.pages_test_agrees(rising, rising=False)
    assert not methods.pages_test_agrees([[1, 2, 3], [3, 2, 1]] * 2, rising=True)


def test_a_sum_of_means_by_hand():
    # variances 2/2 and 2/2, each halved and squared: 0.5; degrees of freedom 0.5² / (2 · 0.25² / 1) = 2
    found = methods.sum_of_means([(0.5, [1, 3]), (0.5, [5, 7])])
    assert ends(found) == pytest.approx((4 - 4.302653 * 0.5**0.5, 4 + 4.302653 * 0.5**0.5))
    assert methods.sum_of_means([(1, [1]), (-1, [2, 3])]) == Interval(-1.5)


def test_holms_correction_of_five():
    # R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm")
    p = dict(zip("abcde", (0.01, 0.02, 0.03, 0.04, 0.05), strict=True))
    assert list(holm(p).values()) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])


# The words


def fixed(low: float, high: float, alike: float | None = None) -> Question:
    return Question("?", 1, lambda tail: Interval((low + high) / 2, low, high), alike)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.03, 0.1, "supported"), (-0.1, 0.01, "refuted"), (-0.01, 0.01, "alike"), (0.01, 0.03, "inconclusive")],
)
def test_the_word_is_where_the_interval_lies(low, high, expected):
    assert word_of([(fixed(low, high, alike=0.02), region("above 0.02"))]) == expected


def test_the_regions_of_the_findings():
    assert region("above 0.02") == (0.02, math.inf)
    assert region("below -1") == (-math.inf, -1)
    assert region("within ±0.02") == (-0.02, 0.02)
    assert region("between 1 and 2") == (1, 2)


def test_a_whole_is_true_if_all_are_and_false_if_one_surely_is():
    yes, no = share("yes", [True] * 8), share("no", [False] * 6)  # 0 of 6 are p = 0.016 against a half
    above_half = region("above 0.5")
    assert word_of([(yes, above_half)] * 2) == "supported"
    assert word_of([(no, above_half)]) == "refuted"
    assert word_of([(yes, above_half), (no, above_half)]) == "inconclusive"  # 0.031 for two
    assert word_of([(yes, above_half), (share("no", [False] * 7), above_half)]) == "refuted"


def test_p_is_twice_the_least_tail_that_decides():
    above_half = region("above 0.5")
    assert p_of([(share("?", [True] * 8), above_half)]) == pytest.approx(2 * 0.5**8, rel=1e-2)
    assert p_of([(share("?", [True, False] * 4), above_half)]) == 1
    # Student's own data against 0: R's documentation has t = 4.0621, p = 0.002833
    sleep = mean_of("?", DRUG_2, DRUG_1)
    assert p_of([(sleep, region("above 0"))]) == pytest.approx(0.002833, rel=1e-2)
    assert p_of([(sleep, region("below 0"))]) == pytest.approx(0.002833, rel=1e-2)


def test_a_trend_needs_pages_test_too():
    rising = trend("?", pd.DataFrame([[1, 2, 3, 4, 5]] * 8))
    assert word_of([(rising, region("above 0"))]) == "supported"
    assert word_of([(trend("?", pd.DataFrame([[5, 4, 3, 2, 1]] * 8)), region("above 0"))]) == "refuted"
    disagreeing = Question(rising.asked, 8, rising.interval, bears_out=lambda rises, tail: False)
    assert word_of([(disagreeing, region("above 0"))]) == "inconclusive"


def recipe_runs(effects: list[float]) -> pd.DataFrame:
    """Two texts and three seeds of two arms under each recipe, with an effect that hardly scatters."""
    rows = []
    for (recipe, effect), corpus, arm, seed in itertools.product(enumerate(effects), "xy", "ab", (1, 2, 3)):
        figure = 2 + (corpus == "y") + effect * (arm == "a") + 0.001 * seed
        rows.append({"recipe": recipe, "corpus": corpus, "arm": arm, "seed": seed, "bits": figure})
    return pd.DataFrame(rows)


def test_recipes_that_surely_disagree_make_the_verdict_depend_on_them():
    agree, disagree = ([0.1, 0.2, 0.1, 0.2], [0.1, -0.2, 0.1, -0.2])
    words = []
    for effects in (agree, disagree):
        question = over_recipes("?", recipe_runs(effects), ["recipe"], "bits", ("arm", "a", "b"))
        assert question.interval(0.025).estimate == pytest.approx(sum(effects) / 4)
        assert question.n == 48
        words.append(word_of([(question, region("above 0"))]))
    assert words == ["supported", "recipe-dependent"]


def test_pairs_are_subtracted_before_their_mean_and_median():
    assert mean_of("?", [3, 5, 9], [1, 2, 3]).interval(0.025).estimate == pytest.approx(11 / 3)
    assert median_of("?", [3, 5, 9], [1, 2, 3]).interval(0.025).estimate == 3


# The findings


def test_every_committed_finding_is_as_its_csvs_say(capsys):
    report.main([])
    assert DIFFERS not in capsys.readouterr().out


@pytest.fixture
def finding(tmp_path):
    """Copies the files of a claim, changes its finding by a function, and returns the lines of the audit."""

    def changed(name, change=lambda verdicts: None):
        for path in report.RESULTS.glob(f"{name}*"):
            shutil.copy(path, tmp_path)
        found = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        change(found["verdicts"])
        (tmp_path / f"{name}.json").write_text(json.dumps(found), encoding="utf-8")
        return list(audited(name, tmp_path))

    return changed


def first_of_its_own(verdicts):
    """A verdict with figures, not one that only joins others."""
    return next(verdict for verdict in verdicts if verdict["estimate"] is not None)


@pytest.mark.parametrize("name", COMMITTED)
def test_a_changed_figure_number_or_word_is_noticed(name, finding):
    for key in ("estimate", "low", "high", "n", "verdict", "p"):

        def change(verdicts, key=key):
            verdict = first_of_its_own(verdicts)
            was = verdict[key]
            if key == "verdict":
                verdict[key] = "refuted" if was == "supported" else "supported"
            elif key == "p":
                verdict[key] = max(1.05 * was, 1e-3)
            else:
                verdict[key] = 1.05 * was or 1e-3

        lines = finding(name, change)
        assert [line.result for line in lines].count(DIFFERS) >= 1, key


@pytest.mark.parametrize("key", ["estimate", "low", "high"])
def test_the_third_digit_counts(key, finding):
    def change(verdicts):
        verdicts[0][key] *= 1.002

    assert finding("embedding", change)[0].result == DIFFERS


def test_a_question_without_an_audit_is_noticed(finding):
    lines = finding("hello", lambda verdicts: verdicts.append({**verdicts[-1], "question": "a new one"}))
    [line] = [line for line in lines if line.result == DIFFERS]
    assert line.question == "a new one" and "no audit is written" in line.why


def test_a_question_that_a_finding_lacks_is_noticed(finding):
    assert DIFFERS in [line.result for line in finding("hello", lambda verdicts: verdicts.pop())]


def test_a_part_that_is_left_out_or_has_other_figures_is_noticed(finding):
    assert finding("hello", lambda verdicts: verdicts[0]["parts"].pop())[0].result == DIFFERS
    assert finding("hello", lambda verdicts: verdicts[0]["parts"][0].update(low=0.6))[0].result == DIFFERS
    assert finding("hello")[0].result == WRITTEN


def test_a_claim_without_an_audit_and_a_missing_csv_are_noticed(tmp_path, capsys):
    shutil.copy(report.RESULTS / "best_cell.json", tmp_path)
    shutil.copy(report.RESULTS / "hello.json", tmp_path / "another.json")
    with pytest.raises(SystemExit):
        report.main([], tmp_path)
    printed = capsys.readouterr().out
    assert "another: all: no audit is written for this claim" in printed.replace(": DIFFERS", "").replace(": :", ":")
    assert "best_cell.csv" in printed
    assert "gru_cost: waits for its runs" in printed


def test_a_changed_run_is_noticed(finding, tmp_path):
    finding("best_cell")
    path = tmp_path / "best_cell.csv"
    runs = pd.read_csv(path)
    runs.loc[runs.index[runs["cell"] == "gru"][-1], "test/bpc"] += 0.1
    runs.to_csv(path, index=False)
    assert DIFFERS in [line.result for line in audited("best_cell", tmp_path)]


def test_a_verdict_that_other_texts_do_not_bear_out_is_inconclusive(finding):
    def with_note(note, verdict="inconclusive"):
        return lambda verdicts: first_of_its_own(verdicts).update(
            note=first_of_its_own(verdicts)["note"] + note, verdict=verdict
        )

    refused = "; 95 % interval over 90 blocks of held-out text: +0.001 to +0.200, which does not bear it out"
    assert finding("embedding", with_note(refused))[0].result == WRITTEN
    borne_out = "; 95 % interval over 90 blocks of held-out text: +0.030 to +0.200"
    assert finding("embedding", with_note(borne_out, "supported"))[0].result == WRITTEN
    assert finding("embedding", with_note(borne_out))[0].result == DIFFERS
    impossible = "; 95 % interval over 90 blocks of held-out text: +0.001 to +0.200"
    assert finding("embedding", with_note(impossible, "supported"))[0].result == DIFFERS
    # 0.020 may be 0.0196 or 0.0204: three digits cannot tell
    for verdict, end in (("supported", ""), ("inconclusive", ", which does not bear it out")):
        close = f"; 95 % interval over 90 blocks of held-out text: +0.020 to +0.200{end}"
        assert finding("embedding", with_note(close, verdict))[0].result == WRITTEN


def test_what_is_undecided_needs_no_other_texts(finding):
    def change(verdicts):
        verdicts[0]["note"] += "; 95 % interval over 90 blocks of held-out text: -0.300 to +0.200"

    assert finding("gru_cost", change)[0].result == WRITTEN


def test_holms_p_in_the_notes_are_recomputed(tmp_path):
    for name, p, noted in (("best_cell", 0.01, "0.02"), ("gru_cost", 0.04, "0.04")):
        first = {"p": p, "note": f"p after Holm's correction over 2 claims: {noted}", "verdict": "supported"}
        (tmp_path / f"{name}.json").write_text(json.dumps({"main": True, "verdicts": [first]}))
    assert [line.result for line in of_holm(tmp_path)] == [WRITTEN, WRITTEN]
    found = (tmp_path / "best_cell.json").read_text()
    (tmp_path / "best_cell.json").write_text(found.replace("claims: 0.02", "claims: 0.01"))
    assert [line.result for line in of_holm(tmp_path)] == [DIFFERS, WRITTEN]


def test_what_no_csv_holds_is_said(finding):
    lines = finding("temperature")
    assert {line.result for line in lines} <= {WRITTEN, PARTLY}
    for line in lines:
        assert ("not recomputed" in str(line)) == (line.result == PARTLY)


def test_gains_and_prompts_are_recomputed_from_their_columns(tmp_path):
    """Figures for which the difference is known, in the place of those that were measured."""
    gains = [0.01 * i for i in range(8)]  # mean 0.035
    on_text = pd.concat(
        pd.DataFrame({"cell": cell, "seed": range(11, 19), "gain beyond 100 characters": gains})
        for cell in ("rnn", "gru", "lstm")
    )
    prompts = pd.DataFrame(
        [
            {"corpus": corpus, "seed": seed, "temperature": 0.5, "prompt": prompt, "unknown words": share}
            for corpus, seed in itertools.product(("biblia", "quijote", "pydoc"), range(11, 19))
            for prompt, share in (("present", 0.1), ("absent", 0.2 + 0.01 * seed))
        ]
    )
    for name, rows, column in (
        ("short_memory", on_text, "gain beyond 100 characters"),
        ("temperature", prompts, "prompt"),
    ):
        for path in report.RESULTS.glob(f"{name}*"):
            shutil.copy(path, tmp_path)
        path = tmp_path / f"{name}_measured.csv"
        measured = pd.read_csv(path)
        pd.concat([measured[measured[column].isna()], rows]).to_csv(path, index=False)
    recall = {line.question: line for line in audited("short_memory", tmp_path)}
    assert recall.pop("gain from context beyond 100 characters: RNN, biblia").figures.startswith("+0.035 (")
    assert {line.result for question, line in recall.items() if not question.startswith("gain")} == {WRITTEN}
    words = list(audited("temperature", tmp_path))
    [prompted] = [line for line in words if "a prompt that is not in the text" in line.question]
    assert prompted.figures.startswith("+0.245 (")  # 0.1 + 0.01 · 14.5
    assert {line.result for line in words if line is not prompted} == {WRITTEN}


def test_an_option_is_refused(capsys):
    with pytest.raises(SystemExit, match="takes no options"):
        report.main(["--fast"])
