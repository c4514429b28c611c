"""Steps that were seen before: never another's result, never aliased."""

import gc
import itertools
import sys
import threading
import weakref

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import run_plan_cache
from monitored_tf.testing import Fault, FaultHook
from tests.conformance.programs import OURS, THEIRS

v1 = tf.compat.v1
SIDES = pytest.mark.parametrize("side", [THEIRS, OURS], ids=["tf", "ours"])
# So many runs of a request teach how to run it.
_TAUGHT = 2


class _Asking(v1.train.SessionRunHook):
    """Asks for what `request` returns, and keeps the results of the run."""

    def __init__(self, request=lambda: None):
        self.request = request
        self.results = None

    def before_run(self, run_context):
        return self.request()

    def after_run(self, run_context, run_values):
        self.results = run_values.results


def _args(fetches=None, feed_dict=None):
    return v1.train.SessionRunArgs(fetches, feed_dict)


def _constants(count):
    return [tf.constant(number) for number in range(count)]


def test_lists_made_anew_at_each_step_are_one_request(graph, prepared_runs):
    first, second = _constants(2)
    hook = _Asking(lambda: _args([first]))
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        for _ in range(10):
            assert session.run([second, [first]]) == [1, [0]]
            assert hook.results == [0]
    prepared_runs.expect(10 - _TAUGHT)


def test_lists_that_were_thrown_away_are_not_mistaken(graph, prepared_runs):
    tensors = _constants(50)
    with monitored_tf.MonitoredSession() as session:
        for number in [*range(50)] * 4:
            # A list, and soon another one in its place in memory.
            assert session.run([tensors[number]]) == [number]
    prepared_runs.expect(50 * (4 - _TAUGHT))


def test_leaves_that_were_thrown_away_are_not_mistaken(graph):
    indices, shape = tf.constant([[0]], tf.int64), tf.constant([1], tf.int64)
    values = [tf.constant([number]) for number in range(10)]
    with monitored_tf.MonitoredSession() as session:
        for number in [*range(10)] * 20:
            sparse = tf.SparseTensor(indices, values[number], shape)
            assert session.run(sparse).values == [number]
            del sparse


def test_keys_that_were_thrown_away_are_not_mistaken(graph):
    fed = v1.sparse_placeholder(tf.int32)
    parts = [v1.placeholder_with_default([0], [None]) for _ in range(10)]
    place = tf.argmax([tf.reduce_sum(part) for part in parts])
    with monitored_tf.MonitoredSession() as session:
        for number in [*range(10)] * 20:
            key = tf.SparseTensor(fed.indices, parts[number], fed.dense_shape)
            # For one fetch, feeds of keys that are all at one place in memory.
            assert session.run(place, {key: ([[0]], [1], [1])}) == number
            del key


def _splits(items, parts):
    """Yields all ways to cut a list into so many parts."""
    places = range(len(items) + 1)
    for cuts in itertools.combinations_with_replacement(places, parts - 1):
        ends = (0, *cuts, len(items))
        yield [items[a:b] for a, b in zip(ends, ends[1:])]


def _as_kind(part, kind):
    if kind == "lone":  # What is alone is not in a list.
        return part[0] if len(part) == 1 else part
    return kind(part)


@pytest.mark.parametrize("kind", [list, tuple, "lone"])
def test_where_one_list_ends_and_the_next_begins(kind, graph, prepared_runs):
    tensors = _constants(4)
    hooks = [_Asking(), _Asking()]
    splits = list(_splits([0, 1, 2, 3], 3))
    with monitored_tf.MonitoredSession(hooks=hooks) as session:
        for _, split in itertools.product(range(4), splits):
            expected = [_as_kind(part, kind) for part in split]
            fetches = [
                _as_kind([tensors[number] for number in part], kind)
                for part in split
            ]
            for hook, wanted in zip(hooks, fetches[1:]):
                hook.request = lambda wanted=wanted: _args(wanted)
            assert session.run(fetches[0]) == expected[0]
            assert [hook.results for hook in hooks] == expected[1:]
    prepared_runs.expect(len(splits) * (4 - _TAUGHT))


def test_who_asks_is_not_mistaken(graph, prepared_runs):
    tensor, other = _constants(2)
    hooks = [_Asking(), _Asking()]
    with monitored_tf.MonitoredSession(hooks=hooks) as session:
        for number in range(12):
            asking, silent = hooks[number % 2], hooks[1 - number % 2]
            asking.request = lambda: _args(tensor)
            silent.request = lambda: None
            assert session.run(other) == 1
            assert (asking.results, silent.results) == (0, None)
    prepared_runs.expect(12 - 2 * _TAUGHT)


def test_a_run_without_hooks_is_another_request(graph, prepared_runs):
    tensor, other = _constants(2)
    hook = _Asking(lambda: _args([tensor]))
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        for number in range(12):
            hook.results = "none"
            hooks = (hook,) if number % 2 else ()
            assert session.run(other, hooks=hooks) == 1
            assert hook.results == ([0] if number % 2 else "none")
    prepared_runs.expect(12 - 2 * _TAUGHT)


def _variables():
    return [
        v1.get_variable(name, initializer=np.ones(1000), use_resource=resource)
        for name, resource in (("ref", False), ("resource", True))
    ]


