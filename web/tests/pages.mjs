// Looks at every page in a real browser: its sentence, its table, axe, the console, the network, script off, and a picture of
// each in light, dark and at the width of a phone. Usage: node pages.mjs BASE_URL OUT_DIR
// Signs in with MAINSTAY_USER and MAINSTAY_PASSWORD (the demo's, unless said). MAINSTAY_ANSWER_URL adds the page of an answer.
import { AxeBuilder } from "@axe-core/playwright";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { chromium } from "playwright-core";

const [base, out] = process.argv.slice(2);
if (!base || !out) {
  console.error("usage: node pages.mjs BASE_URL OUT_DIR");
  process.exit(2);
}
const user = process.env.MAINSTAY_USER ?? "demo";
const password = process.env.MAINSTAY_PASSWORD ?? "mainstay-demo";
const looks = [
  { name: "light", colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  { name: "phone", colorScheme: "light", viewport: { width: 360, height: 780 }, deviceScaleFactor: 2 },
];

let passed = 0;
const failed = [];
const check = (name, fine, why = "") => {
  if (fine) passed += 1;
  else {
    failed.push(`${name}: ${why}`);
    console.log(`FAILED ${name}: ${why}`);
  }
};

await mkdir(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
});
try {
  await story("door", door);
  const pages = await story("discover", discover);
  await writeFile(path.join(out, "pages.json"), JSON.stringify(pages, null, 1) + "\n");
  for (const look of looks) await story(`visit, ${look.name}`, () => visit(pages, look));
  await story("script off", () => scriptOff(pages));
  await story("printed", () => printed(pages));
  await story("keys", keys);
  await story("give", give);
  await story("record", record);
  await story("review", review);
  await story("yours", yours);
  await story("partner", partner);
  await story("consult", consult);
} finally {
  await browser.close();
}
console.log(`${passed} passed, ${failed.length} failed`);
process.exit(failed.length ? 1 : 0);

/** Runs a part and says how long it took, so that a run that breaks off shows where. */
async function story(name, run) {
  const [started, before] = [Date.now(), passed + failed.length];
  const result = await run();
  console.log(`${name}: ${passed + failed.length - before} checks in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return result;
}

/** The promise, or an error after `seconds`: what is asked of a page's own script has no limit of its own. */
function within(seconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer in ${seconds} s`)), seconds * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A context that has signed in; everything that goes wrong in it is written down. */
async function open(look, options = {}, as = user, word = password) {
  const { name, ...rest } = look;
  const context = await browser.newContext({ ...rest, ...options });
  const troubles = [];
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && url.host !== new URL(base).host) troubles.push(`a request left the hub: ${url.host}`);
  });
  context.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") troubles.push(`console: ${message.text()}`);
  });
  context.on("weberror", (error) => troubles.push(`script: ${error.error().message}`));
  context.setDefaultTimeout(60000);
  const page = await context.newPage();
  await signIn(page, as, word);
  return { context, page, troubles };
}

async function signIn(page, name = user, word = password) {
  await page.goto(`${base}/login`);
  await page.fill("input[name=name]", name);
  await page.fill("input[name=password]", word);
  await Promise.all([page.waitForURL((url) => url.pathname !== "/login"), page.click("button.primary")]);
}

/** The door keeps out, says why, and sends no one elsewhere. */
async function door() {
  const context = await browser.newContext();
  // the first page of a browser that has just started, on a machine that may be busy
  context.setDefaultTimeout(120000);
  const page = await context.newPage();
  await page.goto(`${base}/act`);
  check("door: a page asks to sign in", page.url().includes("/login?next=/act"), page.url());
  await page.fill("input[name=name]", "nobody");
  await page.fill("input[name=password]", "wrong-password");
  await page.click("button.primary");
  check("door: a wrong password is said", (await page.textContent("[role=alert]"))?.includes("wrong") ?? false, "no alert");
  const cookies = await context.cookies();
  check("door: no session without a password", cookies.length === 0, JSON.stringify(cookies));
  const crossSite = await page.request.post(`${base}/login`, { form: { name: user, password }, headers: { "sec-fetch-site": "cross-site" } });
  check("door: a form of another site is refused", crossSite.status() === 403, String(crossSite.status()));
  const answer = await page.request.get(`${base}/a/${"x".repeat(43)}`);
  check("answer: an unknown link is not found", answer.status() === 404, String(answer.status()));
  await context.close();
}

