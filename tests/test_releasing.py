"""What lies at the top for people and hosts: citation, workflows, forms for issues."""

import os
import re
import subprocess
from pathlib import Path

import yaml

import charcells

ROOT = Path(__file__).parents[1]
FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"


def read(path: Path) -> dict:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def test_the_citation_has_what_its_format_requires() -> None:
    citation = read(ROOT / "CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["license"] in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_the_forms_have_what_their_format_requires() -> None:
    forms = sorted(path for path in FORMS.glob("*.yml") if path.name != "config.yml")
    assert [path.stem for path in forms] == ["bug", "claim", "question"]
    for path in forms:
        form = read(path)
        assert form["name"] and form["description"]
        fields = [field for field in form["body"] if field["type"] != "markdown"]
        assert len({field["id"] for field in fields}) == len(fields) > 0
        assert all(field["attributes"]["label"] for field in fields)


def test_a_bug_is_reported_with_summary_and_log() -> None:
    labels = [field["attributes"].get("label") for field in read(FORMS / "bug.yml")["body"]]
    assert "summary.json" in labels and "train.log" in labels


def test_what_the_forms_point_to_is_there() -> None:
    for path in FORMS.glob("*.yml"):
        for name in re.findall(r"[\w/]*\.md|experiments/[\w.]+|`docs/`", path.read_text(encoding="utf-8")):
            assert (ROOT / name.strip("`")).exists(), f"{path.name}: {name}"


def test_the_workflows_call_the_targets_that_everybody_calls() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) | {"docs"}  # the site's target
    commands = []
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        workflow = read(path)
        assert workflow.get("on", workflow.get(True)) and workflow["permissions"]  # `on` is true in YAML 1.1
        for job in workflow["jobs"].values():
            commands += [step["run"] for step in job["steps"] if "run" in step]
    assert "bash .ci/run" in commands and "make dist" in commands and "make docs" in commands
    for command in commands:
        if command.startswith("make "):
            assert command.split()[1] in targets


def test_a_release_checks_that_its_tag_is_the_version() -> None:
    steps = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]["build"]["steps"]
    (check,) = [step["run"] for step in steps if step.get("name") == "the tag is the version"]
    for tag, status in ((f"v{charcells.__version__}", 0), ("v99.0.0", 1)):
        done = subprocess.run(["bash", "-c", check], cwd=ROOT, env={**os.environ, "GITHUB_REF_NAME": tag})
        assert done.returncode == status
