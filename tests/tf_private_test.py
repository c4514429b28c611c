"""The private names of TensorFlow, each still there."""

import importlib
import sys
import types

import tensorflow as tf
from tensorflow.python.distribute import distribute_coordinator_context

from monitored_tf import _tf_private

v1 = tf.compat.v1


def test_outside_of_a_coordinator_there_is_no_worker_context():
    assert _tf_private.worker_context() is None


def test_the_worker_context_of_the_thread_is_found():
    local = distribute_coordinator_context._worker_context
    local.current = "context"
    try:
        assert _tf_private.worker_context() == "context"
    finally:
        del local.current


def test_the_strategy_of_a_worker_context_is_found():
    context = types.SimpleNamespace(_strategy="strategy")
    assert _tf_private.worker_context_strategy(context) == "strategy"


def test_a_worker_context_may_lack_a_strategy():
    assert _tf_private.worker_context_strategy(object()) is None


def test_the_real_worker_context_has_a_strategy():
    from tensorflow.python.distribute import distribute_coordinator

    strategy = tf.distribute.get_strategy()
    context = distribute_coordinator._WorkerContext(strategy, None, None, None)
    assert _tf_private.worker_context_strategy(context) is strategy


def test_a_finalized_graph_can_grow_again(graph):
    graph.finalize()
    _tf_private.unfinalize(graph)
    assert not graph.finalized
    tf.constant(1)


def test_a_graph_that_cannot_be_unfinalized_is_left_alone():
    _tf_private.unfinalize(types.SimpleNamespace(finalized=True))


def test_a_hook_saves_on_demand_and_says_whether_to_stop(step, tmp_path):
    class Listener(v1.train.CheckpointSaverListener):
        def after_save(self, session, global_step_value):
            return global_step_value > 1

    saver = v1.train.Saver()
    hook = v1.train.CheckpointSaverHook(
        str(tmp_path), save_steps=1, saver=saver, listeners=[Listener()]
    )
    hook.begin()
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        assert _tf_private.save_with_hook(hook, session, 1) is False
        assert _tf_private.save_with_hook(hook, session, 2) is True
    assert _tf_private.saver_of_hook(hook) is saver
    assert [path.rpartition("-")[2] for path in saver.last_checkpoints] == [
        "1",
        "2",
    ]


def test_the_saver_of_a_hooks_scaffold_is_found(step, tmp_path):
    saver = v1.train.Saver()
    hook = v1.train.CheckpointSaverHook(
        str(tmp_path), save_steps=1, scaffold=v1.train.Scaffold(saver=saver)
    )
    assert _tf_private.saver_of_hook(hook) is saver


def test_where_the_coordinators_module_is_missing_there_is_no_context(
    monkeypatch,
):
    package = "tensorflow.python.distribute"
    name = "distribute_coordinator_context"
    monkeypatch.setitem(sys.modules, f"{package}.{name}", None)
    monkeypatch.delattr(importlib.import_module(package), name, raising=False)
    assert _tf_private.worker_context() is None