/** Addresses of the pages, found as a person finds them: by following the first link of each list. */
async function discover() {
  const { context, page } = await open(looks[0]);
  const first = async (from, selector) => {
    await page.goto(base + from);
    const link = page.locator(selector).first();
    return (await link.count()) ? await link.getAttribute("href") : null;
  };
  const pages = [
    { name: "today", at: "/", word: /./, table: true },
    { name: "exchange", at: "/exchange", word: /collection/, table: true },
    { name: "what-if", at: "/depend/what-if", word: /./, table: false },
    { name: "exposures", at: "/expose", word: /./, table: false },
    { name: "asks", at: "/act", word: /./, table: false },
    { name: "plan", at: "/assure", word: /measure|plan/i, table: true },
    { name: "measure", at: "/assure/2.1.3", word: /./, table: false },
    { name: "measure-counted", at: "/assure/1.1.1?period=2025-Q1", word: /activities/, table: true },
    { name: "measure-editor", at: "/assure/try?measure=1.2.1&period=2025-Q1", word: /would count/, table: true },
    { name: "coverage", at: "/assure/coverage", word: /serve nothing/, table: true },
    { name: "partner-file", at: "/partners/csirt-ie", word: /trusted until/, table: true },
    { name: "record-kinds", at: "/assure/records", word: /records of/, table: true },
    { name: "records", at: "/assure/records/activity", word: /activities/, table: true },
    { name: "record", at: "/assure/records/activity/ia-25-001", word: /held/, table: false },
    { name: "reviews", at: "/assure/reviews", word: /review/, table: true },
    { name: "review", at: "/assure/reviews/2024-Q4", word: /more than in 2024-Q3/, table: true },
    { name: "report", at: "/assure/reviews/2024-Q4/report", word: /Of 20 measures/, table: true, rail: false },
    { name: "proposals", at: "/assure/proposals", word: /Nothing is proposed|wait/, table: false },
    { name: "search", at: "/find?q=zzzz-nothing", word: /Nothing is known/, table: false },
    { name: "search-held", at: "/find?q=firmware&held=1", word: /./, table: false },
    { name: "search-all", at: "/find?held=1", word: /held here|Nothing held/, table: false },
    { name: "balances", at: "/exchange/balance", word: /partner|Nobody/, table: false },
    { name: "release", at: "/exchange/release", word: /./, table: false },
    { name: "upload", at: "/exchange/upload", word: /Give/, table: false },
    { name: "not-held", at: "/exchange/object/malware--00000000-0000-4000-8000-0000000fffff", word: /Nothing is known/, table: false, status: 404 },
    { name: "not-found", at: "/loop/CVE-1999-99999", word: /Nothing is known/, table: false, status: 404 },
  ];
  const collection = await first("/exchange", "main tbody th a[href^='/exchange/collection/']");
  if (collection) pages.push({ name: "collection", at: collection, word: /./, table: false });
  const balance = await first("/exchange/balance", "main tbody th a[href^='/exchange/balance/']");
  if (balance) pages.push({ name: "balance", at: balance, word: /gave/, table: true });
  for (const kind of ["report", "intrusion-set", "malware", "indicator", "relationship", "sighting", "vulnerability"]) {
    const object = await first(`/find?kind=${kind}&held=1`, "main tbody th a[href^='/exchange/object/']");
    if (object) pages.push({ name: `object-${kind}`, at: object, word: /./, table: false });
  }
  const loop = await first("/expose?status=affected", "main td a[href^='/loop/']");
  if (loop) pages.push({ name: "loop", at: loop, word: /./, table: true });
  const failure = await first("/depend/what-if", "#h-worst ~ * tbody th a, main tbody th a[href^='/depend']");
  if (failure) pages.push({ name: "what-if-course", at: failure, word: /If /, table: true });
  const ask = await first("/act", "main tbody th a[href^='/act/']");
  if (ask) pages.push({ name: "ask", at: ask, word: /./, table: true });
  if (process.env.MAINSTAY_ANSWER_URL) {
    pages.push({ name: "answer", at: new URL(process.env.MAINSTAY_ANSWER_URL).pathname, word: /./, table: false, rail: false });
  }
  if (process.env.MAINSTAY_YOURS_URL) {
    pages.push({ name: "yours", at: new URL(process.env.MAINSTAY_YOURS_URL).pathname, word: /What we say of you/, table: true, rail: false });
  }
  await context.close();
  return pages;
}

