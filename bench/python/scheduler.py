"""The workloads of bench/_workloads/ on Python's own loops: same names, same units of work.

    python3 scheduler.py asyncio|uvloop

A process that measures and answers, line by line, as bench/_serve.ts does: it prints the names of its
workloads, then, for each line `NAME MILLISECONDS` on its standard input, one line of JSON with the
nanoseconds (or resident bytes) for one unit of work, or with an error. One file, long as it is, so
that it runs by itself under any Python.
"""

import asyncio
import contextvars
import gc
import json
import os
import sys
import time

WORKLOADS = {}
MEMORY_WORKLOADS = {}


class Watch:
    """Adds up the marked parts of several runs."""

    def __init__(self, now):
        self.now = now
        self.total = 0
        self.started_at = None

    def start(self):
        self.started_at = self.now()

    def end(self):
        self.total += self.now() - self.started_at


def workload(count, cpu=False):
    """Marks a coroutine function as a workload of `count` units, by the clock or by processor time."""

    def register(body):
        WORKLOADS[body.__name__] = (body, count, cpu)
        return body

    return register


def pseudo_random(state=12345):
    while True:
        state = (state * 1664525 + 1013904223) % 2**32
        yield state / 2**32


# ---- Callbacks ----------------------------------------------------------------------------------


@workload(20_000)
async def call_soon_chain(watch):
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    calls = 0

    def step():
        nonlocal calls
        calls += 1
        if calls < 20_000:
            loop.call_soon(step)
        else:
            done.set_result(calls)

    watch.start()
    loop.call_soon(step)
    result = await done
    watch.end()
    assert result == 20_000


@workload(10_000)
async def call_soon_batch(watch):
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    calls = 0

    def step():
        nonlocal calls
        calls += 1
        if calls == 10_000:
            done.set_result(calls)

    watch.start()
    for _ in range(10_000):
        loop.call_soon(step)
    result = await done
    watch.end()
    assert result == 10_000


# ---- Turns and tasks ----------------------------------------------------------------------------


async def nothing():
    return 1


@workload(20_000)
async def sleep0(watch):
    sleep = asyncio.sleep
    turns = 0
    watch.start()
    for turns in range(1, 20_001):
        await sleep(0)
    watch.end()
    assert turns == 20_000


@workload(20_000)
async def sleep0_100(watch):
    sleep = asyncio.sleep

    async def body():
        turns = 0
        for turns in range(1, 201):
            await sleep(0)
        return turns

    watch.start()
    turns = await asyncio.gather(*(asyncio.create_task(body()) for _ in range(100)))
    watch.end()
    assert turns == [200] * 100


@workload(10_000)
async def spawn_join(watch):
    total = 0
    watch.start()
    for _ in range(10_000):
        total += await asyncio.create_task(nothing())
    watch.end()
    assert total == 10_000


@workload(10_000)
async def spawn_gather_10k(watch):
    watch.start()
    results = await asyncio.gather(*(asyncio.create_task(nothing()) for _ in range(10_000)))
    watch.end()
    assert sum(results) == 10_000


@workload(10_000)
async def cancel_sleeping_10k(watch):
    tasks = [asyncio.create_task(asyncio.sleep(3600)) for _ in range(10_000)]
    await asyncio.sleep(0.001)
    watch.start()
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    watch.end()
    assert all(isinstance(result, asyncio.CancelledError) for result in results)


if hasattr(asyncio, "TaskGroup"):

    @workload(10_000)
    async def taskgroup_10k(watch):
        watch.start()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(nothing()) for _ in range(10_000)]
        watch.end()
        assert sum(task.result() for task in tasks) == 10_000


if hasattr(asyncio, "timeout"):

    @workload(5_000)
    async def timeout_scope(watch):
        sleep, timeout = asyncio.sleep, asyncio.timeout
        scopes = 0
        watch.start()
        for scopes in range(1, 5_001):
            async with timeout(10):
                await sleep(0)
        watch.end()
        assert scopes == 5_000


@workload(10_000)
async def future_roundtrip(watch):
    loop = asyncio.get_running_loop()
    total = 0
    watch.start()
    for _ in range(10_000):
        future = loop.create_future()
        loop.call_soon(future.set_result, 1)
        total += await future
    watch.end()
    assert total == 10_000


# ---- Queues and locks ---------------------------------------------------------------------------


async def through(queue, watch):
    async def produce():
        for item in range(10_000):
            await queue.put(item)

    total = 0
    watch.start()
    producer = asyncio.create_task(produce())
    for _ in range(10_000):
        total += await queue.get()
    await producer
    watch.end()
    assert total == 9_999 * 5_000


@workload(10_000)
async def queue_1(watch):
    await through(asyncio.Queue(1), watch)


@workload(10_000)
async def queue_unbounded(watch):
    await through(asyncio.Queue(), watch)


async def taking_turns(guard, tasks, times, watch):
    sleep = asyncio.sleep
    entered = 0

    async def body():
        nonlocal entered
        for _ in range(times):
            async with guard:
                entered += 1
                await sleep(0)

    watch.start()
    await asyncio.gather(*(asyncio.create_task(body()) for _ in range(tasks)))
    watch.end()
    assert entered == tasks * times


@workload(10_000)
async def lock_10(watch):
    await taking_turns(asyncio.Lock(), 10, 1_000, watch)


@workload(10_000)
async def semaphore(watch):
    await taking_turns(asyncio.Semaphore(5), 20, 500, watch)


