"""Each row of the README's table of differences, TensorFlow beside ours.

A test is named `test_row_<n>`, n being the row's place in the table, and the
last test holds the two together.
"""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import warnings

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.testing import (
    FakeClock,
    Fault,
    FaultHook,
    FaultSessionCreator,
    RecordingHook,
)
from tests.collective_strategy import CollectiveStrategy
from tests.conformance.programs import OURS, THEIRS

v1 = tf.compat.v1
SIDES = pytest.mark.parametrize("side", [THEIRS, OURS], ids=["tf", "ours"])
_README = pathlib.Path(__file__).parents[2] / "README.md"


class _FailingThread(v1.train.SessionRunHook):
    """A thread of the first session reports an error, before any step."""

    def __init__(self, error):
        self._error = error

    def after_create_session(self, session, coord):
        if self._error is not None:
            thread = threading.Thread(target=self._fail, args=(coord,))
            coord.register_thread(thread)
            thread.start()
            thread.join()

    def _fail(self, coord):
        error, self._error = self._error, None
        try:
            raise error
        except Exception as raised:
            coord.request_stop(raised)


@SIDES
def test_row_1_step_context_after_a_recovery(side, step):
    failures = [tf.errors.AbortedError(None, None, "planted")]

    def step_fn(step_context):
        if failures:
            raise failures.pop()
        return step_context.session.run(step)

    with side.MonitoredSession(**side.keywords) as session:
        if side is THEIRS:
            with pytest.raises(RuntimeError, match="closed Session"):
                session.run_step_fn(step_fn)
        else:
            assert session.run_step_fn(step_fn) == 1


def test_row_2_a_fault_that_repeats_is_given_up(step):
    faults = FaultHook(*(Fault("before_run", call) for call in range(1, 9)))
    with FakeClock() as clock, pytest.raises(tf.errors.AbortedError):
        with monitored_tf.MonitoredSession(hooks=[faults]) as session:
            session.run(step)
    assert faults.calls["before_run"] == 3
    assert [round(pause, 1) for pause in clock.sleeps[:2]] == [0.1, 0.2]
    assert len(session.recoveries) == 2


def test_row_2_tensorflow_goes_on(step):
    faults = FaultHook(*(Fault("before_run", call) for call in range(1, 9)))
    with v1.train.MonitoredSession(hooks=[faults]) as session:
        session.run(step)
    assert faults.calls["before_run"] == 9


@SIDES
def test_row_3_a_session_lost_half_made_is_closed(side, step):
    creator = FaultSessionCreator()
    faults = FaultHook(Fault("after_create_session"))
    with side.MonitoredSession(creator, [faults], **side.keywords):
        lost, kept = creator.sessions
        if side is OURS:
            with pytest.raises(RuntimeError, match="closed Session"):
                lost.run(step)
        else:
            lost.run(step)
        kept.run(step)


@SIDES
def test_row_4_the_callers_run_options(side, step):
    asked = v1.RunOptions(timeout_in_ms=9000)
    given = v1.RunOptions(timeout_in_ms=8000)
    hook = RecordingHook(options=asked)
    with side.MonitoredSession(hooks=[hook]) as session:
        session.run(step, options=given)
    assert given.timeout_in_ms == (9000 if side is THEIRS else 8000)


@SIDES
def test_row_5_hooks_from_a_generator(side, step):
    hook = RecordingHook("a")
    with side.MonitoredSession(hooks=(h for h in [hook])) as session:
        session.run(step)
    theirs = ["a.begin"]
    ours = [
        "a.begin",
        "a.after_create_session",
        "a.before_run",
        "a.after_run",
        "a.end",
        "a.close",
    ]
    assert hook.calls == (theirs if side is THEIRS else ours)


@SIDES
def test_row_6_an_end_that_fails(side, step):
    failing = FaultHook(Fault("end", error=ValueError("first")))
    hook = RecordingHook("a")
    with pytest.raises(ValueError, match="first"):
        with side.MonitoredSession(hooks=[failing, hook]) as session:
            session.run(step)
    assert ("a.end" in hook.calls) == (side is OURS)


@SIDES
def test_row_7_a_step_functions_stop(side, graph):
    session = side.MonitoredSession()
    with pytest.raises(StopIteration):
        session.run_step_fn(lambda step_context: step_context.request_stop())
    assert session.should_stop() == (side is OURS)
    session.close()


