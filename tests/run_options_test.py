"""Two RunOptions as one."""

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import run_options
from monitored_tf.testing import Fault, FaultHook, RecordingHook

v1 = tf.compat.v1
RunOptions = v1.RunOptions


def _with_watch(name):
    options = RunOptions()
    options.debug_options.debug_tensor_watch_opts.add(node_name=name)
    return options


@pytest.mark.parametrize(
    ("field", "small", "large"),
    [
        ("trace_level", RunOptions.NO_TRACE, RunOptions.FULL_TRACE),
        ("timeout_in_ms", 5, 10),
        ("inter_op_thread_pool", -1, 2),
    ],
)
def test_the_larger_number_wins_on_either_side(field, small, large):
    small, large = RunOptions(**{field: small}), RunOptions(**{field: large})
    for merged in (
        run_options.merge(small, large),
        run_options.merge(large, small),
    ):
        assert getattr(merged, field) == getattr(large, field)


@pytest.mark.parametrize(
    "field", ["output_partition_graphs", "report_tensor_allocations_upon_oom"]
)
def test_booleans_are_or_ed(field):
    on, off = RunOptions(**{field: True}), RunOptions()
    assert getattr(run_options.merge(on, off), field)
    assert getattr(run_options.merge(off, on), field)
    assert not getattr(run_options.merge(off, off), field)


def test_the_reset_of_disk_usage_is_or_ed():
    on, off = RunOptions(), RunOptions()
    on.debug_options.reset_disk_byte_usage = True
    for merged in (run_options.merge(on, off), run_options.merge(off, on)):
        assert merged.debug_options.reset_disk_byte_usage


def test_watches_of_the_first_come_before_those_of_the_second():
    merged = run_options.merge(_with_watch("a"), _with_watch("b"))
    watches = merged.debug_options.debug_tensor_watch_opts
    assert [watch.node_name for watch in watches] == ["a", "b"]


def test_neither_argument_is_changed():
    first, second = _with_watch("a"), _with_watch("b")
    second.timeout_in_ms = 9
    run_options.merge(first, second)
    assert first == _with_watch("a")
    assert len(second.debug_options.debug_tensor_watch_opts) == 1


def test_the_first_sides_other_fields_are_kept():
    first = RunOptions()
    first.experimental.collective_graph_key = 3
    merged = run_options.merge(first, RunOptions(timeout_in_ms=1))
    assert merged.experimental.collective_graph_key == 3


def test_a_recovery_leaves_the_callers_options_as_they_were(step):
    options = RunOptions(timeout_in_ms=60_000)
    hook = RecordingHook(options=RunOptions(output_partition_graphs=True))
    faults = FaultHook(Fault("after_run"))
    with monitored_tf.MonitoredSession(
        hooks=[hook, faults], recovery=monitored_tf.RecoveryPolicy.tf()
    ) as session:
        session.run(step, options=options)
    assert options == RunOptions(timeout_in_ms=60_000)
