"""Saves of fetched values: the files that a Saver leaves, byte for byte."""

import numpy as np
import pytest
import tensorflow as tf

from monitored_tf import saving_ops

v1 = tf.compat.v1


def _files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _save(saver, session, path):
    saver_def = saver.as_saver_def()
    feed = {saver_def.filename_tensor_name: str(path)}
    return tf.compat.as_str(session.run(saver_def.save_tensor_name, feed))


@pytest.mark.parametrize("sharded", [True, False])
def test_the_files_are_those_of_the_saver(graph, tmp_path, sharded):
    v1.get_variable("float", initializer=[1.0, 2.0])
    v1.get_variable("int", initializer=np.int64(3), trainable=False)
    v1.get_variable("ref", initializer=[[4.0]], use_resource=False)
    v1.get_variable("half", initializer=tf.constant([5, 6], tf.bfloat16))
    v1.get_variable("text", initializer=["a", "bc"], trainable=False)
    v1.get_variable("parts", (4, 2), partitioner=v1.fixed_size_partitioner(2))
    with tf.device("/cpu:0"):
        v1.get_variable("placed", initializer=True, trainable=False)
    saver = v1.train.Saver(sharded=sharded)
    graph.finalize()
    found = saving_ops.found(saver, graph)
    folders = tmp_path / "theirs", tmp_path / "ours"
    for folder in folders:
        folder.mkdir()
    with v1.Session() as session:
        with graph.as_default():
            session.run([v.initializer for v in _variables(graph)])
        values = found.fetch(session)
        theirs = _save(saver, session, folders[0] / "model.ckpt-7")
        ours = found.save(values, str(folders[1] / "model.ckpt-7"))
        assert ours == theirs.replace("theirs", "ours")
        assert _files(folders[0]) == _files(folders[1])
        saver.restore(session, ours)


def _variables(graph):
    return graph.get_collection(v1.GraphKeys.GLOBAL_VARIABLES)


@pytest.mark.parametrize("use_resource", [True, False])
@pytest.mark.parametrize("shape", [(), (3,), (1000, 100)])
def test_values_do_not_change_with_the_variables(
    graph, tmp_path, use_resource, shape
):
    variable = v1.get_variable(
        "v",
        shape,
        initializer=tf.zeros_initializer(),
        use_resource=use_resource,
    )
    changes = [
        v1.assign_add(variable, tf.ones(shape)).op,
        v1.assign(variable, tf.fill(shape, 7.0)).op,
    ]
    found = saving_ops.found(v1.train.Saver(), graph)
    with v1.Session() as session:
        session.run(variable.initializer)
        values = found.fetch(session)
        for change in [*changes, *changes]:
            session.run(change)
        path = found.save(values, str(tmp_path / "saved"))
        np.testing.assert_array_equal(
            tf.train.load_variable(path, "v"), np.zeros(shape)
        )


def test_another_session_is_asked_for_its_own_values(graph, tmp_path):
    variable = v1.get_variable("v", initializer=1.0)
    assign = v1.assign(variable, 2.0)
    found = saving_ops.found(v1.train.Saver(), graph)
    for op, value in ((variable.initializer, 1.0), (assign, 2.0)):
        with v1.Session() as session:
            session.run(op)
            assert found.fetch(session) == [value]


def test_the_older_format_is_not_for_it(graph):
    v1.get_variable("v", initializer=1.0)
    saver = v1.train.Saver(write_version=v1.train.SaverDef.V1)
    assert saving_ops.found(saver, graph) is None


def test_the_position_of_an_iterator_is_not_for_it(graph):
    v1.get_variable("v", initializer=1.0)
    iterator = v1.data.make_one_shot_iterator(tf.data.Dataset.range(3))
    v1.add_to_collection(
        v1.GraphKeys.SAVEABLE_OBJECTS,
        tf.data.experimental.make_saveable_from_iterator(iterator),
    )
    assert saving_ops.found(v1.train.Saver(), graph) is None


def test_a_saver_that_runs_other_ops_first_is_not_for_it(graph):
    variable = v1.get_variable("v", initializer=1.0)
    with tf.control_dependencies([v1.assign_add(variable, 1.0)]):
        saver = v1.train.Saver()
    assert saving_ops.found(saver, graph) is None