async function visit(pages, look) {
  const { context, page, troubles } = await open(look);
  for (const { name, at, word, table, status = 200, rail = true } of pages) {
    const label = `${name} (${look.name})`;
    troubles.length = 0;
    const response = await page.goto(base + at);
    check(`${label}: status`, response.status() === status, `${response.status()} at ${at}`);
    const policy = response.headers()["content-security-policy"] ?? "";
    check(`${label}: policy`, policy.includes("default-src 'none'") && !policy.includes("unsafe"), policy);
    await settled(page);
    const heading = (await page.locator("h1").allTextContents()).join("|").trim();
    check(`${label}: one sentence first`, (await page.locator("h1").count()) === 1 && word.test(heading), heading);
    if (table) check(`${label}: a table proves it`, (await page.locator("main table").count()) > 0, "no table");
    if (rail) check(`${label}: five turns in the rail`, (await page.locator(".rail li a").count()) === 5, "rail");
    check(`${label}: a mark`, (await page.locator(".tlp").first().textContent())?.startsWith("TLP:") ?? false, "no TLP badge");
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    check(`${label}: fits its width`, wide <= 0, `${wide} px too wide`);
    await axe(page, label);
    const expected = status === 404 ? troubles.filter((t) => !t.includes("404")) : troubles;
    check(`${label}: quiet console, nothing leaves`, expected.length === 0, expected.join("; "));
    await page.screenshot({ path: path.join(out, `${name}-${look.name}.png`), fullPage: true });
  }
  await context.close();
}

async function settled(page) {
  await page.evaluate(() => document.fonts.ready);
  await page.waitForFunction(() => [...document.querySelectorAll("world-map")].every((m) => "ready" in m.dataset || !m.querySelector("[data-lat]")), null, { timeout: 30000 });
}

/** Axe runs as script of the page: in a context without script it would never come back. */
async function axe(page, label) {
  const asked = new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  const result = await within(60, `axe on ${label}`, asked);
  const bad = result.violations.filter((v) => v.impact === "serious" || v.impact === "critical");
  const said = bad.map((v) => `${v.id} (${v.nodes.length}): ${v.nodes[0]?.target} ${v.nodes[0]?.failureSummary?.split("\n").slice(0, 3).join(" ")}`);
  check(`${label}: axe`, bad.length === 0, said.join("; "));
}

/** Every page says the same without script. */
async function scriptOff(pages) {
  const { context, page } = await open(looks[0], { javaScriptEnabled: false });
  for (const { name, at, word } of pages) {
    await page.goto(base + at);
    check(`${name} (no script): sentence`, word.test((await page.textContent("h1")) ?? ""), "no sentence");
  }
  await page.goto(`${base}/`);
  await page.fill("input[name=q]", "cve-2023-6448");
  await page.press("input[name=q]", "Enter");
  check("search (no script): a CVE leads to its loop", page.url().endsWith("/loop/CVE-2023-6448"), page.url());
  await context.close();
}

/** Prints on A4, with the mark and without the rail. */
async function printed(pages) {
  const { context, page } = await open(looks[0]);
  for (const { name, at } of pages.filter((p) => ["today", "loop", "plan", "answer", "review", "report", "yours"].includes(p.name))) {
    await page.goto(base + at);
    await settled(page);
    await page.emulateMedia({ media: "print" });
    check(`${name} (print): no rail`, !(await page.locator(".rail").isVisible().catch(() => false)), "the rail prints");
    check(`${name} (print): a mark`, await page.locator(".tlp").first().isVisible(), "no mark");
    for (const format of ["A4", "Letter"]) {
      const pdf = await page.pdf({ path: path.join(out, `${name}-${format}.pdf`), format });
      check(`${name} (print, ${format}): a document`, pdf.length > 5000, `${pdf.length} bytes`);
    }
    await page.emulateMedia({ media: null });
  }
  await context.close();
}

/** The keys do what they say, and can be turned off. */
async function keys() {
  const { context, page } = await open(looks[0]);
  await page.goto(`${base}/`);
  await page.keyboard.press("/");
  check("keys: / searches", await page.evaluate(() => document.activeElement?.getAttribute("name") === "q"), "no focus");
  await page.keyboard.press("Escape");
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("g");
  await Promise.all([page.waitForURL("**/act"), page.keyboard.press("a")]);
  check("keys: g a goes to Act", page.url().endsWith("/act"), page.url());
  await page.keyboard.press("?");
  check("keys: ? lists them", await page.locator("dialog.keys").isVisible(), "no list");
  await page.locator("dialog.keys input[type=checkbox]").uncheck();
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  check("keys: they can be turned off", await page.evaluate(() => document.activeElement?.getAttribute("name") !== "q"), "still on");
  await context.close();
}

