"""Our sessions where code written for TensorFlow looks for its own."""

import pathlib
import subprocess
import sys
import types

import pytest
import tensorflow as tf
from tensorflow.python.training import monitored_session as tf_module

import monitored_tf

v1 = tf.compat.v1
NAMES = (
    "MonitoredSession",
    "SingularMonitoredSession",
    "MonitoredTrainingSession",
    "ChiefSessionCreator",
    "WorkerSessionCreator",
)
THEIRS = {name: getattr(v1.train, name) for name in NAMES}


@pytest.fixture(autouse=True)
def _uninstalled():
    yield
    monitored_tf.uninstall()


@pytest.fixture
def module():
    """A module that is imported for the time of the test."""
    module = types.ModuleType("a_third_party_trainer")
    sys.modules[module.__name__] = module
    yield module
    del sys.modules[module.__name__]


def _ours():
    return {name: getattr(monitored_tf, name) for name in NAMES}


def _names_of(module):
    return {name: getattr(module, name) for name in NAMES}


def _all_globals():
    """Each global of each module, but for what is loaded on demand."""
    return {
        (module_name, name): id(value)
        for module_name, module in list(sys.modules.items())
        if isinstance(module, types.ModuleType)
        # Hypothesis, if it is there, counts in its globals.
        and not module_name.startswith(("monitored_tf", "hypothesis"))
        for name, value in list(vars(module).items())
    }


def test_install_puts_ours_into_the_public_place_and_tensorflows_own():
    monitored_tf.install()
    assert _names_of(v1.train) == _ours()
    assert _names_of(tf_module) == _ours()
    assert _names_of(sys.modules[v1.train.__name__]) == _ours()


IMPORTS = """
import monitored_tf
monitored_tf.install()
from tensorflow.compat.v1.train import MonitoredSession as a
from tensorflow.python.training.monitored_session import MonitoredSession as b
import tensorflow.compat.v1 as tf
print({a, b, tf.train.MonitoredSession} == {monitored_tf.MonitoredSession})
monitored_tf.uninstall()
print(tf.train.MonitoredSession is monitored_tf.MonitoredSession)
"""


