/** The part of jStat 1.9 that is used here; the package ships no types. */
declare module 'jstat' {
  interface Distributions {
    readonly normal: {
      cdf(x: number, mean: number, sd: number): number;
      inv(p: number, mean: number, sd: number): number;
    };
    readonly beta: {
      cdf(x: number, alpha: number, beta: number): number;
      inv(p: number, alpha: number, beta: number): number;
    };
    readonly studentt: { inv(p: number, degrees: number): number };
  }
  const jStat: Distributions;
  export default jStat;
}
