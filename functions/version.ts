/** Of the package, as clients are told. */
export const VERSION = '0.1.0';
