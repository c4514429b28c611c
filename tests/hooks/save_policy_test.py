"""What becomes of training when a checkpoint can't be saved."""

import shutil

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import save_errors

v1 = tf.compat.v1
Hook = monitored_tf.CheckpointSaverHook


class _Listener(v1.train.CheckpointSaverListener):
    def __init__(self):
        self.calls = []

    def before_save(self, session, global_step_value):
        self.calls.append(f"before {global_step_value}")

    def after_save(self, session, global_step_value):
        self.calls.append(f"after {global_step_value}")

    def end(self, session, global_step_value):
        self.calls.append(f"end {global_step_value}")


class _Model:
    """A weight to which each step adds what it is fed."""

    def __init__(self, **saver_arguments):
        global_step = v1.train.get_or_create_global_step()
        self.weight = v1.get_variable("weight", initializer=0.0)
        self.added = v1.placeholder_with_default(1.0, ())
        self.saver = v1.train.Saver(**saver_arguments)
        with tf.control_dependencies([v1.assign_add(self.weight, self.added)]):
            self.step = v1.assign_add(global_step, 1)

    def session(self, folder, save_steps=1, recovery=None, hooks=(), **kwargs):
        hook = Hook(
            str(folder), save_steps=save_steps, saver=self.saver, **kwargs
        )
        return monitored_tf.MonitoredSession(
            monitored_tf.ChiefSessionCreator(
                v1.train.Scaffold(saver=self.saver), checkpoint_dir=str(folder)
            ),
            [hook, *hooks],
            recovery=recovery or monitored_tf.RecoveryPolicy.none(),
        )

    def run(self, session, added=1.0):
        return session.run(self.step, {self.added: added})


@pytest.fixture
def model(graph):
    return _Model()


def _steps_on_disk(folder):
    return sorted(
        int(path.stem.rpartition("-")[2]) for path in folder.glob("*.index")
    )


def _latest(folder):
    return tf.train.latest_checkpoint(str(folder)).rpartition("/")[2]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_is_raised_and_never_published(model, tmp_path, bad):
    with pytest.raises(v1.train.NanLossDuringTrainingError) as caught:
        with model.session(tmp_path) as session:
            model.run(session)
            model.run(session, bad)
    assert isinstance(caught.value, save_errors.NanWeightsError)
    assert caught.value.variables == ("weight",)
    assert "model.ckpt-2 is not saved" in str(caught.value)
    assert _steps_on_disk(tmp_path) == [0, 1]
    assert _latest(tmp_path) == "model.ckpt-1"


def test_nan_at_the_end_is_raised_too(model, tmp_path):
    with pytest.raises(save_errors.NanWeightsError):
        with model.session(tmp_path, save_steps=100) as session:
            model.run(session, np.nan)
    assert _steps_on_disk(tmp_path) == [0]


def test_nan_is_saved_where_that_is_asked_for(model, tmp_path):
    with model.session(tmp_path, on_nan=None) as session:
        model.run(session, np.nan)
    assert _steps_on_disk(tmp_path) == [0, 1]


def test_nan_may_be_skipped(model, tmp_path, caplog):
    listener = _Listener()
    with model.session(
        tmp_path, on_nan="skip", listeners=[listener]
    ) as session:
        model.run(session)
        assert model.run(session, np.nan) == 2
    assert _steps_on_disk(tmp_path) == [0, 1]
    assert "weight (1 of 1). Training goes on." in caplog.text
    assert listener.calls == [
        *("before 0", "after 0", "before 1", "after 1", "before 2"),
        "end 2",
    ]


def test_nan_may_be_rolled_back(model, tmp_path):
    recoveries = []
    policy = monitored_tf.RecoveryPolicy(
        initial_pause_secs=0, on_recovery=recoveries.append
    )
    with model.session(tmp_path, on_nan="rollback", recovery=policy) as session:
        for _ in range(2):
            model.run(session)
        # Applied once: the recovery runs the step again, and not this value.
        bad = iter([np.nan, 1.0])
        session.run_step_fn(
            lambda step_context: step_context.run_with_hooks(
                model.step, {model.added: next(bad)}
            )
        )
        assert session.raw_session().run(model.weight) == 3.0
    (event,) = recoveries
    assert isinstance(event.cause, save_errors.RolledBackError)
    assert "go on from" in str(event.cause)
    assert event.steps_lost == 1
    assert event.step_after == 2
    assert _steps_on_disk(tmp_path) == [0, 1, 2, 3]


def _checks(hook, model, master=""):
    """Runs a step to NaN, and the hook, in a session of TensorFlow's."""
    with v1.Session(master) as session:
        session.run(v1.global_variables_initializer())
        hook.after_create_session(session, None)
        session.run(model.step, {model.added: np.nan})
        with pytest.raises(save_errors.NanWeightsError) as caught:
            hook.end(session)
        return caught.value, session.run(model.weight)


def test_a_rollback_restores_variables_that_outlive_the_session(
    model, tmp_path
):
    server = v1.train.Server.create_local_server()
    hook = _rolling_back(tmp_path, model)
    hook.begin()
    error, weight = _checks(hook, model, server.target)
    assert isinstance(error, tf.errors.AbortedError)
    assert weight == 0.0


def test_training_that_comes_no_farther_is_not_rolled_back_for_ever(
    model, tmp_path
):
    hook = _rolling_back(tmp_path, model)
    hook.begin()
    kinds = [type(_checks(hook, model)[0]) for _ in range(5)]
    assert kinds == [
        *[save_errors.RolledBackError] * 3,
        *[save_errors.NanWeightsError] * 2,
    ]


