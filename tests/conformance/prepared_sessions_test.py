"""What stands between a monitored session and TensorFlow is left standing.

Where `Session.run` was replaced, or would do more than run, it is called, with
the arguments that TensorFlow's MonitoredSession gives it.
"""

import contextlib
import unittest.mock

import pytest
import tensorflow as tf

from tests.conformance.programs import OURS, THEIRS

v1 = tf.compat.v1
SIDES = pytest.mark.parametrize("side", [THEIRS, OURS], ids=["tf", "ours"])
# So many runs of a request teach how to run it.
_TAUGHT = 2


class _Asking(v1.train.SessionRunHook):
    """Asks for `fetches` and feeds `feeds`; keeps what after_run was given."""

    def __init__(self, fetches=None, feeds=None):
        self._args = v1.train.SessionRunArgs(fetches, feeds)
        self.values = None

    def before_run(self, run_context):
        return self._args

    def after_run(self, run_context, run_values):
        self.values = run_values


class _Creator(v1.train.SessionCreator):
    """Makes a session, and puts something around it."""

    def __init__(self, wrap=lambda session: session, config=None):
        self._wrap = wrap
        self._config = config

    def create_session(self):
        self.session = v1.Session(config=self._config)
        self.made = self._wrap(self.session)
        return self.made


class _Wrapper:
    """All that a session is asked for, written out."""

    def __init__(self, session):
        self._session = session
        self.graph = session.graph
        self.calls = []

    def run(self, fetches, feed_dict=None, options=None, run_metadata=None):
        self.calls.append((fetches, feed_dict, options, run_metadata))
        return self._session.run(fetches, feed_dict, options, run_metadata)

    def close(self):
        self._session.close()


class _Delegating:
    """Hands over all but `run`."""

    def __init__(self, session):
        self._session = session
        self.calls = []

    def __getattr__(self, name):
        return getattr(self._session, name)

    def run(self, *args, **kwargs):
        self.calls.append(kwargs)
        return self._session.run(*args, **kwargs)


class _Subclass(v1.Session):
    def __init__(self, session):
        super().__init__(graph=session.graph)
        self.calls = []

    def run(self, *args, **kwargs):
        self.calls.append(kwargs)
        return super().run(*args, **kwargs)


_PLACES = {
    "class": lambda session: v1.Session,
    # Where TensorFlow's profile context put its own, as long as it had one.
    "base class": lambda session: v1.Session.__mro__[1],
    "instance": lambda session: session,
}


@contextlib.contextmanager
def _patched(place, session):
    """Replaces `run` by a mock that calls it; gives the list of its calls."""
    where = _PLACES[place](session)
    real = where.run
    kwargs = {"side_effect": lambda *args, **kwargs: real(*args, **kwargs)}
    if place != "instance":
        kwargs["autospec"] = True  # A function, to which self is given.
    with unittest.mock.patch.object(where, "run", **kwargs) as mock:
        yield mock.call_args_list


@SIDES
@pytest.mark.parametrize("taught", [0, 1, 2, 5])
@pytest.mark.parametrize("place", _PLACES)
def test_a_patched_run(place, taught, side, graph, prepared_runs):
    fed, asked = v1.placeholder(tf.int32, []), tf.constant(2)
    tripled = fed * 3
    creator, hook = _Creator(), _Asking([asked])
    with side.MonitoredSession(creator, [hook]) as session:
        for value in range(taught):
            assert session.run(tripled, {fed: value}) == 3 * value
        prepared_runs.take()
        with _patched(place, creator.session) as calls:
            for value in range(4):
                assert session.run(tripled, {fed: value}) == 3 * value
                assert hook.values.results == [2]
        prepared_runs.expect(0)
        assert len(calls) == 4
        for value, call in enumerate(calls):
            _check_call(call, tripled, [asked], {fed: value})
        for value in range(5):
            assert session.run(tripled, {fed: value}) == 3 * value
    if side is OURS:
        prepared_runs.expect(5)


