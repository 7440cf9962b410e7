"""Records what asyncio's locks and queues do, pass by pass: `python3.13 sync.py > sync.json`.

The programs are random, from a fixed seed: several tasks use one primitive, some are cancelled on the
way, and all that are left are cancelled in the end. `sync.py 2000 7` makes 2000 programs for each
primitive with seed 7. `sync_test.ts` runs the same programs and compares.
"""
import asyncio
import json
import random
import sys

LAST_PASS = 16

# For each primitive: its argument, what tasks do, what is done between them.
KINDS = {
    "lock": (lambda r: None, ["acquire", "acquire", "release", "turn"], ["release"]),
    "event": (lambda r: None, ["wait", "wait", "set", "clear", "turn"], ["set", "clear"]),
    "condition": (
        lambda r: None,
        ["acquire", "acquire", "release", "wait", "wait", "notify 1", "notify 2", "notify_all",
         "wait_for 1", "wait_for 2", "bump", "turn"],
        ["release", "notify 1", "notify_all", "bump"],
    ),
    "semaphore": (
        lambda r: r.randrange(3), ["acquire", "acquire", "release", "turn"], ["release"],
    ),
    "bounded_semaphore": (
        lambda r: r.randrange(1, 3), ["acquire", "acquire", "release", "turn"], ["release"],
    ),
    "barrier": (
        lambda r: r.randrange(1, 4),
        ["wait", "wait", "wait", "wait", "reset", "abort", "turn"],
        [],
    ),
    "queue": (
        lambda r: r.randrange(3),
        ["put 1", "put 2", "put 3", "get", "get", "get", "put_nowait 4", "get_nowait", "task_done",
         "join", "turn"],
        ["put_nowait 5", "get_nowait", "task_done", "shutdown", "shutdown_now"],
    ),
    "lifo_queue": (
        lambda r: r.randrange(3), ["put 1", "put 2", "put 3", "get", "get", "turn"], ["shutdown"],
    ),
    "priority_queue": (
        lambda r: r.randrange(3), ["put 3", "put 2", "put 1", "get", "get", "turn"], ["shutdown"],
    ),
}


def make_script(kind, r):
    make_argument, task_ops, other_ops = KINDS[kind]
    tasks = []
    for _ in range(r.randrange(2, 6)):
        ops = ["turn"] * r.randrange(3) + [r.choice(task_ops) for _ in range(r.randrange(1, 5))]
        tasks.append({"swallows": r.random() < 0.3, "ops": ops})
    between = []
    for _ in range(r.randrange(1, 9)):
        action = r.choice(["cancel"] + other_ops)
        if action == "cancel" or r.random() < 0.3:
            action = f"cancel {r.randrange(len(tasks))}"
        between.append([r.randrange(1, 7), action])
    between.sort(key=lambda each: each[0])
    return {"kind": kind, "argument": make_argument(r), "tasks": tasks, "between": between}


class Stage:
    def __init__(self, script):
        kind, argument = script["kind"], script["argument"]
        self.value = 0
        make = {
            "lock": asyncio.Lock, "event": asyncio.Event, "condition": asyncio.Condition,
            "semaphore": asyncio.Semaphore, "bounded_semaphore": asyncio.BoundedSemaphore,
            "barrier": asyncio.Barrier, "queue": asyncio.Queue, "lifo_queue": asyncio.LifoQueue,
            "priority_queue": asyncio.PriorityQueue,
        }[kind]
        self.primitive = make() if argument is None else make(argument)
        self.kind = kind

    def state(self):
        p = self.primitive
        size = lambda waiters: len(waiters or ())
        match self.kind:
            case "lock":
                return f"{int(p.locked())} {size(p._waiters)}"
            case "event":
                return f"{int(p.is_set())} {size(p._waiters)}"
            case "condition":
                return f"{int(p.locked())} {size(p._waiters)} {size(p._lock._waiters)}"
            case "semaphore" | "bounded_semaphore":
                return f"{int(p.locked())} {p._value} {size(p._waiters)}"
            case "barrier":
                return f"{p._state.value} {p.n_waiting}"
            case _:
                return f"{p.qsize()} {size(p._getters)} {size(p._putters)} {p._unfinished_tasks}"

    def at_once(self, op):
        name, *arguments = op.split()
        numbers = [int(each) for each in arguments]
        match name:
            case "bump":
                self.value += 1
            case "shutdown_now":
                self.primitive.shutdown(immediate=True)
            case _:
                return getattr(self.primitive, name)(*numbers)

    async def do(self, op):
        name, *arguments = op.split()
        if name == "turn":
            return await asyncio.sleep(0)
        if name == "wait_for":
            return await self.primitive.wait_for(lambda: self.value >= int(arguments[0]))
        result = self.at_once(op)
        return await result if asyncio.iscoroutine(result) else result


async def play(script):
    stage = Stage(script)
    trace = []
    passes = 0

    def note(who, op, outcome):
        trace.append(f"{passes} {who} {op}: {outcome}")

    def outcome_of(result):
        return "ok" if result is None or isinstance(result, bool) else str(result)

    async def work(number, ops, swallows):
        for op in ops:
            try:
                note(number, op, outcome_of(await stage.do(op)))
            except asyncio.CancelledError:
                note(number, op, "cancelled")
                if not swallows:
                    raise
            except Exception as error:
                note(number, op, type(error).__name__)

    tasks = [
        asyncio.create_task(work(number, task["ops"], task["swallows"]))
        for number, task in enumerate(script["tasks"])
    ]
    between = list(script["between"])
    state = stage.state()
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0)
        passes += 1
        if stage.state() != state:
            state = stage.state()
            trace.append(f"{passes} is {state}")
        while between and between[0][0] <= passes:
            _, action = between.pop(0)
            if action.startswith("cancel"):
                tasks[int(action.split()[1])].cancel()
                continue
            try:
                note("main", action, outcome_of(stage.at_once(action)))
            except Exception as error:
                note("main", action, type(error).__name__)
        if passes > LAST_PASS:
            for task in tasks:
                task.cancel()
            # A cancelled wait for a condition goes on until it has the lock.
            if stage.kind == "condition" and stage.primitive.locked():
                stage.primitive.release()
    return trace


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 16
    r = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    scripts = [make_script(kind, r) for kind in KINDS for _ in range(count)]
    lines = []
    for script in scripts:
        script["trace"] = asyncio.run(play(script))
        lines.append(json.dumps(script))
    print("[\n" + ",\n".join(lines) + "\n]")


main()
