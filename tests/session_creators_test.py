"""Chief, worker and reused sessions."""

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.testing import FakeClock, Fault, FaultHook, RecordingHook

v1 = tf.compat.v1


@pytest.fixture
def checkpoint(step, tmp_path):
    """Path of a checkpoint of step 5, in a folder of its own."""
    folder = tmp_path / "model"
    with monitored_tf.MonitoredSession() as session:
        for _ in range(5):
            session.run(step)
        return session.save(str(folder))


def _global_step(session):
    return session.run(v1.train.get_global_step(session.graph))


def _variable():
    return v1.get_variable("v", initializer=1.0)


def test_a_chief_initializes_and_finalizes(step):
    creator = monitored_tf.ChiefSessionCreator()
    with creator.create_session() as session:
        assert session.run(step) == 1
        assert session.graph.finalized


def test_a_chief_restores_the_newest_checkpoint(checkpoint, tmp_path):
    folder = str(tmp_path / "model")
    creator = monitored_tf.ChiefSessionCreator(checkpoint_dir=folder)
    with creator.create_session() as session:
        assert _global_step(session) == 5


def test_a_chief_restores_the_checkpoint_that_is_named(checkpoint):
    creator = monitored_tf.ChiefSessionCreator(
        checkpoint_filename_with_path=checkpoint
    )
    with creator.create_session() as session:
        assert _global_step(session) == 5


def test_a_singular_session_restores_the_checkpoint_that_is_named(checkpoint):
    with monitored_tf.SingularMonitoredSession(
        checkpoint_filename_with_path=checkpoint
    ) as session:
        assert _global_step(session) == 5


def test_a_folder_and_a_file_together_are_an_error(step, tmp_path):
    creator = monitored_tf.ChiefSessionCreator(
        checkpoint_dir=str(tmp_path),
        checkpoint_filename_with_path=str(tmp_path / "model.ckpt-1"),
    )
    with pytest.raises(ValueError, match="checkpoint"):
        creator.create_session()


def test_a_chief_without_a_checkpoint_initializes(step, tmp_path):
    creator = monitored_tf.ChiefSessionCreator(checkpoint_dir=str(tmp_path))
    with creator.create_session() as session:
        assert session.run(step) == 1


def test_init_fn_and_init_feeds_hold_for_a_fresh_start_only(graph, tmp_path):
    first = v1.placeholder(tf.float32, ())
    variable = v1.get_variable("v", initializer=first, validate_shape=False)
    calls = []
    scaffold = v1.train.Scaffold(
        init_feed_dict={first: 7.0},
        init_fn=lambda scaffold, session: calls.append(session.run(variable)),
    )
    for _ in range(2):
        creator = monitored_tf.ChiefSessionCreator(
            scaffold, checkpoint_dir=str(tmp_path)
        )
        with monitored_tf.MonitoredSession(creator) as session:
            assert session.run(variable) == 7.0
            session.save(str(tmp_path))
    assert calls == [7.0]


def test_local_variables_and_tables_are_initialized(graph, tmp_path):
    local = v1.get_variable(
        "local", initializer=3.0, collections=[v1.GraphKeys.LOCAL_VARIABLES]
    )
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer([1], [10]), -1
    )
    found = table.lookup(tf.constant(1))
    with monitored_tf.ChiefSessionCreator().create_session() as session:
        assert session.run([local, found]) == [3.0, 10]


def test_a_model_that_is_not_ready_is_an_error(graph):
    _variable()
    scaffold = v1.train.Scaffold(init_op=tf.no_op())
    creator = monitored_tf.ChiefSessionCreator(scaffold)
    with pytest.raises(RuntimeError, match="not make"):
        creator.create_session()


def test_a_creator_makes_another_session_each_time(step):
    creator = monitored_tf.ChiefSessionCreator()
    with creator.create_session() as first, creator.create_session() as second:
        assert first is not second
        assert (first.run(step), second.run(step)) == (1, 1)


@pytest.fixture
def server():
    """A cluster of one task in this process, on a port that was free."""
    return tf.distribute.Server.create_local_server()


