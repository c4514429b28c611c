"""The counter of an evaluation and the hook that ends it."""

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.estimator.evaluate import evaluation_steps

v1 = tf.compat.v1


@pytest.mark.parametrize(
    ("steps", "logged"), [(3, [1, 2, 3]), (25, [*range(2, 25, 2), 25])]
)
def test_it_ends_and_logs_a_part_of_the_steps(graph, caplog, steps, logged):
    caplog.set_level("INFO", logger="absl")
    value = tf.constant(1)
    step, completed = evaluation_steps.counted(tf.group(value))
    hook = evaluation_steps.StopAfterStepsHook(steps, completed)
    runs = 0
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        while not session.should_stop():
            session.run(step)
            runs += 1
    assert runs == steps
    assert [text for text in caplog.messages if "Evaluation [" in text] == [
        f"Evaluation [{done}/{steps}]" for done in logged
    ]


def test_the_counter_comes_after_the_update(graph):
    total = v1.get_variable(
        "total", initializer=0, collections=[v1.GraphKeys.LOCAL_VARIABLES]
    )
    _, completed = evaluation_steps.counted(v1.assign_add(total, 1).op)
    with monitored_tf.MonitoredSession() as session:
        assert [session.run(completed) for _ in range(3)] == [1, 2, 3]
        assert session.run(total) == 3


def test_there_is_one_counter(graph):
    counter = evaluation_steps.eval_step()
    assert evaluation_steps.eval_step() is counter
    assert v1.local_variables() == [counter]
    v1.add_to_collection(v1.GraphKeys.EVAL_STEP, tf.constant(0))
    with pytest.raises(ValueError, match="one eval step only"):
        evaluation_steps.eval_step()
