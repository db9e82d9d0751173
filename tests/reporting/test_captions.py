import io
import re
from pathlib import Path
from types import SimpleNamespace

import jinja2
import pytest
from docutils.core import publish_parts

ROOT = Path(__file__).parents[2]
CAPTIONS = sorted((ROOT / "workflow" / "report").glob("*.rst"))
RULES = "".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
FRONT_PAGE = "workflow"


def test_the_captions_are_those_that_the_rules_name():
    named = set(re.findall(r"report/(\w+)\.rst", RULES))
    named |= set(re.findall(r'\b(?:figure|table)\(\s*"[^"]+", "(\w+)"', RULES))
    assert {path.stem for path in CAPTIONS} == named | {FRONT_PAGE}
    assert "workflow/report/workflow.rst" in (ROOT / "Snakefile").read_text()


@pytest.mark.parametrize("path", CAPTIONS, ids=lambda path: path.stem)
def test_a_caption_is_sound_and_says_something(path):
    wildcards = SimpleNamespace(dataset="motif_anywhere", model="conv1d")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    text = environment.from_string(path.read_text()).render(
        snakemake=SimpleNamespace(wildcards=wildcards, config={})
    )
    complaints = io.StringIO()
    body = publish_parts(text, writer="html", settings_overrides={"warning_stream": complaints})[
        "body"
    ]
    assert complaints.getvalue() == ""
    assert len(re.sub(r"<[^>]+>", "", body)) > 200
