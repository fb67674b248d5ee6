// The stats page as people use it, on a real cluster behind a real router.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { accessibility, open, picture, World } from "./browser.js";

let world;
let home;
const opened = [];

async function look(options, url = home) {
  const one = await open(url, options);
  opened.push(one);
  return one;
}
const row = (page, section, server) =>
  page.locator("section", { has: page.getByRole("heading", { name: section, exact: true }) })
    .getByRole("row", { name: server });
// Until it holds, without a pause that is only hoped to be long enough.
const until = (page, what, argument) => page.waitForFunction(what, argument, { timeout: 60_000 });

before(async () => {
  world = await World.start();
  home = world.at.page;
}, { timeout: 180_000 });

afterEach(async () => {
  while (opened.length > 0) {
    const { complaints, close } = opened.pop();
    await close();
    assert.deepEqual(complaints, []);
  }
});

after(async () => {
  const { reports } = await world.end();
  assert.equal(reports, "");
}, { timeout: 60_000 });

test("the page shows the cluster as a picture and as tables, each state in words", async () => {
  const { page } = await look();
  await page.getByText("One primary, 2 standbys").waitFor();
  assert.equal(await page.locator("svg.picture.wide g.node").count(), 3);
  assert.equal(await page.locator("svg.picture.wide g.port").count(), 2);
  assert.equal(await page.locator("svg.picture.wide path.way").count(), 3);
  const label = await page.getByRole("img").first().getAttribute("aria-label");
  assert.match(label, /ReadWrite, .*, is served by pg\d\. /);
  const standby = world.at.primary === "pg1" ? "pg2" : "pg1";
  assert.match(await row(page, "ReadWrite", standby).innerText(), /standby/);
  assert.doesNotMatch(await row(page, "ReadWrite", standby).innerText(), /down/);
  await picture(page, "desktop");
});

for (const colorScheme of ["light", "dark"])
  for (const width of [1280, 320])
    test(`axe-core finds nothing in ${colorScheme} colours at ${width} px, and nothing sticks out`, async () => {
      const { page } = await look({ colorScheme, viewport: { width, height: 800 } });
      await page.getByText("follows changes").waitFor();
      for (const summary of await page.locator("summary").all()) await summary.click();
      await picture(page, `${colorScheme}-${width}`);
      assert.deepEqual(await accessibility(page), []);
      const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(inner <= outer, `${inner} px wide on a screen of ${outer}`);
      const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const light = paper.match(/\d+/g).map(Number).reduce((a, b) => a + b) > 380;
      assert.equal(light, colorScheme === "light");
    });

test("a server is taken out and back by keyboard alone, and the result is told", async () => {
  const { page } = await look();
  await page.getByText("follows changes").waitFor();
  const choose = row(page, "ReadOnly", "pg2").getByRole("checkbox");
  for (let i = 0; i < 100; ++i) {
    await page.keyboard.press("Tab");
    if (await choose.evaluate((element) => element === document.activeElement)) break;
  }
  await page.keyboard.press("Space");
  assert.ok(await choose.isChecked());
  const focused = () => page.evaluate(() => document.activeElement.name);
  for (let i = 0; i < 10 && (await focused()) !== "action"; ++i) await page.keyboard.press("Tab");
  await page.keyboard.press("m");  // Maintenance
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByText("Done.").waitFor();
  assert.match(page.url(), /;st=DONE$/);
  await row(page, "ReadOnly", "pg2").getByText("maintenance").waitFor();
  await picture(page, "maintenance");
  await row(page, "ReadOnly", "pg2").getByRole("checkbox").check();
  await page.locator("#f3 select, form.change select").nth(1).selectOption("ready");
  await page.locator("form.change button").nth(1).click();
  await row(page, "ReadOnly", "pg2").locator("td.t-good").waitFor();
});

test("cutting sessions asks first, and says how many", async () => {
  const { page } = await look();
  const primary = row(page, "ReadWrite", world.at.primary);
  await primary.getByRole("checkbox").check();
  await page.locator("form.change select").first().selectOption("shutdown");
  await page.locator("form.change button").first().click();
  await page.getByRole("heading", { name: "Cut sessions?" }).waitFor();
  await page.getByText("3 sessions").waitFor();
  assert.deepEqual(await accessibility(page), []);
  await picture(page, "confirm");
  await page.getByRole("link", { name: "Keep them" }).click();
  await page.getByText("One primary").waitFor();
});

