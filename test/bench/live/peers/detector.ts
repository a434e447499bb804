/**
 * What looks at one value after the other and says when they have changed. It begins anew after it has said so.
 */
export interface Detector {
  /** @returns whether a change is detected with this value */
  update(value: number): boolean;
}
