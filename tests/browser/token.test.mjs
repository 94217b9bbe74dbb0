/** A studio with a token: the page asks for it once. */
import assert from 'node:assert/strict';
import { axe, openFile, picture, shot, studio } from './studio.mjs';

const { scenario } = studio({ args: ['--token', 'token-of-the-tests'] });

for (const [locale, wrong] of [['en-GB', /not the token/], ['zh-CN', /[\u4e00-\u9fff]/]]) {
  scenario(`the page asks for the token, refuses a wrong one and takes the right one (${locale})`, async (page) => {
    await page.waitForSelector('.token');
    assert.equal(await page.locator('.start, .studio').count(), 0);
    assert.deepEqual(await axe(page), []);
    await page.fill('.token input', 'token-of-nobody');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.token .field-error');
    assert.match(await page.textContent('.token .field-error'), wrong);
    await shot(page, `token-${locale}`);
    await page.fill('.token input', 'token-of-the-tests');
    await page.click('.token .button');
    await page.waitForSelector('.start');
    await openFile(page, picture('tests/photographs/chelsea.jpg'));
    await page.reload();
    await page.waitForSelector('.studio .picture');
    const cookies = await page.context().cookies();
    assert.ok(cookies.length === 1 && cookies[0].httpOnly && cookies[0].sameSite === 'Strict', JSON.stringify(cookies));
    assert.ok(!JSON.stringify(await page.context().storageState()).includes('token-of-the-tests'));
  }, { locale, expected: /401/ });
}
