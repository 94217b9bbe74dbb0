/** The studio as a visitor uses it: capabilities from picture to result. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { axe, choose, finished, newest, openFile, paint, picture, studio } from './studio.mjs';

const CAT = picture('tests/photographs/chelsea.jpg');
const COFFEE = picture('tests/photographs/coffee.jpg');
let folder;
const held = studio();
const { scenario } = held;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'danqing-pictures-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

scenario('a painted object is erased, and nothing outside of it changes', async (page) => {
  await openFile(page, COFFEE);
  await choose(page, 'erase');
  await page.keyboard.press('b');
  await paint(page, [0.7, 0.75], [0.85, 0.85]);
  await page.click('.run');
  const job = await finished(page);
  assert.equal(job.state, 'done');
  assert.equal(job.inputs.mask.length, 1);
  assert.equal(job.outputs[0].file.width, job.inputs.picture[0].width);
  assert.equal(await page.getAttribute('.compare-handle', 'aria-valuenow'), '50');
  await page.keyboard.press('k');
  await page.waitForSelector('.result-bar', { state: 'detached' });
  assert.match(await page.textContent('.zoom-bar'), /%/);
});

scenario('a portrait is extended to 4:3 by a chip and by dragging its edge', async (page) => {
  await openFile(page, picture('tests/photographs/astronaut.jpg'));
  await choose(page, 'extend');
  await page.click('.chip:text-is("4:3")');
  const handle = await page.locator('.extend-handle.right').first().boundingBox();
  await page.click('.run');
  const wide = await finished(page);
  const { width, height } = wide.outputs[0].file;
  assert.ok(Math.abs(width / height - 4 / 3) < 0.01, `${width}x${height}`);
  await page.click('.tile >> nth=0');
  await page.mouse.move(handle.x + handle.width / 2, handle.y + handle.height / 2);
  await page.mouse.down();
  await page.mouse.move(handle.x + handle.width / 2 + 30, handle.y + handle.height / 2, { steps: 4 });
  await page.mouse.up();
  assert.ok(Number(await page.inputValue('[data-field=right] input')) > 0);
  assert.equal(await page.inputValue('[data-field=ratio] input'), '');
});

scenario('a picture is restyled after another one', async (page) => {
  await openFile(page, CAT);
  await choose(page, 'restyle');
  await page.setInputFiles('[data-port=style_image] input[type=file]', picture('examples/walkthroughs/pictures/wheat-field.jpg'));
  await page.waitForSelector('[data-port=style_image] img');
  await page.click('.run');
  const job = await finished(page);
  assert.equal(job.inputs.style_image[0].name, 'wheat-field.jpg');
  assert.ok(await page.locator('.tile').count() >= 2);
});

scenario('a small picture is upscaled, and its recipe tells the command', async (page) => {
  await openFile(page, CAT);
  await choose(page, 'upscale');
  await page.fill('[data-field=scale] .typed-number', '2');
  await page.fill('[data-field=model] input', 'video');
  await page.click('.run');
  const job = await finished(page);
  assert.equal(job.outputs[0].file.width, 2 * job.inputs.picture[0].width);
  await page.keyboard.press('r');
  await page.waitForSelector('.recipe-command');
  assert.match(await page.textContent('.recipe-command'), /^danqing upscale .*chelsea\.jpg/);
});

scenario('a running job is cancelled', async (page) => {
  await openFile(page, picture('examples/walkthroughs/pictures/pavilion.jpg'));
  await choose(page, 'upscale');
  await page.fill('[data-field=model] input', 'x4plus');
  await page.click('.run');
  await page.click('.run-state .button');
  await page.waitForSelector('.run-state', { state: 'detached', timeout: 10_000 });
  assert.equal((await newest(page)).state, 'cancelled');
});

scenario('a reload in the middle finds picture, settings, mask and job again', async (page) => {
  await openFile(page, picture('examples/walkthroughs/pictures/pavilion.jpg'));
  await choose(page, 'erase');
  await page.keyboard.press('b');
  await paint(page, [0.3, 0.3], [0.4, 0.4]);
  await page.waitForTimeout(700);
  await choose(page, 'upscale');
  await page.fill('[data-field=model] input', 'x4plus');
  await page.click('.run');
  await page.waitForSelector('.run-state');
  await page.reload();
  await page.waitForSelector('.run-state');
  assert.match(await page.textContent('.file-name'), /pavilion\.jpg/);
  assert.equal(await page.inputValue('[data-field=model] input'), 'x4plus');
  await page.keyboard.press('Escape');
  await page.waitForSelector('.run-state', { state: 'detached', timeout: 10_000 });
  await choose(page, 'erase');
  await page.keyboard.press('b');
  await page.waitForSelector('.mask-actions .icon-button[aria-label="Clear mask"]:not([disabled])');
});

scenario('two tabs see the same queue', async (page) => {
  const other = await page.context().newPage();
  await other.goto(held.server.url);
  await openFile(page, CAT);
  await other.reload();
  await other.waitForSelector('.studio');
  await other.click('#tab-queue');
  await choose(page, 'adjust');
  await page.fill('[data-field=exposure] .typed-number', '0.5');
  await page.keyboard.press('Control+Enter');
  const job = await finished(page);
  await other.waitForSelector('.job.done');
  assert.equal(job.params.exposure, 0.5);
});

scenario('Chinese names stay, in the page and in the file', async (page) => {
  const name = '江雪 图①.jpg';
  copyFileSync(COFFEE, join(folder, name));
  await openFile(page, join(folder, name));
  assert.match(await page.textContent('.file-name'), /江雪 图①\.jpg/);
  await choose(page, 'adjust');
  await page.fill('[data-field=contrast] .typed-number', '0.2');
  await page.keyboard.press('Control+Enter');
  const job = await finished(page);
  assert.equal(job.inputs.picture[0].name, name);
  await page.keyboard.press('g');
  await page.fill('input[type=search]', '江雪');
  await page.waitForFunction(() => document.querySelectorAll('.card').length === 1);
}, { locale: 'zh-CN' });

scenario('what cannot work says what to do', async (page) => {
  await openFile(page, CAT);
  await choose(page, 'erase');
  await page.click('.run');
  await page.waitForSelector('.notice.bad');
  assert.notEqual((await page.textContent('.notice.bad strong')).trim(), '');
  page.complaints.length = 0;
  await page.setInputFiles('.top-bar input[type=file]', picture('README.md'));
  await page.waitForSelector('.notice.bad:has-text("README.md")');
});

for (const colorScheme of ['light', 'dark']) {
  scenario(`axe finds nothing in the ${colorScheme} theme`, async (page) => {
    assert.deepEqual(await axe(page), [], 'start');
    await openFile(page, CAT);
    for (const capability of ['erase', 'extend', 'restyle', 'adjust']) {
      await choose(page, capability);
      assert.deepEqual(await axe(page), [], capability);
    }
    await page.keyboard.press('q');
    assert.deepEqual(await axe(page), [], 'queue');
    await page.keyboard.press('g');
    await page.waitForSelector('.gallery');
    assert.deepEqual(await axe(page), [], 'gallery');
  }, { colorScheme });
}

scenario('on a phone everything is within the screen and within reach', async (page) => {
  await openFile(page, CAT);
  for (const capability of ['erase', 'extend', 'restyle', 'adjust']) {
    await choose(page, capability);
    const { wide, run } = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth, run: document.querySelector('.run').getBoundingClientRect().bottom,
    }));
    assert.ok(wide <= 390, `${capability}: ${wide} px wide`);
    assert.ok(run <= 844, `${capability}: run at ${run}`);
  }
  assert.deepEqual(await axe(page), []);
}, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
