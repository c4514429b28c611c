"""The session creators of a chief and of a worker."""

import pytest
import tensorflow as tf

import monitored_tf

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


def test_a_creator_tells_where_the_variables_come_from(checkpoint, tmp_path):
    folder = str(tmp_path / "model")
    creators = [
        monitored_tf.ChiefSessionCreator(),
        monitored_tf.ChiefSessionCreator(checkpoint_dir=folder),
        monitored_tf.ChiefSessionCreator(
            checkpoint_filename_with_path=checkpoint
        ),
    ]
    for creator in creators:
        creator.create_session().close()
    restored = monitored_tf.StateOrigin.restored(checkpoint)
    assert [creator.origin for creator in creators] == [
        monitored_tf.StateOrigin("initialized"),
        restored,
        restored,
    ]


def test_a_required_checkpoint_is_not_required_at_first(step, tmp_path):
    creator = monitored_tf.ChiefSessionCreator(
        checkpoint_dir=str(tmp_path), require_checkpoint=True
    )
    creator.create_session().close()
    with pytest.raises(
        monitored_tf.CheckpointRequiredError, match="to restore"
    ):
        creator.create_session()


def test_what_to_do_with_live_state_is_one_of_two():
    with pytest.raises(ValueError, match="'adopt' or 'restore'. Got 'keep'"):
        monitored_tf.ChiefSessionCreator(on_live_state="keep")
