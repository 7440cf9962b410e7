"""Runs programs on CPython's asyncio: one program a line on the standard input, one answer a line.

A program is data (see `_program.ts`); `_player.ts` runs the same programs on the library. An answer is
`{"trace": [...], "differs": [...]}`: what happened, and for which documented reasons the library does
something else on purpose.

Time is virtual: one millisecond of a program is one second of this loop, so that all times are whole
numbers. What asyncio leaves open is settled here as the library settles it: timers with equal deadlines
run in the order of scheduling, and a task group cancels its tasks in the order of creation.
"""
import asyncio
import contextvars
import json
import sys
import warnings

LAST_TURN = 60
LAST_TIME = 1000
LAST_ROUND = 80

warnings.simplefilter("ignore")


# ---- The loop -------------------------------------------------------------------------------------


class Timer(asyncio.TimerHandle):
    __slots__ = ("order",)

    def __lt__(self, other):
        return (self._when, self.order) < (other._when, other.order)


class Selector:
    def __init__(self, loop):
        self.loop = loop

    def select(self, timeout):
        if timeout is None:
            raise SystemError("deadlock")
        self.loop.now += timeout
        return []


class Loop(asyncio.BaseEventLoop):
    def __init__(self):
        super().__init__()
        self.now = 0
        self.order = 0
        self._selector = Selector(self)
        self._clock_resolution = 0.001

    def time(self):
        return self.now

    def call_at(self, when, callback, *args, context=None):
        timer = Timer(when, callback, args, self, context)
        self.order += 1
        timer.order = self.order
        asyncio.base_events.heapq.heappush(self._scheduled, timer)
        timer._scheduled = True
        return timer

    def call_later(self, delay, callback, *args, context=None):
        return self.call_at(self.now + delay, callback, *args, context=context)

    def _process_events(self, event_list):
        pass

    def _write_to_self(self):
        pass


class InOrder(dict):
    """A set that keeps its order."""

    add = lambda self, item: self.__setitem__(item, None)
    discard = lambda self, item: self.pop(item, None)


# ---- Programs -------------------------------------------------------------------------------------

ERRORS = {
    "ValueError": ValueError,
    "TypeError": TypeError,
    "KeyError": KeyError,
    "CancelledError": asyncio.CancelledError,
}


def describe(error):
    if isinstance(error, BaseExceptionGroup):
        return "[" + " ".join(map(describe, error.exceptions)) + "]"
    cause = error.__cause__ if isinstance(error, TimeoutError) else None
    return type(error).__name__ + ("" if cause is None else f" from {describe(cause)}")


def show(value):
    if isinstance(value, BaseException):
        return describe(value)
    if isinstance(value, list):
        return "(" + " ".join(map(show, value)) + ")"
    return "-" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def outcome(future):
    if not future.done():
        return "pending"
    if future.cancelled():
        return "cancelled"
    if future.exception() is not None:
        return f"failed {describe(future.exception())}"
    return f"done {show(future.result())}"


class Place:
    """Where a statement stands."""

    def __init__(self, who, task, groups, scopes):
        self.who = who
        self.task = task
        self.groups = groups
        self.scopes = scopes

    def inside(self, group=None, scope=None):
        groups = self.groups if group is None else [*self.groups, group]
        scopes = self.scopes if scope is None else [*self.scopes, scope]
        return Place(self.who, self.task, groups, scopes)