def test_a_worker_uses_what_the_chief_initialized(step, server):
    chief = monitored_tf.ChiefSessionCreator(master=server.target)
    worker = monitored_tf.WorkerSessionCreator(master=server.target)
    with monitored_tf.MonitoredSession(chief) as chief_session:
        assert chief_session.run(step) == 1
        with monitored_tf.MonitoredSession(worker) as session:
            assert session.run(step) == 2
        assert chief_session.run(step) == 3


def test_a_worker_waits_until_the_chief_has_initialized(step, server):
    chief = monitored_tf.ChiefSessionCreator(master=server.target)

    class Clock(FakeClock):
        """Lets the chief start while the worker sleeps the second time."""

        def advance(self, secs):
            super().advance(secs)
            if self.now == 1_000_060:
                chief.create_session()

    worker = monitored_tf.WorkerSessionCreator(master=server.target)
    with Clock() as clock:
        session = worker.create_session()
    assert clock.sleeps == [30, 30]
    assert session.run(step) == 1
    session.close()


def test_a_worker_gives_up_after_its_time(graph):
    _variable()
    creator = monitored_tf.WorkerSessionCreator(max_wait_secs=70)
    with FakeClock() as clock, pytest.raises(tf.errors.DeadlineExceededError):
        creator.create_session()
    assert clock.sleeps == [30, 30]


@pytest.fixture
def raw_session(step):
    """An initialized session that the test owns."""
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        yield session


def _reused(raw_session, **kwargs):
    creator = monitored_tf.ReusedSessionCreator(raw_session)
    return monitored_tf.MonitoredSession(creator, **kwargs)


def test_a_reused_session_is_run_and_left_open(step, raw_session):
    with _reused(raw_session) as session:
        assert session.raw_session() is raw_session
        assert session.run(step) == 1
    assert raw_session.run(step) == 2


def test_a_reused_session_is_left_open_after_an_error_too(step, raw_session):
    for callback in ("after_create_session", "before_run", "end"):
        fault = Fault(callback, error=ValueError("boom"))
        with pytest.raises(ValueError, match="boom"):
            with _reused(raw_session, hooks=[FaultHook(fault)]) as session:
                session.run(step)
    assert raw_session.run(step) > 0


def test_a_reused_session_keeps_its_graph_open_for_more(raw_session):
    with _reused(raw_session):
        assert not raw_session.graph.finalized
        two = tf.constant(2)
    assert raw_session.run(two) == 2


def test_several_sets_of_hooks_share_a_session_in_turn(step, raw_session):
    log = []
    generator = _reused(raw_session, hooks=[RecordingHook("g", log)])
    critic = _reused(raw_session, hooks=[RecordingHook("c", log)])
    del log[:]
    with generator, critic:
        assert [generator.run(step), critic.run(step)] == [1, 2]
        assert generator.run(step) == 3
    assert log == [
        f"{name}.{callback}"
        for name in "gcg"
        for callback in ("before_run", "after_run")
    ] + ["c.end", "c.close", "g.end", "g.close"]
    assert raw_session.run(step) == 4


def test_one_of_several_sets_of_hooks_may_stop_alone(step, raw_session):
    hook = v1.train.StopAtStepHook(last_step=1)
    with _reused(raw_session, hooks=[hook]) as first:
        with _reused(raw_session) as second:
            first.run(step)
            assert (first.should_stop(), second.should_stop()) == (True, False)


def test_a_recovery_gets_the_reused_session_again(step, raw_session):
    hook = FaultHook(Fault("after_run"))
    with _reused(
        raw_session, hooks=[hook], recovery=monitored_tf.RecoveryPolicy.tf()
    ) as session:
        assert session.run(step) == 2
        assert session.raw_session() is raw_session
    assert hook.calls["after_create_session"] == 2


def test_queue_runners_of_a_reused_session_are_not_started(graph):
    queue = tf.queue.FIFOQueue(10, tf.int32)
    runner = v1.train.QueueRunner(queue, [queue.enqueue(1)])
    v1.train.add_queue_runner(runner)
    size = queue.size()
    with v1.Session() as raw_session:
        with _reused(raw_session) as session:
            assert session.run(size) == 0


