"""Iterators that users initialized, and other inputs, after a recovery."""

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.testing import Fault, FaultHook

v1 = tf.compat.v1
Dataset = tf.data.Dataset
AGAIN = "Input begins at its first element again: {}."
NOT_INITIALIZED = "The iterator {} is not initialized in the new session: "


def _read(session, element, count):
    return [int(session.run(element)) for _ in range(count)]


def _lost(*hooks):
    """Returns hooks of a session that is lost in its third run."""
    return [FaultHook(Fault("before_run", call=3)), *hooks]


@pytest.fixture
def iterator(graph):
    return v1.data.make_initializable_iterator(Dataset.range(9))


def test_tensorflow_leaves_an_iterator_uninitialized(iterator):
    element = iterator.get_next()
    with v1.train.MonitoredSession(hooks=_lost()) as session:
        session._tf_sess().run(iterator.initializer)
        assert _read(session, element, 2) == [0, 1]
        with pytest.raises(tf.errors.FailedPreconditionError):
            session.run(element)


def test_an_iterator_of_the_user_begins_again(iterator, caplog):
    element = iterator.get_next()
    with monitored_tf.MonitoredSession(hooks=_lost()) as session:
        session.raw_session().run(iterator.initializer)
        assert _read(session, element, 4) == [0, 1, 0, 1]
    assert AGAIN.format("IteratorV2") in caplog.text


def test_in_the_first_session_it_is_the_users(iterator):
    element = iterator.get_next()
    with monitored_tf.MonitoredSession() as session:
        with pytest.raises(tf.errors.FailedPreconditionError):
            session.run(element)


def test_what_a_creator_of_the_users_makes(iterator):
    element = iterator.get_next()
    creator = v1.train.ChiefSessionCreator()
    with monitored_tf.MonitoredSession(creator, hooks=_lost()) as session:
        session.raw_session().run(iterator.initializer)
        assert _read(session, element, 4) == [0, 1, 0, 1]


def test_a_session_of_somebody_else_is_left_alone(iterator):
    element = iterator.get_next()
    with v1.Session() as raw:
        raw.run(iterator.initializer)
        creator = monitored_tf.ReusedSessionCreator(raw)
        with monitored_tf.MonitoredSession(creator, _lost()) as session:
            assert _read(session, element, 4) == [0, 1, 2, 3]


class _Initializing(monitored_tf.SessionRunHook):
    def __init__(self, initializer, feeds=None):
        self._initializer = initializer
        self._feeds = feeds

    def after_create_session(self, session, coord):
        session.run(self._initializer, self._feeds)


def test_a_hook_that_initializes_wins(graph):
    first = v1.placeholder_with_default(tf.constant(0, tf.int64), [])
    iterator = v1.data.make_initializable_iterator(Dataset.range(first, 9))
    element = iterator.get_next()
    hook = _Initializing(iterator.initializer, {first: 4})
    with monitored_tf.MonitoredSession(hooks=_lost(hook)) as session:
        assert _read(session, element, 4) == [4, 5, 4, 5]


def test_one_that_needs_a_feed_is_named(graph, caplog):
    size = v1.placeholder(tf.int64, [], "size")
    iterator = v1.data.make_initializable_iterator(Dataset.range(size))
    element = iterator.get_next()
    with monitored_tf.MonitoredSession(hooks=_lost()) as session:
        session.raw_session().run(iterator.initializer, {size: 9})
        _read(session, element, 2)
        with pytest.raises(tf.errors.FailedPreconditionError):
            session.run(element)
    message = NOT_INITIALIZED.format("IteratorV2")
    assert f"{message}its initializer needs size to be fed" in caplog.text


def test_one_with_several_initializers_is_named(graph, caplog):
    datasets = [Dataset.range(9), Dataset.range(50, 60)]
    iterator = v1.data.Iterator.from_structure(tf.int64, [])
    initializers = [iterator.make_initializer(one) for one in datasets]
    element = iterator.get_next()
    hook = _Initializing(initializers[1])
    with monitored_tf.MonitoredSession(hooks=_lost(hook)) as session:
        assert _read(session, element, 4) == [50, 51, 50, 51]
    message = NOT_INITIALIZED.format("IteratorV2")
    assert f"{message}it has several initializers: " in caplog.text


