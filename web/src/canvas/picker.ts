/** A place or a rectangle that a form wants from the picture, such as where to crop. */
import { create } from 'zustand';

export interface Picked {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Picker {
  /** Which field asks, and what it does with the answer. */
  key: string;
  point: boolean;
  take: (picked: Picked) => void;
}

export const usePicker = create<{ picker: Picker | undefined }>(() => ({ picker: undefined }));

export function askPicture(picker: Picker): void {
  const same = usePicker.getState().picker?.key === picker.key;
  usePicker.setState({ picker: same ? undefined : picker });
}
