/** The Worker that hosts the tests run inside workerd. It has bindings and nothing to say. */
export default {
  fetch(): Response {
    return new Response('the host of the workerd tests', { status: 404 });
  },
};