/** Writes a record without script, corrects what its definition does not take, finds it, and sees a measure answer while it is typed. */
async function record() {
  const reference = "PAGE-1";
  const { context, page, troubles } = await open(looks[0], { javaScriptEnabled: false });
  await page.goto(`${base}/assure/records/activity`);
  await page.locator("details.edit summary").click();
  const fill = async (title, held) => {
    await page.fill('[name="f.reference"]', reference);
    await page.fill('[name="f.title"]', title);
    await page.fill('[name="f.held_on"]', held);
    await page.selectOption('select[name="f.partners"]', [{ index: 1 }, { index: 2 }]);
    await page.selectOption('select[name="state"]', "held");
    await page.click("details.edit button.primary");
  };
  await fill("A visit by page", "2099-01-01");
  check("record: a day to come is refused", (await page.textContent("[role=alert]")).includes("yet to come"), await page.textContent("main"));
  check("record: what was typed stays", (await page.inputValue('[name="f.title"]')) === "A visit by page", "the title is gone");
  await page.fill('[name="f.held_on"]', "2025-02-20");
  await page.click("details.edit button.primary");
  check("record: it has its page", page.url().endsWith("/assure/records/activity/page-1"), page.url());
  check("record: it says what it is", (await page.textContent("h1")).includes("A visit by page is held"), await page.textContent("h1"));
  await page.goto(`${base}/assure/records/activity?find=${reference}`);
  check("record: it is found", (await page.locator("#records tbody tr").count()) === 1, "not one row");
  const wrong = await page.request.post(`${base}/assure/records/activity`, { form: { csrf: "x", "f.reference": "X" } });
  check("record: a form of another site is refused", wrong.status() === 403, String(wrong.status()));
  await page.goto(`${base}/assure/records/activity/page-1`);
  await page.locator("#deed-evidence summary").click();
  await page.selectOption("#deed-evidence [name=from]", { index: 1 });
  await page.setInputFiles("#deed-evidence [name=file]", { name: "minutes.txt", mimeType: "text/plain", buffer: Buffer.from("We met.") });
  await page.fill("#deed-evidence [name=note]", "the minutes");
  await page.click("#deed-evidence button");
  check("record: what shows it stands in its history", /evidence by .*, E0: the minutes/.test(await page.textContent("main")), await page.textContent("main"));
  const file = await page.request.get(base + (await page.getAttribute("a[download]", "href")));
  check("record: its file is saved as it came", (await file.text()) === "We met." && (await page.textContent("a[download]")) === "minutes.txt", String(file.status()));
  await page.locator("#deed-confirm summary").click();
  check("record: only who took part can have said so", (await page.locator("#deed-confirm [name=from] option").count()) === 3, "not two partners");
  await page.selectOption("#deed-confirm [name=from]", { index: 2 });
  await page.click("#deed-confirm button");
  check("record: a partner's word is entered", /confirmed by .*, E1/.test(await page.textContent("main")), await page.textContent("main"));
  check("record: who recorded it does not vouch for it", (await page.locator("#deed-attest").count()) === 0, "a form to vouch");
  await page.locator("#deed-confirm summary").click();
  await page.selectOption("#deed-confirm [name=from]", { index: 2 });
  await page.selectOption("#deed-confirm [name=level]", "E2");
  await page.click("#deed-confirm button");
  check("record: what a rule says stands on the form", (await page.textContent("#deed-confirm [role=alert]")).includes("E2 needs the document"), "no reason");
  const forged = await page.request.post(`${base}/assure/records/activity/page-1/void`, { multipart: { csrf: "x", note: "x" } });
  check("record: a deed of another site is refused", forged.status() === 403, String(forged.status()));
  check("record: quiet console", troubles.length === 0, troubles.join("; "));
  await context.close();
  const second = await open(looks[2], {}, "second", "mainstay-second");
  await second.page.goto(`${base}/assure/records/activity/page-1`);
  await second.page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
  await axe(second.page, "record, what may be done with it (phone)");
  await second.page.screenshot({ path: path.join(out, "record-deeds.png"), fullPage: true });
  await second.page.fill("#deed-attest [name=note]", "saw the minutes");
  await second.page.click("#deed-attest button");
  check("record: somebody else vouches for it", /attested by .*: saw the minutes/.test(await second.page.textContent("main")), await second.page.textContent("main"));
  await second.context.close();
  const typed = await open(looks[0]);
  await typed.page.goto(`${base}/assure/try?period=2025-Q1`);
  await typed.page.fill("textarea", "each activity\nduring period by held_on\nwhere state is hold\nonce per reference");
  await typed.page.waitForFunction(() => document.querySelector("#said").textContent.includes("wrong"));
  check("try: it says what is wrong", (await typed.page.textContent("#result")).includes("none of planned, held, cancelled"), "no reason");
  await typed.page.fill("textarea", `each activity\nduring period by held_on\nwhere reference is "${reference}"\nonce per reference`);
  await typed.page.waitForFunction(() => document.querySelector("#said").textContent.includes("1 of 1"));
  check("try: quiet console", typed.troubles.length === 0, typed.troubles.join("; "));
  await axe(typed.page, "try");
  await typed.page.goto(`${base}/assure/records/activity/page-1`);
  await typed.page.locator("#deed-void summary").click();
  await typed.page.fill("#deed-void [name=note]", "it was a test");
  await typed.page.click("#deed-void button");
  await typed.page.waitForURL("**/page-1");
  check("record: a mistake says so", (await typed.page.textContent("h1")).includes("was a mistake: it was a test"), await typed.page.textContent("h1"));
  check("record: nothing is done with a mistake", (await typed.page.locator("[id^=deed-]").count()) === 0, "a form");
  await typed.context.close();
}

