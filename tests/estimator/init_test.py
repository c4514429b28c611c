"""The names of monitored_tf.estimator."""

import ast
import inspect
import pathlib
import subprocess
import sys

import pytest

import monitored_tf.estimator as estimator

FILE = pathlib.Path(estimator.__file__)


@pytest.mark.parametrize("name", estimator.__all__)
def test_every_name_loads_and_is_documented(name):
    assert inspect.getdoc(getattr(estimator, name))


@pytest.mark.parametrize("name", estimator._SUBMODULES)
def test_every_submodule_loads(name):
    module = getattr(estimator, name)
    assert module is sys.modules[f"monitored_tf.estimator.{name}"]


def test_all_names_are_those_that_type_checkers_see():
    tree = ast.parse(FILE.read_text())
    (checked,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.name: node.module for node in checked.body for alias in node.names
    }
    modules = {
        name: f"monitored_tf.{module}"
        for name, module in estimator._lazy.module_of.items()
    }
    submodules = dict.fromkeys(estimator._SUBMODULES, "monitored_tf.estimator")
    assert seen == {**modules, **submodules}


def test_dir_lists_them():
    names = {*estimator.__all__, *estimator._SUBMODULES}
    assert {*dir(estimator)} == names


def test_other_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'NoSuchName'"):
        _ = estimator.NoSuchName


@pytest.mark.parametrize("module", [estimator, estimator.experimental])
def test_what_the_real_one_has_beyond_ours_is_explained(module):
    with pytest.raises(AttributeError, match="has no LinearSDCA: write its"):
        _ = module.LinearSDCA


def test_importing_it_does_not_load_tensorflow():
    code = (
        "import sys, monitored_tf.estimator as e; e.__all__; "
        "assert 'tensorflow' not in sys.modules; "
        "e.ModeKeys; assert 'tensorflow' not in sys.modules; "
        "e.RunConfig; assert 'tensorflow' in sys.modules"
    )
    subprocess.run(
        [sys.executable, "-c", code], cwd=FILE.parents[2], check=True
    )
