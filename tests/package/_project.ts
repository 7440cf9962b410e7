/**
 * What the tests of the package share: its root, its configuration, and runs of this same Deno.
 * Imported by the files of this folder only.
 */

/** The project's root folder, with a slash at its end. */
export const ROOT: URL = new URL("../../", import.meta.url);

/** The part of `deno.json` that these tests read. */
export interface Config {
  name: string;
  exports: Record<string, string>;
  imports: Record<string, string>;
  compilerOptions: { lib: string[] };
  unstable?: string[];
}

export const CONFIG: Config = JSON.parse(
  await Deno.readTextFile(new URL("deno.json", ROOT)),
);

/** Every entry point: the name that a user imports, and the file behind it. */
export const ENTRIES: readonly { name: string; subpath: string; url: URL }[] = Object.entries(
  CONFIG.exports,
).map(([subpath, file]) => ({
  name: CONFIG.name + subpath.slice(1),
  subpath,
  url: new URL(file, ROOT),
}));

export interface Finished {
  success: boolean;
  stdout: string;
  stderr: string;
}

/** Runs this Deno in the project's root. */
export async function deno(args: string[], env: Record<string, string> = {}): Promise<Finished> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { success, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** The paths of all TypeScript files below `folder` of the project, relative to its root. */
export async function sources(folder: string): Promise<string[]> {
  const found: string[] = [];
  const url = new URL(folder, ROOT);
  try {
    for await (const entry of Deno.readDir(url)) {
      const path = folder + entry.name;
      if (entry.isDirectory) found.push(...await sources(`${path}/`));
      else if (path.endsWith(".ts")) found.push(path);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort();
}
