// screenshots: each page as a picture. SPDX-License-Identifier: MIT
//
// usage: node test/web/screenshots.js DIRECTORY        (make screenshots)

import { mkdirSync } from "node:fs";
import path from "node:path";

import { capture, closeBrowser, open, start, temporary } from "./kelvin.js";

const PAGES = {
  home: "index.lua",
  flows: "flows_stats.lua",
  flow: "", // of the first of them
  hosts: "hosts_stats.lua",
  countries: "country_stats.lua",
  host: "host_details.lua?host=192.168.1.20",
  "host-peers": "host_details.lua?host=192.168.1.20&page=peers",
  "host-activity": "host_details.lua?host=192.168.1.20&page=activities",
  "host-chart": "host_details.lua?host=192.168.1.20&page=historical&zoom=5m",
  devices: "macs_stats.lua",
  interface: "if_stats.lua",
  "interface-packets": "if_stats.lua?page=packets",
  "interface-applications": "if_stats.lua?page=ndpi",
  "interface-chart": "if_stats.lua?page=historical&zoom=5m",
  alerts: "show_alerts.lua",
  settings: "admin/prefs.lua",
  about: "about.lua",
};

const SIZES = {
  wide: { width: 1440, height: 900 },
  phone: { width: 390, height: 844 },
};

async function take(t, kelvin, folder) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of ["light", "dark"]) {
      const page = await open(t, { viewport, colorScheme });
      await page.goto(kelvin.url("/lua/flows_stats.lua"));
      PAGES.flow = (await page.locator("tbody tr a").first()
        .getAttribute("href")).replace(/^\/lua\//, "");
      for (const [name, place] of Object.entries(PAGES)) {
        await page.goto(kelvin.url(`/lua/${place}`));
        if (await page.locator("[data-chart]").count() > 0) {
          await page.locator("canvas").first().waitFor();
        }
        await page.screenshot({
          path: path.join(folder, `${name}-${size}-${colorScheme}.png`),
        });
      }
    }
  }
}

// What a test would do at its end.
const ends = [];
const t = { after: (end) => ends.push(end) };

if (process.argv[2] && !process.env.NODE_TEST_CONTEXT) {
  const folder = process.argv[2];
  mkdirSync(folder, { recursive: true });
  try {
    const kelvin = await start(t, { hasLogin: false,
      captures: [capture(temporary(t), "home.py", "home.pcap")] });
    await take(t, kelvin, folder);
  } finally {
    for (const end of ends.toReversed()) await end();
    await closeBrowser();
  }
}
