"""Tools to test hooks, and code that uses sessions, on one machine.

* `Fault`: which error at which call of which callback
* `FaultHook`, `FaultSessionCreator`: raise it
* `RecordingHook`: keeps a list of the calls it got
* `FakeClock`: stands in for `time` while a block runs
* `LocalCluster`: real processes as the tasks of a cluster, to be killed
"""

from __future__ import annotations

from monitored_tf.testing.fake_clock import FakeClock
from monitored_tf.testing.faults import Fault, FaultHook, FaultSessionCreator
from monitored_tf.testing.local_cluster import LocalCluster
from monitored_tf.testing.recording_hook import RecordingHook

__all__ = [
    "FakeClock",
    "Fault",
    "FaultHook",
    "FaultSessionCreator",
    "LocalCluster",
    "RecordingHook",
]
