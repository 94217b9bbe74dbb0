/** Masks kept by the browser so that a reload loses no stroke. */
const DATABASE = 'danqing';
const STORE = 'masks';

/** Under which a picture's mask for a port is kept. */
export const maskKey = (sha256: string, port: string): string => `${sha256}:${port}`;

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('no database'));
  });
}

async function run<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const request = work(database.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error('no store'));
    });
  } finally {
    database.close();
  }
}

/** Private windows may have no database: then masks simply do not survive. */
export async function keepMask(key: string, png: Blob | undefined): Promise<void> {
  await run<unknown>('readwrite', (store) => (png ? store.put(png, key) : store.delete(key)) as IDBRequest<unknown>).catch(() => undefined);
}

export async function keptMask(key: string): Promise<Blob | undefined> {
  return run<Blob | undefined>('readonly', (store) => store.get(key) as IDBRequest<Blob | undefined>).catch(() => undefined);
}
