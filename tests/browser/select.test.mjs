/** Click to select: a click on an object, and its mask is there. */
import assert from 'node:assert/strict';
import { axe, choose, finished, openFile, picture, shot, studio } from './studio.mjs';

const { scenario } = studio();

/** Share of the picture that is marked, and whether these places (in shares of its size) are. */
const marked = (page, places) => page.evaluate((places) => {
  const canvas = document.querySelector('.mask-overlay canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const alpha = (x, y) => data[4 * (Math.floor(y * canvas.height) * canvas.width + Math.floor(x * canvas.width)) + 3];
  let sum = 0;
  for (let at = 3; at < data.length; at += 4) sum += data[at] > 60 ? 1 : 0;
  return { share: sum / (canvas.width * canvas.height), at: places.map(([x, y]) => alpha(x, y) > 60) };
}, places);

const clickAt = async (page, [x, y], options) => {
  const box = await page.locator('.world .picture').first().boundingBox();
  await page.mouse.move(box.x + x * box.width, box.y + y * box.height);
  if (options?.alt) await page.keyboard.down('Alt');
  await page.mouse.down();
  await page.mouse.up();
  if (options?.alt) await page.keyboard.up('Alt');
};

const MARKED = '.mask-actions .icon-button[aria-label="Clear mask"]:not([disabled])';

scenario('a click marks the cup, another takes it away, and what is marked is erased', async (page) => {
  await openFile(page, picture('tests/photographs/coffee.jpg'));
  await choose(page, 'erase');
  await page.keyboard.press('s');
  const [cup, table] = [[0.45, 0.5], [0.05, 0.05]];
  await clickAt(page, cup);
  await page.waitForSelector(MARKED, { timeout: 120_000 });
  const found = await marked(page, [cup, table]);
  await shot(page, 'select-cup');
  assert.deepEqual(found.at, [true, false]);
  assert.ok(found.share > 0.02 && found.share < 0.7, `${found.share}`);
  assert.deepEqual(await axe(page), []);
  await clickAt(page, cup, { alt: true });
  await page.waitForFunction(() => {
    const canvas = document.querySelector('.mask-overlay canvas');
    const { data } = canvas.getContext('2d').getImageData(Math.floor(0.45 * canvas.width), Math.floor(0.5 * canvas.height), 1, 1);
    return data[3] < 60;
  }, undefined, { timeout: 60_000 });
  assert.ok((await marked(page, [])).share < found.share / 4);
  await page.keyboard.press('Control+z');
  assert.deepEqual((await marked(page, [cup])).at, [true]);
  await page.keyboard.press('Control+Enter');
  const job = await finished(page);
  assert.equal(job.capability, 'erase');
  assert.equal(job.inputs.mask[0].name, 'coffee-mask.png');
  // A tool's jobs are no works.
  await page.keyboard.press('g');
  await page.waitForFunction(() => document.querySelectorAll('.card').length === 1);
});