/** A review is shown to its partners from its page, and one that is frozen is carried away. */
async function consult() {
  const { context, page, troubles } = await open(looks[0], {}, "second", "mainstay-second");
  await page.goto(`${base}/assure/reviews/2024-Q3`);
  await page.click("text=Show it to its partners");
  const says = await page.textContent("section[aria-labelledby=h-consult]");
  check("consult: it says whom it reaches and until when", /partners would be shown what is said of them, and may reply until \d/.test(says), says);
  await axe(page, "consult");
  await page.screenshot({ path: path.join(out, "consult.png"), fullPage: true });
  await page.click("text=Show each of them its own");
  await page.waitForURL("**/2024-Q3");
  check("consult: it says who was shown it", /to \S+ partners; 0 replied, and may until/.test(await page.textContent("main")), await page.textContent("main"));
  check("consult: quiet console", troubles.length === 0, troubles.join("; "));
  await page.goto(`${base}/assure/reviews/2024-Q4`);
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Save the bundle")]);
  check("bundle: it is saved", download.suggestedFilename() === "review-2024-Q4.bundle" && (await download.failure()) === null, download.suggestedFilename());
  await download.saveAs(path.join(out, "review.bundle"));
  await context.close();
}

/** A review is opened, written into and refused where its order or its rules say no, without script. */
async function review() {
  const { context, page, troubles } = await open(looks[0], { javaScriptEnabled: false }, "second", "mainstay-second");
  await page.goto(`${base}/assure/reviews`);
  await page.fill("[name=period]", "2024-Q3");
  await page.fill("[name=seed]", "a line of the auditor");
  await page.click("form.give button.primary");
  check("review: it is open", page.url().endsWith("/assure/reviews/2024-Q3") && (await page.textContent("main")).includes("a line of the auditor"), page.url());
  await page.goto(`${base}/assure/reviews`);
  await page.fill("[name=period]", "2024-Q3");
  await page.click("form.give button.primary");
  check("review: it is not opened twice", (await page.textContent("[role=alert]")).includes("is open"), "no reason");
  await page.goto(`${base}/assure/reviews/2024-Q3`);
  await page.selectOption("[name=matter]", "decision");
  await page.selectOption("[name=objective]", "1.2");
  await page.fill("[name=text]", "Two calls a month.");
  await page.fill("[name=who]", "Duty desk");
  await page.fill("[name=due]", "2025-05-01");
  await page.click("text=Write it down");
  const said = await page.textContent("main");
  check("review: what was decided stands there", said.includes("Two calls a month.") && said.includes("Duty desk, by 2025-05-01"), said.slice(0, 400));
  const csrf = await page.getAttribute("form.give [name=csrf]", "value");
  const early = await page.request.post(`${base}/assure/reviews/2024-Q3/freeze`, { form: { csrf }, headers: { "sec-fetch-site": "same-origin" } });
  check("review: nothing is frozen that nobody was shown", (await early.text()).includes("nobody was shown any"), String(early.status()));
  const wrong = await page.request.post(`${base}/assure/reviews/2024-Q3`, { form: { csrf: "x", text: "X" } });
  check("review: a form of another site is refused", wrong.status() === 403, String(wrong.status()));
  for (const [form, kind] of [["csv", "text/csv"], ["json", "application/json"], ["ics", "text/calendar"]]) {
    const file = await page.request.get(`${base}/assure/reviews/2024-Q4/report/${form}`);
    check(`review: its report as ${form}`, file.status() === 200 && file.headers()["content-type"].startsWith(kind) && (await file.text()).includes("isp:2.1.3"), file.headers()["content-type"]);
  }
  const log = await page.goto(`${base}/ledger`);
  check("ledger: its length first", log.status() === 200 && /entries/.test(await page.textContent("h1")), await page.textContent("h1"));
  check("ledger: what happened last", (await page.locator("tbody tr").count()) > 50, "few entries");
  check("review: quiet console", troubles.length === 0, troubles.join("; "));
  await context.close();
  const looked = await open(looks[2], {}, "second", "mainstay-second");
  await looked.page.goto(`${base}/ledger`);
  await axe(looked.page, "ledger (phone)");
  const wide = await looked.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check("ledger: fits a phone", wide <= 0, `${wide} px too wide`);
  await looked.context.close();
}

