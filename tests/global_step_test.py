"""Which step a session is at."""

import pytest
import tensorflow as tf

from monitored_tf import global_step
from monitored_tf.testing import FaultHook

v1 = tf.compat.v1


@pytest.fixture
def session(step):
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        yield session


def test_the_step_is_read(session, step):
    session.run(step)
    assert global_step.read(session) == 1


def test_a_graph_without_one_has_no_step(graph):
    with v1.Session() as session:
        assert global_step.read(session) is None


def test_what_stands_in_for_a_session_has_no_step():
    assert global_step.read(object()) is None


def test_a_step_that_is_not_initialized_can_not_be_read(step):
    with v1.Session() as session:
        assert global_step.read(session) is None


def test_a_closed_session_has_no_step(session):
    session.close()
    assert global_step.read(session) is None


def test_the_tensor_that_hooks_fetch_comes_first(graph, step):
    hook = v1.train.StepCounterHook()
    hook.begin()
    fetched = hook.before_run(None).fetches
    assert global_step.step_tensors(graph)[0] is fetched


def test_a_watch_finds_the_step_among_what_is_fetched(graph, step):
    watch = global_step.StepWatch(graph)
    variable = v1.train.get_global_step()
    other = tf.constant(0)
    element = graph.as_graph_element(variable)
    assert watch.index_in([other, element]) == 1
    assert watch.index_in([other]) is None


def test_a_watch_notes_what_hooks_fetched(graph, step):
    watch = global_step.StepWatch(graph)
    assert watch.last is None
    variable = v1.train.get_global_step()
    watch.note({0: tf.constant(0), 3: variable}, {0: 0, 3: 17})
    assert watch.last == 17
    watch.note({0: tf.constant(0)}, {0: 0})
    assert watch.last == 17


def test_hooks_that_do_nothing_are_no_reason_for_a_step(graph):
    FaultHook().begin()
    assert global_step.step_tensors(graph) == []
