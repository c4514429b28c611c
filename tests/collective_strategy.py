"""A collective strategy for tests that run no collectives."""

import tensorflow as tf


class CollectiveStrategy(tf.distribute.MultiWorkerMirroredStrategy):
    """One whose collectives are not started; its task is worker 0."""

    def __init__(self, cluster=None):
        self._task = tf.distribute.cluster_resolver.SimpleClusterResolver(
            tf.train.ClusterSpec(cluster or {}), task_type="worker", task_id=0
        )

    @property
    def cluster_resolver(self):
        return self._task
