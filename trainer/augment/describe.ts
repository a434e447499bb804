/**
 * What the spec allows, and what was drawn for a copy, in a few words.
 */
import type { Augmentation } from '../../shared/model/spec/augmentation.ts';
import type { PictureDraw } from './picture-draw.ts';

/** `rotated +12.3°`, `cropped to 87.0 %`, … in the order in which they are done; what was left alone is not told. */
export function describeDraw(draw: PictureDraw): string[] {
  const { rotation, scale, shift, shear, crop, flip, brightness, contrast, noise, cutout } = draw;
  const flips = [...(flip.horizontal ? ['horizontally'] : []), ...(flip.vertical ? ['vertically'] : [])];
  const parts: (string | false)[] = [
    flips.length > 0 && `flipped ${flips.join(' and ')}`,
    shear !== 0 && `sheared ${signed(shear)}°`,
    scale !== 1 && `scaled ${scale.toFixed(2)}`,
    rotation !== 0 && `rotated ${signed(rotation)}°`,
    shift.right !== 0 && `moved ${percent(Math.abs(shift.right))} ${shift.right > 0 ? 'right' : 'left'}`,
    shift.down !== 0 && `moved ${percent(Math.abs(shift.down))} ${shift.down > 0 ? 'down' : 'up'}`,
    crop.share !== 1 && `cropped to ${percent(crop.share)}`,
    contrast !== 1 && `contrast ${contrast.toFixed(2)}`,
    brightness !== 0 && `${percent(Math.abs(brightness))} ${brightness > 0 ? 'brighter' : 'darker'}`,
    noise.deviation !== 0 && `noise ${percent(noise.deviation)}`,
    cutout !== null && `cut out ${cutout.right - cutout.left}x${cutout.bottom - cutout.top}`,
  ];
  return parts.filter((part) => part !== false);
}

/** The ranges as the spec has them: `rotation 15, scale 0.9 to 1.1`. */
export function describeAugmentation(augmentation: Augmentation): string {
  const named = Object.entries(augmentation).filter(([name, value]) =>
    name === 'mixup' ? value !== 0 : name !== 'copies',
  );
  return named
    .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(' to ') : String(value)}`)
    .join(', ');
}

function signed(value: number): string {
  return value > 0 ? `+${value.toFixed(1)}` : value.toFixed(1).replace('-', '−');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
