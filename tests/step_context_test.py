"""What a step function is handed, and what is accepted as one."""

import functools
import types

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import errors, step_context
from monitored_tf.testing import Fault, FaultHook, RecordingHook


class _Methods:
    def method(self, step_context):
        return step_context

    def method_of_this(this, step_context):  # noqa: N805
        return step_context

    def method_with_more(self, step_context, *more, **others):
        return step_context

    def method_keyword_default(self, step_context, *, other=None):
        return step_context

    def method_keyword(self, step_context, *, other):
        raise AssertionError

    def method_without_self(step_context):  # noqa: N805
        raise AssertionError(step_context)

    def method_without(self):
        step_context = self
        raise AssertionError(step_context)

    @classmethod
    def class_method(cls, step_context):
        return step_context

    @staticmethod
    def static_method(step_context):
        return step_context

    def __call__(self, step_context):
        return step_context


def _function(step_context):
    return step_context


def _with_more(first, step_context, last=None):
    return first, step_context, last


def _with_more_after(first, step_context):
    return first, step_context


def _without():
    step_context = "a local"
    raise AssertionError(step_context)


def _with_other(other):
    step_context = other
    raise AssertionError(step_context)


GOOD = {
    "function": _function,
    "lambda": lambda step_context: step_context,
    "method": _Methods().method,
    "class method": _Methods.class_method,
    "static method": _Methods.static_method,
    "callable object": _Methods(),
    "partial": functools.partial(_function),
    "partial of more": functools.partial(_with_more, 1, last=2),
    "partial of keywords": functools.partial(
        lambda step_context, *, other: (step_context, other), other=1
    ),
    "partial of partial": functools.partial(
        functools.partial(_with_more, 1), last=2
    ),
    "partial of method": functools.partial(_Methods().method),
    "partial of callable": functools.partial(_Methods()),
    "default": lambda step_context=None: step_context,
    "positional only": lambda step_context, /: step_context,
    "more positions": lambda step_context, *more: (step_context, *more),
    "more keywords": lambda step_context, **more: step_context,
    "keyword default": lambda step_context, *, other=1: step_context,
    "method keyword default": _Methods().method_keyword_default,
    "method of another self": _Methods().method_of_this,
    "method with more": _Methods().method_with_more,
    "bound by hand": types.MethodType(_with_more_after, 1),
}
BAD = {
    "no argument": lambda: None,
    "other name": lambda context: None,
    "two arguments": lambda step_context, other: None,
    "other order": lambda other, step_context: None,
    "default of another": lambda step_context, other=1: None,
    "partial leaves two open": functools.partial(_with_more, 1),
    "partial leaves none open": functools.partial(_function, 1),
    "partial of one keyword": functools.partial(
        lambda step_context, *, one, other: None, one=1
    ),
    "partial by keyword": functools.partial(_function, step_context=1),
    "only more": lambda *args: None,
    "more of that name": lambda *step_context: None,
    "more keywords of that name": lambda **step_context: None,
    "a local of that name": _without,
    "a local behind another": _with_other,
    "method of no more": _Methods().method_without,
    "method without self": _Methods().method_without_self,
    "method with a keyword": _Methods().method_keyword,
    "self behind": lambda step_context, self: None,
    "self alone": lambda self: None,
    "not callable": 3,
    "none": None,
    "a string": "step",
    "a class": _Methods,
}


@pytest.mark.parametrize("step_fn", GOOD.values(), ids=GOOD)
def test_a_step_function_takes_step_context_only(step_fn):
    step_context.check_step_function(step_fn)


@pytest.mark.parametrize("step_fn", GOOD.values(), ids=GOOD)
def test_what_is_accepted_is_called_with_a_step_context(step, step_fn):
    with monitored_tf.MonitoredSession() as session:
        result = session.run_step_fn(step_fn)
    contexts = result if isinstance(result, tuple) else [result]
    assert [
        type(c) for c in contexts if not isinstance(c, (int, type(None)))
    ] == [monitored_tf.StepContext]


@pytest.mark.parametrize("step_fn", BAD.values(), ids=BAD)
def test_anything_else_is_refused_before_it_is_called(step_fn):
    with pytest.raises(errors.InvalidStepFunctionError, match="step_context"):
        step_context.check_step_function(step_fn)


def test_a_required_keyword_is_refused():
    def step_fn(step_context, *, other):
        raise AssertionError

    with pytest.raises(errors.InvalidStepFunctionError):
        step_context.check_step_function(step_fn)


@pytest.mark.parametrize(
    "step_fn",
    [
        _function,
        lambda step_context: None,
        _Methods().method,
        _Methods().method_with_more,
        _Methods.class_method,
        _Methods.static_method,
        _Methods.method,
    ],
)
def test_a_usual_step_function_is_checked_without_inspecting_it(
    step_fn, monkeypatch
):
    monkeypatch.delattr(step_context, "inspect")
    step_context.check_step_function(step_fn)


