/** What a test has printed. Imported by tests only. */

/** Runs `body` and gives back what it has printed as warnings. */
export async function warned(body: () => unknown): Promise<string[]> {
  const { warn } = console;
  const lines: string[] = [];
  console.warn = (...parts: unknown[]) => void lines.push(parts.join(" "));
  try {
    await body();
  } finally {
    console.warn = warn;
  }
  return lines;
}
