"""What the child processes of the tests do with gs:// as we configure it.

Each is a program for `scenario.run`, and returns what was seen.
"""

from __future__ import annotations

import json
import os
import time
import traceback

import tensorflow as tf

import monitored_tf
from monitored_tf import cloud
from tests.cloud.gcs_control import running_server
from tests.cloud.gcs_server import Fault, Part

tf1 = tf.compat.v1
USER, ACCOUNT = "authorized_user", "service_account"


def reader(server, name):
    """Who reads a file, according to the server."""
    before = len(server.seen())
    with tf.io.gfile.GFile(f"gs://private/{name}", "rb") as file:
        file.read(1)
    asked = server.seen(before)
    return sorted({r.identity for r in asked if r.call}, key=str)


def attempt(action, *secrets):
    """What an action ends with, how fast, and whether it tells a secret."""
    begin = time.monotonic()
    error, text, shown = None, "", ""
    try:
        action()
    except Exception as raised:
        error, text = type(raised).__name__, str(raised)
        shown = text + names_of_frames(raised)
    return {
        "error": error,
        "text": text,
        "secs": time.monotonic() - begin,
        "leaks": any(secret in shown for secret in secrets),
    }


def names_of_frames(error):
    """What an error report that shows local names would, but for our own."""
    report = traceback.TracebackException.from_exception(
        error, capture_locals=True
    )
    frames = [frame for frame in report.stack if "tests" not in frame.filename]
    return str([frame.locals for frame in frames]).replace("\\\\n", "\\n")


def switch():
    """Gives credentials of both kinds and of two people, one after another."""
    with running_server() as server:
        readers = []
        for kind, identity in (
            (USER, "alice"),
            (ACCOUNT, "bob"),
            (USER, "bob"),
        ):
            cloud.configure_gcs(credentials=getattr(server, kind)(identity))
            readers.append(reader(server, "file"))
        return {"readers": readers, "tokens": len(server.tokens_for("bob"))}


def use_colab(path):
    """Takes credentials from the file where a notebook has them."""
    with running_server() as server:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(server.authorized_user("alice"), file)
        os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = path
        with tf.Graph().as_default(), tf1.Session() as session:
            cloud.configure_colab_session(session)
        os.remove(path)
        return reader(server, "file")


def use_ops(path):
    """All that is done with ops, in one process: its start takes longest."""
    return {
        "switch": switch(),
        "cache": cache(),
        "colab": use_colab(path),
        "fail": fail(),
    }


def use_once(kind):
    """What the mechanism without ops does; credentials are changed twice."""
    with running_server(gce_check=True) as server:
        server.set_issuer("machine_account", "machine")
        cloud.configure_gcs(credentials=server.authorized_user("bob"))
        alice = getattr(server, kind)("alice")
        cloud.configure_gcs(credentials=alice)
        readers = reader(server, "file")
        again = attempt(lambda: cloud.configure_gcs(credentials=alice))
        other = server.authorized_user("bob")
        changed = attempt(lambda: cloud.configure_gcs(credentials=other))
        cache = cloud.BlockCacheParams(2**20, 2**22, 30)
        cached = attempt(lambda: cloud.configure_gcs(block_cache=cache))
        variable = os.environ["GOOGLE_APPLICATION_CREDENTIALS"]
        child = os.system(f"test -e {variable}")
        metadata = len(server.requests_to(Part.METADATA))
    return {
        "readers": readers,
        "again": again,
        "changed": changed,
        "cached": cached,
        "child": child,
        "metadata": metadata,
    }


