/** The unit that a field's help names, to stand behind its number. */
const UNITS: [RegExp, string][] = [
  [/\bpixels?\b/i, 'px'],
  [/\bdegrees\b/i, '°'],
  [/\bstops?\b/i, 'EV'],
  [/\bseconds?\b/i, 's'],
  [/\btimes\b/i, '×'],
];

export function unitOf(help: string): string {
  return UNITS.find(([pattern]) => pattern.test(help))?.[1] ?? '';
}
