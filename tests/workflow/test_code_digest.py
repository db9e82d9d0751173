"""The digest follows imports, and nothing else."""

import pytest

from seqarena.code_digest import _imports, code_digest


@pytest.fixture
def script(tmp_path):
    """A script that imports one module of a package, which imports another."""
    _imports.cache_clear()
    package = tmp_path / "library"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "near.py").write_text("def f():\n    from library import far\n")
    (package / "far.py").write_text("")
    (package / "other.py").write_text("")
    (tmp_path / "script.py").write_text("import os\nfrom library.near import f\n")
    return tmp_path / "script.py"


@pytest.mark.parametrize("file", ["script.py", "library/near.py", "library/far.py"])
def test_an_edit_of_what_is_reached_changes_it(script, file):
    before = code_digest(script)
    path = script.parent / file
    path.write_text(path.read_text() + "\n# edited\n")
    assert code_digest(script) != before


def test_a_template_beside_a_module_counts(script):
    before = code_digest(script)
    (script.parent / "library/page.html.j2").write_text("<p>")
    assert code_digest(script) != before


def test_an_edit_of_what_is_not_reached_does_not(script):
    before = code_digest(script)
    (script.parent / "library/other.py").write_text("# edited\n")
    assert code_digest(script) == before


def test_it_does_not_depend_on_where_the_workflow_lies(script, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copytree(script.parent / "library", copy / "library")
    shutil.copy(script, copy)
    assert code_digest(copy / "script.py") == code_digest(script)
