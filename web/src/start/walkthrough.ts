/** A walkthrough in one click: its pictures are brought in, its settings filled in, and it runs. */
import type { StoredFile, Walkthrough } from '../api/types';
import { api } from '../api/client';
import { fetched } from '../state/files';
import { complain } from '../state/notices';
import { submit } from '../state/run';
import { openPicture, useStudio } from '../state/studio';
import { sampleOf } from './samples';

const SHA256 = /^[0-9a-f]{64}$/;

async function broughtIn(source: string): Promise<StoredFile | string | undefined> {
  if (SHA256.test(source)) return source;
  const sample = sampleOf(source);
  return sample && fetched(sample.url, sample.name);
}

export async function startWalkthrough({ request }: Walkthrough): Promise<void> {
  try {
    const stored: Record<string, StoredFile[]> = {};
    const inputs: Record<string, string | string[]> = {};
    for (const [port, value] of Object.entries(request.inputs)) {
      const files = (await Promise.all([value].flat().map(broughtIn))).filter((one) => one !== undefined);
      stored[port] = files.filter((one): one is StoredFile => typeof one !== 'string');
      const hashes = files.map((one) => (typeof one === 'string' ? one : one.sha256));
      inputs[port] = Array.isArray(value) ? hashes : hashes[0]!;
    }
    const { picture, ...others } = stored;
    useStudio.setState((state) => ({
      capability: request.capability,
      params: { ...state.params, [request.capability]: request.params },
      extras: { ...state.extras, [request.capability]: others },
    }));
    if (picture?.[0]) openPicture(picture[0], { panel: 'settings' });
    await submit({ capability: request.capability, params: request.params, inputs });
    const id = useStudio.getState().mine.at(-1);
    if (!picture?.[0] && id) {
      const made = (await api.job(id)).inputs.picture?.[0];
      if (made) openPicture(made);
    }
  } catch (error) {
    complain(error);
  }
}
