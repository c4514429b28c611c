"""A new chief meets variables that are alive, on a real server."""

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import live_state
from monitored_tf.testing import Fault, FaultHook

v1 = tf.compat.v1


def _chief(master, folder=None, **kwargs):
    return monitored_tf.ChiefSessionCreator(
        master=master, checkpoint_dir=folder and str(folder), **kwargs
    )


def _read(session):
    return int(session.run(v1.train.get_global_step(session.graph)))


def _train(master, step, steps, folder=None, **kwargs):
    """Runs some steps; returns the last and the creator's origin."""
    creator = _chief(master, folder, **kwargs)
    with creator.create_session() as session:
        for _ in range(steps):
            session.run(step)
        return _read(session), creator.origin.state


def _save(master, folder, saver):
    with _chief(master).create_session() as session:
        saver.save(session, str(folder / "model.ckpt"), _read(session))


@pytest.fixture
def saver(step):
    saver = v1.train.Saver(max_to_keep=2)
    v1.add_to_collection(v1.GraphKeys.SAVERS, saver)
    return saver


def test_what_lives_is_gone_on_from(step, master):
    assert _train(master, step, 3) == (3, "initialized")
    assert _train(master, step, 2) == (5, "adopted")


def test_without_adopting_it_is_initialized_anew(step, master):
    _train(master, step, 3)
    assert _train(master, step, 1, on_live_state="restore") == (
        1,
        "initialized",
    )


def test_what_lives_is_kept_where_it_is_newer(step, master, saver, tmp_path):
    _train(master, step, 3)
    _save(master, tmp_path, saver)
    _train(master, step, 4)
    assert _train(master, step, 0, tmp_path) == (7, "adopted")
    assert _train(master, step, 0, tmp_path, on_live_state="restore") == (
        3,
        "restored",
    )


def test_a_checkpoint_that_is_newer_is_restored(
    step, master, saver, tmp_path, local_server
):
    _train(master, step, 9)
    _save(master, tmp_path, saver)
    v1.Session.reset(local_server.target)
    _train(master, step, 2)
    assert _train(master, step, 0, tmp_path) == (9, "restored")


def test_variables_that_are_in_part_alive_are_initialized(step, master):
    _train(master, step, 3)
    with tf.Graph().as_default():
        step = v1.assign_add(v1.train.get_or_create_global_step(), 1)
        v1.get_variable("new", initializer=1.0)
        assert _train(master, step, 1) == (1, "initialized")


def test_a_checkpoint_of_its_own_is_restored_whatever_lives(
    step, master, saver, tmp_path
):
    _train(master, step, 3)
    _save(master, tmp_path, saver)
    _train(master, step, 4)
    creator = monitored_tf.ChiefSessionCreator(
        master=master,
        checkpoint_filename_with_path=str(tmp_path / "model.ckpt-3"),
    )
    with creator.create_session() as session:
        assert _read(session) == 3


def test_old_checkpoints_are_deleted_when_their_time_comes(
    step, master, saver, tmp_path
):
    _train(master, step, 1)
    for _ in range(2):
        _save(master, tmp_path, saver)
        _train(master, step, 1)
    with tf.Graph().as_default():
        again = v1.assign_add(v1.train.get_or_create_global_step(), 1)
        other = v1.train.Saver(max_to_keep=2)
        v1.add_to_collection(v1.GraphKeys.SAVERS, other)
        with _chief(master, tmp_path).create_session() as session:
            session.run(again)
            other.save(session, str(tmp_path / "model.ckpt"), _read(session))
    assert sorted(path.name for path in tmp_path.glob("*.index")) == [
        "model.ckpt-2.index",
        "model.ckpt-4.index",
    ]


def test_a_step_that_was_applied_is_not_applied_again(step, master):
    with monitored_tf.MonitoredSession(
        _chief(master), [FaultHook(Fault("after_run", 2))]
    ) as session:
        assert [session.run(step) for _ in range(3)] == [1, 2, 3]
    (event,) = session.recoveries
    assert (event.state, event.steps_lost) == ("adopted", 0)


def test_tensorflows_policy_applies_it_again(step, master):
    with monitored_tf.MonitoredSession(
        _chief(master),
        [FaultHook(Fault("after_run", 2))],
        recovery=monitored_tf.RecoveryPolicy.tf(),
    ) as session:
        assert [session.run(step) for _ in range(3)] == [1, 3, 4]


def test_a_step_whose_state_is_lost_is_run_again(step):
    with monitored_tf.MonitoredSession(
        hooks=[FaultHook(Fault("after_run", 2))]
    ) as session:
        assert [session.run(step) for _ in range(3)] == [1, 1, 2]


def test_a_step_function_is_called_again_from_its_start(step, master):
    calls = []

    def step_fn(step_context):
        calls.append(step_context.run_with_hooks(step))
        return calls

    with monitored_tf.MonitoredSession(
        _chief(master), [FaultHook(Fault("after_run", 1))]
    ) as session:
        assert session.run_step_fn(step_fn) == [2]


def test_a_training_session_follows_its_policy(step, master):
    def last(**kwargs):
        with monitored_tf.MonitoredTrainingSession(master, **kwargs) as session:
            return session.run(step)

    assert [last(), last()] == [1, 2]
    assert last(recovery=monitored_tf.RecoveryPolicy.tf()) == 1
    assert last(on_live_state="restore") == 1
    assert last() == 2


def test_variables_that_are_not_initialized_are_named(step, master):
    v1.get_variable("weights", initializer=1.0)
    ready_op = v1.report_uninitialized_variables()
    assert live_state.uninitialized(master, None, ready_op) == (
        "not initialized yet: global_step, weights"
    )
    _train(master, step, 1)
    assert live_state.uninitialized(master, None, ready_op) == ""


def test_a_task_that_does_not_answer_in_time_may_have_live_variables(
    step, master, saver, tmp_path
):
    queue = v1.FIFOQueue(1, [tf.int32], shared_name="answers")
    scaffold = v1.train.Scaffold(local_init_op=queue.dequeue().op, saver=saver)
    answer = queue.enqueue(1)
    _train(master, step, 3)
    _save(master, tmp_path, saver)
    _train(master, step, 4)
    creator = _chief(master, tmp_path, scaffold=scaffold)
    creator.limit_operations(0.3)
    with pytest.raises(monitored_tf.SessionTimeoutError, match="0.3 s"):
        creator.create_session()
    with v1.Session(master) as session:
        session.run(answer)
    with creator.create_session() as session:
        assert _read(session) == 7