class Player:
    def __init__(self, program, loop):
        self.program = program
        self.loop = loop
        self.trace = []
        self.differs = set()
        self.turn = 0
        self.names = 0
        self.tasks = []
        self.top = []
        self.handles = []
        self.callbacks = []
        self.futures = [loop.create_future() for _ in range(3)]
        self.locks = [asyncio.Lock(), asyncio.Lock()]
        self.semaphores = [
            asyncio.Semaphore(1), asyncio.Semaphore(2), asyncio.BoundedSemaphore(1)
        ]
        self.conditions = [asyncio.Condition(), asyncio.Condition(self.locks[1])]
        self.events = [asyncio.Event(), asyncio.Event()]
        self.barriers = [asyncio.Barrier(2), asyncio.Barrier(3)]
        self.queues = [
            asyncio.Queue(1), asyncio.Queue(), asyncio.PriorityQueue(2), asyncio.LifoQueue(2)
        ]
        self.variables = [contextvars.ContextVar("v", default=0) for _ in range(2)]

    def note(self, who, text):
        when = self.loop.time() if self.program["timed"] else self.turn
        try:
            task = asyncio.current_task()
        except RuntimeError:
            task = None
        count = task.cancelling() if task is not None else 0
        self.trace.append(f"{when} {who} {text}" + (f" c{count}" if count else ""))

    def on_exception(self, loop, context):
        if context["message"].startswith("Exception in callback"):
            self.note("loop", f"is told of {describe(context['exception'])}")

    # ---- Tasks ----

    def name(self):
        self.tasks.append(None)
        return len(self.tasks) - 1

    async def work(self, who, block, groups):
        task = asyncio.current_task()
        number = next((n for n, each in enumerate(self.tasks) if each is task), None)
        if number is None:
            number = who
            self.tasks[who] = task
        self.note(who, "starts")
        try:
            await self.block(Place(who, number, groups, []), block)
        except BaseException as error:
            self.note(who, f"ends in {describe(error)}")
            raise
        self.note(who, "ends")
        return who

    def spawn(self, make, block, groups):
        who = self.name()
        task = make(self.work(who, block, groups))
        if self.tasks[who] is None:
            self.tasks[who] = task
        return task

    def eager(self, coro):
        return asyncio.Task(coro, loop=self.loop, eager_start=True)

    def other(self, number):
        return self.tasks[number % len(self.tasks)] if self.tasks else None

    def younger(self, place, number):
        """A task that may be waited for without a circle."""
        numbers = [n for n, task in enumerate(self.tasks) if n > place.task and task is not None]
        return self.tasks[numbers[number % len(numbers)]] if numbers else None

    def item(self, place, item):
        kind, what = item
        match kind:
            case "b":
                return self.spawn(asyncio.create_task, what, place.groups)
            case "e":
                return self.spawn(self.eager, what, place.groups)
            case "c":
                return self.work(self.name(), what, place.groups)
            case "t":
                return self.younger(place, what)
            case "f":
                return self.futures[what]

    def items(self, place, items):
        made = [self.item(place, item) for item in items]
        return [each for each in made if each is not None]

    # ---- Statements ----

    async def block(self, place, block):
        for kind, *rest in block:
            await getattr(self, "do_" + kind)(place, *rest)

    def attempt(self, who, text, action):
        try:
            result = action()
        except Exception as error:
            self.note(who, f"{text} refused {describe(error)}")
        else:
            self.note(who, f"{text} {show(result)}")

    def act(self, who, action):
        """What needs no waiting: a statement of a task, or of a callback."""
        kind, *rest = action
        match kind, rest:
            case "note", []:
                self.note(who, f"notes {self.variables[0].get()}{self.variables[1].get()}")
            case "fail", [name]:
                raise ERRORS[name]
            case "cancel", [number]:
                task = self.other(number)
                if task is not None:
                    self.note(who, f"cancels {show(task.cancel())}")
            case "set", [number, value]:
                self.attempt(who, "sets", lambda: self.futures[number].set_result(value))
            case "seterr", [number, name]:
                self.attempt(who, "fails", lambda: self.futures[number].set_exception(ERRORS[name]()))
            case "cancelf", [number]:
                self.attempt(who, "cancels future", self.futures[number].cancel)
            case "newf", [number]:
                self.futures[number] = self.loop.create_future()
            case "onf", [number]:
                self.add_callback(self.futures[number])
            case "ont", [number]:
                task = self.other(number)
                if task is not None:
                    self.add_callback(task)
            case "off", [number]:
                if self.callbacks:
                    future, callback = self.callbacks[number % len(self.callbacks)]
                    self.note(who, f"removes {future.remove_done_callback(callback)}")
            case "soon", [inner]:
                self.add_handle(self.loop.call_soon, inner)
            case "later", [delay, inner]:
                self.add_handle(lambda *a: self.loop.call_later(delay, *a), inner)
            case "at", [when, inner]:
                self.add_handle(lambda *a: self.loop.call_at(when, *a), inner)
            case "unhandle", [number]:
                if self.handles:
                    handle = self.handles[number % len(self.handles)]
                    handle.cancel()
                    self.note(who, f"calls off {show(handle.cancelled())}")
            case "release", [number]:
                self.attempt(who, "releases lock", self.locks[number].release)
            case "srelease", [number]:
                self.attempt(who, "releases semaphore", self.semaphores[number].release)
            case "notify", [number, count]:
                condition = self.conditions[number]
                if count == 0:
                    self.attempt(who, "notifies all", condition.notify_all)
                else:
                    self.attempt(who, "notifies", lambda: condition.notify(count))
            case "eset", [number]:
                self.events[number].set()
            case "eclear", [number]:
                self.events[number].clear()
            case "putn", [number, value]:
                self.attempt(who, "puts now", lambda: self.queues[number].put_nowait(value))
            case "getn", [number]:
                self.attempt(who, "gets now", self.queues[number].get_nowait)
            case "qdone", [number]:
                self.attempt(who, "task done", self.queues[number].task_done)
            case "shutdown", [number, immediate]:
                self.queues[number].shutdown(immediate)
                self.note(who, "shuts down")
            case "setvar", [number, value]:
                self.variables[number].set(value)
            case _:
                raise SystemError(kind)

    def add_handle(self, schedule, inner):
        name = f"h{len(self.handles)}"
        self.handles.append(None)
        self.handles[int(name[1:])] = schedule(self.run_callback, name, inner)

    def run_callback(self, name, inner):
        self.note(name, "runs")
        self.act(name, inner)

    def add_callback(self, future):
        name = f"d{len(self.callbacks)}"

        def callback(future):
            self.note(name, f"sees {outcome(future)} {self.variables[0].get()}")

        self.callbacks.append((future, callback))
        future.add_done_callback(callback)

    async def do_act(self, place, action):
        self.act(place.who, action)

    async def do_sleep(self, place, delay):
        await asyncio.sleep(delay)
        self.note(place.who, "slept")

    async def do_turns(self, place, count):
        for _ in range(count):
            await asyncio.sleep(0)
        self.note(place.who, "turned")

    async def do_foreign(self, place, count):
        """Takes no turn of the loop."""

    async def do_spawn(self, place, kind, block):
        self.spawn(self.eager if kind == "e" else asyncio.create_task, block, place.groups)
        self.note(place.who, "spawned")

    async def do_gspawn(self, place, block):
        if not place.groups:
            return
        group = place.groups[-1]
        who = self.name()
        try:
            task = group.create_task(self.work(who, block, place.groups))
        except RuntimeError:
            self.note(place.who, "may not spawn")
            return
        if self.tasks[who] is None:
            self.tasks[who] = task
        self.check_start(group, task)

    async def do_await(self, place, item):
        awaitable = self.item(place, item)
        if awaitable is not None:
            self.note(place.who, f"got {show(await awaitable)}")

    async def do_cancelself(self, place):
        asyncio.current_task().cancel()

    async def do_uncancel(self, place):
        self.note(place.who, f"uncancels {asyncio.current_task().uncancel()}")

    async def do_withvar(self, place, number, value, block):
        token = self.variables[number].set(value)
        try:
            await self.block(place, block)
        finally:
            self.variables[number].reset(token)

    async def do_shield(self, place, item):
        awaitable = self.item(place, item)
        if awaitable is not None:
            self.note(place.who, f"was shielded {show(await asyncio.shield(awaitable))}")

    async def do_gather(self, place, return_exceptions, items):
        made = self.items(place, items)
        results = await asyncio.gather(*made, return_exceptions=return_exceptions)
        self.note(place.who, f"gathered {show(results)}")

    async def do_gatherf(self, place, return_exceptions, items):
        """Gathers without waiting."""
        made = self.items(place, items)
        gathered = asyncio.gather(*made, return_exceptions=return_exceptions)
        self.add_callback(gathered)

    async def do_wait(self, place, limit, when, items):
        made = self.items(place, items)
        if not made:
            return
        done, pending = await asyncio.wait(made, timeout=limit, return_when=when)
        self.note(place.who, f"waited {len(done)} {len(pending)}")

    async def do_completed(self, place, limit, items):
        made = list(dict.fromkeys(self.items(place, items)))
        # The order of what is done already is that of a set.
        done = [each for each in made if each.done()]
        made = done[:1] + [each for each in made if not each.done()]
        for each in asyncio.as_completed(made, timeout=limit):
            self.note(place.who, f"completed {show(await each)}")

    async def do_waitfor(self, place, limit, item):
        self.check_pending()
        awaitable = self.item(place, item)
        if awaitable is None:
            return
        self.note(place.who, f"waited for {show(await asyncio.wait_for(awaitable, limit))}")

    async def do_timeout(self, place, limit, block):
        self.check_pending()
        try:
            async with asyncio.timeout(limit) as scope:
                await self.block(place.inside(scope=scope), block)
        finally:
            self.note(place.who, f"leaves timeout {show(scope.expired())}")

    async def do_reschedule(self, place, limit):
        if not place.scopes:
            return
        when = None if limit is None else self.loop.time() + limit
        self.attempt(place.who, "reschedules", lambda: place.scopes[-1].reschedule(when))

    async def do_group(self, place, children, block):
        self.check_old()
        try:
            async with asyncio.TaskGroup() as group:
                group._tasks = InOrder()
                inside = place.inside(group=group)
                for child in children:
                    await self.do_gspawn(inside, child)
                await self.block(inside, block)
        finally:
            self.note(place.who, "leaves group")

    async def do_try(self, place, what, then, block, handler):
        expected = asyncio.CancelledError if what == "cancel" else Exception
        try:
            await self.block(place, block)
        except expected as error:
            self.note(place.who, f"catches {describe(error)}")
            if then == "uncancel":
                await self.do_uncancel(place)
            await self.block(place, handler)
            if then == "raise":
                raise
            if then == "replace":
                raise KeyError from None

    async def do_finally(self, place, block, final):
        try:
            await self.block(place, block)
        finally:
            self.note(place.who, "cleans up")
            await self.block(place, final)

    async def do_lock(self, place, number, block):
        async with self.locks[number]:
            self.note(place.who, "has lock")
            await self.block(place, block)
        self.note(place.who, "gave lock")

    async def do_acquire(self, place, number):
        await self.locks[number].acquire()
        self.note(place.who, "acquired")

    async def do_semaphore(self, place, number, block):
        async with self.semaphores[number]:
            self.note(place.who, "has permit")
            await self.block(place, block)
        self.note(place.who, "gave permit")

    async def do_condition(self, place, number, block):
        async with self.conditions[number]:
            self.note(place.who, "has condition")
            await self.block(place, block)
        self.note(place.who, "gave condition")

    async def do_cwait(self, place, number):
        await self.conditions[number].wait()
        self.note(place.who, "was notified")

    async def do_cwaitfor(self, place, number, event):
        await self.conditions[number].wait_for(self.events[event].is_set)
        self.note(place.who, "holds")

    async def do_ewait(self, place, number):
        await self.events[number].wait()
        self.note(place.who, "saw event")

    async def do_barrier(self, place, number):
        index = await self.barriers[number].wait()
        self.note(place.who, f"passed barrier {index}")

    async def do_breset(self, place, number):
        await self.barriers[number].reset()
        self.note(place.who, "reset barrier")

    async def do_babort(self, place, number):
        await self.barriers[number].abort()
        self.note(place.who, "broke barrier")

    async def do_put(self, place, number, value):
        await self.queues[number].put(value)
        self.note(place.who, "put")

    async def do_get(self, place, number):
        self.note(place.who, f"took {await self.queues[number].get()}")

    async def do_join(self, place, number):
        await self.queues[number].join()
        self.note(place.who, "joined")

    # ---- Where the library differs on purpose ----

    def check_old(self):
        task = asyncio.current_task()
        if task.cancelling() > (1 if task._must_cancel else 0):
            self.differs.add("old cancellation at a group")

    def check_start(self, group, task):
        if group._aborting and not task.done():
            self.differs.add("eager child ends its group")

    def check_pending(self):
        if asyncio.current_task()._must_cancel:
            self.differs.add("pending cancellation at a timeout")

    # ---- The run ----

    async def play(self):
        program = self.program
        self.loop.set_exception_handler(self.on_exception)
        if program["eager"]:
            self.loop.set_task_factory(asyncio.eager_task_factory)
        for block in program["tasks"]:
            self.top.append(self.spawn(asyncio.create_task, block, []))
        between = program["between"]
        if program["timed"]:
            for when, action in between:
                self.loop.call_at(when, self.act, "outside", action)
            await asyncio.wait(self.top, timeout=LAST_TIME)
        else:
            between = list(between)
            while self.turn < LAST_TURN and not all(task.done() for task in self.top):
                await asyncio.sleep(0)
                self.turn += 1
                while between and between[0][0] <= self.turn:
                    self.act("outside", between.pop(0)[1])
        self.note("main", "ends")
        rounds = 0
        while rounds < LAST_ROUND:
            left = list(dict.fromkeys(t for t in self.tasks if t is not None and not t.done()))
            if not left:
                break
            rounds += 1
            for task in left:
                task.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        self.note("main", f"made {rounds} rounds")
        for number, task in enumerate(self.tasks):
            if task is not None:
                self.trace.append(f"{number} {outcome(task)} {task.cancelling()}")
        self.trace.append(" ".join([
            *[outcome(each) for each in self.futures],
            *[show(each.locked()) for each in [*self.locks, *self.semaphores, *self.conditions]],
            *[show(each.is_set()) for each in self.events],
            *[f"{each.n_waiting}/{show(each.broken)}" for each in self.barriers],
            *[str(each.qsize()) for each in self.queues],
        ]))
        trace = list(self.trace)
        if any("AttributeError" in line for line in trace):
            # What the shrinker has made is no program any longer.
            self.differs.add("no program")
        return trace


def answer(program):
    loop = Loop()
    asyncio.events._set_running_loop(None)
    player = None

    async def main():
        nonlocal player
        player = Player(program, loop)
        return await player.play()

    try:
        trace = loop.run_until_complete(main())
    finally:
        loop.set_exception_handler(lambda loop, context: None)
        loop._ready.clear()
        loop.close()
    return {"trace": trace, "differs": sorted(player.differs)}


def run():
    for line in sys.stdin:
        try:
            result = answer(json.loads(line))
        except BaseException as error:
            result = {"trace": [f"broken: {type(error).__name__} {error}"], "differs": ["broken"]}
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()


if sys.version_info[:2] != (3, 13):
    sys.exit("CPython 3.13 is needed")
run()