def test_a_step_context_by_keyword_only_is_refused():
    with pytest.raises(errors.InvalidStepFunctionError):
        step_context.check_step_function(lambda *, step_context: None)


@pytest.mark.parametrize(
    "step_fn",
    [
        _Methods.method,
        _Methods.method_with_more,
        _Methods.method_keyword_default,
        lambda self, step_context: None,
        types.MethodType(lambda this, self, step_context: None, 1),
    ],
)
def test_an_unbound_method_is_accepted(step_fn):
    step_context.check_step_function(step_fn)


def test_what_has_no_signature_is_refused():
    with pytest.raises(errors.InvalidStepFunctionError, match="step_context"):
        step_context.check_step_function(max)


def test_a_refused_step_function_is_a_value_error_that_names_it():
    with pytest.raises(ValueError, match=r"\('wrong_name',\)"):
        step_context.check_step_function(lambda wrong_name: None)


@pytest.mark.parametrize(
    "make_session",
    [monitored_tf.MonitoredSession, monitored_tf.SingularMonitoredSession],
)
def test_its_session_is_the_raw_one_and_calls_no_hooks(step, make_session):
    hook = RecordingHook("a")
    with make_session(hooks=[hook]) as session:
        result = session.run_step_fn(
            lambda step_context: (
                step_context.session is session.raw_session(),
                step_context.session.run(step),
            )
        )
    assert result == (True, 1)
    assert hook.calls == [
        "a.begin",
        "a.after_create_session",
        "a.end",
        "a.close",
    ]


def test_its_run_with_hooks_takes_what_run_takes(graph):
    fed = tf.compat.v1.placeholder(tf.float32, ())
    twice = fed * 2
    hooks = [RecordingHook("a"), RecordingHook("b")]
    metadata = tf.compat.v1.RunMetadata()
    options = tf.compat.v1.RunOptions(output_partition_graphs=True)
    with monitored_tf.MonitoredSession(hooks=hooks) as session:
        result = session.run_step_fn(
            lambda step_context: (
                step_context.run_with_hooks(twice, {fed: 1}),
                step_context.run_with_hooks(
                    fetches=[twice],
                    feed_dict={fed: 2},
                    options=options,
                    run_metadata=metadata,
                    hooks=hooks[:1],
                ),
            )
        )
    assert result == (2, [4])
    assert len(metadata.partition_graphs) > 0
    assert [len(hook.results) for hook in hooks] == [2, 1]


def test_its_run_with_hooks_checks_the_hooks_as_run_does(step):
    with monitored_tf.MonitoredSession() as session:
        for run in (
            lambda step_context: step_context.run_with_hooks(
                step, hooks=[RecordingHook()]
            ),
            lambda step_context: session.run(step, hooks=[RecordingHook()]),
        ):
            with pytest.raises(ValueError, match="none of the session's hooks"):
                session.run_step_fn(run)


def test_its_request_stop_ends_the_with_block_and_makes_should_stop_true(step):
    seen = []

    def step_fn(step_context):
        try:
            step_context.request_stop()
        finally:
            seen.append(session.should_stop())

    with monitored_tf.MonitoredSession() as session:
        session.run_step_fn(step_fn)
        seen.append("not reached")
    assert seen == [True]
    assert session.stop_reason.kind == "step_fn"


def test_after_its_request_stop_the_caller_may_go_on(step):
    with monitored_tf.MonitoredSession() as session:
        with pytest.raises(StopIteration):
            session.run_step_fn(
                lambda step_context: step_context.request_stop()
            )
        assert session.should_stop()
        assert session.run(step) == 1


def test_a_context_made_without_a_listener_stops_too():
    context = monitored_tf.StepContext("session", print)
    assert context.session == "session"
    with pytest.raises(StopIteration, match="step_fn has requested"):
        context.request_stop()


def test_a_preempted_run_with_hooks_starts_the_step_from_its_beginning(step):
    sessions = []

    def step_fn(step_context):
        sessions.append(step_context.session)
        return step_context.run_with_hooks(step)

    with monitored_tf.MonitoredSession(
        hooks=[FaultHook(Fault("after_run"))],
        recovery=monitored_tf.RecoveryPolicy.tf(),
    ) as session:
        assert session.run_step_fn(step_fn) == 1
        assert sessions[1] is session.raw_session()
        assert sessions[0] is not sessions[1]


def test_a_stop_iteration_of_the_step_function_is_no_stray(step):
    with monitored_tf.MonitoredSession() as session:
        session.run_step_fn(lambda step_context: next(iter(())))
    assert session.stop_reason.kind == "end_of_data"