@SIDES
def test_row_8_the_same_hook_twice(side, graph):
    class Alternating(v1.train.SessionRunHook):
        def __init__(self):
            self.tensors = [tf.constant(1), tf.constant(2)]
            self.calls = 0
            self.results = []

        def before_run(self, run_context):
            self.calls += 1
            return v1.train.SessionRunArgs(self.tensors[self.calls - 1])

        def after_run(self, run_context, run_values):
            self.results.append(int(run_values.results))

    hook = Alternating()
    with side.MonitoredSession(hooks=[hook, hook]) as session:
        session.run([])
    assert hook.results == ([2, 2] if side is THEIRS else [1, 2])


@SIDES
def test_row_9_run_after_close(side, step):
    session = side.MonitoredSession()
    session.close()
    error = (
        AttributeError if side is THEIRS else monitored_tf.SessionClosedError
    )
    with pytest.raises(error):
        session.run(step)


def _enter_worker_context(monkeypatch, context):
    from tensorflow.python.distribute import distribute_coordinator_context

    monkeypatch.setattr(
        distribute_coordinator_context._worker_context,
        "current",
        context,
        raising=False,
    )


@SIDES
def test_row_10_checkpoints_without_summaries_in_a_worker_context(
    side, step, tmp_path, monkeypatch
):
    class Context:
        is_chief = should_save_summary = should_checkpoint = True
        task_type = task_id = _strategy = None

        def session_creator(self, scaffold, **keywords):
            return v1.train.ChiefSessionCreator(scaffold)

    _enter_worker_context(monkeypatch, Context())
    make = v1.train if side is THEIRS else monitored_tf
    with make.MonitoredTrainingSession(
        checkpoint_dir=str(tmp_path),
        save_summaries_steps=None,
        save_checkpoint_steps=1,
    ) as session:
        session.run(step)
    newest = v1.train.latest_checkpoint(str(tmp_path))
    assert (newest is None) == (side is THEIRS)


@SIDES
def test_row_11_a_stop_asked_for_before_a_recovery(side, step):
    class Stops(v1.train.SessionRunHook):
        def after_run(self, run_context, run_values):
            run_context.request_stop()

    lost = _FailingThread(tf.errors.AbortedError(None, None, "planted"))
    with side.MonitoredSession(hooks=[Stops(), lost]) as session:
        session.run(step)
        assert session.should_stop() == (side is OURS)


@SIDES
def test_row_12_a_second_close(side, graph):
    hook = RecordingHook("a")
    session = side.MonitoredSession(hooks=[hook])
    session.close()
    if side is THEIRS:
        with pytest.raises(RuntimeError, match="already closed"):
            session.close()
    else:
        session.close()
    assert hook.calls.count("a.end") == (2 if side is THEIRS else 1)


@SIDES
def test_row_13_close_under_another_default_graph(side, graph):
    session = side.MonitoredSession()
    with tf.Graph().as_default() as other:
        other.finalize()
        session.close()
        assert other.finalized == (side is OURS)
    assert graph.finalized == (side is THEIRS)


@SIDES
def test_row_14_a_constructor_that_raises(side, graph):
    creator = FaultSessionCreator()
    failing = FaultHook(Fault("after_create_session", error=ValueError("no")))
    one = tf.constant(1)
    with pytest.raises(ValueError, match="no"):
        side.MonitoredSession(creator, [failing])
    assert graph.finalized == (side is THEIRS)
    if side is OURS:
        with pytest.raises(RuntimeError, match="closed Session"):
            creator.sessions[0].run(one)
    else:
        assert creator.sessions[0].run(one) == 1


@SIDES
def test_row_15_an_error_while_closing(side, step):
    thread = _FailingThread(OSError("the thread's"))
    theirs = pytest.raises(OSError, match="the thread's")
    ours = pytest.raises(ValueError, match="the body's")
    with theirs if side is THEIRS else ours as raised:
        with side.MonitoredSession(hooks=[thread]):
            raise ValueError("the body's")
    assert raised.value.__context__ is not None


@SIDES
def test_row_16_a_feed_conflict_by_name(side, graph):
    x = v1.placeholder(tf.float32, [], name="x")
    hook = RecordingHook(feed_dict={"x:0": 1.0})
    with side.MonitoredSession(hooks=[hook]) as session:
        if side is THEIRS:
            session.run(x, {x: 2.0})
        else:
            with pytest.raises(RuntimeError, match=r"Same tensor.*x:0"):
                session.run(x, {x: 2.0})


