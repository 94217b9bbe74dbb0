/** What the native API sends and takes; the names are the server's. */

export interface Texts {
  en: string;
  zh: string;
}

export interface Port {
  name: string;
  kind: 'picture' | 'mask' | (string & {});
  arity: 'one' | 'optional' | 'many' | (string & {});
  help: string | Texts;
}

/** The part of JSON Schema that the capabilities use. */
export interface Schema {
  type?: string | string[];
  format?: string;
  title?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  pattern?: string;
  examples?: unknown[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  minItems?: number;
  maxItems?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  additionalProperties?: boolean | Schema;
  $ref?: string;
  $defs?: Record<string, Schema>;
}

export interface Capability {
  id: string;
  version: number;
  title?: Texts;
  summary: Texts;
  inputs: Port[];
  outputs: Port[];
  schema: Schema;
  texts?: Record<string, Partial<Texts>>;
}

export interface StoredFile {
  sha256: string;
  url: string;
  thumbnail?: string;
  name: string;
  media_type: string;
  width: number;
  height: number;
  bytes: number;
  recipe?: boolean;
}

export type JobState = 'queued' | 'running' | 'paused' | 'done' | 'failed' | 'cancelled';

export interface Progress {
  step: string;
  fraction: number;
  eta_seconds?: number | null;
}

export interface Warning {
  code: string;
  message: string;
}

export interface Failure {
  code: string;
  message: string;
  expected?: string;
  actual?: string;
  hint?: string;
  field?: string;
  request_id?: string;
}

export interface Output {
  name: string;
  index: number;
  file: StoredFile;
  facts?: Record<string, unknown>;
}

export type Params = Record<string, unknown>;

export interface Job {
  id: string;
  capability: string;
  state: JobState;
  priority: number;
  position?: number | null;
  created_at: string;
  started_at?: string | null;
  finished_at?: string | null;
  progress?: Progress | null;
  /** Where its picture as it looks so far is, while it runs. */
  preview?: string | null;
  params: Params;
  resolved?: Params | null;
  inputs: Record<string, StoredFile[]>;
  outputs: Output[];
  warnings: Warning[];
  error?: Failure | null;
  favourite: boolean;
  board?: string | null;
  title?: string | null;
  deleted_at?: string | null;
  attempts?: number;
}

export interface Encoding {
  format?: string;
  quality?: number;
  depth?: number;
  strip_metadata?: boolean;
}

export interface JobRequest {
  capability: string;
  params: Params;
  inputs: Record<string, string | string[]>;
  encoding?: Encoding;
  priority?: number;
  title?: string;
  board?: string;
}

export interface Queue {
  paused: boolean;
  running: string[];
  waiting: string[];
}

export interface Board {
  id: string;
  title: string;
  count: number;
}

export interface Preset {
  id: string;
  capability: string;
  /** Restyle tells presets from styles of the gallery network. */
  kind?: string;
  title: Texts;
  params: Params;
  thumbnail?: string | null;
}

export interface Walkthrough {
  id: string;
  title: Texts;
  description: Texts;
  request: { capability: string; params: Params; inputs?: Record<string, string | string[]> };
}

export interface Model {
  id: string;
  title: string | Texts;
  licence: string;
  licence_class: string;
  bytes: number;
  state: string;
  enables: string[];
  pack?: string | null;
}

export interface System {
  version: string;
  backend: string;
  threads: number;
  memory_bytes: number;
  limits: { upload_bytes: number; pixels: number; queued_jobs: number; deleted_days?: number };
  token_required: boolean;
}

export interface Recipe {
  request: JobRequest;
  command: string;
  recipe?: unknown;
}

export interface Inspection {
  format: string;
  width: number;
  height: number;
  infotext?: string | null;
  recipe?: unknown;
  source: string;
  request?: JobRequest | null;
}
