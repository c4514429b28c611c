"""Bad input: TensorFlow's type of error, what to do about it, nothing left."""

import threading

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.testing import (
    Fault,
    FaultHook,
    FaultSessionCreator,
    RecordingHook,
)
from tests.conformance.programs import OURS, THEIRS, type_of

v1 = tf.compat.v1


@pytest.fixture
def nothing_left(step):
    """Checks that no thread is left, and no session; gives the creator."""
    threads = threading.active_count()
    creator = FaultSessionCreator()
    yield creator
    assert threading.active_count() == threads
    for session in creator.sessions:
        with pytest.raises(RuntimeError, match="closed Session"):
            session.run(step)
    assert not v1.get_default_graph().finalized


def _error_of(make, *args, **keywords):
    try:
        make(*args, **keywords)
    except Exception as error:
        return error
    pytest.fail("nothing was raised")


class _NoHook:
    def begin(self):
        pass


@pytest.mark.parametrize(
    ("hooks", "message"),
    [
        (
            [_NoHook()],
            r"has no method after_create_session\(\). Derive _NoHook",
        ),
        ([object()], r"has no method begin\(\). Derive object from"),
        ([None], "None is no hook"),
        (
            [RecordingHook],
            r"the class RecordingHook. Make one: RecordingHook\(",
        ),
        (RecordingHook(), r"Put a single hook into a list: hooks=\[hook\]"),
        (3, "hooks must be a list"),
    ],
)
def test_hooks_that_are_none(hooks, message, nothing_left):
    with pytest.raises(monitored_tf.InvalidHookError, match=message) as raised:
        monitored_tf.MonitoredSession(nothing_left, hooks)
    # A hook without after_create_session() fails TensorFlow when it is made.
    theirs = _error_of(v1.train.MonitoredSession, None, hooks)
    assert isinstance(raised.value, type(theirs))
    v1.get_default_graph()._unsafe_unfinalize()


def test_no_hook_begins_where_one_is_invalid(nothing_left):
    hook = RecordingHook()
    with pytest.raises(monitored_tf.InvalidHookError):
        monitored_tf.MonitoredSession(nothing_left, [hook, object()])
    assert hook.calls == []


@pytest.mark.parametrize("creator", ["creator", FaultSessionCreator, 3])
def test_a_session_creator_that_is_none(creator, graph):
    message = r"must be an object with a method create_session\(\)"
    with pytest.raises(AttributeError, match=message):
        monitored_tf.MonitoredSession(creator)
    assert not graph.finalized


@pytest.mark.parametrize("request_", [3, "step", ("a", "b"), {"fetches": 1}])
def test_a_request_that_is_none(request_, nothing_left, step):
    class Hook(monitored_tf.SessionRunHook):
        def before_run(self, run_context):
            return request_

    message = "must return None or SessionRunArgs"
    with pytest.raises(monitored_tf.InvalidRequestError, match=message) as ours:
        with monitored_tf.MonitoredSession(nothing_left, [Hook()]) as session:
            session.run(step)
    with pytest.raises(AttributeError):
        with v1.train.MonitoredSession(hooks=[Hook()]) as session:
            session.run(step)
    assert isinstance(ours.value, AttributeError)


class _EqualHook(RecordingHook):
    def __eq__(self, other):
        return isinstance(other, _EqualHook)

    def __hash__(self):
        return 1


def test_equal_hooks_each_get_their_own_results(nothing_left):
    hooks = [_EqualHook(fetches=tf.constant(n)) for n in (1, 2)]
    with monitored_tf.MonitoredSession(nothing_left, hooks) as session:
        session.run([])
    assert [hook.results for hook in hooks] == [[1], [2]]


def _bad_runs(step):
    x = v1.placeholder(tf.float32, [2], name="x")
    with tf.Graph().as_default():
        other = tf.constant(1)
    return {
        "another graph's tensor": ((other,), "not an element of this graph"),
        "no fetches": ((None,), "invalid type"),
        "an unknown name": (("nothing:0",), "nothing"),
        "a feed of wrong shape": ((step, {x: [1.0]}), "shape"),
        "a feed of wrong type": ((step, {x: "no"}), "convert"),
        "another graph's feed": ((step, {other: 1}), "not an element"),
        "a feed_dict that is no dict": ((step, [1]), "dict"),
        "options of another type": ((step, None, {"trace_level": 1}), "dict"),
    }


@pytest.mark.parametrize(
    "what",
    [
        "another graph's tensor",
        "no fetches",
        "an unknown name",
        "a feed of wrong shape",
        "a feed of wrong type",
        "another graph's feed",
        "a feed_dict that is no dict",
        "options of another type",
    ],
)
def test_a_bad_run_raises_what_tensorflow_raises(what, nothing_left, step):
    arguments, message = _bad_runs(step)[what]
    found = []
    for side, creator in ((THEIRS, None), (OURS, nothing_left)):
        with side.MonitoredSession(creator) as session:
            error = _error_of(session.run, *arguments)
            assert session.run(step) > 0
        found.append((type_of(error), str(error)))
    (their_type, their_text), (our_type, our_text) = found
    assert our_type == their_type
    assert our_text == their_text
    assert message in our_text