@SIDES
def test_row_17_an_unhashable_hook_that_fetches(side, step):
    class Unhashable(v1.train.SessionRunHook):
        __hash__ = None

        def before_run(self, run_context):
            return v1.train.SessionRunArgs(step)

    with side.MonitoredSession(hooks=[Unhashable()]) as session:
        if side is THEIRS:
            with pytest.raises(TypeError, match="unhashable"):
                session.run(step)
        else:
            session.run(step)


@SIDES
def test_row_18_hooks_appended_later(side, step):
    late = RecordingHook("late")
    hooks = [RecordingHook()]
    with side.MonitoredSession(hooks=hooks) as session:
        hooks.append(late)
        session.run(step)
    assert bool(late.calls) == (side is THEIRS)
    assert "late.begin" not in late.calls


@SIDES
def test_row_19_singular_should_stop_after_a_threads_error(side, graph):
    thread = _FailingThread(OSError("the thread's"))
    session = side.SingularMonitoredSession(hooks=[thread])
    if side is THEIRS:
        with pytest.raises(OSError, match="the thread's"):
            session.should_stop()
    else:
        assert session.should_stop()
    with pytest.raises(OSError, match="the thread's"):
        session.close()


@SIDES
def test_row_20_recovery_under_another_default_graph(side, graph):
    one = tf.constant(1)
    faults = FaultHook(Fault("before_run"))
    session = side.MonitoredSession(hooks=[faults], **side.keywords)
    with tf.Graph().as_default() as other:
        session.run(one)
        assert other.finalized == (side is THEIRS)
    session.close()


@SIDES
def test_row_21_both_cadences_given(side, step, tmp_path):
    make = v1.train if side is THEIRS else monitored_tf

    def session():
        return make.MonitoredTrainingSession(
            checkpoint_dir=str(tmp_path),
            save_checkpoint_secs=600,
            save_checkpoint_steps=1,
        )

    if side is THEIRS:
        with pytest.raises(ValueError, match="both"):
            session()
    else:
        with session() as made:
            made.run(step)


@SIDES
def test_row_22_a_stray_stop_iteration(side, step):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with side.MonitoredSession():
            next(iter([]))
    messages = [str(w.message) for w in caught if w.filename == __file__]
    if side is THEIRS:
        assert messages == []
    else:
        (message,) = messages
        assert f"{__file__}:" in message


@SIDES
def test_row_23_what_is_no_hook(side, graph):
    first = RecordingHook("first")
    with pytest.raises(AttributeError):
        side.MonitoredSession(hooks=[first, object()])
    assert first.calls == (["first.begin"] if side is THEIRS else [])


@SIDES
def test_row_24_a_callback_that_is_put_on_a_hook_later(side, step):
    hook = monitored_tf.SessionRunHook()
    calls = []
    with side.MonitoredSession(hooks=[hook]) as session:
        hook.before_run = calls.append
        session.run(step)
    assert len(calls) == (1 if side is THEIRS else 0)


@SIDES
def test_row_25_a_graph_whose_text_cannot_be_written(side, step, tmp_path):
    (tmp_path / "graph.pbtxt").mkdir()
    train = v1.train if side is THEIRS else monitored_tf
    hook = train.CheckpointSaverHook(
        str(tmp_path), save_steps=1, saver=v1.train.Saver()
    )
    session = side.MonitoredSession
    if side is THEIRS:
        # A TypeError where TensorFlow does not fit protobuf.
        with pytest.raises((tf.errors.OpError, TypeError)):
            session(hooks=[hook])
    else:
        with session(hooks=[hook]) as made:
            made.run(step)


@SIDES
def test_row_26_a_chief_that_meets_live_variables(side, step, master):
    for _ in range(2):
        with side.MonitoredSession(
            side.ChiefSessionCreator(master=master)
        ) as s:
            last = s.run(step)
    assert last == (1 if side is THEIRS else 2)


_LIBRARY = pytest.mark.parametrize(
    "library", [v1.train, monitored_tf], ids=["tf", "ours"]
)


@_LIBRARY
def test_row_27_a_step_that_was_applied(library, step, master):
    v1.Session(master).run(v1.global_variables_initializer())
    creator = library.WorkerSessionCreator(master=master)
    faults = FaultHook(Fault("after_run", 2))
    with library.MonitoredSession(creator, [faults]) as session:
        results = [session.run(step) for _ in range(3)]
    assert results == ([1, 3, 4] if library is v1.train else [1, 2, 3])


@_LIBRARY
def test_row_28_how_often_a_worker_looks(library, graph):
    v1.get_variable("v", initializer=1.0)
    creator = library.WorkerSessionCreator(max_wait_secs=45)
    with FakeClock() as clock, pytest.raises(tf.errors.DeadlineExceededError):
        creator.create_session()
    assert set(clock.sleeps) == {30 if library is v1.train else 0.5}