def test_queue_runners_of_a_session_that_is_made_are_started(graph):
    queue = tf.queue.FIFOQueue(10, tf.int32)
    runner = v1.train.QueueRunner(queue, [queue.enqueue(1)])
    v1.train.add_queue_runner(runner)
    taken = queue.dequeue()
    with monitored_tf.MonitoredSession() as session:
        assert session.run(taken) == 1


def test_a_reused_session_of_another_graph_than_the_default(raw_session):
    step = v1.train.get_global_step()
    with tf.Graph().as_default():
        with _reused(raw_session) as session:
            assert session.graph is raw_session.graph
            assert session.run(step) == 0


def test_default_graph_of_hooks_is_the_one_of_the_reused_session(raw_session):
    hook = v1.train.StopAtStepHook(last_step=1)
    with tf.Graph().as_default():
        with _reused(raw_session, hooks=[hook]) as session:
            assert not session.should_stop()


@pytest.mark.parametrize("tf_session", [None, 3, "session", object()])
def test_what_cannot_run_is_no_session_to_reuse(tf_session):
    with pytest.raises(monitored_tf.InvalidSessionCreatorError, match="open"):
        monitored_tf.ReusedSessionCreator(tf_session)


def test_a_session_class_is_no_session_to_reuse():
    with pytest.raises(monitored_tf.InvalidSessionCreatorError):
        monitored_tf.ReusedSessionCreator(v1.Session)


@pytest.mark.parametrize(
    "creator", [3, "grpc://host", object(), monitored_tf.ChiefSessionCreator]
)
def test_what_makes_no_sessions_is_no_creator(graph, creator):
    with pytest.raises(
        monitored_tf.InvalidSessionCreatorError, match="create_session"
    ):
        monitored_tf.MonitoredSession(creator)
    assert not graph.finalized


def test_any_object_that_makes_sessions_is_a_creator(step):
    class Duck:
        def create_session(self):
            session = v1.Session()
            session.run(v1.global_variables_initializer())
            return session

    with monitored_tf.MonitoredSession(Duck()) as session:
        assert session.run(step) == 1


def test_a_creator_of_tensorflow_is_one(step):
    creator = v1.train.ChiefSessionCreator()
    with monitored_tf.MonitoredSession(creator) as session:
        assert session.run(step) == 1


def test_ours_is_a_creator_for_tensorflow(step):
    creator = monitored_tf.ChiefSessionCreator()
    with v1.train.MonitoredSession(creator) as session:
        assert session.run(step) == 1


def _nowhere():
    """Makes an op that no device can take and that nothing runs."""
    with tf.device("/device:GPU:77"):
        return tf.constant(1, name="nowhere")


_STARTS = {
    "chief": lambda **kwargs: monitored_tf.MonitoredSession(
        monitored_tf.ChiefSessionCreator(**kwargs)
    ),
    "training": monitored_tf.MonitoredTrainingSession,
    "singular": monitored_tf.SingularMonitoredSession,
}


@pytest.mark.parametrize("start", _STARTS.values(), ids=_STARTS)
def test_a_fast_start_places_only_what_is_run(step, start):
    _nowhere()
    with pytest.raises(tf.errors.InvalidArgumentError, match="nowhere"):
        start()
    with start(fast_start=True) as session:
        assert session.run(step) == 1


def test_a_fast_start_keeps_what_the_config_says_and_leaves_it_alone(step):
    config = v1.ConfigProto(intra_op_parallelism_threads=3)
    creator = monitored_tf.ChiefSessionCreator(config=config, fast_start=True)
    used = creator.create_session()._config
    assert used.graph_options.place_pruned_graph
    assert used.intra_op_parallelism_threads == 3
    assert not config.graph_options.place_pruned_graph


def test_a_fast_start_without_a_config_has_tensorflows_default(step):
    with v1.Session() as session:
        default = session._config
    creator = monitored_tf.ChiefSessionCreator(fast_start=True)
    default.graph_options.place_pruned_graph = True
    assert creator.create_session()._config == default


def test_a_fast_start_does_nothing_where_there_is_a_master(step):
    server = tf.distribute.Server.create_local_server()
    creator = monitored_tf.ChiefSessionCreator(
        master=server.target, fast_start=True
    )
    used = creator.create_session()._config
    assert not used.graph_options.place_pruned_graph
