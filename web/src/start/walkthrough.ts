/** A walkthrough in one click: its pictures are brought in, its settings filled in, and it runs. */
import { api } from '../api/client';
import type { StoredFile, Walkthrough } from '../api/types';
import { keepMask, maskKey } from '../mask/keep';
import { fetched } from '../state/files';
import { complain } from '../state/notices';
import { submit } from '../state/run';
import { openPicture, useStudio } from '../state/studio';
import { MASKS, sampleOf, STAGED, type Sample } from './samples';

const SHA256 = /^[0-9a-f]{64}$/;

/** Names of the pictures of every port: the request's own, else the page's. */
export function inputsOf(walkthrough: Walkthrough): Record<string, string | string[]> {
  const own = walkthrough.request.inputs ?? {};
  return Object.keys(own).length ? own : (STAGED[walkthrough.id] ?? {});
}

export function samplesOf(walkthrough: Walkthrough): Sample[] {
  return Object.values(inputsOf(walkthrough)).flat().map(sampleOf).filter((one) => one !== undefined);
}

async function broughtIn(source: string): Promise<StoredFile | string> {
  if (SHA256.test(source)) return source;
  const sample = sampleOf(source);
  const url = sample?.url ?? MASKS[source];
  const stored = url && (await fetched(url, sample?.name ?? source));
  if (!stored) throw new Error(source);
  return stored;
}

/** The painted mask of the picture, so that it is seen and can be painted on. */
async function showMask(picture: StoredFile, port: string, name: string): Promise<void> {
  const url = MASKS[name];
  if (url) await keepMask(maskKey(picture.sha256, port), await (await fetch(url)).blob());
}

export async function startWalkthrough(walkthrough: Walkthrough): Promise<void> {
  const { capability, params } = walkthrough.request;
  try {
    const files: Record<string, StoredFile[]> = {};
    const inputs: Record<string, string | string[]> = {};
    const named = Object.entries(inputsOf(walkthrough));
    for (const [port, value] of named) {
      const all = await Promise.all([value].flat().map(broughtIn));
      files[port] = all.filter((one): one is StoredFile => typeof one !== 'string');
      const hashes = all.map((one) => (typeof one === 'string' ? one : one.sha256));
      inputs[port] = Array.isArray(value) ? hashes : hashes[0]!;
    }
    const picture = files.picture?.[0];
    const masks = named.filter(([, value]) => typeof value === 'string' && value in MASKS);
    for (const [port, name] of masks) if (picture) await showMask(picture, port, String(name));
    const others = Object.fromEntries(Object.entries(files).filter(([port]) => port !== 'picture' && !masks.some(([one]) => one === port)));
    useStudio.setState((state) => ({
      capability,
      params: { ...state.params, [capability]: params },
      extras: { ...state.extras, [capability]: others },
    }));
    if (picture) openPicture(picture, { panel: 'settings' });
    if (named.length) await submit({ capability, params, inputs });
    const made = !picture && useStudio.getState().mine.at(-1);
    const found = made && (await api.job(made)).inputs.picture?.[0];
    if (found) openPicture(found);
  } catch (error) {
    complain(error);
  }
}
