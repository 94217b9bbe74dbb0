/** The filter that shows what `adjust` will do to tone and colour. */
import type { ToneStep } from './tone';

export const TONE_FILTER = 'url(#tone)';

export function ToneFilter({ steps }: { steps: ToneStep[] }) {
  return (
    <svg className="tone-filter" width="0" height="0" aria-hidden="true">
      <filter id="tone" x="0" y="0" width="1" height="1">
        {steps.map((step, at) => (step.matrix
          ? <feColorMatrix key={at} colorInterpolationFilters={step.space} values={step.matrix.map((value) => value.toFixed(5)).join(' ')} />
          : <feGaussianBlur key={at} colorInterpolationFilters={step.space} stdDeviation={step.blur} edgeMode="duplicate" />))}
      </filter>
    </svg>
  );
}
