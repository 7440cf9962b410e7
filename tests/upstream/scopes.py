"""Records what asyncio's timeouts, task groups and waits do: `python3.13 scopes.py > scopes.json`.

The programs are random, from a fixed seed: tasks run blocks of statements that are nested in each
other, fail, cancel each other and themselves, and are cancelled from outside. Half of the programs
count turns of the loop, the others virtual milliseconds; some start their tasks eagerly. `scopes.py 2000 7` makes 2000 programs with
seed 7. `scopes_test.ts` runs the same programs and compares.

Left out are programs in which the library differs from CPython 3.13 on purpose: those that enter a
task group after a cancellation was caught and not taken back, those that enter a timeout while one
is requested but not delivered, and those in which a task ends its group while it is started eagerly.
"""
import asyncio
import json
import random
import sys

LAST_TURN = 40
NOW = 0.0


# ---- Making programs ------------------------------------------------------------------------------


class Maker:
    def __init__(self, r):
        self.r = r
        self.timed = r.random() < 0.5
        self.fractions = set()

    def delay(self):
        # Hardly two deadlines are the same, as their order is not promised.
        while (fraction := self.r.randrange(100_000)) in self.fractions:
            pass
        self.fractions.add(fraction)
        return self.r.choice([1, 2, 5, 10, 20]) + fraction / 100_000

    def sleep(self):
        if self.timed and self.r.random() < 0.8:
            return ["sleep", self.delay()]
        return ["turns", self.r.choice([1, 1, 1, 2, 3])]

    def limit(self):
        kind = self.r.random()
        if kind < 0.15:
            return None
        if kind < 0.35:
            return 0
        return self.delay() if self.timed else 1000 + self.delay()

    def block(self, depth):
        return [self.statement(depth) for _ in range(self.r.choice([1, 1, 2, 2, 3]))]

    def statement(self, depth):
        r = self.r
        if depth <= 0 or r.random() < 0.35:
            kind = r.choices(
                ["sleep", "fail", "cancel", "cancel self", "spawn", "reschedule"],
                [10, 2, 1, 1, 1, 1],
            )[0]
            match kind:
                case "sleep":
                    return self.sleep()
                case "fail":
                    return ["fail", r.choice(["ValueError", "TypeError"])]
                case "cancel":
                    return ["cancel", r.randrange(3)]
                case "cancel self":
                    return ["cancel self"]
                case "spawn":
                    return ["spawn", self.block(0)]
                case "reschedule":
                    return ["reschedule", self.limit()]
        inner = lambda: self.block(depth - 1)
        kind = r.choices(
            ["timeout", "group", "try", "finally", "wait_for", "wait_for_task", "shield", "gather",
             "wait"],
            [6, 6, 6, 2, 2, 1, 1, 1, 1],
        )[0]
        match kind:
            case "timeout":
                return ["timeout", self.limit(), inner()]
            case "group":
                return ["group", [inner() for _ in range(r.choice([0, 1, 2, 2]))], inner()]
            case "try":
                what = r.choice(["cancel", "cancel", "error"])
                then = r.choice(["swallow", "swallow", "raise", "uncancel"])
                return ["try", what, then, inner(), inner() if r.random() < 0.5 else []]
            case "finally":
                return ["finally", inner(), inner()]
            case "wait_for" | "wait_for_task":
                return [kind, self.limit(), inner()]
            case "shield":
                return ["shield", inner()]
            case "gather":
                return ["gather", r.random() < 0.5, [inner() for _ in range(r.choice([1, 2, 2]))]]
            case "wait":
                when = r.choice(["ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"])
                blocks = [inner() for _ in range(r.choice([1, 2, 2]))]
                return ["wait", self.limit(), when, blocks]

    def script(self):
        tasks = [self.block(3) for _ in range(self.r.choice([1, 2, 3]))]
        between = []
        for _ in range(self.r.choice([0, 1, 2, 3])):
            when = self.delay() if self.timed else self.r.randrange(1, 12)
            between.append([when, self.r.randrange(len(tasks))])
        between.sort()
        eager = self.r.random() < 0.3
        return {"timed": self.timed, "eager": eager, "tasks": tasks, "between": between}


# ---- Running them ---------------------------------------------------------------------------------


class InOrder(dict):
    """A set that keeps its order: a task group cancels its tasks in the order of its set."""

    add = lambda self, item: self.__setitem__(item, None)
    discard = lambda self, item: self.pop(item, None)


def describe(error):
    if isinstance(error, BaseExceptionGroup):
        return "[" + " ".join(map(describe, error.exceptions)) + "]"
    cause = f" from {describe(error.__cause__)}" if isinstance(error, TimeoutError) else ""
    return type(error).__name__ + cause