def cache():
    """Reads through caches of several sizes; tells what is asked for."""
    # TensorFlow's files read half a megabyte ahead, and what does not fit into
    # the cache goes past it: no smaller sizes show.
    mebibyte = 2**20
    content = bytes(range(256)) * (4 * mebibyte // 256)

    def ranges(server, *offsets):
        before = len(server.seen())
        for offset in offsets:
            with tf.io.gfile.GFile("gs://private/large", "rb") as file:
                file.seek(offset)
                assert file.read(9) == content[offset : offset + 9]
        asked = server.seen(before)
        return [r.byte_range for r in asked if r.call == "read"]

    found = {}
    with running_server() as server:
        server.put("large", content)
        alice = server.authorized_user("alice")
        first = cloud.BlockCacheParams(mebibyte, 2 * mebibyte)
        cloud.configure_gcs(None, alice, first)
        found["1 MiB"] = ranges(server, 5, mebibyte + 5)
        found["1 MiB, again"] = ranges(server, 9, mebibyte + 9)
        found["third"] = ranges(server, 2 * mebibyte)
        found["first, again"] = ranges(server, 9)
        hook = monitored_tf.ConfigureGcsHook(
            block_cache=cloud.BlockCacheParams(2 * mebibyte)
        )
        hook.begin()
        found["2 MiB"] = ranges(server, 5, 2 * mebibyte)
        hook.begin()
        found["2 MiB, again"] = ranges(server, mebibyte, 3 * mebibyte)
        nothing_kept = cloud.BlockCacheParams(mebibyte, max_bytes=0)
        cloud.configure_gcs(block_cache=nothing_kept)
        found["none kept"] = len(ranges(server, 9, 9))
    return found


def fail():
    """What refusals, revocations and broken answers end with."""
    with running_server() as server:
        found = {}
        alice = server.authorized_user("alice")
        bob = server.service_account("bob")
        secrets = (
            alice["refresh_token"],
            alice["client_secret"],
            bob["private_key"],
            bob["private_key"].replace("\n", "\\n"),
        )
        read = lambda name: lambda: reader(server, name)  # noqa: E731
        cloud.configure_gcs(credentials=alice)
        reader(server, "file")
        # Of the token server, while credentials are given.
        for fault in (Fault.REFUSE, Fault.MALFORMED, Fault.CLOSE):
            server.plant(Part.OAUTH, fault)
            found[f"token {fault.name}"] = attempt(
                lambda: cloud.configure_gcs(credentials=bob), *secrets
            )
        server.heal()
        server.revoke("bob")
        found["revoked"] = attempt(
            lambda: cloud.configure_gcs(credentials=bob), *secrets
        )
        found["training revoked"] = attempt(
            lambda: train("gs://private/none", bob, 1), *secrets
        )
        found["still"] = reader(server, "again")
        # Of the storage.
        for fault in (Fault.REFUSE, Fault.MALFORMED, Fault.CLOSE):
            server.plant(Part.STORAGE, fault)
            found[f"storage {fault.name}"] = attempt(read("later"), *secrets)
        # A session that can't be made: no recovery tries for ever.
        server.plant(Part.STORAGE, Fault.CLOSE)
        found["training CLOSE"] = attempt(
            lambda: train("gs://private/none", alice, 1), *secrets
        )
        server.heal()
        server.expire_tokens("alice")
        found["expired"] = attempt(read("later"), *secrets)
        server.stop()
        found["unreachable"] = attempt(read("later"), *secrets)
        found["unreachable token"] = attempt(
            lambda: cloud.configure_gcs(credentials=bob), *secrets
        )
        return found


def fail_without_ops():
    """The same for the mechanism that asks for tokens when files are used."""
    with running_server() as server:
        found = {}
        server.set_issuer(
            "token_secs", 0
        )  # So that each use asks for a new one.
        alice = server.authorized_user("alice")
        secrets = (alice["refresh_token"], alice["client_secret"])
        cloud.configure_gcs(credentials=alice)
        read = lambda: reader(server, "file")  # noqa: E731
        for fault in (Fault.REFUSE, Fault.MALFORMED, Fault.CLOSE):
            server.plant(Part.OAUTH, fault)
            found[f"token {fault.name}"] = attempt(read, *secrets)
        server.heal()
        found["healed"] = reader(server, "file")
        server.revoke("alice")
        found["revoked"] = attempt(read, *secrets)
        server.stop()
        found["unreachable"] = attempt(read, *secrets)
        return found


def train(folder, credentials, steps, **options):
    """Trains to a step in a folder, with nothing but the hook."""
    hook = monitored_tf.ConfigureGcsHook(credentials)
    weight_now = None
    with tf.Graph().as_default() as graph:
        step = tf1.train.get_or_create_global_step()
        weight = tf1.get_variable("w", initializer=0.0)
        with tf.control_dependencies([tf1.assign_add(step, 1)]):
            train_op = tf1.assign_add(weight, 1.0)
        tf1.summary.scalar("weight", weight)
        stop = monitored_tf.StopAtStepHook(last_step=steps)
        with monitored_tf.MonitoredTrainingSession(
            checkpoint_dir=folder,
            hooks=[stop, hook],
            save_checkpoint_steps=2,
            **options,
        ) as session:
            first = int(session.run(step, hooks=()))
            while not session.should_stop():
                weight_now = session.run(train_op)
    added = [
        operation.name
        for operation in graph.get_operations()
        if "Gcs" in operation.type or operation.type == "Placeholder"
    ]
    with tf.Graph().as_default() as graph:
        hook.begin()
        hook.begin()
        added += [operation.name for operation in graph.get_operations()]
    return {"first": first, "weight": float(weight_now or 0), "added": added}


def train_twice(folder, kind):
    """Trains, and goes on from the checkpoint; then looks for the secrets."""
    with running_server() as server:
        credentials = getattr(server, kind)("alice")
        found = [train(folder, credentials, steps) for steps in (2, 3)]
        stored = server.objects()
        secrets = [
            credentials[name].encode()
            for name in ("refresh_token", "client_secret", "private_key")
            if name in credentials
        ]
        return {
            "runs": found,
            "identities": sorted(map(str, server.identities())),
            "files": sorted(name for name in stored if "model" in name),
            "leaks": [
                name
                for name, data in stored.items()
                if any(secret in data for secret in secrets)
            ],
            "secrets": [secret.decode() for secret in secrets],
        }
