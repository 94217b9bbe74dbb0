/**
 * How long a click to select takes, the first one on a picture and those after it:
 *
 *     DANQING=target/release/danqing node tests/browser/clicks.mjs PICTURE [CLICKS]
 *
 * From the request of the job to the event that says that it is done, as the page waits for it. Prints milliseconds and, in
 * brackets, the processor time of the server, which says more on a busy machine (Linux).
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { startServer } from './studio.mjs';

const [file, clicks = '5'] = process.argv.slice(2);
const server = await startServer();
/** Processor time of the server so far, milliseconds; ticks are hundredths of a second. */
const processor = () => {
  const stat = `/proc/${server.pid}/stat`;
  if (!existsSync(stat)) return NaN;
  const fields = readFileSync(stat, 'utf8').split(') ')[1].split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
};
try {
  const form = new FormData();
  form.append('file', new Blob([readFileSync(file)]), basename(file));
  const [picture] = await (await fetch(`${server.url}/api/v1/uploads`, { method: 'POST', body: form })).json();
  const click = async (at) => {
    const point = { x: Math.round(picture.width * (0.35 + 0.05 * at)), y: Math.round(picture.height / 2) };
    const [begun, before] = [performance.now(), processor()];
    const body = JSON.stringify({ capability: 'select', params: { points: [point] }, inputs: { picture: picture.sha256 } });
    const submitted = await (await fetch(`${server.url}/api/v1/jobs`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).json();
    const events = await fetch(`${server.url}/api/v1/jobs/${submitted.id}/events`);
    let text = '';
    for await (const chunk of events.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const state = /"state":"(done|failed|cancelled)"/.exec(text)?.[1];
      if (state && state !== 'done') throw new Error(`the job is ${state}`);
      if (state) break;
    }
    return `${Math.round(performance.now() - begun)} ms (${processor() - before})`;
  };
  const took = [];
  for (let at = 0; at < Number(clicks); at += 1) took.push(await click(at));
  console.log(`${basename(file)} ${picture.width}x${picture.height}: first click ${took[0]}, then ${took.slice(1).join(', ')}`);
} finally {
  await server.stop();
}