class Player:
    def __init__(self, script):
        self.script = script
        self.trace = []
        self.turn = 0
        self.names = 0
        self.tasks = []
        self.differs = False

    def note(self, who, text):
        now = asyncio.get_running_loop().time() * 1000
        when = f"{now:.5f}" if self.script["timed"] else str(self.turn)
        self.trace.append(f"{when} {who} {text} {asyncio.current_task().cancelling()}")

    def name(self):
        self.names += 1
        return str(self.names)

    async def work(self, who, block, groups):
        self.note(who, "starts")
        try:
            await self.block(who, block, groups, [])
        except BaseException as error:
            self.note(who, f"ends in {describe(error)}")
            raise
        self.note(who, "ends")

    def task(self, block, groups):
        return asyncio.create_task(self.work(self.name(), block, groups))

    async def block(self, who, statements, groups, scopes):
        for statement in statements:
            await self.statement(who, statement, groups, scopes)

    async def statement(self, who, statement, groups, scopes):
        kind, *arguments = statement
        task = asyncio.current_task()
        match kind, arguments:
            case "sleep", [delay]:
                await asyncio.sleep(delay / 1000)
                self.note(who, "slept")
            case "turns", [count]:
                for _ in range(count):
                    await asyncio.sleep(0)
                self.note(who, "turned")
            case "fail", [name]:
                raise {"ValueError": ValueError, "TypeError": TypeError}[name]
            case "cancel", [number]:
                if not self.tasks:
                    return
                other = self.tasks[number % len(self.tasks)]
                self.note(who, f"cancels: {other.cancel()}")
            case "cancel self", []:
                task.cancel()
            case "spawn", [block]:
                if not groups:
                    return
                work = self.work(self.name(), block, groups)
                try:
                    self.check_start(groups[-1], groups[-1].create_task(work))
                except RuntimeError:
                    self.note(who, "may not spawn")
            case "reschedule", [limit]:
                if not scopes:
                    return
                when = None if limit is None else asyncio.get_running_loop().time() + limit / 1000
                try:
                    scopes[-1].reschedule(when)
                except RuntimeError:
                    self.note(who, "may not reschedule")
            case "timeout", [limit, block]:
                self.check_pending(task)
                try:
                    async with asyncio.timeout(None if limit is None else limit / 1000) as scope:
                        await self.block(who, block, groups, [*scopes, scope])
                finally:
                    self.note(who, f"leaves a timeout, expired: {scope.expired()}")
            case "group", [children, block]:
                self.check_old(task)
                try:
                    async with asyncio.TaskGroup() as group:
                        group._tasks = InOrder()
                        for child in children:
                            work = self.work(self.name(), child, [*groups, group])
                            self.check_start(group, group.create_task(work))
                        await self.block(who, block, [*groups, group], scopes)
                finally:
                    self.note(who, "leaves a group")
            case "try", [what, then, block, handler]:
                expected = asyncio.CancelledError if what == "cancel" else Exception
                try:
                    await self.block(who, block, groups, scopes)
                except expected as error:
                    self.note(who, f"catches {describe(error)}")
                    if then == "uncancel":
                        task.uncancel()
                    await self.block(who, handler, groups, scopes)
                    if then == "raise":
                        raise
            case "finally", [block, final]:
                try:
                    await self.block(who, block, groups, scopes)
                finally:
                    self.note(who, "cleans up")
                    await self.block(who, final, groups, scopes)
            case "wait_for", [limit, block]:
                self.check_pending(task)
                inner = self.work(self.name(), block, groups)
                await asyncio.wait_for(inner, None if limit is None else limit / 1000)
                self.note(who, "waited for")
            case "wait_for_task", [limit, block]:
                inner = self.task(block, groups)
                # It may have cancelled this one, being eager.
                self.check_pending(task)
                await asyncio.wait_for(inner, None if limit is None else limit / 1000)
                self.note(who, "waited for")
            case "shield", [block]:
                await asyncio.shield(self.task(block, groups))
                self.note(who, "was shielded")
            case "gather", [return_exceptions, blocks]:
                tasks = [self.task(block, groups) for block in blocks]
                results = await asyncio.gather(*tasks, return_exceptions=return_exceptions)
                what = " ".join(describe(r) if r is not None else "ok" for r in results)
                self.note(who, f"gathered {what}")
            case "wait", [limit, when, blocks]:
                tasks = [self.task(block, groups) for block in blocks]
                done, pending = await asyncio.wait(
                    tasks, timeout=None if limit is None else limit / 1000, return_when=when
                )
                self.note(who, f"waited: {len(done)} done, {len(pending)} pending")

    def check_old(self, task):
        if task.cancelling() > (1 if task._must_cancel else 0):
            self.differs = True

    def check_start(self, group, task):
        if group._aborting and not task.done():
            self.differs = True

    def check_pending(self, task):
        if task._must_cancel:
            self.differs = True

    async def play(self):
        script = self.script
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: None)
        if script["eager"]:
            loop.set_task_factory(asyncio.eager_task_factory)
        for block in script["tasks"]:
            self.tasks.append(self.task(block, []))
        if script["timed"]:
            for when, number in script["between"]:
                loop.call_at(when / 1000, self.tasks[number].cancel)
            await asyncio.wait(self.tasks, timeout=1)
        else:
            between = list(script["between"])
            while self.turn < LAST_TURN and not all(task.done() for task in self.tasks):
                await asyncio.sleep(0)
                self.turn += 1
                while between and between[0][0] <= self.turn:
                    self.tasks[between.pop(0)[1]].cancel()
        for task in self.tasks:
            if not task.done():
                self.trace.append("not done")
            elif task.cancelled():
                self.trace.append(f"cancelled {task.cancelling()}")
            elif task.exception() is not None:
                self.trace.append(f"failed {describe(task.exception())} {task.cancelling()}")
            else:
                self.trace.append(f"done {task.cancelling()}")
        trace = list(self.trace)
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.sleep(0)
        return trace


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


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 120
    r = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    lines = []
    while len(lines) < count:
        script = Maker(r).script()
        player = Player(script)
        with asyncio.Runner(loop_factory=make_loop) as runner:
            script["trace"] = runner.run(player.play())
        if len(script["trace"]) > 4 and not player.differs:
            lines.append(json.dumps(script))
    print("[\n" + ",\n".join(lines) + "\n]")


main()
