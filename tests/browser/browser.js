// What the tests stand on: the world (a real cluster and router, world.py) and Debian's Chromium, with a
// fresh profile each time.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import readline from "node:readline";
import { chromium } from "playwright-core";

const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const flags = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

export class World {
  static async start() {
    const world = new World();
    world.child = spawn("/usr/bin/python3", [join(import.meta.dirname, "world.py")],
      { stdio: ["pipe", "pipe", "inherit"] });
    world.lines = readline.createInterface({ input: world.child.stdout })[Symbol.asyncIterator]();
    world.at = await world.next();
    return world;
  }
  async next() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error("the world has ended; its words are above");
    return JSON.parse(value);
  }
  // "kill", "promote", "fence", "heal", "grow"
  async let(word) {
    this.child.stdin.write(word + "\n");
    return this.next();
  }
  async end() {
    this.child.stdin.write("end\n");
    return this.next();
  }
}

// A page in a browser of its own; `complaints` are what it said of itself: errors, and what the
// Content-Security-Policy kept from it.
export async function open(url, options = {}) {
  const profile = await mkdtemp(join(tmpdir(), "pgsteer-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: "/usr/bin/chromium",
    args: flags,
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(url);
  const close = async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  };
  return { page, complaints, close };
}

// axe-core's findings, in words. The page's own policy forbids inline scripts, so it comes by the
// debugger's way.
export async function accessibility(page) {
  const source = await (await import("node:fs/promises")).readFile(axePath, "utf8");
  await page.evaluate(source);
  const found = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  }));
  return found.violations.map((one) =>
    `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary}`).join(" | ")}`);
}

export async function picture(page, name) {
  if (process.env.PGSTEER_SHOTS)
    await page.screenshot({ path: join(process.env.PGSTEER_SHOTS, `${name}.png`), fullPage: true });
}
