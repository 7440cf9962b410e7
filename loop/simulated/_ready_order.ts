/**
 * Which of the tasks that are ready together runs first.
 *
 * May be imported by `loop/simulated/` only.
 *
 * @module
 */

import type { Runnable } from "../../futures/future_loop.ts";
import { Task } from "../../futures/task.ts";
import type { Random } from "./_random.ts";

/**
 * Puts steps of different tasks into a random order, in place.
 *
 * Callbacks stay where they are, since loops promise their order, and so do the steps of one task among
 * themselves.
 */
export function shuffleTasks(items: Runnable[], dice: Random): void {
  const places: number[] = [];
  const steps = new Map<object, Runnable[]>();
  const owners: object[] = [];
  items.forEach((item, place) => {
    const owner = item._awaiter;
    if (!(owner instanceof Task)) return;
    places.push(place);
    owners.push(owner);
    const own = steps.get(owner);
    if (own === undefined) steps.set(owner, [item]);
    else own.push(item);
  });
  if (steps.size < 2) return;
  dice.shuffle(owners);
  places.forEach((place, i) => items[place] = steps.get(owners[i]!)!.shift()!);
}
