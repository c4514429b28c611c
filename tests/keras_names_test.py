"""Names of Keras in graphs, which begin anew in each."""

import threading

import numpy as np
import pytest
import tensorflow as tf

from monitored_tf import keras_interop
from tests.keras_counter import Counter

keras = pytest.importorskip("keras", minversion="3.0")
v1 = tf.compat.v1
keras_graph = keras_interop.keras_graph


def _names():
    return [layer.name for layer in (keras.layers.Dense(1), Counter())]


def test_names_begin_anew_in_each_graph_and_go_on_after_it():
    before = keras.layers.Dense(1).name
    for _ in range(2):
        with tf.Graph().as_default(), keras_graph():
            assert _names() == ["dense", "counter"]
            assert keras.layers.Dense(1).name == "dense_1"
    after = keras.layers.Dense(1).name
    count = int(before.partition("_")[2] or 0)
    assert after == f"dense_{count + 1}"


def test_names_go_on_in_a_second_block_of_the_same_graph(graph):
    with keras_graph():
        assert _names() == ["dense", "counter"]
        with keras_graph():
            assert keras.layers.Dense(1).name == "dense_1"
    with keras_graph():
        assert keras.layers.Dense(1).name == "dense_2"


def test_names_go_on_after_an_error():
    before = keras.layers.Dense(1).name
    with pytest.raises(KeyError), tf.Graph().as_default(), keras_graph():
        raise KeyError
    assert keras.layers.Dense(1).name not in (before, "dense")


def test_a_checkpoint_of_one_graph_fits_the_next(tmp_path):
    def build():
        inputs = tf.ones([2, 3])
        return keras.layers.Dense(2)(keras.layers.Dense(4)(inputs))

    with tf.Graph().as_default(), keras_graph():
        outputs = build()
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            saved = session.run(outputs)
            path = v1.train.Saver().save(session, str(tmp_path / "model"))
    with tf.Graph().as_default(), keras_graph():
        outputs = build()
        with v1.Session() as session:
            v1.train.Saver().restore(session, path)
            np.testing.assert_array_equal(session.run(outputs), saved)


def test_threads_build_their_graphs_at_the_same_time():
    barrier = threading.Barrier(2)
    names = []

    def build():
        with tf.Graph().as_default(), keras_graph():
            for _ in range(3):
                barrier.wait(timeout=60)
                names.append(keras.layers.Dense(1).name)

    threads = [threading.Thread(target=build) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(names) == sorted(2 * ["dense", "dense_1", "dense_2"])
