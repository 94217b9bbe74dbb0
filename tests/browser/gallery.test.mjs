/** The gallery: boards, favourites, search, deleting and bringing back. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { ask, axe, choose, finished, openFile, picture, shot, studio } from './studio.mjs';

const { scenario } = studio();
let folder;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'danqing-pictures-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Adjusts a picture under that name and opens the gallery. */
async function made(page, names) {
  for (const [at, name] of names.entries()) {
    copyFileSync(picture('tests/photographs/chelsea.jpg'), join(folder, name));
    await openFile(page, join(folder, name));
    await page.waitForFunction((name) => document.querySelector('.file-name')?.textContent.includes(name), name);
    await choose(page, 'adjust');
    await page.fill('[data-field=exposure] .typed-number', String((at + 1) / 10));
    await page.keyboard.press('Control+Enter');
    await finished(page);
    await page.click('.tile >> nth=0');
    await page.waitForSelector('.result-bar', { state: 'detached' });
  }
  await page.keyboard.press('g');
  await page.waitForSelector('.gallery');
}

const card = (name) => `.card:has(.card-name:text-is("${name}"))`;
const chip = (name) => `.shelves .chip:has-text("${name}")`;
const cards = (page, count) => page.waitForFunction((count) => document.querySelectorAll('.card').length === count, count);

async function choice(page, name, item) {
  await page.click(`${card(name)} .menu > button`);
  await page.click(`.menu-item:has-text("${item}")`);
}

scenario('works are searched, marked, sorted onto boards, deleted and brought back', async (page) => {
  await made(page, ['江雪.jpg', 'harbour.jpg', 'harbour at night.jpg']);
  await cards(page, 3);

  await page.fill('input[type=search]', 'harbour');
  await cards(page, 2);
  await page.fill('input[type=search]', 'night harbour');
  await cards(page, 1);
  await page.fill('input[type=search]', 'nothing of the kind');
  await page.waitForSelector('.gallery-empty');
  await page.fill('input[type=search]', '');
  await cards(page, 3);

  await page.click(`${card('江雪.jpg')} .icon-button[aria-label="Favourite"]`);
  await page.waitForSelector(`${card('江雪.jpg')} .favourite`);
  await page.click(chip('Favourites'));
  await cards(page, 1);
  await page.click(`.chip:text-is("All")`);
  await cards(page, 3);

  await page.click(chip('New board'));
  await page.waitForSelector('dialog[open]');
  assert.deepEqual(await axe(page), [], 'new board');
  await page.fill('dialog input', '花鸟');
  await page.click('dialog .button.primary');
  await page.waitForSelector(chip('花鸟'));
  await choice(page, 'harbour.jpg', '→ 花鸟');
  await page.waitForSelector(`${chip('花鸟')} em:text-is("1")`);
  await page.click(chip('花鸟'));
  await cards(page, 1);
  assert.deepEqual(await axe(page), [], 'board');
  await shot(page, 'gallery-board');
  await page.click('.shelves .menu > button');
  await page.click('.menu-item:has-text("Rename board")');
  await page.fill('dialog input', '山水');
  await page.click('dialog .button.primary');
  await page.waitForSelector(chip('山水'));
  await page.click('.shelves .menu > button');
  await page.click('.menu-item:has-text("Remove board")');
  await page.waitForSelector(chip('山水'), { state: 'detached' });
  await cards(page, 3);

  await choice(page, '江雪.jpg', 'Recipe');
  await page.waitForSelector('dialog[open] .recipe-command');
  assert.deepEqual(await axe(page), [], 'recipe');
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await page.waitForSelector('dialog[open]');
  assert.deepEqual(await axe(page), [], 'keyboard shortcuts');
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog[open]', { state: 'detached' });

  await choice(page, 'harbour.jpg', 'Delete');
  await cards(page, 2);
  await page.click('.notice .button:has-text("Undo")');
  await cards(page, 3);
  await choice(page, 'harbour.jpg', 'Delete');
  await cards(page, 2);
  await page.click(chip('Deleted'));
  await cards(page, 1);
  assert.match(await page.textContent('.gallery .notice-line'), /after 30 days/);
  await shot(page, 'gallery-deleted');
  await choice(page, 'harbour.jpg', 'Restore');
  await cards(page, 0);
  assert.equal((await ask(page, 'GET', '/jobs?deleted=true')).jobs.length, 0);
});
