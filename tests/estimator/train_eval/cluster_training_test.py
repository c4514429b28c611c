"""What the tasks of a cluster do in `train_and_evaluate`."""

import json
import re

import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from monitored_tf.estimator.train import training
from monitored_tf.estimator.train_eval import cluster_training
from monitored_tf.testing import FakeClock, LocalCluster
from tests.estimator import cluster_roles
from tests.estimator.evaluated import batches, estimator_in

SECS = 120.0


def _steps(cluster, job):
    """Returns the global steps that a task has said."""
    return [
        int(s) for s in re.findall(r"^step (\d+)\.$", cluster.output(job), re.M)
    ]


def _evaluated(cluster, job):
    return re.findall(r"^evaluated (.*)\.$", cluster.output(job), re.M)


def test_all_tasks_of_a_cluster_play_together(tmp_path):
    jobs = {"ps": 1, "chief": 1, "worker": 1, "evaluator": 1}
    arguments = (str(tmp_path), 120)
    with LocalCluster(jobs, cluster_roles.play, arguments) as cluster:
        for job in ("chief", "worker", "evaluator"):
            assert cluster.wait(job, timeout_secs=SECS) == 0, job
        assert cluster.is_alive("ps")
        cluster.terminate("ps")
        assert cluster.wait("ps") != 0
        # Both have trained the same variables.
        assert _steps(cluster, "chief")[-1] >= 119
        assert _steps(cluster, "worker")[-1] >= 119
        assert len(_steps(cluster, "chief")) < 120
        assert not _evaluated(cluster, "chief")
        evaluated = _evaluated(cluster, "evaluator")
        assert re.fullmatch(r"\(12\d, 'final'\)", evaluated[-1])
        assert "The evaluator ends" in cluster.output("evaluator")
        assert "ps 0 serves at grpc://" in cluster.output("ps")
    assert training.saved_step(str(tmp_path)) >= 120
    assert [*tmp_path.glob("eval/events.*")]


def test_a_training_goes_on_when_a_ps_is_killed_and_replaced(tmp_path):
    jobs = {"ps": 1, "chief": 1}
    arguments = (10, str(tmp_path), 100)
    with LocalCluster(jobs, cluster_roles.play_saving, arguments) as cluster:
        cluster.wait_for_output("step 35", "chief", timeout_secs=SECS)
        cluster.restart("ps")
        assert cluster.wait("chief", timeout_secs=SECS) == 0
        steps = _steps(cluster, "chief")
        assert "recovered: " in cluster.output("chief")
    assert steps[-1] == 100
    # It went on from a checkpoint, and not from the beginning.
    (at,) = (i for i in range(1, len(steps)) if steps[i] <= steps[i - 1])
    assert steps[at] % 10 == 1
    assert steps[at - 1] - 10 <= steps[at] <= steps[at - 1]
    assert training.saved_step(str(tmp_path)) == 100


def test_a_chief_that_is_terminated_saves_and_goes_on_later(tmp_path):
    jobs = {"ps": 1, "chief": 1}
    arguments = (1000, str(tmp_path), 100)
    with LocalCluster(jobs, cluster_roles.play_saving, arguments) as cluster:
        cluster.wait_for_output("step 35", "chief", timeout_secs=SECS)
        cluster.terminate("chief")
        assert cluster.wait("chief", timeout_secs=SECS) == 143
        last = _steps(cluster, "chief")[-1]
        assert training.saved_step(str(tmp_path)) == last
        cluster.start("chief")
        assert cluster.wait("chief", timeout_secs=SECS) == 0
        assert _steps(cluster, "chief") == [*range(1, 101)]


def test_a_task_says_whom_it_waits_for(tmp_path):
    jobs = {"ps": 1, "chief": 1, "worker": 1}
    arguments = (str(tmp_path), 5)
    with LocalCluster(
        jobs, cluster_roles.play_impatient, arguments, start=["chief"]
    ) as cluster:
        # Not too early: the chief has tried to find it.
        no_ps = "No session yet after .*/job:ps/.*/task:0"
        cluster.wait_for_output(no_ps, "chief", timeout_secs=SECS)
        cluster.kill("chief")
        cluster.start("ps")
        cluster.start("worker")
        chief, ps = cluster.address("chief"), cluster.address("ps")
        cluster.wait_for_output(
            f"Waiting .* the variables, which the chief at {chief} makes on "
            f"the ps at {ps}",
            "worker",
            timeout_secs=SECS,
        )
        cluster.start("chief")
        assert cluster.wait("worker", timeout_secs=SECS) == 0


def test_a_process_may_train_more_than_once(tmp_path):
    jobs = {"ps": 1, "chief": 1}
    arguments = (str(tmp_path), 3, 5)
    with LocalCluster(jobs, cluster_roles.play, arguments) as cluster:
        assert cluster.wait("chief", timeout_secs=SECS) == 0
        assert "done at 5" in cluster.output("chief")


