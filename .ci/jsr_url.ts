/**
 * Prints the registry URL to use for this run, and nothing else, on standard output:
 *
 * - the real one, when it answers within three seconds;
 * - otherwise the `file:` URL of a registry tree built from the facades in `.ci/std/`, which stand
 *   for the packages of the standard library that the project imports (company networks, offline
 *   machines). `deno.json` always names the real packages.
 *
 * Deno honours the result through the environment variable `JSR_URL`:
 *
 *     export JSR_URL=$(deno run -A .ci/jsr_url.ts) && deno test
 *
 * A `JSR_URL` that is set already (a mirror) is printed as it is.
 *
 * Invariants: a tree is written aside and moved into place whole, under a name made from what it
 * was built from, so runs that start together do not disturb each other, a changed facade gives a
 * new tree, and an unchanged one is not built again. This file imports nothing from a registry.
 */

const REGISTRY = "https://jsr.io/";
const PROBE = "@std/assert/meta.json";
const PROBE_TIMEOUT_MS = 3_000;
/** For how long the last probe is believed: a dead network costs its wait once, not in each task. */
const PROBE_KEPT_MS = 5 * 60_000;

/** The packages that the facades stand for, with the version whose signatures they have. */
const PACKAGES: Record<string, { version: string; exports: Record<string, string> }> = {
  assert: {
    version: "1.0.19",
    exports: { ".": "./mod.ts" },
  },
  async: {
    version: "1.5.0",
    exports: {
      ".": "./mod.ts",
      "./abortable": "./abortable.ts",
      "./deadline": "./deadline.ts",
      "./debounce": "./debounce.ts",
      "./delay": "./delay.ts",
      "./mux-async-iterator": "./mux_async_iterator.ts",
      "./pool": "./pool.ts",
      "./retry": "./retry.ts",
      "./tee": "./tee.ts",
    },
  },
  net: {
    version: "1.0.6",
    exports: {
      ".": "./mod.ts",
      "./get-available-port": "./get_available_port.ts",
      "./get-network-address": "./unstable_get_network_address.ts",
      "./unstable-get-network-address": "./unstable_get_network_address.ts",
      "./unstable-ip": "./unstable_ip.ts",
    },
  },
};

const here = new URL("./", import.meta.url);
const store = new URL(".registry/", here);

console.log(await registryUrl());

async function registryUrl(): Promise<string> {
  const given = Deno.env.get("JSR_URL");
  // A tree of ours that an outer task chose may be older than the facades: look again.
  if (given && !given.startsWith(store.href)) return given;
  return await isReachable() ? REGISTRY : await buildTree();
}

interface Probe {
  reachable: boolean;
  /** Milliseconds since the epoch. */
  at: number;
}

async function isReachable(): Promise<boolean> {
  const memo = new URL("probe.json", store);
  try {
    const last: Probe = JSON.parse(await Deno.readTextFile(memo));
    const ageMs = Date.now() - last.at;
    if (ageMs >= 0 && ageMs < PROBE_KEPT_MS) return last.reachable;
  } catch {
    // Never probed, or the memo cannot be read: probe.
  }
  const probe: Probe = { reachable: await answers(), at: Date.now() };
  await putInPlace(memo, (path) => Deno.writeTextFile(path, JSON.stringify(probe)));
  return probe.reachable;
}

/** Whether the registry itself answers: a proxy's login page does not count. */
async function answers(): Promise<boolean> {
  try {
    const response = await fetch(new URL(PROBE, REGISTRY), {
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    const meta = await response.json();
    return response.ok && meta?.name === "assert" && typeof meta.versions === "object";
  } catch {
    return false;
  }
}

/** Builds the registry tree unless it is there, and returns its URL. */
async function buildTree(): Promise<string> {
  const files: { path: string; bytes: Uint8Array<ArrayBuffer> }[] = [];
  const text = new TextEncoder();
  for (const [name, { version, exports }] of Object.entries(PACKAGES)) {
    const manifest: Record<string, { size: number; checksum: string }> = {};
    const source = new URL(`std/${name}/`, here);
    for (const file of [...Deno.readDirSync(source)].map((entry) => entry.name).sort()) {
      const bytes = await Deno.readFile(new URL(file, source));
      manifest[`/${file}`] = { size: bytes.length, checksum: `sha256-${await sha256(bytes)}` };
      files.push({ path: `@std/${name}/${version}/${file}`, bytes });
    }
    const meta = { scope: "std", name, latest: version, versions: { [version]: {} } };
    files.push(
      { path: `@std/${name}/meta.json`, bytes: text.encode(JSON.stringify(meta)) },
      {
        path: `@std/${name}/${version}_meta.json`,
        bytes: text.encode(JSON.stringify({ manifest, exports })),
      },
    );
  }

  const sums = await Promise.all(files.map(async (f) => `${f.path} ${await sha256(f.bytes)}`));
  const key = (await sha256(text.encode(sums.join("\n")))).slice(0, 16);
  const tree = new URL(`${key}/`, store);
  if (!await exists(tree)) {
    await putInPlace(new URL(key, store), async (path) => {
      for (const file of files) {
        const target = `${path}/${file.path}`;
        await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
        await Deno.writeFile(target, file.bytes);
      }
    });
  }
  return tree.href;
}

/** Writes aside, then moves to `target`; another run that was faster has written the same. */
async function putInPlace(target: URL, write: (path: string) => Promise<void>): Promise<void> {
  await Deno.mkdir(store, { recursive: true });
  const aside = await Deno.makeTempDir({ dir: Deno.realPathSync(store), prefix: ".new-" });
  try {
    await write(`${aside}/new`);
    try {
      await Deno.rename(`${aside}/new`, target);
    } catch (error) {
      if (!await exists(target)) throw error;
    }
  } finally {
    await Deno.remove(aside, { recursive: true });
  }
}

async function exists(url: URL): Promise<boolean> {
  try {
    await Deno.stat(url);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