def test_run_after_close(nothing_left, step):
    session = monitored_tf.MonitoredSession(nothing_left)
    session.close()
    for call in (
        lambda: session.run(step),
        lambda: session.run_step_fn(lambda step_context: None),
        lambda: session.save("/nowhere"),
        lambda: session.export_saved_model("/nowhere", {}),
    ):
        with pytest.raises(monitored_tf.SessionClosedError, match="Make a new"):
            call()
    assert session.should_stop()
    assert session.raw_session() is None
    assert session.graph is None


@pytest.mark.parametrize("callback", ["before_run", "after_run", "end"])
def test_close_in_a_hook_closes_once(callback, nothing_left, step):
    class Closes(monitored_tf.SessionRunHook):
        session = None

    def close_it(self, *_):
        self.session.close()

    setattr(Closes, callback, close_it)
    log = RecordingHook("a")
    closes = Closes()
    session = closes.session = monitored_tf.MonitoredSession(
        nothing_left, [closes, log]
    )
    # Ended by the hook itself before the run: the raw session is closed.
    if callback == "before_run":
        with pytest.raises(RuntimeError, match="closed Session"):
            session.run(step)
    else:
        assert session.run(step) == 1
    session.close()
    assert log.calls.count("a.end") == 1
    assert log.calls.count("a.close") == 1


def test_run_from_several_threads(nothing_left, step):
    hook = RecordingHook(fetches=step)
    with monitored_tf.MonitoredSession(nothing_left, [hook]) as session:
        threads = [
            threading.Thread(
                target=lambda: [session.run(step) for _ in range(50)]
            )
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert session.run(step) == 201
    assert len(hook.results) == 201


class _FailingScaffold(v1.train.Scaffold):
    def finalize(self):
        super().finalize()
        raise ValueError("planted in finalize")


def _fails_to_init(scaffold, session):
    raise ValueError("planted in init_fn")


def _queue_runner_fails():
    runner = v1.train.QueueRunner(
        tf.queue.FIFOQueue(1, [tf.int32]), [tf.no_op()]
    )
    v1.train.add_queue_runner(runner)
    runner.create_threads = lambda *_, **__: 1 / 0


def _faults(stage):
    """Returns the faults of a hook and those of the session creator."""
    if stage in ("begin", "after_create_session"):
        return [Fault(stage, error=ValueError("planted"))], []
    if stage == "create_session":
        return [], [Fault(stage, error=ValueError("planted"))]
    return [], []


@pytest.mark.parametrize(
    "stage",
    [
        "begin",
        "finalize",
        "init_op",
        "init_fn",
        "not ready",
        "queue runners",
        "create_session",
        "after_create_session",
    ],
)
def test_a_creation_that_fails_leaves_nothing(stage, step):
    threads = threading.active_count()
    failing_op = v1.debugging.check_numerics(tf.constant(1.0) / 0.0, "").op
    scaffold = {
        "finalize": lambda: _FailingScaffold(),
        "init_op": lambda: v1.train.Scaffold(init_op=failing_op),
        "init_fn": lambda: v1.train.Scaffold(init_fn=_fails_to_init),
        "not ready": lambda: v1.train.Scaffold(init_op=tf.no_op()),
    }.get(stage, v1.train.Scaffold)()
    if stage == "queue runners":
        _queue_runner_fails()
    in_hook, in_creator = _faults(stage)
    creator = FaultSessionCreator(
        *in_creator, creator=monitored_tf.ChiefSessionCreator(scaffold)
    )
    first, failing = RecordingHook("first"), FaultHook(*in_hook)
    ours = _error_of(monitored_tf.MonitoredSession, creator, [first, failing])
    assert threading.active_count() == threads
    assert not v1.get_default_graph().finalized
    for session in creator.sessions:
        with pytest.raises(RuntimeError, match="closed Session"):
            session.run(step)
    assert first.calls[0] == "first.begin"
    assert first.calls[-1] == "first.close"
    assert "first.end" not in first.calls
    theirs = _error_of(
        v1.train.MonitoredSession,
        FaultSessionCreator(
            *in_creator, creator=v1.train.ChiefSessionCreator(scaffold)
        ),
        [FaultHook(*in_hook)],
    )
    assert type_of(ours) == type_of(theirs)


def test_a_preempted_step_is_not_blamed_on_its_arguments(step):
    feeds = {step: 3}
    with monitored_tf.MonitoredSession(
        hooks=[FaultHook(Fault("before_run"))],
        recovery=monitored_tf.RecoveryPolicy.tf(),
    ) as session:
        assert session.run(step, feeds) == 3
    assert feeds == {step: 3}