@workload(20_000)
async def event_1000(watch):
    gates = [asyncio.Event() for _ in range(20)]
    passed = [asyncio.Event() for _ in range(20)]
    wakeups = 0

    async def body():
        nonlocal wakeups
        for number, gate in enumerate(gates, 1):
            await gate.wait()
            wakeups += 1
            if wakeups == 1_000 * number:
                passed[number - 1].set()

    tasks = [asyncio.create_task(body()) for _ in range(1_000)]
    await asyncio.sleep(0.001)
    watch.start()
    for gate, all_passed in zip(gates, passed):
        gate.set()
        await all_passed.wait()
    watch.end()
    await asyncio.gather(*tasks)
    assert wakeups == 20_000


# ---- Timers -------------------------------------------------------------------------------------

LEAD = 0.1
SPREAD = 0.05


@workload(100_000)
async def timers_cancel_100k(watch):
    loop = asyncio.get_running_loop()
    random = pseudo_random()
    calls = []
    watch.start()
    timers = [loop.call_later(1 + 59 * next(random), calls.append, 1) for _ in range(100_000)]
    for timer in timers:
        timer.cancel()
    await asyncio.sleep(0)
    watch.end()
    assert not calls


class Deadlines:
    """Schedules 10 000 timers, and notes by how much late each was."""

    def __init__(self):
        loop = asyncio.get_running_loop()
        self.done = loop.create_future()
        self.time = loop.time
        self.lateness = []
        random = pseudo_random()
        base = loop.time() + LEAD
        for _ in range(10_000):
            deadline = base + next(random) * SPREAD
            loop.call_at(deadline, self.fire, deadline)

    def fire(self, deadline):
        self.lateness.append(self.time() - deadline)
        if len(self.lateness) == 10_000:
            self.done.set_result(None)

    def details(self):
        late = sorted(self.lateness)
        return {
            "late_p50_us": round(late[5_000] * 1e6),
            "late_p99_us": round(late[9_900] * 1e6),
            "late_max_us": round(late[-1] * 1e6),
        }


@workload(10_000, cpu=True)
async def timers_fire_10k(watch):
    watch.start()
    deadlines = Deadlines()
    await deadlines.done
    watch.end()
    return deadlines.details()


@workload(10_000)
async def timers_due_10k(watch):
    deadlines = Deadlines()
    time.sleep(LEAD + SPREAD)
    watch.start()
    await deadlines.done
    watch.end()
    assert len(deadlines.lateness) == 10_000


# ---- Context variables --------------------------------------------------------------------------

variable = contextvars.ContextVar("variable", default=1)


@workload(50_000)
async def ctx_get(watch):
    get = variable.get
    watch.start()
    for _ in range(50_000):
        value = get()
    watch.end()
    assert value == 1


@workload(50_000)
async def ctx_run(watch):
    copy_context = contextvars.copy_context
    calls = 0

    def increment():
        nonlocal calls
        calls += 1

    watch.start()
    for _ in range(50_000):
        copy_context().run(increment)
    watch.end()
    assert calls == 50_000


# ---- Memory -------------------------------------------------------------------------------------


async def mem_idle_task(count, look):
    loop = asyncio.get_running_loop()

    async def wait(future):
        return await future

    futures = [loop.create_future() for _ in range(count)]
    tasks = [asyncio.create_task(wait(future)) for future in futures]
    await asyncio.sleep(0.001)
    look()
    for future in futures:
        future.set_result(1)
    return sum(await asyncio.gather(*tasks))


async def mem_sleeping(count, look):
    async def rest():
        await asyncio.sleep(3600)

    tasks = [asyncio.create_task(rest()) for _ in range(count)]
    await asyncio.sleep(0.001)
    look()
    for task in tasks:
        task.cancel()
    await asyncio.sleep(0)
    return sum(task.cancelled() for task in tasks)


# Only Linux tells a process its resident size without a package.
if os.path.exists("/proc/self/statm"):
    MEMORY_WORKLOADS["mem_idle_task"] = (mem_idle_task, 100_000)
    MEMORY_WORKLOADS["mem_sleeping_1m"] = (mem_sleeping, 1_000_000)


def resident_bytes():
    gc.collect()
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# ---- Measuring ----------------------------------------------------------------------------------


def run(main):
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)


def measure(name, target_ms):
    body, count, cpu = WORKLOADS[name]
    watch = Watch(time.process_time_ns if cpu else time.perf_counter_ns)
    latest = time.perf_counter() + target_ms / 100
    runs = 0
    while True:
        details = run(body(watch))
        runs += 1
        if watch.total >= target_ms * 1e6 or time.perf_counter() >= latest:
            break
    answer = {"ns": watch.total / (runs * count)}
    if details:
        answer["details"] = details
    return answer


def measure_memory(name):
    body, count = MEMORY_WORKLOADS[name]
    assert run(body(1_000, resident_bytes)) == 1_000
    before = resident_bytes()
    during = []
    assert run(body(count, lambda: during.append(resident_bytes()))) == count
    return {"bytes": (during[0] - before) / count}


def answer(value):
    print(json.dumps(value), flush=True)


def main():
    answer({"workloads": list(WORKLOADS), "memory": list(MEMORY_WORKLOADS)})
    for line in sys.stdin:
        name, target_ms = line.split()
        try:
            if name in MEMORY_WORKLOADS:
                answer(measure_memory(name))
            else:
                answer(measure(name, float(target_ms)))
        except Exception as error:
            answer({"error": repr(error)})


if sys.argv[1:] == ["asyncio"]:
    new_event_loop = asyncio.new_event_loop
elif sys.argv[1:] == ["uvloop"]:
    from uvloop import new_event_loop
else:
    sys.exit(__doc__)
main()
