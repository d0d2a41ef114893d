// kelvin: one that runs, and a browser that looks at it.
// SPDX-License-Identifier: MIT
//
//   test("...", async (t) => {
//     const kelvin = await start(t);
//     const page = await open(t);
//     await logIn(page, kelvin);
//     await page.goto(kelvin.url("/lua/index.lua"));
//   });
//
// Whatever was started ends with its test. A page that says anything on its
// console, breaks its policy (CSP) or asks for something that is not there
// fails its test.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const HERE = path.dirname(fileURLToPath(import.meta.url));
export const ROOT = path.resolve(HERE, "../..");
export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const PASSWORD = "correct horse battery";

const PROGRAM = process.env.KELVIN ?? path.join(ROOT, "build/kelvin");
const PATIENCE = 30_000; // ms until something that must happen has happened

// Why there is nothing to test with, for the option `skip`; false: go on.
export const missing =
  !existsSync(CHROMIUM) && `${CHROMIUM} is not installed`;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

// A capture file, made by a script of this directory.
export function capture(folder, script = "capture.py", name = "some.pcap") {
  const file = path.join(folder, name);
  execFileSync("/usr/bin/python3", [path.join(HERE, script), file]);
  return file;
}

// A folder that goes away with the test.
export function temporary(t) {
  const folder = mkdtempSync(path.join(tmpdir(), "kelvin-web."));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

// Users live in memory. `words` are further options of the program, `captures`
// the files that it reads (by default that of capture.py), and with `isNew`
// admin still has the first password, else PASSWORD.
// With `isPiped` the program reads a capture that the test writes to
// kelvin.input. `hasLogin` false: it asks nobody who comes from this machine.
export async function start(t, {
  words = [], captures, isNew = false, isPiped = false, hasLogin = true,
} = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), "kelvin-web."));
  const port = await freePort();
  const files = isPiped ? ["-"] : captures ?? [capture(folder)];
  const child = spawn(PROGRAM, [
    "-s", "-r", "none", "-d", path.join(folder, "data"), "-w", `:${port}`,
    ...files.flatMap((file) => ["-i", file]),
    ...hasLogin ? [] : ["-l", "0"], ...words,
  ], { stdio: [isPiped ? "pipe" : "ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (text) => { said += text; });
  t.after(async () => {
    await closePages(t);
    if (child.exitCode === null) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    rmSync(folder, { recursive: true });
    assert.equal(child.exitCode, 0, said);
  });
  const kelvin = {
    url: (where = "/") => `http://localhost:${port}${where}`,
    said: () => said,
    input: child.stdin,
  };
  await until(() => child.exitCode !== null ||
    fetch(kelvin.url("/health")).then((answer) => answer.ok, () => false),
    () => `kelvin is up\n${said}`);
  assert.equal(child.exitCode, null, said);
  if (!isPiped) {
    await until(() => said.includes("all files are read"),
      () => `captures are read\n${said}`);
  }
  if (hasLogin && !isNew) await setPassword(kelvin);
  return kelvin;
}

// Poll until it is true; `what` tells what is waited for.
export async function until(condition, what) {
  const end = Date.now() + PATIENCE;
  while (!await condition()) {
    assert.ok(Date.now() < end, `not within ${PATIENCE} ms: ${what()}`);
    await sleep(20);
  }
}

// Admin's way in without a browser.
async function setPassword(kelvin) {
  const post = (where, fields, cookie = "") => fetch(kelvin.url(where), {
    method: "POST", body: new URLSearchParams(fields), redirect: "manual",
    headers: { accept: "text/html", cookie },
  });
  const first = await post("/lua/login.lua",
    { user: "admin", password: "admin" });
  const cookie = first.headers.get("set-cookie").split(";")[0];
  const form = await fetch(kelvin.url("/lua/change_password.lua"),
    { redirect: "manual", headers: { accept: "text/html", cookie } });
  const done = await post(form.headers.get("location"), {
    old_password: "admin", new_password: PASSWORD, confirm_password: PASSWORD,
  }, cookie);
  assert.equal(done.status, 303);
}

let browser; // of this file's tests

export async function closeBrowser() {
  await browser?.close();
  browser = undefined;
}
after(closeBrowser);

// Pages go before the program: what they ask for then is no failure.
const contexts = new Map(); // by test

async function closePages(t) {
  const open = contexts.get(t) ?? [];
  contexts.delete(t);
  for (const context of open) await context.close();
}

// A page in a profile of its own; `options` as newContext() has them.
export async function open(t, options = {}) {
  browser ??= await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update",
      "--disable-sync"],
  });
  const context = await browser.newContext(options);
  contexts.set(t, [...contexts.get(t) ?? [], context]);
  const page = await context.newPage();
  const problems = [];
  page.setDefaultTimeout(PATIENCE);
  page.on("pageerror", (error) => problems.push(`error: ${error}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      problems.push(`console: ${message.text()} ${message.location().url}`);
    }
  });
  page.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (hostname !== "localhost" && protocol !== "data:") {
      problems.push(`asks elsewhere: ${request.url()}`);
    }
  });
  page.on("requestfailed", (request) => {
    const why = request.failure().errorText;
    // One that the next page cut short is none.
    if (why !== "net::ERR_ABORTED") problems.push(`${request.url()}: ${why}`);
  });
  // An alert() of a script that came from the network would wait for ever.
  page.on("dialog", (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  t.after(async () => {
    await closePages(t);
    assert.deepEqual(problems, []);
  });
  return page;
}

// By the form, as people do it.
export async function logIn(page, kelvin, user = "admin", password = PASSWORD) {
  await page.goto(kelvin.url("/lua/login.lua"));
  await page.getByLabel("User").fill(user);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}
