/** The page in Chinese: every form of every capability, with all that it says. */
import assert from 'node:assert/strict';
import { ask, axe, choose, openFile, picture, shot, studio } from './studio.mjs';

const { scenario } = studio();

/** Names that are the same in both languages. */
const NAMES = new Set(['Eta', 'LoRA', 'L-BFGS', 'Adam', 'Telea', 'Navier–Stokes', 'Lanczos', 'A1111', 'diffusers', 'CPU', 'NVIDIA', 'PNG', 'JPEG', 'WEBP', 'TIFF']);

/** Words of the form that hold no Chinese. */
const foreign = (page) => page.evaluate(() => {
  const texts = [...document.querySelectorAll('.panel-scroll :is(.field-label, .field-help, .choice-note, .segment span, option, .panel-head h2, .panel-head p, .field .button span, h3, summary)')];
  return texts.map((one) => one.textContent.trim()).filter((text) => /[a-z]{2}/i.test(text) && !/[\u4e00-\u9fff]/.test(text));
});

scenario('no form says anything in English', async (page) => {
  await openFile(page, picture('tests/photographs/chelsea.jpg'));
  const wrong = [];
  for (const { id } of await ask(page, 'GET', '/capabilities')) {
    if (id === 'select') continue;
    await choose(page, id);
    const more = page.locator('.panel-scroll details:not([open]) > summary');
    while (await more.count()) await more.first().click();
    const found = (await foreign(page)).filter((text) => !NAMES.has(text) && !/^[a-z0-9_.-]+\.(safetensors|png)$/.test(text));
    wrong.push(...found.map((text) => `${id}: ${text}`));
  }
  await shot(page, 'form-zh');
  assert.deepEqual(wrong, []);
  assert.deepEqual(await axe(page), []);
}, { locale: 'zh-CN' });
