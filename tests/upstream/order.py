"""Records in which order asyncio does things: `python3.13 order.py > order.json`.

Each scenario logs what happens, with the number of the pass; `order_test.ts` has the same scenarios
under the same names, and compares. Time is virtual, one unit is a millisecond.
"""
import asyncio
import json

NOW = 0.0


def make_loop():
    global NOW
    NOW = 0.0
    loop = asyncio.SelectorEventLoop()

    def select(timeout):
        global NOW
        if timeout is None:
            raise RuntimeError("deadlock")
        NOW = round(NOW + timeout, 9)
        return []

    loop._selector.select = select
    loop.time = lambda: NOW
    loop._clock_resolution = 1e-9
    return loop


class Log(list):
    def __init__(self, loop):
        self.loop = loop
        self.passes = 0
        loop.call_soon(self.tick)

    def tick(self):
        self.passes += 1
        if self.passes < 60:
            self.loop.call_soon(self.tick)

    def __call__(self, text):
        self.append(f"{self.passes}@{self.loop.time() * 1000:g} {text}")


SCENARIOS = {}


def scenario(function):
    SCENARIOS[function.__name__] = function
    return function


@scenario
async def tasks_and_callbacks(loop, log):
    async def worker(name):
        log(f"{name} starts")
        await asyncio.sleep(0)
        log(f"{name} goes on")
        loop.call_soon(log, f"callback of {name}")
        await asyncio.sleep(0)
        log(f"{name} ends")
        return name

    a = loop.create_task(worker("a"))
    loop.call_soon(log, "callback")
    b = loop.create_task(worker("b"))
    a.add_done_callback(lambda task: log("a is done"))
    log("waits for a")
    log(await a)
    log(await b)


@scenario
async def futures_and_waiters(loop, log):
    future = loop.create_future()

    async def waiter(name):
        log(f"{name} waits")
        log(f"{name} got {await future}")

    future.add_done_callback(lambda _: log("first callback"))
    tasks = [loop.create_task(waiter(name)) for name in "ab"]
    await asyncio.sleep(0)
    future.add_done_callback(lambda _: log("second callback"))
    future.set_result(1)
    future.add_done_callback(lambda _: log("late callback"))
    log("set")
    log(f"main got {await future}")
    for task in tasks:
        await task
    log("end")


@scenario
async def chain_of_tasks(loop, log):
    async def link(depth):
        log(f"link {depth}")
        if depth < 4:
            await loop.create_task(link(depth + 1))
        log(f"link {depth} ends")

    await link(0)


@scenario
async def timers(loop, log):
    loop.call_later(0.003, log, "three")
    loop.call_later(0.001, log, "one")
    loop.call_at(loop.time() + 0.0015, log, "one and a half")
    loop.call_later(0, log, "zero")
    loop.call_soon(log, "soon")
    loop.call_later(0.0025, lambda: loop.call_later(0, log, "zero from a timer"))
    cancelled = loop.call_later(0.0027, log, "never")
    loop.call_later(0.001, cancelled.cancel)
    await asyncio.sleep(0.002)
    log("slept two")
    await asyncio.sleep(0.002)
    log("slept four")


@scenario
async def cancel_everywhere(loop, log):
    future = loop.create_future()

    async def waits(name, awaitable):
        try:
            log(f"{name} waits")
            await awaitable
            log(f"{name} passed")
        except asyncio.CancelledError as error:
            log(f"{name} cancelled {error}")
            raise
        finally:
            log(f"{name} cleans up")
            await asyncio.sleep(0)
            log(f"{name} is clean")

    unstarted = loop.create_task(waits("unstarted", future))
    unstarted.add_done_callback(lambda task: log(f"unstarted done {task.cancelled()}"))
    unstarted.cancel("early")
    waiting = loop.create_task(waits("waiting", asyncio.sleep(10)))
    turning = loop.create_task(waits("turning", asyncio.sleep(0)))
    inner = loop.create_task(waits("inner", asyncio.sleep(5)))
    outer = loop.create_task(waits("outer", inner))
    done = loop.create_future()
    ready = loop.create_task(waits("ready", done))
    await asyncio.sleep(0)
    done.set_result(1)
    for task in (waiting, turning, outer, ready):
        log(f"cancel {task.cancel('now')}")
    for task in (unstarted, waiting, turning, outer, ready):
        try:
            await task
        except asyncio.CancelledError as error:
            log(f"caught {error}")
        log(f"{task.cancelled()} {task.cancelling()}")
    log(str(future.cancelled()))
    future.cancel()


@scenario
async def cancel_and_go_on(loop, log):
    async def stubborn():
        for i in range(3):
            try:
                await asyncio.sleep(1)
                log(f"slept {i}")
            except asyncio.CancelledError:
                log(f"refused {i}")
        asyncio.current_task().uncancel()
        await asyncio.sleep(0)
        asyncio.current_task().cancel("self")
        log("cancelled itself")
        await asyncio.sleep(0)
        log("never")

    task = loop.create_task(stubborn())
    for _ in range(3):
        await asyncio.sleep(0)
        log(f"cancel {task.cancel()} {task.cancelling()}")
    try:
        await task
    except asyncio.CancelledError as error:
        log(f"caught {error} {task.cancelling()}")


