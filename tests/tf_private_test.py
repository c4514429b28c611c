"""The private names of TensorFlow, each still there."""

import functools
import importlib
import sys
import threading
import types

import numpy as np
import pytest
import tensorflow as tf
import wrapt
from google.protobuf import text_format
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
    last = _tf_private.last_checkpoint_of_hook(hook)
    assert last == saver.last_checkpoints[-1]
    assert [path.rpartition("-")[2] for path in saver.last_checkpoints] == [
        "1",
        "2",
    ]


def test_a_hook_forgets_its_steps(step):
    counter = v1.train.StepCounterHook(every_n_steps=10)
    saver = v1.train.SummarySaverHook(save_steps=10, summary_op=step)
    counter._last_global_step = 7
    for hook in (counter, saver):
        hook._timer.update_last_triggered_step(7)
        _tf_private.forget_steps(hook)
        assert hook._timer.last_triggered_step() is None
    assert counter._last_global_step is None


def test_a_hook_without_the_private_names_has_nothing_to_forget():
    hook = v1.train.SessionRunHook()
    _tf_private.forget_steps(hook)
    assert vars(hook) == {}


def test_where_the_coordinators_module_is_missing_there_is_no_context(
    monkeypatch,
):
    package = "tensorflow.python.distribute"
    name = "distribute_coordinator_context"
    monkeypatch.setitem(sys.modules, f"{package}.{name}", None)
    monkeypatch.delattr(importlib.import_module(package), name, raising=False)
    assert _tf_private.worker_context() is None


@pytest.fixture
def private_names(monkeypatch):
    """Private names are looked for anew, and may be used if found."""
    monkeypatch.delenv("MONITORED_TF_PUBLIC_API_ONLY", raising=False)
    _tf_private._can_run_prepared.cache_clear()
    yield
    monkeypatch.undo()
    _tf_private._can_run_prepared.cache_clear()


def _run_prepared(session, fetched=(), operations=(), feeds=()):
    return _tf_private.prepared_runner(session).run(
        {_tf_private.tensor_handle(t): array for t, array in feeds},
        [_tf_private.tensor_handle(tensor) for tensor in fetched],
        [_tf_private.operation_handle(operation) for operation in operations],
    )


def test_a_prepared_runner_feeds_fetches_and_runs(graph, private_names):
    fed = v1.placeholder(tf.int32, [])
    more, twice = fed + 1, fed * 2
    count = v1.get_variable("count", initializer=0)
    add = tf.group(v1.assign_add(count, 1))
    with v1.Session() as session:
        session.run(count.initializer)
        feeds = [(fed, np.array(7, np.int32))]
        assert _run_prepared(session, [more, twice], [add], feeds) == [8, 14]
        assert _run_prepared(session, [], [add, add]) == []
        assert session.run(count) == 2


class _Subclass(v1.Session):
    pass


@pytest.mark.parametrize(
    ("make_session", "is_prepared"),
    [
        (v1.Session, True),
        (_Subclass, False),
        (v1.InteractiveSession, False),
        (lambda: types.SimpleNamespace(run=print), False),
        (lambda: None, False),
    ],
)
def test_only_tensorflows_own_session_runs_prepared_lists(
    graph, private_names, make_session, is_prepared
):
    session = make_session()
    runner = _tf_private.prepared_runner(session)
    assert (runner is not None) is is_prepared
    if hasattr(session, "close"):
        session.close()


@pytest.mark.parametrize("value", ["1", "yes"])
def test_the_environment_can_ask_for_the_public_api_only(
    graph, private_names, monkeypatch, value
):
    with v1.Session() as session:
        monkeypatch.setenv("MONITORED_TF_PUBLIC_API_ONLY", value)
        assert _tf_private.prepared_runner(session) is None
        monkeypatch.setenv("MONITORED_TF_PUBLIC_API_ONLY", "0")
        assert _tf_private.prepared_runner(session) is not None


