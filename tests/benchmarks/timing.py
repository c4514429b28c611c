"""Times several callables side by side, in shuffled turns.

Machines are shared and noisy: only ratios of what ran in the same process, in
turn, say anything.
"""

import random
import statistics
import time

ROUNDS = 13
ROUND_SECS = 0.01


def cpu_us(cases, rounds=ROUNDS):
    """Returns the least thread CPU time of a call of each, in microseconds.

    Args:
      cases: dict of callables without arguments.
      rounds: How often each has its turn.
    """
    turns = _turns(cases, rounds, time.thread_time)
    return {name: min(times) * 1e6 for name, times in turns.items()}


def wall_us(cases, rounds=ROUNDS):
    """Returns the median wall time of a call of each, in microseconds."""
    turns = _turns(cases, rounds, time.perf_counter)
    return {name: statistics.median(t) * 1e6 for name, t in turns.items()}


def once_secs(cases, rounds, clock=time.process_time):
    """Returns the least seconds of a call that can't be repeated at once.

    Args:
      cases: dict of functions that prepare a call and return it.
      rounds: How often each has its turn.
      clock: CPU time of the whole process by default: threads take part.
    """
    least = dict.fromkeys(cases, float("inf"))
    for _ in range(rounds):
        for name in random.sample(list(cases), len(cases)):
            call = cases[name]()
            started = clock()
            call()
            least[name] = min(least[name], clock() - started)
    return least


def _turns(cases, rounds, clock):
    counts = {name: _calls_a_round(call) for name, call in cases.items()}
    times = {name: [] for name in cases}
    for _ in range(rounds):
        for name in random.sample(list(cases), len(cases)):
            times[name].append(_mean(cases[name], counts[name], clock))
    return times


def _calls_a_round(call):
    for _ in range(3):  # The third call of a step is the first prepared one.
        call()
    single = _mean(call, 3, time.perf_counter)
    return max(3, int(ROUND_SECS / single))


def _mean(call, count, clock):
    started = clock()
    for _ in range(count):
        call()
    return (clock() - started) / count
