/**
 * A set of positive numbers in 16 to 32 bytes each, where JavaScript's own takes a hundred: millions of rows are known
 * by theirs.
 */
export interface NumberSet {
  /** @returns whether it was not in there */
  add(value: number): boolean;
  size(): number;
}

/** At most half of the places are taken, so a search ends soon. */
const FIRST_PLACES = 1_024;

/** An empty set, by open addressing: a place's neighbour is the next one. 0 marks a free place, so it is no member. */
export function createNumberSet(): NumberSet {
  let places = new Float64Array(FIRST_PLACES);
  let size = 0;
  const grow = (): void => {
    const before = places;
    places = new Float64Array(2 * before.length);
    for (const value of before) if (value !== 0) places[findPlace(places, value)] = value;
  };
  return {
    add(value) {
      const at = findPlace(places, value);
      if (places[at] === value) return false;
      places[at] = value;
      size += 1;
      if (2 * size > places.length) grow();
      return true;
    },
    size: () => size,
  };
}

/** Where a value is, or the free place that is its. */
function findPlace(places: Float64Array, value: number): number {
  const last = places.length - 1;
  let at = (Math.floor(value / 64) ^ value) & last;
  while (places[at] !== 0 && places[at] !== value) at = (at + 1) & last;
  return at;
}