@pytest.mark.parametrize(
    "name", ["_call_tf_sessionrun", "_do_call", "_as_tf_output", "_c_op"]
)
def test_where_a_private_name_is_missing_nothing_is_prepared(
    graph, private_names, monkeypatch, name
):
    tensor = tf.constant(1)
    with v1.Session() as session:
        owners = [
            owner
            for thing in (session, tensor, tensor.op)
            for owner in type(thing).__mro__
            if name in vars(owner)
        ]
        if not owners:
            pytest.skip("It is no attribute of the class here.")
        monkeypatch.delattr(owners[0], name)
        runner = _tf_private.prepared_runner(session)
        monkeypatch.undo()
    assert runner is None


@pytest.mark.parametrize(
    ("field", "is_prepared"),
    [
        ("graph_options { build_cost_model: 1 }", False),
        ("experimental { session_metadata { name: 'x' } }", False),
        ("graph_options { infer_shapes: true }", True),
        ("experimental { executor_type: '' }", True),
    ],
)
def test_a_session_that_fills_metadata_in_is_not_for_prepared_lists(
    graph, private_names, field, is_prepared
):
    tf.constant(1)
    config = text_format.Parse(field, v1.ConfigProto())
    with v1.Session(config=config) as session:
        runner = _tf_private.prepared_runner(session)
        assert (runner is not None) is is_prepared


def _plain(run):
    return lambda *args, **kwargs: run(*args, **kwargs)


def _wrapped(run):
    return functools.wraps(run)(_plain(run))


def _proxied(run):
    return wrapt.FunctionWrapper(
        run, lambda wrapped, _, args, kwargs: wrapped(*args, **kwargs)
    )


_BASE = v1.Session.__mro__[1]


@pytest.mark.parametrize("patch", [_plain, _wrapped, _proxied])
def test_a_class_whose_run_was_replaced_prepares_nothing(
    graph, private_names, monkeypatch, patch
):
    monkeypatch.setattr(_BASE, "run", patch(_BASE.run))
    with v1.Session() as session:
        assert _tf_private.prepared_runner(session) is None


@pytest.mark.parametrize("owner", ["class", "base class", "session"])
@pytest.mark.parametrize("patch", [_plain, _wrapped, _proxied])
def test_a_run_that_is_replaced_later_is_not_passed_by(
    graph, private_names, monkeypatch, patch, owner
):
    handle = _tf_private.tensor_handle(tf.constant(1))
    with v1.Session() as session:
        runner = _tf_private.prepared_runner(session)
        assert runner.run({}, [handle], []) == [1]
        if owner == "session":
            # monkeypatch.setattr would leave the old one in the object.
            monkeypatch.setitem(vars(session), "run", patch(session.run))
        else:
            patched = v1.Session if owner == "class" else _BASE
            monkeypatch.setattr(patched, "run", patch(v1.Session.run))
        assert runner.run({}, [handle], []) is None
        monkeypatch.undo()
        assert runner.run({}, [handle], []) == [1]


def test_a_session_whose_run_was_replaced_runs_no_prepared_list(
    graph, private_names, monkeypatch
):
    with v1.Session() as session:
        monkeypatch.setitem(vars(session), "run", _plain(session.run))
        runner = _tf_private.prepared_runner(session)
        assert runner is None or runner.run({}, [], []) is None


def test_where_less_may_be_fetched_or_fed_than_before_nothing_is_run(
    graph, private_names
):
    one, fed = tf.constant(1), v1.placeholder(tf.int32, [])
    handles = [_tf_private.tensor_handle(tensor) for tensor in (one, fed)]
    array = np.array(1, np.int32)

    def runs():
        """Returns what is run without feeds, and with them."""
        feeds = {handles[1]: array}
        return [runner.run(f, handles[:1], []) for f in ({}, feeds)]

    with v1.Session() as session:
        runner = _tf_private.prepared_runner(session)
        assert runs() == [[1], [1]]
        assert not runner.bars_changed()
        graph.prevent_feeding(one)
        assert runs() == [[1], None]
        assert runner.bars_changed()
        assert runs() == [[1], [1]]
        graph.prevent_fetching(fed.op)
        assert runs() == [None, None]
        assert runner.bars_changed()
        assert not runner.bars_changed()
        assert runs() == [[1], [1]]