def test_one_whose_initializer_fails_ends_nothing(iterator, caplog):
    element = iterator.get_next()
    zero = v1.placeholder_with_default(0, [])
    with tf.control_dependencies([v1.assert_equal(zero, 1)]):
        size = tf.identity(tf.constant(3, tf.int64))
    v1.data.make_initializable_iterator(Dataset.range(size))
    with monitored_tf.MonitoredSession(hooks=_lost()) as session:
        session.raw_session().run(iterator.initializer)
        assert _read(session, element, 4) == [0, 1, 0, 1]
    message = NOT_INITIALIZED.format("IteratorV2_1")
    assert f"{message}InvalidArgumentError: " in caplog.text


def test_one_among_the_tables_is_none_of_ours(iterator, caplog):
    v1.add_to_collection(v1.GraphKeys.TABLE_INITIALIZERS, iterator.initializer)
    element = iterator.get_next()
    with monitored_tf.MonitoredSession(hooks=_lost()) as session:
        assert _read(session, element, 4) == [0, 1, 0, 1]
    assert "first element" not in caplog.text


def test_one_that_its_user_restores_keeps_its_position(iterator, tmp_path):
    element = iterator.get_next()
    saveable = tf.data.experimental.make_saveable_from_iterator(iterator)
    saver = v1.train.Saver([saveable])

    class Restoring(monitored_tf.SessionCreator):
        def create_session(self):
            session = v1.Session()
            session.run(iterator.initializer)
            if tf.train.latest_checkpoint(tmp_path):
                saver.restore(session, str(tmp_path / "input"))
            return session

    hooks = _lost()
    with monitored_tf.MonitoredSession(Restoring(), hooks) as session:
        assert _read(session, element, 2) == [0, 1]
        saver.save(session.raw_session(), str(tmp_path / "input"))
        assert _read(session, element, 2) == [2, 3]


def test_of_other_inputs_it_is_said_that_they_begin_again(graph, caplog):
    one_shot = v1.data.make_one_shot_iterator(Dataset.range(9)).get_next()
    queue = v1.FIFOQueue(2, tf.int64, [[]], name="numbers")
    count = v1.get_local_variable(
        "count", initializer=tf.constant(-1, tf.int64)
    )
    enqueue = queue.enqueue(v1.assign_add(count, 1))
    v1.train.add_queue_runner(v1.train.QueueRunner(queue, [enqueue]))
    queued = queue.dequeue()
    with monitored_tf.MonitoredSession(hooks=_lost()) as session:
        values = [session.run([one_shot, queued]) for _ in range(4)]
    assert [list(map(int, pair)) for pair in values] == [
        [0, 0],
        [1, 1],
        [0, 0],
        [1, 1],
    ]
    assert AGAIN.format("OneShotIterator, numbers") in caplog.text


def test_resumable_inputs_are_none_of_its(graph, caplog, tmp_path):
    step = v1.train.get_or_create_global_step()
    element = monitored_tf.resumable_input(Dataset.range(9))
    with tf.control_dependencies([v1.assign_add(step, 1)]):
        element = tf.identity(element)
    with monitored_tf.MonitoredTrainingSession(
        checkpoint_dir=str(tmp_path),
        hooks=_lost(),
        save_checkpoint_steps=1,
        log_step_count_steps=None,
    ) as session:
        assert _read(session, element, 4) == [0, 1, 2, 3]
    assert "first element" not in caplog.text


@pytest.mark.parametrize("restarts", [0, 1, 2])
def test_a_restart_of_training_says_what_begins_again(
    iterator, caplog, tmp_path, restarts
):
    v1.train.get_or_create_global_step()
    one_shot = v1.data.make_one_shot_iterator(Dataset.range(9)).get_next()
    for _ in range(1 + restarts):
        with monitored_tf.MonitoredTrainingSession(
            checkpoint_dir=str(tmp_path)
        ) as session:
            session.run(one_shot)
    said = AGAIN.format("OneShotIterator, IteratorV2")
    assert caplog.text.count(said) == min(restarts, 1)


def test_an_evaluation_says_nothing_of_it(iterator, caplog, tmp_path):
    v1.train.get_or_create_global_step()
    monitored_tf.MonitoredTrainingSession(checkpoint_dir=str(tmp_path)).close()
    caplog.clear()
    monitored_tf.SingularMonitoredSession(checkpoint_dir=str(tmp_path)).close()
    assert "Input begins" not in caplog.text