@SIDES
def test_row_29_which_tasks_a_session_waits_for(side, step, master):
    creator = side.ChiefSessionCreator(master=master)
    with creator.create_session() as session:
        filters = list(
            session._config.device_filters if session._config else []
        )
    ours = ["/job:localhost/task:0", "/job:ps"]
    assert filters == ([] if side is THEIRS else ours)


@SIDES
def test_row_30_how_long_threads_are_waited_for(side, step, monkeypatch):
    graces = []
    join = v1.train.Coordinator.join

    def record(self, *args, stop_grace_period_secs=120, **kwargs):
        graces.append(stop_grace_period_secs)
        return join(self, *args, stop_grace_period_secs=0.01, **kwargs)

    monkeypatch.setattr(v1.train.Coordinator, "join", record)
    side.MonitoredSession().close()
    assert graces == [120 if side is THEIRS else 5]


@_LIBRARY
def test_row_31_tensorboard_is_told_of_a_rollback(library, step, tmp_path):
    with library.MonitoredTrainingSession(
        summary_dir=str(tmp_path),
        hooks=[FaultHook(Fault("before_run", 4))],
    ) as session:
        for _ in range(4):
            session.run(step)
    (path,) = tmp_path.glob("events*")
    starts = [
        event.step
        for event in v1.train.summary_iterator(str(path))
        if event.session_log.status == v1.SessionLog.START
    ]
    # Each has one of its first summary.
    assert len(starts) == (1 if library is v1.train else 2)


_BAD_FILTER = """
import tensorflow as tf
v1 = tf.compat.v1
server = tf.distribute.Server.create_local_server()
config = v1.ConfigProto(device_filters=["/job:__bad__"])
with tf.Graph().as_default(), v1.Session(server.target, config=config) as s:
    s.run(v1.constant(0))
"""


