"""Sessions that are closed after their last user."""

import pytest

import monitored_tf
from monitored_tf.estimator.predict.predictor_session import LoadedSession
from monitored_tf.session_creators import StateOrigin


@pytest.fixture
def session(graph):
    with monitored_tf.MonitoredSession() as session:
        yield session


def test_it_is_closed_after_its_last_user(session):
    loaded = LoadedSession(session, StateOrigin("initialized"))
    with loaded.used() as first:
        with loaded.used() as second:
            assert first is second is session
            loaded.retire()
            loaded.retire()
            assert not session.should_stop()
        assert not session.should_stop()
    assert session.raw_session() is None


def test_it_is_closed_at_once_without_users(session):
    loaded = LoadedSession(session, StateOrigin("initialized"))
    loaded.retire()
    assert session.raw_session() is None
    with loaded.used() as nothing:
        assert nothing is None


def test_a_user_that_fails_is_one_no_more(session):
    loaded = LoadedSession(session, StateOrigin("initialized"))
    with pytest.raises(KeyError):
        with loaded.used():
            raise KeyError
    loaded.retire()
    assert session.raw_session() is None
