/** From what is on the table to a job. */
import { api } from '../api/client';
import type { Encoding, JobRequest, StoredFile } from '../api/types';
import { useMask } from '../mask/store';
import { pngFromMask } from '../mask/files';
import { capabilityOf, extraPorts, maskPorts, takesPicture } from './catalogue';
import { takeNew } from './jobs';
import { complain } from './notices';
import { paramsOf, rememberPrompt, useStudio } from './studio';

export function stemOf(name: string): string {
  return name.replace(/\.[^.]+$/, '') || name;
}

/** Masks that were painted for the picture, uploaded under the picture's name. */
async function maskInputs(picture: StoredFile, ports: string[]): Promise<Record<string, string>> {
  const { papers, sha256 } = useMask.getState();
  const inputs: Record<string, string> = {};
  for (const port of ports) {
    const paper = sha256 === picture.sha256 ? papers[port] : undefined;
    if (!paper || paper.empty) continue;
    const stored = await api.upload(await pngFromMask(paper.data()), `${stemOf(picture.name)}-${port}.png`);
    inputs[port] = stored.sha256;
  }
  return inputs;
}

function plainEncoding(encoding: Encoding): Encoding | undefined {
  const set = Object.fromEntries(Object.entries(encoding).filter(([, value]) => value !== undefined && value !== false));
  return Object.keys(set).length ? set : undefined;
}

async function requestNow(): Promise<JobRequest | undefined> {
  const state = useStudio.getState();
  const capability = capabilityOf(state.capability);
  const { picture } = state;
  if (!capability || (takesPicture(capability) && !picture && capability.inputs[0]?.arity === 'one')) return undefined;
  const extras = Object.fromEntries(
    extraPorts(capability)
      .map((port) => [port, state.extras[capability.id]?.[port.name] ?? []] as const)
      .filter(([, files]) => files.length > 0)
      .map(([port, files]) => [port.name, port.arity === 'many' ? files.map((file) => file.sha256) : files[0]!.sha256]),
  );
  const encoding = plainEncoding(state.encoding);
  return {
    capability: capability.id,
    params: paramsOf(state),
    inputs: {
      ...(picture && takesPicture(capability) ? { picture: picture.sha256 } : {}),
      ...(picture ? await maskInputs(picture, maskPorts(capability).map((port) => port.name)) : {}),
      ...extras,
    },
    ...(encoding ? { encoding } : {}),
    ...(state.board ? { board: state.board } : {}),
  };
}

let submitting = false;

/** Submits a job; what it makes is shown when it is done. */
export async function submit(request: JobRequest): Promise<void> {
  const job = await api.submit(request);
  useStudio.setState((state) => ({ mine: [...state.mine.slice(-40), job.id] }));
  takeNew(job);
}

export async function runNow(): Promise<void> {
  if (submitting) return;
  submitting = true;
  try {
    const request = await requestNow();
    if (!request) return;
    for (const name of ['prompt', 'instruction', 'text']) {
      if (typeof request.params[name] === 'string') rememberPrompt(request.params[name]);
    }
    await submit(request);
  } catch (error) {
    complain(error);
  } finally {
    submitting = false;
  }
}
