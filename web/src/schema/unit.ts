/** The unit that a field's help names, to stand behind its number. */
const UNITS: [RegExp, string][] = [
  [/\bpixels?\b/i, 'px'],
  [/\bdegrees\b/i, '°'],
  [/\bstops?\b/i, 'EV'],
  [/\bseconds?\b/i, 's'],
  [/\btimes\b/i, '×'],
];

/** Reads the schema's own English text; what stands in brackets is an aside. */
export function unitOf(help: string): string {
  const plain = help.replace(/\([^)]*\)/g, '');
  return UNITS.find(([pattern]) => pattern.test(plain))?.[1] ?? '';
}
