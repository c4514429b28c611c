"""A training in a cluster with a parameter server."""

from monitored_tf.estimator.train import training
from monitored_tf.testing import LocalCluster
from tests.estimator import training_cluster_roles as roles


def test_the_loss_of_a_ps_is_survived(tmp_path):
    tasks = {"ps": 1, "chief": 1, "worker": 1}
    arguments = (str(tmp_path), 200)
    with LocalCluster(tasks, roles.train, arguments, life_secs=120) as cluster:
        cluster.wait_for_output("steps 30", "chief")
        cluster.kill("ps")
        cluster.restart("ps")
        assert cluster.wait("chief") == 0
        assert cluster.wait("worker") == 0
        assert "Recovered: session 2" in cluster.output("chief")
    assert training.saved_step(str(tmp_path)) >= 200
    assert len([*tmp_path.glob("events.*")]) == 1
