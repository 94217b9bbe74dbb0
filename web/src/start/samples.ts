/** Pictures to try the studio with; they are the walkthroughs' own, carried by the page. */
import astronaut from '../../../examples/walkthroughs/pictures/astronaut.jpg?url';
import pavilion from '../../../examples/walkthroughs/pictures/pavilion.jpg?url';
import wheatField from '../../../examples/walkthroughs/pictures/wheat-field.jpg?url';
import cat from '../../../tests/photographs/chelsea.jpg?url';
import dahlia from './pictures/dahlia.jpg?url';
import dahliaMask from './pictures/dahlia-mask.png?url';
import type { Texts } from '../api/types';

export interface Sample {
  name: string;
  url: string;
  title: Texts;
  credit: string;
}

export const SAMPLES: Sample[] = [
  { name: 'astronaut.jpg', url: astronaut, title: { en: 'Portrait', zh: '人像' }, credit: 'NASA, public domain' },
  { name: 'pavilion.jpg', url: pavilion, title: { en: 'Pavilion', zh: '佛香阁' }, credit: 'Daniel Büchele, CC BY 2.0' },
  { name: 'wheat-field.jpg', url: wheatField, title: { en: 'Wheat field', zh: '麦田与柏树' }, credit: 'Vincent van Gogh, The Met, public domain' },
  { name: 'dahlia.jpg', url: dahlia, title: { en: 'Dahlia', zh: '大丽花' }, credit: 'vultilion, CC BY 2.0' },
  { name: 'chelsea.jpg', url: cat, title: { en: 'Cat', zh: '猫' }, credit: 'Stéfan van der Walt, CC0' },
];

/** What the walkthroughs of the server are shown on, by their id: a picture for each port, and a mask where one is needed. */
export const STAGED: Record<string, Record<string, string | string[]>> = {
  'ink-wash': { picture: 'astronaut.jpg' },
  'oil-painting': { picture: 'pavilion.jpg', style_image: ['wheat-field.jpg'] },
  'extend-4-3': { picture: 'astronaut.jpg' },
  'erase-object': { picture: 'dahlia.jpg', mask: 'dahlia-mask.png' },
  upscale: { picture: 'chelsea.jpg' },
};

export const MASKS: Record<string, string> = { 'dahlia-mask.png': dahliaMask };

/** The sample that a walkthrough's path names. */
export function sampleOf(path: string): Sample | undefined {
  return SAMPLES.find((sample) => path.endsWith(sample.name));
}
