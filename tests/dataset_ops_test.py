"""What the ops of a graph say of its datasets and iterators."""

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import dataset_ops, input_position

v1 = tf.compat.v1
Dataset = tf.data.Dataset


def _initializer(dataset):
    return v1.data.make_initializable_iterator(dataset).initializer


def test_the_iterator_that_an_initializer_fills(graph):
    initializer = _initializer(Dataset.range(9))
    iterator = dataset_ops.iterator_of(initializer)
    assert iterator.op.type == "IteratorV2"
    assert not dataset_ops.serializers(initializer)
    monitored_tf.resumable_input(Dataset.range(9))
    (ours,) = input_position.initializers(graph)
    (serializer,) = dataset_ops.serializers(ours)
    assert serializer.type == "SerializeIterator"


def test_the_placeholders_behind_an_op(graph):
    first, last, _ = (
        v1.placeholder(tf.int64, [], name) for name in ("a", "b", "c")
    )
    with tf.control_dependencies([tf.identity(last)]):
        start = first + 1
    default = v1.placeholder_with_default(tf.constant(9, tf.int64), [])
    initializer = _initializer(Dataset.range(start, default))
    assert dataset_ops.feeds(initializer) == ["a", "b"]


def test_the_ops_of_functions_in_functions(graph):
    def rows(number):
        return Dataset.range(number).map(tf.square)

    initializer = _initializer(Dataset.range(9).flat_map(rows))
    Dataset.range(3).map(lambda n: tf.cast(n, tf.float16))
    types = dataset_ops.op_types(initializer)
    assert {"FlatMapDataset", "RangeDataset", "Square"} <= types
    assert "Cast" not in types  # Of another dataset.


@pytest.fixture
def trained(graph, tmp_path):
    """A MetaGraphDef with an input, and a checkpoint of it."""
    v1.get_variable("w", initializer=1.0)
    element = monitored_tf.resumable_input(Dataset.range(9))
    saver = v1.train.Saver()
    with v1.Session() as session:
        input_position.begin(session)
        session.run(v1.global_variables_initializer())
        session.run([element, v1.assign_add(v1.global_variables()[0], 2.0)])
        path = saver.save(session, str(tmp_path / "model"))
    return v1.train.export_meta_graph(
        graph=graph, saver_def=saver.as_saver_def()
    ), path


def test_a_model_is_restored_without_its_iterators(trained):
    meta_graph, path = trained
    dataset_ops.restore_no_iterator(meta_graph)
    with v1.Graph().as_default(), v1.Session() as session:
        v1.train.import_meta_graph(meta_graph).restore(session, path)
        (w,) = v1.global_variables()
        assert session.run(w) == 3.0


def test_tensorflow_cannot_restore_it_with_them(trained):
    meta_graph, path = trained
    with v1.Graph().as_default(), v1.Session() as session:
        with pytest.raises(tf.errors.FailedPreconditionError):
            v1.train.import_meta_graph(meta_graph).restore(session, path)
