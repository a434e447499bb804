/** What the house is held to (house.test.ts), and the one name that its figures are about. */
export const AIMS = {
  filesInAFolder: 20,
  chain: 12,
  circles: 0,
  oneSided: 10,
  longFunctions: 0,
  longFiles: 0,
  undocumented: 0,
} as const;

/** What a run's steps are handed. */
export const CONTEXT = { path: 'trainer/run/context.ts', name: 'RunContext' } as const;
