// A page of somebody else on this machine, which tries what a hostile site would: to read, to listen, to act.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const HTML = `<!doctype html>
<title>elsewhere</title>
<script>
  const tried = (promise) => promise.then((answer) => (answer.type === 'opaque' ? 'unread' : 'read'), () => 'refused');
  const attempts = async (target) => ({
    state: await tried(fetch(target + '/state')),
    stream: await new Promise((resolve) => {
      const source = new EventSource(target + '/stream');
      source.onmessage = () => resolve('read');
      source.onerror = () => { source.close(); resolve('refused'); };
    }),
    action: await tried(fetch(target + '/actions/add-misfit', {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}',
    })),
    // What a form could send: the browser sends it and lets nobody read the answer.
    plainAction: await tried(fetch(target + '/actions/add-misfit', { method: 'POST', mode: 'no-cors', body: '{}' })),
  });
</script>`;

/** Starts it on a free port of its own. */
export async function startForeignPage(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(HTML);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
