"""A raw session that many monitored ones borrow."""

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.estimator.evaluate.warm_session import KeptSessionCreator
from tests.estimator.trained_model import write_checkpoint

v1 = tf.compat.v1


@pytest.fixture
def creator(graph):
    v1.train.create_global_step()
    v1.get_variable("weight", initializer=0.0)
    local = v1.get_variable(
        "local", initializer=1.0, collections=[v1.GraphKeys.LOCAL_VARIABLES]
    )
    tf.group(local.assign(9.0), name="change")
    scaffold = v1.train.Scaffold()

    def make_creator(path):
        return monitored_tf.ChiefSessionCreator(
            scaffold, checkpoint_filename_with_path=path
        )

    creator = KeptSessionCreator(graph, scaffold, make_creator)
    yield creator
    creator.close()


def weight():
    return v1.global_variables()[1]


def test_the_session_is_kept_and_its_state_is_not(creator, tmp_path):
    sessions = []
    variables = [*v1.global_variables(), *v1.local_variables()]
    for step, weight in ((1, 2.0), (2, 3.0)):
        creator.take(write_checkpoint(tmp_path, step, weight))
        with monitored_tf.MonitoredSession(creator) as session:
            sessions.append(session.raw_session())
            assert session.run(variables) == [step, weight, 1.0]
            session.run("change")
            assert session.run(variables) == [step, weight, 9.0]
    assert sessions[0] is sessions[1]


def test_a_session_that_is_lost_is_replaced(creator, tmp_path):
    class Loses(v1.train.SessionRunHook):
        sessions = ()

        def after_run(self, run_context, run_values):
            self.sessions = (*self.sessions, run_context.session)
            if len(self.sessions) == 1:
                raise tf.errors.AbortedError(None, None, "planted")

    hook = Loses()
    creator.take(write_checkpoint(tmp_path, 1, 2.0))
    with monitored_tf.MonitoredSession(creator, [hook]) as session:
        assert session.run(weight()) == 2.0
    lost, new = hook.sessions
    assert lost is not new
    with pytest.raises(RuntimeError, match="closed Session"):
        lost.run(weight())


def test_what_is_closed_is_made_anew(creator, tmp_path):
    path = write_checkpoint(tmp_path, 1, 2.0)
    for _ in range(2):
        creator.take(path)
        with monitored_tf.MonitoredSession(creator) as session:
            assert session.run(weight()) == 2.0
        creator.close()
