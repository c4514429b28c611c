"""What a session on a gRPC master is given."""

import os

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import remote_master

v1 = tf.compat.v1


@pytest.fixture(scope="module")
def master():
    return tf.distribute.Server.create_local_server().target


@pytest.mark.parametrize(
    ("address", "is_remote"),
    [("", False), ("local", False), ("grpc://127.0.0.1:2222", True)],
)
def test_a_remote_master_has_an_address(address, is_remote):
    assert remote_master.is_remote(address) is is_remote


def test_calls_fail_fast_unless_the_environment_says_otherwise(monkeypatch):
    monkeypatch.setenv("GRPC_FAIL_FAST", "false")
    remote_master.fail_fast()
    assert os.environ["GRPC_FAIL_FAST"] == "false"
    monkeypatch.delenv("GRPC_FAIL_FAST")
    remote_master.fail_fast()
    assert os.environ["GRPC_FAIL_FAST"] == "true"


def _place(*devices):
    for device in devices:
        with tf.device(device):
            tf.constant(0)


def test_the_tasks_of_a_graph_are_those_its_operations_are_on(graph):
    _place(
        "/job:ps/task:1", "/job:ps/task:1/cpu:0", "/job:worker", "/cpu:0", ""
    )
    assert remote_master.tasks_of(graph) == {"/job:ps/task:1", "/job:worker"}


def test_a_task_by_number_only_can_not_be_told(graph):
    _place("/task:1")
    assert remote_master.tasks_of(graph) is None


def test_filters_are_parameter_servers_own_task_and_those_in_the_graph(
    graph, master
):
    _place("/job:evaluator/task:3")
    config = remote_master.session_config(master, None, graph)
    assert list(config.device_filters) == [
        "/job:evaluator/task:3",
        "/job:localhost/task:0",
        "/job:ps",
    ]


def test_the_rest_of_the_config_is_kept_and_the_callers_left_alone(
    graph, master
):
    given = v1.ConfigProto(allow_soft_placement=True)
    config = remote_master.session_config(master, given, graph)
    assert config.allow_soft_placement
    assert not given.device_filters


def test_filters_of_ones_own_are_kept(graph, master):
    given = v1.ConfigProto(device_filters=["/job:ps", "/job:worker/task:7"])
    assert remote_master.session_config(master, given, graph) is given


@pytest.mark.parametrize("bad", ["job:ps", "/job:__ps", "/job:a b", "/task"])
def test_a_filter_that_would_abort_the_process_is_an_error(graph, master, bad):
    given = v1.ConfigProto(device_filters=["/job:ps", bad])
    with pytest.raises(ValueError, match="Expected a job or a task"):
        remote_master.session_config(master, given, graph)


def test_a_graph_whose_tasks_can_not_be_told_has_no_filters(graph, master):
    _place("/task:0")
    assert remote_master.session_config(master, None, graph) is None


def test_a_master_that_does_not_answer_gives_no_filters(graph, monkeypatch):
    monkeypatch.setattr(remote_master, "_MASTER_ANSWER_SECS", 0.05)
    nobody = "grpc://127.0.0.1:9"
    assert remote_master.session_config(nobody, None, graph) is None


def test_a_session_on_a_master_has_the_filters(step, master):
    creator = monitored_tf.ChiefSessionCreator(master=master)
    with monitored_tf.MonitoredSession(creator) as session:
        assert session.run(step) >= 1
        assert list(session.raw_session()._config.device_filters) == [
            "/job:localhost/task:0",
            "/job:ps",
        ]


def test_tasks_that_answer_are_not_silent(graph, master):
    _place("/job:localhost/task:0")
    assert remote_master.silent_tasks(master, graph) == ""
