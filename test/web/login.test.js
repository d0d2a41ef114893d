// login: in, a new password, out, in a browser. SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";

import { PASSWORD, logIn, missing, open, start } from "./kelvin.js";

const NEW = "staple battery horse";

async function setPassword(page, old, ...passwords) {
  const labels = ["Present password", "New password", "New password again"];
  for (const [i, text] of [old, ...passwords].entries()) {
    await page.getByLabel(labels[i], { exact: true }).fill(text);
  }
  await page.getByRole("button", { name: "Set password" }).click();
}

const isIndex = (url) => url.pathname === "/";

test("the first login asks for a new password", { skip: missing },
  async (t) => {
    const kelvin = await start(t, { isNew: true });
    const page = await open(t);

    // Whoever comes is sent to the form, and on from there.
    await page.goto(kelvin.url("/"));
    assert.equal(new URL(page.url()).pathname, "/lua/login.lua");
    await logIn(page, kelvin, "admin", "admin");
    await page.waitForURL(/change_password\.lua/);

    // Nothing else is open before.
    await page.goto(kelvin.url("/"));
    assert.match(page.url(), /change_password\.lua/);

    await setPassword(page, "admin", NEW, "something else");
    await page.getByText("The new passwords differ.").waitFor();
    await setPassword(page, "wrong", NEW, NEW);
    await page.getByText("The present password is wrong.").waitFor();
    await setPassword(page, "admin", NEW, NEW);
    await page.waitForURL(isIndex);
    await page.getByRole("heading", { name: "some.pcap" }).waitFor();
  });

test("a wrong password is told, and the right one let in", { skip: missing },
  async (t) => {
    const kelvin = await start(t);
    const page = await open(t);

    await logIn(page, kelvin, "admin", "admin");
    await page.getByText("Wrong user or password.").waitFor();
    assert.equal((await page.context().cookies()).length, 0);
    await logIn(page, kelvin, "admin", PASSWORD);
    await page.waitForURL(isIndex);
    const [cookie] = await page.context().cookies();
    assert.ok(cookie.httpOnly && cookie.sameSite === "Lax");
    // Scripts cannot read it.
    assert.equal(await page.evaluate(() => document.cookie), "");
  });

test("logging out ends the session", { skip: missing }, async (t) => {
  const kelvin = await start(t);
  const page = await open(t);

  await logIn(page, kelvin);
  await page.waitForURL(isIndex);
  const [cookie] = await page.context().cookies();
  await page.getByText("admin", { exact: true }).click();
  await page.getByRole("link", { name: "Log out" }).click();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByText("You are logged out.").waitFor();
  assert.deepEqual(await page.context().cookies(), []);

  // Neither the button "back" nor the old cookie shows anything.
  await page.goBack();
  await page.goto(kelvin.url("/"));
  assert.equal(new URL(page.url()).pathname, "/lua/login.lua");
  await page.context().addCookies([cookie]);
  await page.goto(kelvin.url("/"));
  assert.equal(new URL(page.url()).pathname, "/lua/login.lua");
});

test("a link that was asked for is where a login leads", { skip: missing },
  async (t) => {
    const kelvin = await start(t);
    const page = await open(t);

    await page.goto(kelvin.url("/lua/get_hosts_data.lua?perPage=2"));
    await page.getByLabel("User").fill("admin");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.waitForURL(/get_hosts_data\.lua\?perPage=2/);
    const shown = JSON.parse(await page.locator("body").innerText());
    assert.equal(shown.data.length, 2);
  });