test("the page works without scripts, and reloads itself as the file says", async () => {
  const { page } = await look({ javaScriptEnabled: false });
  assert.equal(await page.locator("svg.picture.wide g.node").count(), 3);
  await row(page, "ReadWrite", "pg1").locator("input").check();
  await page.locator("form.change input[name=w]").first().fill("50");
  await page.locator("form.change select").first().selectOption("weight");
  await page.locator("form.change button").first().click();
  await page.getByText("Done.").waitFor();
  await row(page, "ReadWrite", "pg1").getByText("50", { exact: true }).waitFor();
  await page.goto(home);
  const loaded = page.waitForEvent("load");
  await loaded;  // by its <meta http-equiv=refresh>
});

test("another site's form changes nothing", async () => {
  const { page, complaints } = await look({}, "about:blank");
  await page.route("http://evil.test/", (route) => route.fulfill({
    contentType: "text/html",
    body: `<form method=post action="${home}"><input name=s value=pg0><input name=b value=ReadOnly>
           <input name=action value=maint></form>`,
  }));
  await page.goto("http://evil.test/");
  await page.evaluate(() => document.forms[0].submit());
  await page.getByText("Nothing was changed.").waitFor();
  await page.goto(home);
  assert.doesNotMatch(await row(page, "ReadOnly", "pg0").innerText(), /maintenance/);
  complaints.length = 0;  // Chromium reports the 403
});

test("a failover is followed live: picture, rows, time line and the words for screen readers", async () => {
  const { page } = await look();
  await page.getByText("follows changes").waitFor();
  await page.evaluate(() => { window.mark = "the same document"; });
  await page.locator("#d-events summary").click();
  const choose = row(page, "ReadOnly", "pg2").getByRole("checkbox");
  await choose.check();
  await choose.focus();
  const told = await page.locator("#news").innerText();
  await world.let("kill");
  await until(page, () => document.querySelector(".port.t-bad"));
  await picture(page, "during-failover");
  const { from, to } = await world.let("promote");
  await until(page, ([a, b]) => document.getElementById("failovers").textContent.includes(`${a} → ${b}`), [from, to]);
  await until(page, (name) => [...document.querySelectorAll(".picture.wide .node")].some(
    (node) => node.textContent.includes(name) && node.textContent.includes("primary")), to);
  await row(page, "ReadWrite", to).locator("td.t-good").waitFor();
  await row(page, "ReadWrite", from).locator("td.t-bad").waitFor();
  // The read-only listener may have lost its standbys for a moment, too: its line stands above.
  const line = page.locator("#failovers li", { hasText: `ReadWrite ${from} → ${to}` });
  assert.match(await line.first().innerText(), /(ms|s) without a server/);
  assert.equal(await page.evaluate(() => window.mark), "the same document");
  assert.ok(await choose.isChecked(), "what was chosen stays chosen");
  assert.ok(await choose.evaluate((element) => element === document.activeElement), "the focus stays");
  assert.ok(await page.locator("#d-events").evaluate((element) => element.open), "what was opened stays open");
  assert.notEqual(await page.locator("#news").innerText(), told);
  await picture(page, "after-failover");
  assert.deepEqual(await accessibility(page), []);
});

test("a fenced node is marked with a sign, a word and the reason", async () => {
  const healed = await world.let("heal");
  assert.ok(healed.primary);
  const { page } = await look();
  await page.getByText("One primary, 2 standbys").waitFor();
  const { from } = await world.let("fence");
  await page.locator("#verdict.t-fenced").waitFor();
  const box = page.locator(".picture.wide .node.t-fenced");
  assert.match(await box.textContent(), new RegExp(`${from}.*fenced.*timeline`, "s"));
  assert.match(await row(page, "ReadWrite", from).innerText(), /fenced[\s\S]*it says primary on timeline/);
  await picture(page, "fenced");
  await page.setViewportSize({ width: 320, height: 800 });
  await picture(page, "fenced-320");
  assert.deepEqual(await accessibility(page), []);
  await world.let("heal");
  await page.locator("#verdict.t-good").waitFor();
});

test("following can be paused, and goes on where it was", async () => {
  const { page } = await look();
  await page.getByText("follows changes").waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("paused").waitFor();
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByText("follows changes").waitFor();
});

test("a thousand servers are shown, found by their section and drawn as groups", async () => {
  const { page: url } = await world.let("grow");
  const { page } = await look({}, url);
  await page.locator(".picture.wide .node", { hasText: "100 nodes" }).first().waitFor();
  assert.equal(await page.locator("tbody th[scope=row]", { hasText: "pg" }).count() >= 1000, true);
  await page.screenshot({ path: process.env.PGSTEER_SHOTS ? `${process.env.PGSTEER_SHOTS}/thousand.png` : undefined });
  await page.getByLabel("Sections whose name holds").fill("b7");
  await page.getByRole("button", { name: "Show" }).click();
  await page.getByRole("heading", { name: "b7", exact: true }).waitFor();
  assert.equal(await page.getByRole("heading", { name: "b6", exact: true }).count(), 0);
});