def _check_call(call, fetches, asked, feeds):
    """Asserts that it was called as TensorFlow calls it."""
    assert sorted(call.kwargs) == [
        *("feed_dict", "fetches", "options", "run_metadata"),
    ]
    # What a hook's fetches are put under is nobody's business.
    assert call.kwargs["fetches"]["caller"] is fetches
    assert [*call.kwargs["fetches"].values()] == [fetches, asked]
    assert call.kwargs["feed_dict"] == feeds
    assert call.kwargs["options"] == v1.RunOptions()
    assert call.kwargs["run_metadata"] == v1.RunMetadata()


@SIDES
@pytest.mark.parametrize("place", ["class", "base class"])
def test_a_run_that_was_patched_first(place, side, graph, prepared_runs):
    tensor = tf.constant(1)
    with _patched(place, None) as calls:
        session = side.MonitoredSession(_Creator())
        for _ in range(4):
            assert session.run(tensor) == 1
    assert len(calls) == 4
    # Whose run it is can't be known any more.
    for _ in range(4):
        assert session.run(tensor) == 1
    session.close()
    prepared_runs.expect(0)


@SIDES
@pytest.mark.parametrize("wrap", [_Wrapper, _Delegating, _Subclass])
def test_a_session_of_another_class(wrap, side, graph, prepared_runs):
    fed = v1.placeholder(tf.int32, [])
    tripled = fed * 3
    creator, hook = _Creator(wrap), _Asking([tf.constant(2)])
    with side.MonitoredSession(creator, [hook]) as session:
        for value in range(5):
            assert session.run(tripled, {fed: value}) == 3 * value
            assert hook.values.results == [2]
    assert len(creator.made.calls) == 5
    prepared_runs.expect(0)


@SIDES
@pytest.mark.parametrize("runs", [0, 1, 2, 5])
def test_a_raw_session_that_was_closed(runs, side, graph):
    tensor, creator = tf.constant(1), _Creator()
    with side.MonitoredSession(creator) as session:
        for _ in range(runs):
            session.run([tensor])
        creator.session.close()
        with pytest.raises(RuntimeError) as raised:
            session.run([tensor])
    assert type(raised.value) is RuntimeError
    assert str(raised.value) == "Attempted to use a closed Session."


def _costs():
    config = v1.ConfigProto()
    config.graph_options.build_cost_model = 1
    return config


def _named():
    config = v1.ConfigProto()
    config.experimental.session_metadata.name = "name"
    config.experimental.session_metadata.version = 3
    return config


def _own_options():
    return v1.ConfigProto(operation_timeout_in_ms=60000)


@pytest.mark.parametrize("make_config", [_costs, _named, _own_options])
def test_metadata_that_nobody_asked_for(make_config, graph, prepared_runs):
    tensor = tf.constant(1) + 1
    config = make_config()
    seen = {
        side.keywords is OURS.keywords: _metadata(side, config, tensor)
        for side in (THEIRS, OURS)
    }
    assert seen[False] == seen[True]
    filled = any(seen[True])
    assert filled == (make_config is not _own_options)
    prepared_runs.expect(0 if filled else 5 - _TAUGHT)


def _metadata(side, config, tensor):
    hook, seen = _Asking(), []
    with side.MonitoredSession(_Creator(config=config), [hook]) as session:
        for _ in range(5):
            assert session.run(tensor) == 2
            fields = hook.values.run_metadata.ListFields()
            seen.append(
                [(field.name, _without_costs(value)) for field, value in fields]
            )
    return seen


def _without_costs(value):
    """Returns what does not depend on how long it took."""
    return [node.name for node in getattr(value, "node", ())] or (
        value if value.DESCRIPTOR.name == "SessionMetadata" else None
    )


@SIDES
def test_handles_are_wrapped(side, graph):
    handle = v1.get_session_handle(tf.constant([1.0]))
    with side.MonitoredSession(_Creator()) as session:
        for _ in range(4):
            fetched, (again,) = session.run([handle, [handle.name]])
            assert type(fetched).__name__ == "TensorHandle"
            assert fetched.handle == again.handle
            del fetched, again