@pytest.mark.parametrize("shape", [None, [None, 2]], ids=str)
def test_set_shape_is_noticed_by_the_object_of_the_shape(graph, shape):
    fed = v1.placeholder(tf.float32, shape)
    get = _tf_private.shape_getter(fed)
    assert fed.shape.is_compatible_with([4, 2])
    before = get(fed)
    assert get(fed) is before
    fed.set_shape([3, 2])
    assert get(fed) is not before
    assert fed.shape == [3, 2]
    assert get(fed) is get(fed)


def test_without_the_private_name_the_shape_itself_is_got():
    tensor = types.SimpleNamespace(shape=object())
    assert _tf_private.shape_getter(tensor)(tensor) is tensor.shape


def test_a_closed_session_runs_no_prepared_list(graph, private_names):
    one = tf.constant(1)
    session = v1.Session()
    runner = _tf_private.prepared_runner(session)
    session.close()
    assert runner.run({}, [_tf_private.tensor_handle(one)], []) is None


FAILING = {
    "placeholder": lambda: v1.placeholder(tf.float32, name="fed") + 1,
    "unset variable": lambda: v1.get_variable("var", shape=[]) + 1,
    "operation": lambda: tf.raw_ops.Assert(condition=False, data=["text"]),
    "check": lambda: tf.debugging.check_numerics(np.nan, "text", name="nan"),
    "end of data": lambda: v1.data.make_one_shot_iterator(
        tf.data.Dataset.from_tensors(1).take(0)
    ).get_next(),
    "no file": lambda: tf.io.read_file("/none", name="none"),
    "in a function": lambda: tf.map_fn(
        lambda n: tf.debugging.check_numerics(n, "text"),
        tf.constant([1.0, np.nan]),
    ),
}


def _told(run):
    """Returns all that the error of a run tells."""
    with pytest.raises(tf.errors.OpError) as raised:
        run()
    error = raised.value
    return [
        *(type(error), str(error), error.message, error.error_code),
        *(error.op, error.node_def, error.experimental_payloads),
        *(type(error.__context__), str(error.__context__)),
    ]


@pytest.mark.parametrize("make", FAILING.values(), ids=FAILING)
def test_an_error_tells_what_it_tells_from_session_run(
    graph, private_names, make
):
    failing = make()
    is_operation = isinstance(failing, tf.Operation)
    lists = ([], [failing]) if is_operation else ([failing],)
    with v1.Session() as session:
        theirs = _told(lambda: session.run(failing))
        assert _told(lambda: _run_prepared(session, *lists)) == theirs


def test_an_error_of_no_operation_tells_what_it_tells_from_session_run(
    graph, private_names
):
    fed = v1.placeholder(tf.string)
    text = tf.identity(fed)
    odd = np.array([3], object)
    with v1.Session() as session:
        theirs = _told(lambda: session.run(text, {fed: odd}))
        ours = _told(lambda: _run_prepared(session, [text], [], [(fed, odd)]))
    assert ours == theirs


def test_the_threads_of_a_coordinator_are_found(graph):
    coord = v1.train.Coordinator()
    assert _tf_private.threads_of(coord) == []
    thread = threading.Thread()
    coord.register_thread(thread)
    assert _tf_private.threads_of(coord) == [thread]


def test_what_hooks_read_the_global_step_by_is_found(graph):
    v1.train.get_or_create_global_step()
    assert _tf_private.global_step_reads(graph) == []
    hook = v1.train.StepCounterHook()
    hook.begin()
    (read,) = _tf_private.global_step_reads(graph)
    assert read is hook.before_run(None).fetches


def test_a_time_limit_is_never_none_by_being_short():
    assert _tf_private.timeout_options(None) == v1.RunOptions()
    assert _tf_private.timeout_options(2.5).timeout_in_ms == 2500
    assert _tf_private.timeout_options(1e-6).timeout_in_ms == 1
