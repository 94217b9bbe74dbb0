/** Layers: stacked, blended, masked, and made one picture. */
import assert from 'node:assert/strict';
import { axe, choose, finished, onTable, openFile, paint, picture, shot, studio } from './studio.mjs';

const { scenario } = studio();
const CAT = picture('tests/photographs/chelsea.jpg');

/** Red, green and blue of pictures of the server at places in shares of their size. */
const colours = (page, sha256, places) => page.evaluate(async ([sha256, places]) => {
  const image = new Image();
  image.src = `/api/v1/files/${sha256}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  return places.map(([x, y]) => [...context.getImageData(Math.round(x * canvas.width), Math.round(y * canvas.height), 1, 1).data].slice(0, 3));
}, [sha256, places]);

const isNear = (actual, wanted, what) => {
  assert.ok(actual.every((value, at) => Math.abs(value - wanted[at]) <= 3), `${what}: ${actual}, expected ${wanted}`);
};

scenario('a layer multiplies where its mask is, and one picture is made of it', async (page) => {
  await openFile(page, CAT);
  const base = await onTable(page);
  await choose(page, 'erase');
  await page.keyboard.press('m');
  await paint(page, [0.02, 0.02], [0.5, 0.98]);
  await page.click('#tab-layers');
  await page.setInputFiles('.panel-body input[type=file]', CAT);
  await page.waitForSelector('.layer:not(.base)');
  await page.selectOption('.layer select', 'multiply');
  await page.click('.layer-mask .button');
  await page.waitForSelector('.layer-name em:has-text("masked")');
  await page.waitForSelector('.world canvas');
  assert.deepEqual(await axe(page), []);
  await shot(page, 'layers-mask');
  await page.click('.run-bar .run');
  const flat = await onTable(page, base.sha256);
  assert.deepEqual([flat.width, flat.height, flat.name], [base.width, base.height, 'chelsea-layers.png']);
  const places = [[0.2, 0.3], [0.35, 0.7], [0.7, 0.3], [0.85, 0.7]];
  const [before, now] = [await colours(page, base.sha256, places), await colours(page, flat.sha256, places)];
  for (const [at, colour] of before.entries()) {
    const multiplied = colour.map((value) => value * value / 255);
    isNear(now[at], at < 2 ? multiplied : colour, `at ${places[at]}`);
  }
});

scenario('results become layers, in an order, more or less opaque, seen or hidden', async (page) => {
  await openFile(page, CAT);
  const base = await onTable(page);
  await choose(page, 'adjust');
  await page.fill('[data-field=exposure] .typed-number', '-3');
  await page.keyboard.press('Control+Enter');
  const job = await finished(page);
  await page.click('.result-bar .menu:not(.send) > button');
  await page.click('.menu-item:has-text("Add as layer")');
  await page.waitForSelector('.layer:not(.base)');
  await page.setInputFiles('.panel-body input[type=file]', picture('tests/photographs/coffee.jpg'));
  await page.waitForFunction(() => document.querySelectorAll('.layer:not(.base)').length === 2);
  const names = () => page.locator('.layer:not(.base) .layer-name').allTextContents();
  assert.deepEqual(await names(), ['coffee.jpg', job.outputs[0].file.name]);
  await page.click('.layer:not(.base) >> nth=0 >> .icon-button[aria-label="Move down"]');
  assert.deepEqual(await names(), [job.outputs[0].file.name, 'coffee.jpg']);
  await page.click('.layer:has-text("coffee.jpg") .icon-button[aria-label^="Visible"]');
  await page.locator('.layer >> nth=0 >> input[type=range]').fill('0.5');
  await page.reload();
  await page.waitForSelector('.studio');
  await page.click('#tab-layers');
  assert.deepEqual(await names(), [job.outputs[0].file.name, 'coffee.jpg'], 'after a reload');
  await shot(page, 'layers-order');
  await page.click('.run-bar .run');
  const places = [[0.3, 0.3], [0.7, 0.6]];
  const of = (sha256) => colours(page, sha256, places);
  const [bright, dark, now] = [await of(base.sha256), await of(job.outputs[0].file.sha256), await of((await onTable(page, base.sha256)).sha256)];
  for (const at of places.keys()) isNear(now[at], bright[at].map((value, channel) => (value + dark[at][channel]) / 2), `at ${places[at]}`);
});
