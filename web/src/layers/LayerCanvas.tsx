/** The layers as they will be flattened, drawn over the picture. */
import { useEffect, useRef } from 'react';
import { useStudio } from '../state/studio';
import { complain } from '../state/notices';
import { composed, useLayers } from './store';

export function LayerCanvas() {
  const holder = useRef<HTMLDivElement>(null);
  const layers = useLayers((state) => state.layers);
  const picture = useStudio((state) => state.picture);
  useEffect(() => {
    let current = true;
    if (picture) {
      composed(picture, layers)
        .then((canvas) => current && holder.current?.replaceChildren(canvas))
        .catch(complain);
    }
    return () => void (current = false);
  }, [layers, picture]);
  return <div ref={holder} className="layer-canvas" />;
}
