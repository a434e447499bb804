/**
 * Several pieces of work under way at once.
 */

/**
 * Does a piece of work `count` times, beginning in order, at most `width` at once. After one has failed none begins;
 * those under way are waited for, so that nothing goes on behind the back of whoever handles the failure.
 *
 * @throws what the first to fail threw
 */
export async function sideBySide(
  count: number,
  width: number,
  work: (i: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failure: { readonly cause: unknown } | undefined;
  const follow = async (): Promise<void> => {
    while (next < count && failure === undefined) {
      const i = next;
      next += 1;
      try {
        await work(i);
      } catch (cause) {
        failure ??= { cause };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, follow));
  if (failure !== undefined) throw failure.cause;
}