/** A partner without an account confirms, disputes with a reason, and replies; what it says stands on its page and in the review. */
async function yours() {
  const link = process.env.MAINSTAY_YOURS_URL;
  if (!link) {
    console.log("SKIPPED (no MAINSTAY_YOURS_URL): the page of a partner without an account");
    return;
  }
  const context = await browser.newContext({ javaScriptEnabled: false, locale: "en-GB", viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.goto(link);
  const waiting = await page.locator("article.waits").count();
  check("yours: something waits for its word", waiting > 2, String(waiting));
  await page.locator("article.waits").nth(0).locator("[value=confirm]").click();
  check("yours: a word is taken", (await page.locator("[role=status]").count()) === 1 && (await page.locator("article.waits").count()) === waiting - 1, page.url());
  await page.locator("article.waits").nth(0).locator("[value=dispute]").click();
  check("yours: that it was not so needs a reason", (await page.textContent("[role=alert]")).includes("otherwise"), "no reason asked");
  await page.locator("article.waits").nth(0).locator("[name=note]").fill("It was a call of ten minutes.");
  await page.locator("article.waits").nth(0).locator("[value=dispute]").click();
  check("yours: that it was not so is taken", (await page.locator("article.waits").count()) === waiting - 2, String(await page.locator("article.waits").count()));
  await page.fill("[name=text]", "We count two of these ourselves.");
  await page.click("section button:has-text('Send the reply')");
  check("yours: its reply stands there", (await page.textContent("main")).includes("We count two of these ourselves."), "no reply");
  await page.goto(`${link}?lang=de`);
  check("yours: in another language", (await page.textContent("h1")) === "Was wir über Sie sagen", await page.textContent("h1"));
  const nonce = await page.getAttribute("[name=nonce]", "value");
  const post = (address, form, headers = { "sec-fetch-site": "same-origin" }) => page.request.post(address, { form, headers });
  const forged = await post(link, { nonce, act: "confirm", kind: "activity", id: "ia-24-102" });
  check("yours: what does not wait for it is not taken", forged.status() === 422, String(forged.status()));
  const crossed = await post(link, { nonce, act: "reply", review: "2024-Q4", text: "x" }, { "sec-fetch-site": "cross-site" });
  check("yours: a form of another site is refused", crossed.status() === 403, String(crossed.status()));
  const unknown = await page.request.get(`${base}/yours/${"x".repeat(43)}`);
  check("yours: an unknown link is not found", unknown.status() === 404, String(unknown.status()));
  await context.close();
  const staff = await open(looks[0]);
  await staff.page.goto(`${base}/assure/reviews/2024-Q4`);
  check("yours: the review has its reply", (await staff.page.textContent("main")).includes("We count two of these ourselves."), "no reply in the review");
  await staff.context.close();
}

/** Something is given, without script and again with it, and each object says what became of it; what was given is found, read,
 * and drawn. */
async function give() {
  const id = (type, n) => `${type}--00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
  const of = (type, n, rest) => ({ type, spec_version: "2.1", id: id(type, n), created: "2024-01-01T00:00:00.000Z", modified: "2024-01-01T00:00:00.000Z", ...rest });
  const tlp = { object_marking_refs: ["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"] };
  const objects = [
    of("malware", 1, { name: "Quietrope", is_family: true, description: "Calls https://rope.example/a", ...tlp }),
    of("intrusion-set", 2, { name: "Night Ferry", aliases: ["Slack Tide"], ...tlp }),
    of("relationship", 3, { relationship_type: "uses", source_ref: id("intrusion-set", 2), target_ref: id("malware", 1), ...tlp }),
    of("indicator", 4, { name: "Its gate", pattern: "[domain-name:value = 'rope.example']", pattern_type: "stix", valid_from: "2024-01-01T00:00:00Z", indicator_types: ["malicious-activity"], ...tlp }),
    of("report", 5, { name: "Ferries at night", published: "2024-01-02T00:00:00Z", report_types: ["campaign"], object_refs: [id("malware", 1), id("intrusion-set", 2), id("relationship", 3), id("indicator", 4)], ...tlp }),
    of("tool", 6, { name: "" , confidence: 900 }),
  ];
  const plain = await open(looks[0], { javaScriptEnabled: false });
  await upload(plain.page, objects, "give (no script)");
  await plain.context.close();
  const { context, page, troubles } = await open(looks[0]);
  await upload(page, objects, "give again");
  await axe(page, "give");
  check("give: quiet console", troubles.length === 0, troubles.join("; "));
  await page.screenshot({ path: path.join(out, "give.png"), fullPage: true });
  const wrong = await page.request.post(`${base}/exchange/upload`, { multipart: { csrf: "x", text: "{}" } });
  check("give: a form of another site is refused", wrong.status() === 403, String(wrong.status()));
  await page.goto(`${base}/find?q=${encodeURIComponent("rope[.]example")}`);
  check("give: found by a defanged address", (await page.textContent("main")).includes("Its gate"), await page.textContent("h1"));
  for (const [type, n, name] of [["report", 5, "Ferries at night"], ["intrusion-set", 2, "Night Ferry"], ["indicator", 4, "Its gate"]]) {
    troubles.length = 0;
    await page.goto(`${base}/find?q=${id(type, n)}`);
    check(`give: an id leads to its ${type}`, page.url().endsWith(`/exchange/object/${id(type, n)}`), page.url());
    const text = await page.textContent("main");
    check(`give: the ${type} by its name`, (await page.textContent("h1")).includes(name), await page.textContent("h1"));
    check(`give: nothing of the ${type} can be followed`, !/https?:\/\/rope/.test(text) && !text.includes("'rope.example'"), "an address is whole");
    check(`give: the ${type} is drawn`, type === "indicator" || (await page.locator("svg.net a").count()) > 1, "no picture");
    const boxes = await page.locator("svg.net rect").evaluateAll((all) => all.map((r) => r.getBoundingClientRect().toJSON()));
    const meet = boxes.some((a, i) => boxes.slice(i + 1).some((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom));
    check(`give: no two labels of the ${type} meet`, !meet, "boxes meet");
    await axe(page, `give ${type}`);
    check(`give ${type}: quiet console`, troubles.length === 0, troubles.join("; "));
    await page.screenshot({ path: path.join(out, `given-${type}.png`), fullPage: true });
  }
  const raw = await page.request.get(`${base}/exchange/object/${id("report", 5)}/raw`);
  check("give: the bytes are those that came", (await raw.text()) === JSON.stringify(objects[4]), (await raw.text()).slice(0, 200));
  await context.close();
}

/** Gives the objects by the form, and reads the answer. */
async function upload(page, objects, label) {
  await page.goto(`${base}/exchange/upload`);
  await page.setInputFiles("input[type=file]", { name: "given.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify({ objects })) });
  await Promise.all([page.waitForNavigation(), page.click("form.give button.primary")]);
  const said = await page.textContent("h1");
  check(`${label}: the sentence counts`, /things given/.test(said) && /refused/.test(said), said);
  const rows = await page.locator("main tbody tr").allInnerTexts();
  check(`${label}: each object has an outcome`, rows.length >= 6 && rows.some((r) => r.includes("refused")), rows.join(" / ").slice(0, 300));
}

/** A partner sees what is theirs, and no page says anything of another: no name, no asset, no function that rests on them, no
 * position of the ledger, no page of the operator's. */
async function partner() {
  const name = process.env.MAINSTAY_PARTNER;
  if (!name) {
    console.log("SKIPPED (no MAINSTAY_PARTNER): the pages as a partner sees them");
    return;
  }
  const { owner, others } = await parties();
  const { context, page, troubles } = await open(looks[0], {}, name);
  const asks = () => page.locator("main tbody th a[href^='/act/']").evaluateAll((links) => links.map((l) => l.getAttribute("href")));
  await page.goto(`${base}/act`);
  const own = await asks();
  const visits = ["/", "/exchange", "/exchange/balance", "/find?held=1", "/find?q=quietrope", "/expose", "/act", "/yours", `/find?q=${encodeURIComponent(others[0])}`, "/find?q=fw", ...new Set(own.slice(0, 3))];
  await page.goto(`${base}/expose`);
  const loops = await page.locator("main td a[href^='/loop/']").evaluateAll((links) => links.map((l) => l.getAttribute("href")));
  visits.push(...new Set(loops.slice(0, 3)), "/loop/CVE-2024-55591", "/loop/CVE-2024-23113");
  check("partner: sees its own", own.length > 0 && loops.length > 0, `${own.length} asks, ${loops.length} exposures`);
  for (const at of visits) {
    troubles.length = 0;
    const response = await page.goto(base + at);
    check(`partner ${at}: status`, response.status() === 200, String(response.status()));
    await settled(page);
    const text = (await response.text()).replaceAll(/<input[^>]*name="?q"?[^>]*>|\u201c[^\u201d]*\u201d/g, "");
    const told = others.filter((other) => text.includes(other));
    check(`partner ${at}: nothing of another`, told.length === 0, told.join(", "));
    check(`partner ${at}: no position`, !/at position|rests? on/.test(text), "a position or a function");
    await axe(page, `partner ${at}`);
    check(`partner ${at}: quiet console`, troubles.length === 0, troubles.join("; "));
    await page.screenshot({ path: path.join(out, `partner${at.replaceAll(/[^a-zA-Z0-9-]+/g, "-").replace(/-$/, "")}.png`), fullPage: true });
  }
  for (const at of ["/assure", "/assure/2.1.3", "/assure/try", "/assure/coverage", "/assure/records", "/assure/records/activity", "/assure/reviews", "/assure/reviews/2024-Q4", "/assure/reviews/2024-Q4/report", "/partners/csirt-ie", "/depend/what-if", "/exchange/release"]) {
    const response = await page.goto(base + at);
    check(`partner ${at}: refused`, response.status() === 403, String(response.status()));
  }
  const there = "/exchange/object/report--00000000-0000-4000-8000-000000000005";
  const nowhere = "/exchange/object/report--00000000-0000-4000-8000-0000000fffff";
  for (const rest of ["", "/raw"]) {
    const [held, none] = [await page.request.get(base + there + rest), await page.request.get(base + nowhere + rest)];
    const same = (await held.text()).replaceAll(there.slice(-36), "") === (await none.text()).replaceAll(nowhere.slice(-36), "");
    check(`partner: an object of others is as one that is not${rest}`, held.status() === 404 && none.status() === 404 && same, `${held.status()} ${none.status()}`);
  }
  const other = await page.goto(`${base}/exchange/balance/csirt-ke`);
  check("partner: the balance of another is not there", other.status() === 404, String(other.status()));
  check("partner: has its owner's name", (await (await page.goto(`${base}/act`)).text()).includes(owner), owner);
  for (const at of await foreign(new Set(own))) {
    const [seen, none] = [await page.goto(base + at), await page.goto(`${base}/act/0000-0000-0000`)];
    check(`partner ${at}: an ask to others is as one that is not`, seen.status() === 404 && none.status() === 404, String(seen.status()));
  }
  await context.close();
}

/** The names of those who are asked, as the operator's own page has them: the partner's own, and the others'. */
async function parties() {
  const { context, page } = await open(looks[0]);
  await page.goto(`${base}/act`);
  const names = await page.locator("main tbody tr td:nth-of-type(2)").allInnerTexts();
  await context.close();
  const plain = [...new Set(names.map((n) => n.replace(/\s+[A-Z]{2}$/, "").trim()).filter(Boolean))];
  const owner = process.env.MAINSTAY_PARTNER_NAME ?? "";
  return { owner, others: plain.filter((n) => n !== owner && !n.startsWith("National ")) };
}

/** Two asks that went to others. */
async function foreign(own) {
  const { context, page } = await open(looks[0]);
  await page.goto(`${base}/act`);
  const all = await page.locator("main tbody th a[href^='/act/']").evaluateAll((links) => links.map((l) => l.getAttribute("href")));
  await context.close();
  return all.filter((at) => !own.has(at)).slice(0, 2);
}
