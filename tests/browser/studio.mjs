/** Starts a server on a free port with a folder of its own, and a browser beside it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkpoint } from './checkpoint.mjs';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
export const picture = (name) => join(ROOT, name);

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

function modelsFolder() {
  const data = process.env.XDG_DATA_HOME || join(homedir(), '.local/share');
  return join(process.env.DANQING_HOME || join(data, 'danqing'), 'models');
}

/** The server's own home, with the models that are there already linked into it. */
function home() {
  const folder = mkdtempSync(join(tmpdir(), 'danqing-browser-'));
  const models = modelsFolder();
  if (existsSync(models)) symlinkSync(models, join(folder, 'models'));
  else mkdirSync(join(folder, 'models'));
  mkdirSync(join(folder, 'checkpoints'));
  writeFileSync(join(folder, 'checkpoints', 'tiny.safetensors'), checkpoint(join(ROOT, 'tests/golden/diffusion_single_file.txt')));
  return folder;
}

export async function startServer(args = []) {
  const folder = home();
  const child = spawn(process.env.DANQING, ['serve', '--port', '0', ...args], {
    env: { ...process.env, DANQING_HOME: folder, LANG: 'C.UTF-8' }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const url = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the server did not start:\n${said}`)), 30_000);
    const read = (chunk) => {
      said += chunk;
      const found = /http:\/\/[\d.]+:\d+/.exec(said);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[0]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}:\n${said}`)));
  });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, stop, pid: child.pid };
}

const startBrowser = () => chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });

/** A fresh visitor; what the page's console complains about is collected. */
async function visit(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(error.message));
  page.on('console', (message) => message.type() === 'error' && page.complaints.push(message.text()));
  await page.goto(url);
  await page.waitForSelector('.start, .studio, .token');
  return page;
}

/** How long a scenario may take. */
const LIMIT = 240_000;

/**
 * A server and a browser for one file of tests. `scenario` is a visitor of its own, who goes without a word in the
 * browser's console (but for those that are `expected`) and without a page that scrolls away.
 */
export function studio({ args = [] } = {}) {
  const held = {};
  before(async () => {
    [held.server, held.browser] = await Promise.all([startServer(args), startBrowser()]);
  });
  after(async () => {
    await held.browser?.close();
    await held.server?.stop();
  });
  held.scenario = (name, work, { expected, ...options } = {}) => test(name, { timeout: LIMIT }, async () => {
    const page = await visit(held.browser, held.server.url, options);
    try {
      await work(page);
      assert.deepEqual(page.complaints.filter((text) => !expected?.test(text)), []);
      const scrolled = () => document.documentElement.scrollTop + document.body.scrollTop + (document.querySelector('.app')?.scrollTop ?? 0);
      assert.equal(await page.evaluate(scrolled), 0);
    } catch (error) {
      await shot(page, `failed-${name.replace(/\W+/g, '-')}`);
      throw error;
    } finally {
      await page.context().close();
    }
  });
  return held;
}

/** The picture on the table, once it is another one than `not`. */
export async function onTable(page, not) {
  const found = await page.waitForFunction((not) => {
    const { picture } = JSON.parse(sessionStorage.getItem('danqing.studio') ?? '{}');
    return picture && picture.sha256 !== not ? picture : undefined;
  }, not);
  return found.jsonValue();
}

/** A picture of the page for people to look at, where a folder is named for them. */
export async function shot(page, name) {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) });
}

/** What the page asks the server, and its answer. */
export const ask = (page, method, path, body) => page.evaluate(async ([method, path, body]) => {
  const init = { method, headers: body ? { 'content-type': 'application/json' } : {}, ...(body ? { body: JSON.stringify(body) } : {}) };
  const text = await (await fetch(`/api/v1${path}`, init)).text();
  return text ? JSON.parse(text) : undefined;
}, [method, path, body]);

/** The job once it has one of these states. */
export async function reaches(page, id, ...states) {
  for (;;) {
    const job = await ask(page, 'GET', `/jobs/${id}`);
    if (states.includes(job.state)) return job;
    await page.waitForTimeout(50);
  }
}

export async function openFile(page, path) {
  await page.setInputFiles('.top-bar input[type=file]', path);
  await page.waitForSelector('.stage .picture');
}

export const choose = (page, capability) => page.click(`[data-capability="${capability}"]`);

/** Waits until the newest job of this page is over, and gives it as the server tells it. */
export async function finished(page, timeout = 90_000) {
  await page.waitForSelector('.result-bar', { timeout });
  return newest(page);
}

export const newest = (page) => page.evaluate(async () => (await (await fetch('/api/v1/jobs?limit=1')).json()).jobs[0]);

/** Paints a stroke over the picture, in shares of its size. */
export async function paint(page, from, to) {
  const box = await page.locator('.world .picture').first().boundingBox();
  const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at(to), { steps: 8 });
  await page.mouse.up();
}

/** What axe finds of weight, one line each. */
export async function axe(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }));
  return violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary.split('\n')[1] ?? ''}`).slice(0, 4).join(' | ')}`);
}

