"""Recoveries leave nothing behind: threads, file descriptors, memory."""

import gc
import os
import resource
import threading

import tensorflow as tf

import monitored_tf
from monitored_tf.testing import Fault, FaultHook, FaultSessionCreator

v1 = tf.compat.v1
_PAGE = resource.getpagesize()


def _held():
    gc.collect()
    with open("/proc/self/statm") as file:
        resident = int(file.read().split()[1]) * _PAGE
    sessions = sum(isinstance(o, v1.Session) for o in gc.get_objects())
    descriptors = len(os.listdir("/proc/self/fd"))
    return threading.active_count(), descriptors, sessions, resident


def _queue_that_is_read():
    queue = tf.queue.FIFOQueue(10, [tf.int32], shapes=[[]])
    runner = v1.train.QueueRunner(queue, [queue.enqueue(1)] * 2)
    v1.train.add_queue_runner(runner)
    return queue.dequeue()


def _held_after(session, read, steps):
    for _ in range(steps):
        session.run(read)
    return _held()


def _check_nothing_is_left(session, read):
    *few, memory = _held_after(session, read, 5)
    *many, more_memory = _held_after(session, read, 200)
    assert many == few
    assert more_memory - memory < 30e6


def test_200_recoveries_hold_no_more_than_5(graph):
    read = _queue_that_is_read()
    faults = [Fault("before_run", call) for call in range(1, 500, 2)]
    with monitored_tf.MonitoredSession(
        hooks=[FaultHook(*faults)],
        recovery=monitored_tf.RecoveryPolicy.tf(),
    ) as session:
        _check_nothing_is_left(session, read)
        assert len(session.recoveries) == 205


def test_sessions_lost_half_made_hold_nothing_either(graph):
    read = _queue_that_is_read()
    half_made = [Fault("after_create_session", n) for n in range(2, 900, 2)]
    lost = [Fault("before_run", call) for call in range(1, 500, 2)]
    creator = FaultSessionCreator()
    with monitored_tf.MonitoredSession(
        creator,
        hooks=[FaultHook(*half_made, *lost)],
        recovery=monitored_tf.RecoveryPolicy.tf(),
    ) as session:
        session.run(read)
        made = len(creator.sessions)
        creator.sessions.clear()
        before = _held()[:3]
        for _ in range(20):
            session.run(read)
            creator.sessions.clear()
        assert _held()[:3] == before
        assert made == 3