def test_row_32_a_malformed_filter_aborts_tensorflow():
    done = subprocess.run(
        [sys.executable, "-c", _BAD_FILTER], capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGABRT


def test_row_32_a_malformed_filter_is_an_error(step, master):
    config = v1.ConfigProto(device_filters=["/job:__bad__"])
    with pytest.raises(ValueError, match="__bad__"):
        monitored_tf.MonitoredTrainingSession(master, config=config)


@_LIBRARY
def test_row_33_a_task_of_a_collective_strategy_watches_its_peers(
    library, step, monkeypatch
):
    class Context:
        should_save_summary = should_checkpoint = is_chief = False
        task_type, task_id = "worker", 0
        _strategy = CollectiveStrategy({"worker": ["h:1", "h:2"]})

        def session_creator(self, scaffold, **keywords):
            return v1.train.ChiefSessionCreator(scaffold)

    _enter_worker_context(monkeypatch, Context())
    begun = []
    monkeypatch.setattr(
        monitored_tf.PeerHealthHook, "begin", lambda hook: begun.append(hook)
    )
    library.MonitoredTrainingSession().close()
    assert len(begun) == (library is monitored_tf)


@_LIBRARY
def test_row_34_an_end_of_data_while_a_session_is_made_again(library, step):
    end = tf.errors.OutOfRangeError(None, None, "planted")
    faults = FaultHook(
        Fault("before_run", 1), Fault("after_create_session", 2, end)
    )
    is_ours = library is monitored_tf
    raised = (
        pytest.raises(tf.errors.OutOfRangeError)
        if is_ours
        else contextlib.nullcontext()
    )
    with raised, library.MonitoredSession(hooks=[faults]) as session:
        session.run(step)


@_LIBRARY
def test_row_35_an_end_of_data_that_a_hook_raises(library, step, caplog):
    end = tf.errors.OutOfRangeError(None, None, "planted")
    faults = FaultHook(Fault("after_run", 1, end))
    with library.MonitoredSession(hooks=[faults]) as session:
        session.run(step)
    told = [
        record
        for record in caplog.records
        if "after_run() of FaultHook" in record.getMessage()
    ]
    assert len(told) == (library is monitored_tf)


@pytest.fixture
def saved(step, tmp_path):
    """A folder with checkpoints of the steps 0, 1 and 2."""
    with monitored_tf.MonitoredTrainingSession(
        checkpoint_dir=str(tmp_path), save_checkpoint_steps=1
    ) as session:
        for _ in range(2):
            session.run(step)
    return tmp_path


def _next_step(library, folder, step):
    with library.MonitoredTrainingSession(
        checkpoint_dir=str(folder),
        save_summaries_steps=None,
        save_graph_def=False,  # Not every protobuf lets TensorFlow write it.
    ) as session:
        return int(session.run(step))


@_LIBRARY
def test_row_36_the_newest_checkpoint_is_damaged(library, saved, step):
    with open(saved / "model.ckpt-2.data-00000-of-00001", "r+b") as data:
        data.truncate(1)
    if library is monitored_tf:
        assert _next_step(library, saved, step) == 2
    else:
        with pytest.raises(tf.errors.OutOfRangeError):
            _next_step(library, saved, step)


@_LIBRARY
def test_row_37_the_state_file_is_missing(library, saved, step):
    (saved / "checkpoint").unlink()
    first = _next_step(library, saved, step)
    assert first == (3 if library is monitored_tf else 1)


@_LIBRARY
def test_row_38_a_variable_of_another_shape(library, graph, tmp_path):
    v1.train.get_or_create_global_step()
    v1.get_variable("v", initializer=[1.0, 2.0], use_resource=True)
    monitored_tf.MonitoredTrainingSession(checkpoint_dir=str(tmp_path)).close()
    with tf.Graph().as_default():
        v1.train.get_or_create_global_step()
        v = v1.get_variable("v", initializer=[0.0], use_resource=True)
        creator = library.ChiefSessionCreator(checkpoint_dir=str(tmp_path))
        if library is monitored_tf:
            with pytest.raises(monitored_tf.CheckpointMismatchError):
                creator.create_session()
        else:
            with creator.create_session() as session:
                assert list(session.run(v)) == [1.0, 2.0]


@_LIBRARY
def test_row_39_a_signal_that_asks_for_the_end(library, step, tmp_path):
    def train():
        with library.MonitoredTrainingSession(
            checkpoint_dir=str(tmp_path), save_graph_def=False
        ) as session:
            session.run(step)
            if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
                return
            os.kill(os.getpid(), signal.SIGTERM)
            while not session.should_stop():
                session.run(step)

    if library is monitored_tf:
        with pytest.raises(monitored_tf.Preempted) as raised:
            train()
        assert raised.value.code == 143
        newest = v1.train.latest_checkpoint(str(tmp_path))
        assert int(newest.rpartition("-")[2]) > 1
    else:
        train()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@_LIBRARY
def test_row_40_a_checkpoint_with_nan(library, step, tmp_path):
    v1.get_variable("bad", initializer=float("nan"))
    arguments = {"checkpoint_dir": str(tmp_path), "save_graph_def": False}
    if library is monitored_tf:
        with pytest.raises(monitored_tf.NanWeightsError, match="bad"):
            library.MonitoredTrainingSession(**arguments)
    else:
        library.MonitoredTrainingSession(**arguments).close()
    saved = v1.train.latest_checkpoint(str(tmp_path)) is not None
    assert saved == (library is v1.train)


@_LIBRARY
def test_row_41_an_error_of_a_save(library, step, tmp_path, monkeypatch):
    def fails(*args, **kwargs):
        raise tf.errors.OutOfRangeError(None, None, "model; File too large")

    def train():
        with library.MonitoredTrainingSession(
            checkpoint_dir=str(tmp_path),
            save_checkpoint_steps=1,
            save_graph_def=False,
        ) as session:
            monkeypatch.setattr(v1.train.Saver, "save", fails)
            session.run(step)

    if library is monitored_tf:
        error = monitored_tf.CheckpointSaveError
        with pytest.raises(error, match="^File too large: could not save"):
            train()
    else:
        train()


@_LIBRARY
def test_row_42_an_iterator_after_a_recovery(library, graph):
    iterator = v1.data.make_initializable_iterator(tf.data.Dataset.range(9))
    element = iterator.get_next()
    hook = FaultHook(Fault("before_run", 3))
    with library.MonitoredSession(hooks=[hook]) as session:
        session.run(iterator.initializer)
        assert session.run(element) == 0
        if library is monitored_tf:
            assert session.run(element) == 0
        else:
            with pytest.raises(tf.errors.FailedPreconditionError):
                session.run(element)


def test_every_row_has_a_test_and_every_test_a_row():
    table = _README.read_text().split("| TF | here |")[1].split("\n\n")[0]
    rows = re.findall(r"^\|(?! *-)(?!-).+\|$", table, flags=re.MULTILINE)
    tested = {
        int(name.split("_")[2]) for name in globals() if "test_row_" in name
    }
    assert tested == set(range(1, len(rows) + 1))
