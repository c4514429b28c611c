"""Private names of TensorFlow's sessions that public code uses."""

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.testing import Fault, FaultHook

v1 = tf.compat.v1


def _deprecated(instead):
    return pytest.warns(DeprecationWarning, match=instead)


@pytest.mark.parametrize(
    "make_session",
    [monitored_tf.MonitoredSession, monitored_tf.SingularMonitoredSession],
)
def test_each_name_gives_the_raw_session_and_its_public_way(step, make_session):
    with make_session() as session:
        raw_session = session.raw_session()
        with _deprecated(r"Use session\.raw_session\(\) instead"):
            assert session._tf_sess() is raw_session
        with _deprecated(r"Use session\.raw_session\(\) instead"):
            assert session._coordinated_creator.tf_sess is raw_session
        with _deprecated(r"Use session\.raw_session\(\) is None instead"):
            assert session._is_closed() is False


def test_each_name_says_that_the_session_is_closed(step):
    session = monitored_tf.MonitoredSession()
    session.close()
    with _deprecated("raw_session"):
        assert session._is_closed() is True
    with _deprecated("raw_session"):
        assert session._tf_sess() is None
    with _deprecated("raw_session"):
        assert session._coordinated_creator.tf_sess is None
    with _deprecated("raw_session"):
        assert session._sess is None


@pytest.mark.parametrize(
    "use",
    [
        lambda session: session._tf_sess(),
        lambda session: session._is_closed(),
        lambda session: session._sess,
        lambda session: session._coordinated_creator,
    ],
)
def test_each_warning_points_at_the_callers_file_once(step, use):
    with monitored_tf.MonitoredSession() as session:
        with _deprecated("raw_session") as warned:
            use(session)
    assert [warning.filename for warning in warned] == [__file__]


def _unwrapped(session):
    while type(session).__name__ != "Session":
        session = session._sess
    return session


@pytest.mark.parametrize(
    "make_session",
    [monitored_tf.MonitoredSession, monitored_tf.SingularMonitoredSession],
)
def test_the_usual_loop_finds_the_raw_session(step, make_session):
    with make_session() as session, _deprecated("raw_session"):
        assert _unwrapped(session) is session.raw_session()


def test_the_chain_of_a_monitored_session_ends_at_its_raw_session(step):
    with monitored_tf.MonitoredSession() as session:
        with _deprecated("raw_session"):
            found = session._sess._sess._sess._sess
        assert found is session.raw_session()


def test_the_chain_of_a_singular_session_is_one_shorter(step):
    with monitored_tf.SingularMonitoredSession() as session:
        with _deprecated("raw_session"):
            found = session._sess._sess._sess
        assert found is session.raw_session()


@pytest.mark.parametrize(
    ("name", "links"),
    [("MonitoredSession", 4), ("SingularMonitoredSession", 3)],
)
def test_the_chains_are_as_long_as_those_of_tensorflow(step, name, links):
    with getattr(v1.train, name)() as session:
        found = session
        for _ in range(links):
            assert type(found).__name__ != "Session"
            found = found._sess
        assert type(found).__name__ == "Session"


def test_a_saver_takes_the_session_at_the_end_of_the_chain(step, tmp_path):
    saver = v1.train.Saver()
    with monitored_tf.MonitoredSession() as session:
        with _deprecated("raw_session"):
            raw_session = session._sess._sess._sess._sess
        path = saver.save(raw_session, str(tmp_path / "model"))
    assert tf.train.load_variable(path, "global_step") == 0


def test_a_link_of_the_chain_answers_as_the_raw_session(step):
    with monitored_tf.MonitoredSession() as session:
        with _deprecated("raw_session"):
            link = session._sess
        assert link.run(step) == 1
        assert link.graph is session.graph


def test_after_a_recovery_the_names_give_the_new_raw_session(step):
    with monitored_tf.MonitoredSession(
        hooks=[FaultHook(Fault("before_run"))],
        recovery=monitored_tf.RecoveryPolicy.tf(),
    ) as session:
        lost = session.raw_session()
        session.run(step)
        with _deprecated("raw_session"):
            found = _unwrapped(session)
        assert found is session.raw_session()
        assert found is not lost


def test_the_coordinator_and_the_hooks_are_found_too(graph):
    hook = monitored_tf.SessionRunHook()
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        with _deprecated("raw_session"):
            coord = session._coordinated_creator.coord
        assert isinstance(coord, tf.compat.v1.train.Coordinator)
        with _deprecated("the list that you gave"):
            assert session._hooks == [hook]