@SIDES
def test_a_shape_that_becomes_known(side, graph):
    fed = v1.placeholder(tf.float32, [None])
    total = tf.reduce_sum(fed)
    with side.MonitoredSession(_Creator()) as session:
        for _ in range(5):
            assert session.run(total, {fed: [1.0, 2.0]}) == 3.0
        fed.set_shape([3])
        for _ in range(4):
            with pytest.raises(ValueError, match="Cannot feed value of shape"):
                session.run(total, {fed: [1.0, 2.0]})
            assert session.run(total, {fed: [1.0, 2.0, 3.0]}) == 6.0


class _SparseTensor(tf.SparseTensor):
    pass


@SIDES
def test_a_subclass_of_sparse_tensor(side, graph):
    fed = v1.sparse_placeholder(tf.float32)
    sparse = _SparseTensor(fed.indices, fed.values * 2.0, fed.dense_shape)
    key = _SparseTensor(fed.indices, fed.values, fed.dense_shape)
    total = tf.reduce_sum(fed.values)
    with side.MonitoredSession(_Creator()) as session:
        for _ in range(5):
            feeds = {key: ([[0]], [1.5], [3])}
            assert session.run(total, feeds) == 1.5
            assert session.run([sparse], feeds)[0].values == [3.0]


@SIDES
def test_what_may_not_be_fed_any_more(side, graph):
    fed = tf.constant(1.0)
    doubled = fed * 2.0
    with side.MonitoredSession(_Creator()) as session:
        for _ in range(5):
            assert session.run(doubled, {fed: 2.0}) == 4.0
        # TensorFlow does so itself when it makes use of the value.
        assert tf.get_static_value(fed) == 1.0
        for _ in range(4):
            with pytest.raises(ValueError, match="may not be fed"):
                session.run(doubled, {fed: 2.0})
            assert session.run(doubled) == 2.0


@SIDES
def test_what_may_not_be_fetched_any_more(side, graph):
    tensor, other = tf.constant(1.0) + 0.0, tf.constant(2.0)
    with side.MonitoredSession(_Creator()) as session:
        for _ in range(5):
            assert session.run(tensor) == 1.0
        graph.prevent_fetching(tensor.op)
        for _ in range(4):
            with pytest.raises(Exception, match="marked as not fetchable"):
                session.run(tensor)
            assert session.run(other) == 2.0


def _run_five_times(session, total, fed):
    for _ in range(5):
        assert session.run(total, {fed: [1.0, 2.0]}) == 3.0


@SIDES
@pytest.mark.parametrize("place", _PLACES)
def test_a_patched_run_sees_values_of_any_kind(place, side, graph):
    fed = v1.placeholder(tf.float32, [None])
    total, creator = tf.reduce_sum(fed), _Creator()
    with side.MonitoredSession(creator) as session:
        _run_five_times(session, total, fed)
        where = _PLACES[place](creator.session)
        with unittest.mock.patch.object(where, "run") as mock:
            mock.return_value = {"caller": "no number"}
            assert session.run(total, {fed: ["no number"]}) == "no number"
            assert mock.call_args.kwargs["feed_dict"] == {fed: ["no number"]}


@SIDES
def test_a_closed_session_says_so_whatever_is_fed(side, graph):
    fed = v1.placeholder(tf.float32, [None])
    total, creator = tf.reduce_sum(fed), _Creator()
    with side.MonitoredSession(creator) as session:
        _run_five_times(session, total, fed)
        creator.session.close()
        with pytest.raises(RuntimeError, match="closed Session"):
            session.run(total, {fed: ["no number"]})


@SIDES
def test_what_may_not_be_fed_comes_before_what_is_no_number(side, graph):
    fed, other = (v1.placeholder(tf.float32, [None]) for _ in range(2))
    total = tf.reduce_sum(fed)
    with side.MonitoredSession(_Creator()) as session:
        for _ in range(5):
            assert session.run(total, {fed: [3.0], other: [1.0]}) == 3.0
        graph.prevent_feeding(fed)
        with pytest.raises(ValueError, match="may not be fed"):
            session.run(total, {fed: [3.0], other: ["no number"]})
