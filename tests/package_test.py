"""The package as a whole: its names, signatures and imports."""

import ast
import inspect
import pathlib
import subprocess
import sys

import pytest
import tensorflow as tf

import monitored_tf

train = tf.compat.v1.train
ROOT = pathlib.Path(monitored_tf.__file__).parent

REEXPORTED = (
    "CheckpointSaverListener",
    "Coordinator",
    "FeedFnHook",
    "FinalOpsHook",
    "GlobalStepWaiterHook",
    "LoggingTensorHook",
    "NanTensorHook",
    "ProfilerHook",
    "Scaffold",
    "SecondOrStepTimer",
    "SessionManager",
    "SessionRunArgs",
    "SessionRunValues",
    "StopAtStepHook",
)
OUR_BASIC_HOOKS = (
    "CheckpointSaverHook",
    "StepCounterHook",
    "SummarySaverHook",
)
OUR_CLASSES = (
    "ChiefSessionCreator",
    "MonitoredSession",
    "SessionCreator",
    "SessionRunContext",
    "SessionRunHook",
    "SingularMonitoredSession",
    "WorkerSessionCreator",
)


def _python(code):
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT.parent,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", monitored_tf.__all__)
def test_every_public_name_loads_and_is_documented(name):
    value = getattr(monitored_tf, name)
    assert inspect.getdoc(value)


def test_all_names_are_those_that_type_checkers_see():
    tree = ast.parse((ROOT / "__init__.py").read_text())
    (checked,) = [
        node
        for node in tree.body
        if isinstance(node, ast.If)
        and getattr(node.test, "id", "") == "TYPE_CHECKING"
    ]
    imported = [
        (node.module, alias)
        for node in checked.body
        for alias in node.names
        if node.module != "monitored_tf"
    ]
    assert sorted(alias.name for _, alias in imported) == monitored_tf.__all__
    assert all(alias.name == alias.asname for _, alias in imported)
    for module, alias in imported:
        home = sys.modules.get(module) or __import__(module, fromlist=["_"])
        assert getattr(home, alias.name) is getattr(monitored_tf, alias.name)


def test_all_names_of_the_hooks_and_of_testing_load():
    for package in (monitored_tf.hooks, monitored_tf.testing):
        assert all(getattr(package, name) for name in package.__all__)
    assert set(monitored_tf.hooks.__all__) <= set(monitored_tf.__all__)


def test_dir_lists_the_names_and_the_public_submodules():
    submodules = {"cloud", "cluster", "errors", "estimator", "hooks", "testing"}
    assert set(dir(monitored_tf)) == {*monitored_tf.__all__, *submodules}


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'NoSuchName'"):
        monitored_tf.NoSuchName  # noqa: B018


def test_a_star_import_gives_all_names():
    namespace = {}
    exec("from monitored_tf import *", namespace)
    assert set(monitored_tf.__all__) <= set(namespace)


def test_the_import_does_not_load_tensorflow():
    done = _python(
        "import sys, monitored_tf; dir(monitored_tf); monitored_tf.errors;"
        "print('tensorflow' in sys.modules)"
    )
    assert (done.stdout, done.stderr) == ("False\n", "")


@pytest.mark.parametrize("name", ["MonitoredSession", "RecoveryPolicy"])
def test_a_missing_tensorflow_is_said_clearly(name):
    done = _python(
        "import sys; sys.modules['tensorflow'] = None\n"
        f"from monitored_tf import {name}"
    )
    assert done.returncode == 1
    assert "monitored_tf needs TensorFlow 2.12 or later" in done.stderr
    assert "pip install tensorflow" in done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "import monitored_tf; monitored_tf.testing",
        "import monitored_tf; monitored_tf.hooks",
        "from monitored_tf.testing import FakeClock",
        "from monitored_tf.hooks import ProgressHook",
    ],
)
def test_a_missing_tensorflow_is_said_clearly_by_submodules(line):
    done = _python("import sys; sys.modules['tensorflow'] = None\n" + line)
    assert "monitored_tf needs TensorFlow 2.12 or later" in done.stderr


def test_another_missing_module_is_named_itself():
    done = _python(
        "import sys, tensorflow; sys.modules['absl'] = None\n"
        "from monitored_tf import MonitoredSession"
    )
    assert "needs TensorFlow" not in done.stderr
    assert "absl" in done.stderr


@pytest.mark.parametrize("name", REEXPORTED)
def test_tensorflows_own_objects_are_the_same(name):
    assert getattr(monitored_tf, name) is getattr(train, name)


@pytest.mark.parametrize(
    "name",
    [
        "SessionCreator",
        "SessionRunContext",
        "SessionRunHook",
        *OUR_BASIC_HOOKS,
    ],
)
def test_ours_are_instances_of_tensorflows(name):
    assert issubclass(getattr(monitored_tf, name), getattr(train, name))


def _parameters(function):
    return [
        (parameter.name, parameter.default, parameter.kind)
        for parameter in inspect.signature(function).parameters.values()
    ]


def _assert_same_signature(ours, theirs):
    ours, theirs = _parameters(ours), _parameters(theirs)
    assert ours[: len(theirs)] == theirs
    extra = {kind for _, _, kind in ours[len(theirs) :]}
    assert extra <= {inspect.Parameter.KEYWORD_ONLY}


def _methods(a_class):
    return {
        name: value
        for name, value in inspect.getmembers(a_class, callable)
        if not name.startswith("_")
    }


@pytest.mark.parametrize(
    "name", [*OUR_CLASSES, *OUR_BASIC_HOOKS, "MonitoredTrainingSession"]
)
def test_a_class_is_made_with_the_arguments_of_tensorflows(name):
    _assert_same_signature(getattr(monitored_tf, name), getattr(train, name))


@pytest.mark.parametrize("name", OUR_CLASSES)
def test_a_class_has_the_public_names_of_tensorflows(name):
    ours, theirs = getattr(monitored_tf, name), getattr(train, name)
    public = {n for n in dir(theirs) if not n.startswith("_")}
    assert public <= set(dir(ours))
    for method in _methods(theirs).keys() - {"StepContext"}:
        _assert_same_signature(getattr(ours, method), getattr(theirs, method))


def test_a_step_context_is_made_with_the_arguments_of_tensorflows():
    ours, theirs = monitored_tf.StepContext, train.MonitoredSession.StepContext
    _assert_same_signature(ours, theirs)


def test_a_step_context_has_the_public_names_of_tensorflows():
    ours, theirs = monitored_tf.StepContext, train.MonitoredSession.StepContext
    assert {n for n in dir(theirs) if n[0] != "_"} <= set(dir(ours))
    for method in _methods(theirs):
        _assert_same_signature(getattr(ours, method), getattr(theirs, method))


def test_both_sessions_name_the_step_context():
    for session in (
        monitored_tf.MonitoredSession,
        monitored_tf.SingularMonitoredSession,
    ):
        assert session.StepContext is monitored_tf.StepContext


@pytest.mark.parametrize(
    "name", sorted({*monitored_tf.__all__} - {*REEXPORTED})
)
def test_every_method_of_ours_is_documented(name):
    value = getattr(monitored_tf, name)
    if not inspect.isclass(value):
        return
    for method, function in vars(value).items():
        if callable(function) and not method.startswith("_"):
            assert inspect.getdoc(function), method
