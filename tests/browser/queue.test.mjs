/** The queue: what a job looks like so far, pause, order. */
import assert from 'node:assert/strict';
import { ask, axe, choose, newest, onTable, openFile, picture, reaches, shot, studio } from './studio.mjs';

const { scenario } = studio();
const CAT = picture('tests/photographs/chelsea.jpg');

const button = (page, job, label) => page.click(`${job} .icon-button[aria-label="${label}"]`);

scenario('a slow job shows its picture so far, is paused, goes on and is cancelled', async (page) => {
  await openFile(page, CAT);
  await choose(page, 'reimagine');
  await page.fill('[data-field=model] input', 'tiny.safetensors');
  await page.fill('[data-field=prompt] textarea', '一只猫');
  await page.fill('[data-field=steps] .typed-number', '150');
  await page.fill('[data-field=variants] .typed-number', '16');
  await page.keyboard.press('Control+Enter');
  await page.click('#tab-queue');
  const preview = page.locator('.job.running .job-preview');
  await preview.waitFor();
  await page.waitForFunction(() => document.querySelector('.job.running .job-preview')?.naturalWidth > 0);
  const first = await preview.getAttribute('src');
  await page.waitForFunction((src) => document.querySelector('.job.running .job-preview')?.getAttribute('src') !== src, first);
  assert.deepEqual(await axe(page), []);
  await shot(page, 'queue-preview');
  const { id } = await newest(page);
  await button(page, '.job.running', 'Pause');
  await page.waitForSelector('.job.paused');
  assert.equal(await preview.count(), 0);
  assert.equal((await reaches(page, id, 'paused')).attempts, 1);
  await button(page, '.job.paused', 'Resume');
  await preview.waitFor();
  // Who comes later sees it too.
  await page.reload();
  await page.waitForSelector('.studio');
  await page.click('#tab-queue');
  await preview.waitFor();
  await button(page, '.job.running', 'Cancel');
  await page.waitForSelector('.job.cancelled');
  assert.equal((await reaches(page, id, 'cancelled')).attempts, 2);
  assert.equal(await page.locator('.job-preview').count(), 0);
}, { expected: /404/ });

scenario('the queue waits as a whole, and its order is changed by arrows and by dragging', async (page) => {
  await openFile(page, CAT);
  await page.click('#tab-queue');
  await page.click('.panel-head .icon-button[aria-label="Pause the queue"]');
  await page.waitForSelector('.notice-line');
  const { sha256 } = await onTable(page);
  const ids = [];
  for (const title of ['A', 'B', 'C']) {
    ids.push((await ask(page, 'POST', '/jobs', { capability: 'adjust', params: { exposure: 0.1 * ids.length }, inputs: { picture: sha256 }, title })).id);
  }
  const order = () => page.locator('section[aria-label=Waiting] .job-name').allTextContents();
  const becomes = async (wanted) => {
    await page.waitForFunction((wanted) => [...document.querySelectorAll('section[aria-label=Waiting] .job-name')].map((one) => one.textContent).join('') === wanted, wanted);
    const { waiting } = await ask(page, 'GET', '/queue');
    assert.deepEqual(waiting.map((id) => 'ABC'[ids.indexOf(id)]).join(''), wanted);
  };
  await becomes('ABC');
  const job = (title) => `section[aria-label=Waiting] .job:has(.job-name:text-is("${title}"))`;
  await button(page, job('A'), 'Move down');
  await becomes('BAC');
  await button(page, job('C'), 'Move up');
  await becomes('BCA');
  await page.dragAndDrop(job('A'), job('B'));
  await becomes('ABC');
  assert.deepEqual(await order(), ['A', 'B', 'C']);
  await button(page, job('B'), 'Pause');
  await page.waitForSelector('.job.paused');
  await shot(page, 'queue-paused');
  await page.click('.panel-head .icon-button[aria-label="Let the queue run"]');
  await Promise.all([ids[0], ids[2]].map((id) => reaches(page, id, 'done')));
  assert.equal((await ask(page, 'GET', `/jobs/${ids[1]}`)).state, 'paused');
  await button(page, '.job.paused', 'Resume');
  await reaches(page, ids[1], 'done');
});