def test_a_master_evaluates_what_it_trains(tmp_path):
    jobs = {"ps": 1, "master": 1}
    arguments = (str(tmp_path), 30)
    with LocalCluster(jobs, cluster_roles.play, arguments) as cluster:
        assert cluster.wait("master", timeout_secs=SECS) == 0
        assert _evaluated(cluster, "master") == ["20", "(30, 'final')"]


def test_no_evaluation_delays_the_end_by_a_signal(tmp_path):
    arguments = (1000, str(tmp_path), 100)
    with LocalCluster(
        {"master": 1}, cluster_roles.play_saving, arguments
    ) as cluster:
        cluster.wait_for_output("step 10", "master", timeout_secs=SECS)
        cluster.terminate("master")
        assert cluster.wait("master", timeout_secs=SECS) == 143
        assert not _evaluated(cluster, "master")
        last = _steps(cluster, "master")[-1]
    assert training.saved_step(str(tmp_path)) == last


def test_a_signal_ends_an_evaluation(tmp_path):
    arguments = (str(tmp_path), 100, 10)
    with LocalCluster(
        {"master": 1}, cluster_roles.play_with_slow_evaluations, arguments
    ) as cluster:
        cluster.wait_for_output(
            "evaluation begins", "master", timeout_secs=SECS
        )
        cluster.terminate("master")
        assert cluster.wait("master", timeout_secs=30) == 143
        assert not _evaluated(cluster, "master")
    assert training.saved_step(str(tmp_path)) == 10


# One task alone.


class _Recorded(ours.Estimator):
    """Writes down how it is trained."""

    allows_overrides = True
    trained = None

    def train(self, **arguments):
        self.trained = arguments


def _task(monkeypatch, task_type, index=0, **others):
    workers = [f"w{index}:1" for index in range(30)]
    jobs = {"chief": ["h:1"], "worker": workers, "ps": ["h:3"]}
    config = {"cluster": jobs, "task": {"type": task_type, "index": index}}
    monkeypatch.setenv("TF_CONFIG", json.dumps({**config, **others}))


def _train(folder, listeners=(), **config):
    estimator = estimator_in(ours, folder, kind=_Recorded, **config)
    ours.train_and_evaluate(
        estimator,
        ours.TrainSpec(batches(), 7, saving_listeners=listeners),
        ours.EvalSpec(batches(2)),
    )
    return estimator.trained


@pytest.mark.parametrize(
    ("task_type", "index", "longest", "waited"),
    [
        ("chief", 0, None, []),
        ("worker", 0, None, [5]),
        ("worker", 2, None, [15]),
        ("worker", 20, None, [60]),
        ("worker", 2, 7, [7]),
        ("worker", 2, 0, []),
    ],
)
def test_a_worker_waits_for_the_chief(
    task_type, index, longest, waited, tmp_path, monkeypatch
):
    _task(monkeypatch, task_type, index, environment="google")
    with FakeClock() as clock:
        trained = _train(tmp_path, experimental_max_worker_delay_secs=longest)
        assert clock.sleeps == waited
    assert trained["max_steps"] == 7


@pytest.mark.parametrize("task_type", ["chief", "worker"])
def test_listeners_are_the_chiefs(task_type, tmp_path, monkeypatch):
    _task(monkeypatch, task_type, environment="google")
    listener = tf.compat.v1.train.CheckpointSaverListener()
    with FakeClock():
        trained = _train(tmp_path, [listener])
    expected = (listener,) if task_type == "chief" else None
    assert trained["saving_listeners"] == expected


@pytest.mark.parametrize("task_type", ["chief", "worker", "ps"])
def test_a_task_without_a_master_is_an_error(task_type, tmp_path, monkeypatch):
    _task(monkeypatch, task_type, session_master="")
    with pytest.raises(RuntimeError, match="Could not start server; "):
        _train(tmp_path)


@pytest.fixture
def servers(monkeypatch):
    """What servers would be started with: real ones never end."""
    started = []

    class Server:
        target = "grpc://here"

        def __init__(self, *arguments):
            started.append(arguments)

    monkeypatch.setattr(tf.distribute, "Server", Server)
    monkeypatch.setattr(cluster_training, "_servers", {})
    return started


def test_the_server_has_the_options_of_the_gpu(servers, tmp_path, monkeypatch):
    _task(monkeypatch, "chief")
    session_config = tf.compat.v1.ConfigProto(log_device_placement=True)
    session_config.gpu_options.allow_growth = True
    _train(tmp_path, session_config=session_config, protocol="grpc+verbs")
    ((cluster, job, index, protocol, config),) = servers
    assert len(cluster.job_tasks("worker")) == 30
    assert (job, index, protocol) == ("chief", 0, "grpc+verbs")
    assert config == tf.compat.v1.ConfigProto(
        gpu_options=session_config.gpu_options
    )


def test_workers_without_a_ps_are_warned(
    servers, tmp_path, monkeypatch, caplog
):
    jobs = {"chief": ["h:1"], "worker": ["h:2"]}
    task = {"type": "chief", "index": 0}
    config = {"cluster": jobs, "task": task}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    _train(tmp_path)
    assert 'TF_CONFIG has 2 tasks that train, and no job "ps"' in caplog.text