def _aligned(count):
    """Returns zeros at an address that TensorFlow does not copy from."""
    buffer = np.zeros(count + 8)
    start = -(buffer.ctypes.data // 8) % 8
    return buffer[start : start + count]


def test_writing_into_results_changes_nothing_else(graph, prepared_runs):
    variables = _variables()
    fed = v1.placeholder(tf.float64, [1000])
    same = [tf.identity(fed), tf.reshape(fed, [10, 100]), tf.stop_gradient(fed)]
    constant = tf.constant(np.ones(1000))
    fetches = [*variables, *[v + 0.0 for v in variables], constant, *same]
    with monitored_tf.MonitoredSession() as session:
        for _ in range(6):
            array = _aligned(1000)
            results = session.run(fetches, {fed: array})
            assert [np.unique(r).tolist() for r in results] == (
                [[1.0]] * 5 + [[0.0]] * 3
            )
            for result in results:
                result[...] = 7.0
            assert not array.any()
    prepared_runs.expect(6 - _TAUGHT)


@SIDES
def test_what_is_fed_and_fetched_is_the_array_itself(side, graph):
    fed = v1.placeholder(tf.float64, [1000])
    array = _aligned(1000)
    with side.MonitoredSession() as session:
        for _ in range(5):
            first, (second,) = session.run([fed, [fed.name]], {fed: array})
            assert first is second is array


def test_parts_that_are_one_tensor_are_one_array(graph, prepared_runs):
    tensor = tf.constant([1.0, 2.0])
    hook = _Asking(lambda: _args({"again": tensor.name}))
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        for _ in range(5):
            first, second = session.run([tensor, tensor])
            assert first is second is hook.results["again"]
    prepared_runs.expect(5 - _TAUGHT)


@pytest.mark.parametrize("resource", [False, True], ids=["ref", "resource"])
def test_variables(resource, graph, prepared_runs):
    variable = v1.get_variable("v", initializer=0, use_resource=resource)
    add = v1.assign_add(variable, 2)
    value = graph.as_graph_element(variable)
    next_one = value + 1
    with monitored_tf.MonitoredSession() as session:
        for number in range(1, 9):
            assert session.run(add.op) is None
            assert session.run(variable) == 4 * number - 2
            assert session.run([add]) == [4 * number]
            # Fed, it is not read.
            assert session.run([next_one], {variable: 9}) == [10]
            assert session.run({"v": value.name}) == {"v": 4 * number}
    prepared_runs.expect(5 * (8 - _TAUGHT))


def test_threads(graph, prepared_runs):
    threads, steps = 6, 3000
    fed = v1.placeholder(tf.int64, [])
    tripled = fed * 3
    counter = v1.get_variable("c", initializer=np.int64(0), use_resource=True)
    count = v1.assign_add(counter, 1)
    wrong = []

    def work(session, number):
        try:
            for step in range(steps):
                value = 10 * step + number
                result, _ = session.run([tripled, count.op], {fed: value})
                if result != 3 * value:
                    wrong.append((value, result))
        except Exception as error:
            wrong.append(error)

    with monitored_tf.MonitoredSession(hooks=[_Asking()]) as session:
        _join_all(
            threading.Thread(target=work, args=(session, number))
            for number in range(threads)
        )
        assert not wrong
        assert session.run(counter) == threads * steps
    # Each thread may have been taught by itself.
    least = 0 if prepared_runs.is_public_only else threads * (steps - _TAUGHT)
    assert prepared_runs.take() >= least


def _join_all(threads):
    started = list(threads)
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


def test_it_keeps_128_requests_and_those_are_right(graph):
    tensors = _constants(300)
    gc.collect()
    with monitored_tf.MonitoredSession() as session:
        for number in [*range(300)] * 3 + [*range(295, 300)] * 3:
            assert session.run([tensors[number]]) == [number]
            assert session.run(tensors[number]) == number
        assert _kept_runs() <= 128
    assert _kept_runs() == 0


def _kept_runs():
    kind = run_plan_cache._PreparedRun
    return sum(isinstance(thing, kind) for thing in gc.get_objects())


def test_a_closed_session_lets_go_of_all(graph):
    tensor = tf.constant(1)
    fed = v1.placeholder(tf.float32, [])
    hook = _Asking(lambda: _args([tensor]))
    session = monitored_tf.MonitoredSession(hooks=[hook])
    for _ in range(5):
        session.run(tensor, {fed: 1.0})
    raw_session = weakref.ref(session.raw_session())
    session.close()
    gc.collect()
    assert raw_session() is None
    assert _kept_runs() == 0


def test_a_fed_array_is_not_kept(graph, prepared_runs):
    fed = v1.placeholder(tf.float64, [1000])
    total = tf.reduce_sum(fed)
    with monitored_tf.MonitoredSession() as session:
        for _ in range(5):
            array = _aligned(1000)
            before = sys.getrefcount(array)
            result = session.run({"total": total}, {fed: array})
            assert sys.getrefcount(array) == before
            assert result == {"total": 0.0}
    prepared_runs.expect(5 - _TAUGHT)


def test_a_recovered_session_learns_anew(graph, prepared_runs):
    counter = v1.get_variable("c", initializer=0)
    count = v1.assign_add(counter, 1)
    faults = FaultHook(Fault("before_run", 6))
    policy = monitored_tf.RecoveryPolicy.tf()
    with monitored_tf.MonitoredSession(
        hooks=[faults], recovery=policy
    ) as session:
        counted = [int(session.run(count)) for _ in range(10)]
    assert counted == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]
    prepared_runs.expect(2 * (5 - _TAUGHT))
