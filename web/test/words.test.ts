import { describe, expect, it } from 'vitest';
import { withFieldNames } from '../src/language/fields';

describe('names of fields in the sentences of the server', () => {
  it('are written as the form writes them', () => {
    const hint = 'name one with `style`, or give a picture with `style_image`';
    expect(withFieldNames(hint, 'en')).toBe('name one with “Style”, or give a picture with “Style picture”');
    expect(withFieldNames('请给出 `mask`（白色处擦除）', 'zh')).toBe('请给出「蒙版」（白色处擦除）');
  });
  it('are not looked for in commands', () => {
    expect(withFieldNames('run `danqing models pull sd15`', 'en')).toBe('run `danqing models pull sd15`');
  });
});