def _lines_printed_by(code):
    """Runs it in a process of its own: imports cannot be undone."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=pathlib.Path(monitored_tf.__file__).parent.parent,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_an_import_after_install_gets_ours():
    assert _lines_printed_by(IMPORTS)[0] == "True"


def test_uninstall_takes_back_what_tensorflow_imported_in_between():
    assert _lines_printed_by(IMPORTS)[1] == "False"


def test_uninstall_takes_back_exactly_what_install_did():
    monitored_tf.install()
    monitored_tf.uninstall()
    before = _all_globals()
    monitored_tf.install()
    assert _all_globals() != before
    monitored_tf.uninstall()
    assert _all_globals() == before
    assert _names_of(v1.train) == _names_of(tf_module) == THEIRS


def test_a_module_that_holds_tensorflows_classes_gets_ours(module):
    module.Session = THEIRS["MonitoredSession"]
    module.train = THEIRS["MonitoredTrainingSession"]
    module.Again = THEIRS["MonitoredSession"]
    module.other = [THEIRS["MonitoredSession"]]
    monitored_tf.install()
    assert module.Session is module.Again is monitored_tf.MonitoredSession
    assert module.train is monitored_tf.MonitoredTrainingSession
    assert module.other == [THEIRS["MonitoredSession"]]
    monitored_tf.uninstall()
    assert module.Session is module.Again is THEIRS["MonitoredSession"]
    assert module.train is THEIRS["MonitoredTrainingSession"]


def test_a_module_that_loads_names_on_demand_is_not_made_to(module):
    def load(name):
        raise AssertionError(name)

    module.__getattr__ = load
    monitored_tf.install()
    monitored_tf.uninstall()


def test_a_module_named_main_gets_ours(module):
    sys.modules["__main__"].TheirSession = THEIRS["MonitoredSession"]
    try:
        monitored_tf.install()
        assert (
            sys.modules["__main__"].TheirSession
            is monitored_tf.MonitoredSession
        )
    finally:
        del sys.modules["__main__"].TheirSession


def test_entries_of_sys_modules_that_are_no_modules_are_left_alone():
    sys.modules["no_module"] = None
    try:
        monitored_tf.install()
        monitored_tf.uninstall()
    finally:
        del sys.modules["no_module"]


def test_a_second_install_looks_at_the_modules_imported_since(module):
    monitored_tf.install()
    module.Session = THEIRS["MonitoredSession"]
    monitored_tf.install()
    assert module.Session is monitored_tf.MonitoredSession
    monitored_tf.uninstall()
    assert module.Session is THEIRS["MonitoredSession"]
    assert _names_of(v1.train) == THEIRS


def test_a_second_uninstall_does_nothing():
    monitored_tf.install()
    monitored_tf.uninstall()
    monitored_tf.uninstall()
    assert _names_of(v1.train) == THEIRS


def test_uninstall_without_install_does_nothing():
    monitored_tf.uninstall()
    assert _names_of(v1.train) == THEIRS


def test_a_name_that_was_set_since_is_left_alone(module):
    module.Session = THEIRS["MonitoredSession"]
    monitored_tf.install()
    module.Session = "mine"
    monitored_tf.uninstall()
    assert module.Session == "mine"


def test_a_name_that_was_deleted_since_stays_deleted(module):
    module.Session = THEIRS["MonitoredSession"]
    monitored_tf.install()
    del module.Session
    monitored_tf.uninstall()
    assert not hasattr(module, "Session")


def test_installed_holds_for_its_block_only():
    with monitored_tf.installed():
        assert _names_of(v1.train) == _ours()
    assert _names_of(v1.train) == THEIRS


def test_installed_takes_back_after_an_error_too():
    with pytest.raises(KeyError), monitored_tf.installed():
        raise KeyError
    assert _names_of(v1.train) == THEIRS


def test_installed_inside_an_installation_leaves_it_in_place():
    monitored_tf.install()
    with monitored_tf.installed(), monitored_tf.installed():
        assert _names_of(v1.train) == _ours()
    assert _names_of(v1.train) == _ours()


def test_our_own_modules_keep_tensorflows_classes_they_need(step):
    with monitored_tf.installed():
        with v1.train.MonitoredSession() as session:
            assert session.run(step) == 1
        assert type(session) is monitored_tf.MonitoredSession


def test_base_classes_and_hooks_stay_tensorflows():
    hook_class, creator_class = v1.train.SessionRunHook, v1.train.SessionCreator
    with monitored_tf.installed():
        assert v1.train.SessionRunHook is hook_class
        assert v1.train.SessionCreator is creator_class
        for hook in (
            v1.train.StopAtStepHook(num_steps=1),
            monitored_tf.testing.RecordingHook(),
        ):
            assert isinstance(hook, v1.train.SessionRunHook)
        assert isinstance(
            v1.train.ChiefSessionCreator(), v1.train.SessionCreator
        )


def test_a_training_loop_of_tensorflow_runs_through_ours(step, tmp_path):
    with monitored_tf.installed():
        hooks = [v1.train.StopAtStepHook(last_step=3)]
        with v1.train.MonitoredTrainingSession(
            checkpoint_dir=str(tmp_path), hooks=hooks
        ) as session:
            assert isinstance(session, v1.train.MonitoredSession)
            while not session.should_stop():
                session.run(step)
    assert tf.train.latest_checkpoint(str(tmp_path)).endswith("-3")


@pytest.mark.parametrize("name", NAMES[:2])
def test_a_class_derived_from_tensorflows_before_still_works(step, name):
    derived = type("Derived", (THEIRS[name],), {})
    with monitored_tf.installed(), derived() as session:
        assert session.run(step) == 1


def test_tensorflows_own_class_held_elsewhere_still_works(step):
    with monitored_tf.installed():
        with THEIRS["MonitoredSession"]() as session:
            assert session.run(step) == 1