def _rolling_back(folder, model):
    return Hook(str(folder), save_steps=1, saver=model.saver, on_nan="rollback")


def test_a_rollback_that_does_not_help_is_given_up(model, tmp_path):
    policy = monitored_tf.RecoveryPolicy(initial_pause_secs=0, max_repeats=3)
    with pytest.raises(monitored_tf.RecoveryGaveUp) as caught:
        with model.session(
            tmp_path, on_nan="rollback", recovery=policy
        ) as session:
            model.run(session)
            model.run(session, np.nan)
    assert isinstance(caught.value, save_errors.NanWeightsError)
    assert len(caught.value.attempts) == 3
    assert _steps_on_disk(tmp_path) == [0, 1]


def test_without_a_checkpoint_nothing_is_rolled_back(model, tmp_path):
    with pytest.raises(save_errors.NanWeightsError) as caught:
        hook = Hook(
            str(tmp_path), save_steps=1, saver=model.saver, on_nan="rollback"
        )
        with v1.Session() as session:
            hook.begin()
            session.run(v1.global_variables_initializer())
            session.run(model.weight.assign(np.nan))
            hook.after_create_session(session, None)
    assert not isinstance(caught.value, tf.errors.AbortedError)


def test_nan_that_was_restored_is_not_rolled_back_to(model, tmp_path):
    with model.session(tmp_path, on_nan=None) as session:
        model.run(session, np.nan)
    with pytest.raises(save_errors.NanWeightsError) as caught:
        model.session(tmp_path, on_nan="rollback")
    assert not isinstance(caught.value, tf.errors.AbortedError)


class _BreaksTheFolder(monitored_tf.SessionRunHook):
    """Puts a file in the place of the folder while the session steps."""

    def __init__(self, folder):
        self.folder = folder
        self.aside = folder.with_name("aside")

    def break_it(self):
        self.folder.rename(self.aside)
        self.folder.write_text("no folder")

    def mend(self):
        self.folder.unlink()
        self.aside.rename(self.folder)


@pytest.fixture
def broken(tmp_path):
    return _BreaksTheFolder(tmp_path / "model")


def test_a_save_error_is_raised_with_path_and_reason(model, broken):
    with pytest.raises(tf.errors.OpError) as caught:
        with model.session(broken.folder) as session:
            model.run(session)
            broken.break_it()
            model.run(session)
    assert isinstance(caught.value, save_errors.CheckpointSaveError)
    path = broken.folder / "model.ckpt-2"
    assert f": could not save {path} at step 2 (" in str(caught.value)
    assert caught.value.path == str(path)
    assert caught.value.__cause__ is not None
    assert _steps_on_disk(broken.aside) == [0, 1]


def test_a_save_error_may_be_a_warning(model, broken, caplog):
    listener = _Listener()
    with model.session(
        broken.folder, on_save_error="warn", listeners=[listener]
    ) as session:
        model.run(session)
        broken.break_it()
        assert [model.run(session) for _ in range(2)] == [2, 3]
        broken.mend()
        model.run(session)
    assert _steps_on_disk(broken.folder) == [0, 1, 4]
    assert _latest(broken.folder) == "model.ckpt-4"
    for count in (1, 2):
        assert f"Failed in a row: {count}; it is raised at 10." in caplog.text
    assert "after 2" not in listener.calls
    assert listener.calls[-3:] == ["before 4", "after 4", "end 4"]


def test_so_many_failures_in_a_row_are_raised(model, broken):
    with pytest.raises(save_errors.CheckpointSaveError, match="at step 4"):
        with model.session(
            broken.folder, on_save_error="warn", max_save_failures=2
        ) as session:
            broken.break_it()
            model.run(session)
            broken.mend()
            model.run(session)
            broken.break_it()
            model.run(session)
            assert _steps_on_disk(broken.aside) == [0, 2]
            model.run(session)


def test_a_failure_at_the_end_is_raised_though_it_might_warn(model, broken):
    with pytest.raises(save_errors.CheckpointSaveError):
        with model.session(
            broken.folder, save_steps=100, on_save_error="warn"
        ) as session:
            model.run(session)
            broken.break_it()


def test_a_folder_that_cant_be_made_is_an_error_at_once(model, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(save_errors.CheckpointSaveError, match="could not save"):
        model.session(tmp_path / "file" / "model")


def test_a_folder_that_is_gone_is_an_error_too(model, tmp_path):
    folder = tmp_path / "model"
    with pytest.raises(save_errors.CheckpointSaveError):
        with model.session(folder, on_nan=None) as session:
            shutil.rmtree(folder)
            folder.write_text("")
            model.run(session)


def test_leftovers_are_removed_at_the_first_save(model, tmp_path):
    (tmp_path / "model.ckpt-7_temp").mkdir()
    (tmp_path / "model.ckpt-7_temp" / "part").write_text("")
    with model.session(tmp_path):
        assert not (tmp_path / "model.ckpt-7_temp").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"on_nan": "ignore"}, "on_nan must be one of 'raise', 'skip'"),
        ({"on_save_error": None}, "on_save_error must be one of 'raise'"),
        ({"max_save_failures": 0}, "max_save_failures must be at least 1"),
    ],
)
def test_other_values_are_errors(graph, tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        Hook(str(tmp_path), save_steps=1, **arguments)
