/** Pictures that come in: by choosing, dropping, pasting, or from the samples. */
import { api, ApiError } from '../api/client';
import type { Inspection, StoredFile } from '../api/types';
import { t } from '../language';
import { bytesText } from '../language/measures';
import { useCatalogue } from './catalogue';
import { complain, tell } from './notices';
import { makeRoomFor, openPicture, setExtras, setParams, useStudio } from './studio';

const PICTURE_NAME = /\.(png|jpe?g|webp|tiff?|bmp|gif|avif|pnm|ppm|pgm|qoi)$/i;

export const isPicture = (file: File) => file.type.startsWith('image/') || PICTURE_NAME.test(file.name);

/** Uploads a picture, or says why not. */
export async function uploaded(file: File): Promise<StoredFile | undefined> {
  const limit = useCatalogue.getState().system?.limits.upload_bytes;
  if (!isPicture(file)) {
    tell({ tone: 'bad', message: t('error.notPicture', { name: file.name }), hint: t('error.notPictureHint') });
    return undefined;
  }
  if (limit && file.size > limit) {
    tell({ tone: 'bad', message: t('error.tooLarge', { name: file.name, size: bytesText(file.size), limit: bytesText(limit) }) });
    return undefined;
  }
  try {
    return await api.upload(file, file.name || 'pasted.png');
  } catch (error) {
    complain(error);
    return undefined;
  }
}

/** Opens a file as the picture to work on, and offers the recipe that it may carry. */
export async function openFile(file: File): Promise<void> {
  const stored = await uploaded(file);
  if (!stored) return;
  openPicture(stored);
  const inspection = await api.inspect(file, file.name).catch(() => undefined);
  if (inspection?.request && inspection.source !== 'none') offerRecipe(inspection);
}

function offerRecipe({ request, source }: Inspection): void {
  if (!request || !useCatalogue.getState().capabilities.some((one) => one.id === request.capability)) return;
  tell({
    message: t('recipe.found', { source }),
    action: {
      label: t('recipe.load'),
      run: () => {
        setParams(request.params ?? {}, request.capability);
        useStudio.setState({ capability: request.capability, panel: 'settings' });
        tell({ message: t('recipe.loaded') });
      },
    },
  });
}

/** A file of the page itself (a sample), uploaded like any other. */
export async function fetched(url: string, name: string): Promise<StoredFile | undefined> {
  const response = await fetch(url);
  if (!response.ok) {
    complain(new ApiError(response.status, { code: 'sample', message: name }));
    return undefined;
  }
  return uploaded(new File([await response.blob()], name, { type: response.headers.get('content-type') ?? 'image/jpeg' }));
}

export async function addExtra(port: string, file: File, many: boolean): Promise<void> {
  const stored = await uploaded(file);
  if (!stored) return;
  const { extras, capability } = useStudio.getState();
  makeRoomFor(port);
  setExtras(port, many ? [...(extras[capability]?.[port] ?? []), stored] : [stored]);
}
