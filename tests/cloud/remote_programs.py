"""What clients and tasks of a cluster do with gs:// in the tests."""

from __future__ import annotations

import json
import os

import tensorflow as tf

import monitored_tf
from monitored_tf import cloud
from monitored_tf.testing import LocalCluster
from tests.cloud import gcs_programs
from tests.cloud.gcs_control import running_server

tf1 = tf.compat.v1


def serve(loads_ops):
    """A task that offers its devices, and knows no credentials of its own."""
    name = cloud.load_ops() if loads_ops else "nothing"
    cluster = json.loads(os.environ["TF_CONFIG"])["cluster"]
    server = tf.distribute.Server(cluster, "worker", 0)
    print(f"serves, with {name} loaded.", flush=True)
    server.join()


def recover(folder):
    """Trains on a worker that is killed and replaced meanwhile."""
    with (
        running_server() as server,
        LocalCluster({"worker": 1}, serve, (True,)) as cluster,
    ):
        cluster.wait_for_output("serves", "worker")
        alice = server.authorized_user("alice")
        hook = monitored_tf.ConfigureGcsHook(alice)
        with tf.Graph().as_default():
            step = tf1.train.get_or_create_global_step()
            train_op = tf1.assign_add(step, 1)
            with monitored_tf.MonitoredTrainingSession(
                "grpc://" + cluster.address("worker"),
                checkpoint_dir=folder,
                hooks=[hook],
                save_checkpoint_steps=1,
                log_step_count_steps=None,
                save_summaries_steps=None,
                watch_peers=False,
            ) as session:
                before = [int(session.run(train_op)) for _ in range(2)]
                tokens = len(server.tokens_for("alice"))
                cluster.restart("worker")
                after = [int(session.run(train_op)) for _ in range(2)]
                recoveries = len(session.recoveries)
        tokens = [tokens, len(server.tokens_for("alice"))]
        return {
            "switched": switch(server, cluster),
            "without ops": refuse(server, cluster),
            "steps": before + after,
            "recoveries": recoveries,
            "tokens": tokens,
        }


def switch(server, cluster):
    """Gives a worker other credentials; tells by whose it reads then."""
    with tf.Graph().as_default():
        content = tf.io.read_file("gs://private/later")
        with task_session(cluster) as session:
            bob = server.service_account("bob")
            cloud.configure_gcs(session, bob)
            before = len(server.seen())
            session.run(content)
    return sorted({r.identity for r in server.seen(before) if r.call})


def refuse(server, cluster):
    """Gives credentials to a worker that has not loaded the ops."""
    cluster.restart("worker", args=(False,))
    cluster.wait_for_output("serves", "worker")
    alice = server.authorized_user("alice")
    with tf.Graph().as_default(), task_session(cluster) as session:
        return gcs_programs.attempt(
            lambda: cloud.configure_gcs(session, alice), alice["refresh_token"]
        )


def task_session(cluster):
    """A raw session on the worker."""
    return tf1.Session("grpc://" + cluster.address("worker"))


def train_on_own_server(folder):
    """Trains on a master that is a server of this process."""
    own = tf.distribute.Server.create_local_server()
    with running_server() as server:
        found = gcs_programs.train(
            folder,
            server.authorized_user("alice"),
            3,
            master=own.target,
            save_summaries_steps=None,
            log_step_count_steps=None,
        )
        # No server of this process is there.
        bob = server.authorized_user("bob")
        hook = monitored_tf.ConfigureGcsHook(bob)
        refused = gcs_programs.attempt(
            lambda: hook.before_create_session(
                "grpc://localhost:1", tf1.ConfigProto()
            ),
            bob["refresh_token"],
        )
        return {
            **found,
            "of others": refused,
            "identities": sorted(map(str, server.identities())),
        }