@scenario
async def gather_order(loop, log):
    async def part(name, turns, error=None):
        for _ in range(turns):
            await asyncio.sleep(0)
        log(f"{name} ends")
        if error is not None:
            raise error
        return name

    log(str(await asyncio.gather(part("a", 3), part("b", 1), part("c", 2))))
    done = loop.create_future()
    done.set_result("done")
    log(str(await asyncio.gather(done, part("d", 0), done)))
    log(str(await asyncio.gather(done)))
    log(str(await asyncio.gather()))
    outer = asyncio.gather(part("e", 1), part("f", 2, ValueError("f")), part("g", 3))
    outer.add_done_callback(lambda _: log("outer is done"))
    try:
        await outer
    except ValueError as error:
        log(f"caught {error}")
    for _ in range(4):
        await asyncio.sleep(0)
    mixed = await asyncio.gather(
        part("h", 1, ValueError("h")), part("i", 0), return_exceptions=True
    )
    log(f"{mixed[0]} {mixed[1]}")


@scenario
async def gather_cancelled(loop, log):
    async def part(name):
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            log(f"{name} cancelled")
            raise

    async def both(return_exceptions):
        try:
            await asyncio.gather(part("a"), part("b"), return_exceptions=return_exceptions)
        except asyncio.CancelledError as error:
            log(f"gather cancelled {error}")
            raise

    for return_exceptions in (False, True):
        task = loop.create_task(both(return_exceptions))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        log(f"cancel {task.cancel('stop')}")
        try:
            await task
        except asyncio.CancelledError:
            log(f"caught {task.cancelled()}")
    child = loop.create_task(part("child"))
    outer = asyncio.gather(child, part("sibling"))
    await asyncio.sleep(0)
    child.cancel()
    try:
        await outer
    except asyncio.CancelledError:
        log(f"child cancelled, outer {outer.cancelled()}")
    await asyncio.sleep(2)


@scenario
async def errors_in_callbacks(loop, log):
    loop.set_exception_handler(lambda _, context: log(f"handler: {context['exception']}"))

    def fail():
        raise ValueError("callback")

    loop.call_soon(log, "before")
    loop.call_soon(fail)
    loop.call_soon(log, "after")
    future = loop.create_future()
    future.add_done_callback(lambda _: fail())
    future.add_done_callback(lambda _: log("second done callback"))
    future.set_result(None)
    await future
    await asyncio.sleep(0)
    log("end")


@scenario
async def eager_tasks(loop, log):
    async def part(name, waits):
        log(f"{name} starts in {asyncio.current_task().get_name()}")
        for _ in range(waits):
            await asyncio.sleep(0)
            log(f"{name} goes on in {asyncio.current_task().get_name()}")
        return name

    def eager(coro, name):
        return asyncio.Task(coro, loop=loop, name=name, eager_start=True)

    asyncio.current_task().set_name("main")
    a = eager(part("a", 0), "A")
    log(f"a {a.done()} in {asyncio.current_task().get_name()}")
    b = eager(part("b", 2), "B")
    log(f"b {b.done()} in {asyncio.current_task().get_name()}")
    a.add_done_callback(lambda _: log("a is done"))
    b.add_done_callback(lambda _: log("b is done"))
    log(await b)
    log(await a)


@scenario
async def handles_called_off(loop, log):
    later = loop.call_soon(log, "never")
    loop.call_soon(later.cancel)
    early = loop.call_soon(log, "never either")
    early.cancel()
    handle = loop.call_soon(log, "runs")
    loop.call_soon(handle.cancel)
    again = loop.call_soon(lambda: (log("once"), again.cancel()))
    late = loop.call_soon(log, "cancelled by the one before")
    del late
    await asyncio.sleep(0)
    log(f"{later.cancelled()} {handle.cancelled()} {again.cancelled()}")


@scenario
async def ping_pong(loop, log):
    one, two = loop.create_future(), loop.create_future()

    async def ping():
        log("ping")
        one.set_result("one")
        log(f"ping got {await two}")

    async def pong():
        log("pong")
        log(f"pong got {await one}")
        two.set_result("two")
        log("pong ends")

    await asyncio.gather(pong(), ping())


async def run(main, loop):
    log = Log(loop)
    await main(loop, log)
    await asyncio.sleep(0)
    return list(log)


def record():
    traces = {}
    for name, main in SCENARIOS.items():
        loop = make_loop()
        traces[name] = loop.run_until_complete(run(main, loop))
        loop.close()
    return traces


if __name__ == "__main__":
    print(json.dumps(record(), indent=2))
