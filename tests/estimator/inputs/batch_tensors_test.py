"""Tensors of batches, in graphs and sessions, of data outside of them."""

import gc
import subprocess
import sys
import weakref

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.estimator.inputs import numpy_input_fn
from monitored_tf.testing import Fault, FaultHook

v1 = tf.compat.v1


def _all_batches(input_fn, limit=100):
    """Returns what runs give, in a graph of its own, until the end."""
    with tf.Graph().as_default():
        tensors = input_fn()
        with v1.Session() as session:
            return _until_end(session, tensors, limit)


def _until_end(session, tensors, limit=100):
    batches = []
    try:
        while len(batches) < limit:
            batches.append(session.run(tensors))
    except tf.errors.OutOfRangeError:
        pass
    return batches


A = np.arange(5) * 1.0


def test_eager_execution_is_an_error_that_says_what_to_do():
    with pytest.raises(RuntimeError, match=r"with tf.Graph\(\).as_default\(\)"):
        numpy_input_fn(A, shuffle=False)()


def test_arrays_are_read_when_their_batch_is_due(graph):
    rows = np.arange(4)
    input_fn = numpy_input_fn(rows, batch_size=4, shuffle=False)
    batch = input_fn()
    rows[:] = 7
    with v1.Session() as session:
        assert session.run(batch).tolist() == [7, 7, 7, 7]


def test_what_a_graph_does_with_a_batch_leaves_the_array_alone(graph):
    rows = np.arange(4096, dtype=np.float32)
    batch = numpy_input_fn(rows, batch_size=4096, shuffle=False)()
    with v1.Session() as session:
        session.run(tf.tanh(batch * 0.0 - 1.0))
    np.testing.assert_array_equal(rows, np.arange(4096))


def test_the_data_is_not_in_the_graph(graph):
    data = np.random.default_rng(0).random((2000, 784), dtype=np.float32)
    numpy_input_fn(data, np.arange(2000), shuffle=True)()
    assert len(graph.as_graph_def().SerializeToString()) < 20_000


def test_seeds_of_the_graph_are_left_to_its_own_ops():
    """With shuffle one is taken, by the queue in tf.estimator's place."""

    def draw(ops_before):
        with tf.Graph().as_default() as graph:
            v1.set_random_seed(7)
            ops_before()
            assert graph.seed == 7
            with v1.Session() as session:
                return session.run(v1.random_uniform([]))

    ordered = numpy_input_fn(A, shuffle=False)
    shuffled = numpy_input_fn(A, shuffle=True)
    assert draw(ordered) == draw(lambda: None)
    assert draw(shuffled) == draw(lambda: v1.random_uniform([]))
    assert draw(shuffled) != draw(ordered)


def test_input_fn_may_be_called_in_several_graphs_and_twice_in_one():
    input_fn = numpy_input_fn(np.arange(4), batch_size=2, shuffle=False)
    assert _all_batches(input_fn)[1].tolist() == [2, 3]
    assert _all_batches(input_fn)[1].tolist() == [2, 3]
    with tf.Graph().as_default(), v1.Session() as session:
        one, other = input_fn(), input_fn()
        assert session.run(one).tolist() == [0, 1]
        assert session.run([one, other])[1].tolist() == [0, 1]


def test_two_sessions_of_one_graph_do_not_disturb_each_other(graph):
    rows = numpy_input_fn(
        np.arange(64), batch_size=4, shuffle=True, queue_capacity=16
    )()
    read = {0: [], 1: []}
    with v1.Session() as first, v1.Session() as second:
        for _ in range(16):
            read[0] += first.run(rows).tolist()
            read[1] += second.run(rows).tolist()
    assert sorted(read[0]) == sorted(read[1]) == [*range(64)]


def test_the_data_goes_with_the_graph_and_the_input_fn():
    data = np.arange(1000)
    gone = weakref.ref(data)
    input_fn = numpy_input_fn(data, batch_size=10, shuffle=True)
    assert len(_all_batches(input_fn, limit=3)) == 3
    del data, input_fn
    gc.collect()
    assert gone() is None


def test_a_monitored_session_ends_with_the_input(step):
    rows = numpy_input_fn(np.arange(5), batch_size=2, shuffle=False)()
    read = []
    with monitored_tf.MonitoredTrainingSession() as session:
        while not session.should_stop():
            read.append(session.run([rows, step])[0].tolist())
    assert read == [[0, 1], [2, 3], [4]]


def test_a_recovered_session_begins_anew(step):
    rows = numpy_input_fn(np.arange(6), batch_size=2, shuffle=False)()
    fault = FaultHook(Fault("before_run", call=3))
    read = []
    with monitored_tf.MonitoredSession(hooks=[fault]) as session:
        while not session.should_stop():
            read.append(session.run([rows, step])[0].tolist())
    assert read == [[0, 1], [2, 3], [0, 1], [2, 3], [4, 5]]


def test_sessions_of_one_server_begin_anew(graph):
    rows = numpy_input_fn(np.arange(6), batch_size=2, shuffle=False)()
    server = v1.train.Server.create_local_server()
    for _ in range(2):
        with v1.Session(server.target) as session:
            assert _until_end(session, rows)[0].tolist() == [0, 1]


_FIRST_STEP = """
import time
import numpy as np
import tensorflow as tf
from monitored_tf.estimator.inputs import numpy_input_fn
def secs(data):
    start = time.perf_counter()
    with tf.Graph().as_default():
        rows = numpy_input_fn(data, shuffle=True)()
        with tf.compat.v1.Session() as session:
            session.run(rows)
    return time.perf_counter() - start
small, big = np.ones((128, 784), "f4"), np.ones((15_000, 784), "f4")
secs(small)
print(min(secs(big) for _ in range(5)), min(secs(small) for _ in range(5)))
"""


def test_the_first_step_does_not_wait_for_the_data():
    """47 MB start as fast as 0.4 MB; embedded they took 20 times as long."""
    run = subprocess.run(
        [sys.executable, "-c", _FIRST_STEP],
        capture_output=True,
        text=True,
        check=True,
    )
    big, small = map(float, run.stdout.split())
    assert big < 3 * small
