"""The faults of a cluster by their names in the table."""

from __future__ import annotations

import functools

from tests.faults import (
    frozen_scenarios,
    peer_scenarios,
    scenarios,
    sync_scenarios,
)

_partial = functools.partial
# TensorFlow's worker may sleep for 30 s.
_PATIENT_SECS = 40.0

FAULTS = {
    "ps killed, replaced at once": scenarios.ps_replaced,
    "ps killed, replaced after 3 s": _partial(
        scenarios.ps_replaced, after_secs=3.0
    ),
    "ps killed, replaced after 40 s": _partial(
        scenarios.ps_replaced, after_secs=40.0, give_up_secs=_PATIENT_SECS
    ),
    "chief killed and replaced, with a checkpoint": scenarios.chief_replaced,
    "chief killed and replaced, no checkpoint": _partial(
        scenarios.chief_replaced, saves=False
    ),
    "chief killed and replaced, keeps_live_state=False": _partial(
        scenarios.chief_replaced, keeps_live_state=False
    ),
    "worker killed and replaced": scenarios.worker_replaced,
    "worker dead for ever, then chief, then ps replaced": (
        scenarios.worker_dead_for_ever
    ),
    "ps frozen for 3 s": frozen_scenarios.ps_frozen,
    "ps frozen for 3 s, step timeout 1 s": _partial(
        frozen_scenarios.ps_frozen, step_timeout_secs=1.0
    ),
    "ps frozen for 20 s": _partial(
        frozen_scenarios.ps_frozen,
        frozen_secs=20.0,
        give_up_secs=_PATIENT_SECS,
    ),
    "ps frozen for 20 s, step timeout 1 s": _partial(
        frozen_scenarios.ps_frozen,
        frozen_secs=20.0,
        step_timeout_secs=1.0,
        give_up_secs=_PATIENT_SECS,
    ),
    "ps frozen, killed, replaced; step timeout 1 s": (
        frozen_scenarios.ps_frozen_then_killed
    ),
    "ps frozen for ever; step timeout 1 s, 3 s to recover": (
        frozen_scenarios.ps_frozen_for_ever
    ),
    "ps never back; 3 s to recover": scenarios.ps_never_back,
    "chief never back; max_wait_secs 3": scenarios.chief_never_back,
    "sync replicas: worker killed and replaced": (
        sync_scenarios.worker_replaced
    ),
    "sync replicas: ps killed and replaced": sync_scenarios.ps_replaced,
    "sync replicas: worker dead for ever": sync_scenarios.worker_dead_for_ever,
    "sync replicas: worker dead for ever, step timeout 1 s": _partial(
        sync_scenarios.worker_dead_for_ever, step_timeout_secs=1.0
    ),
    "sync replicas: hook of the chief fails after a step": (
        sync_scenarios.error_after_the_step
    ),
    "sync replicas: hook of a worker fails after a step": _partial(
        sync_scenarios.error_after_the_step, hooked="worker"
    ),
    "collectives: a peer killed": peer_scenarios.collective_peer_lost,
    "ps killed, started while its port is held for 1 s": (
        peer_scenarios.port_held
    ),
    "hook of the chief fails after a step": scenarios.error_after_the_step,
    "hook of a worker fails after a step": _partial(
        scenarios.error_after_the_step, hooked="worker"
    ),
}
