// Load by HTTP/1.1: autocannon, closed loop. Its own histogram has steps of a millisecond, so the times of its responses
// are taken one by one.
import autocannon, { type Options, type Result } from 'autocannon';
import { CONTRACT_CALLS, type PreparedRequest, Samples } from '../service/index.ts';
import type { LoadResult } from './open-loop.ts';

/** Posts the request as JSON, the next when there is an answer, on so many connections. */
export async function httpLoad(
  address: string,
  request: PreparedRequest,
  { connectionCount, seconds }: { readonly connectionCount: number; readonly seconds: number },
): Promise<LoadResult> {
  const latency = new Samples();
  const startMs = performance.now();
  const result = await fire(
    {
      url: `http://${address}${CONTRACT_CALLS.solve}`,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: request.json,
      connections: connectionCount,
      duration: seconds,
      timeout: 60,
    },
    (statusCode, responseTimeMs) => {
      if (statusCode === 200) latency.add(responseTimeMs);
    },
  );
  const errorCount = result.errors + result.timeouts + result.non2xx;
  return {
    latency,
    errorCount,
    ...(errorCount === 0
      ? {}
      : { firstError: `${result.errors} errors, ${result.timeouts} timeouts, ${result.non2xx} not 200` }),
    perSecond: latency.count / ((performance.now() - startMs) / 1000),
  };
}

function fire(options: Options, onResponse: (statusCode: number, responseTimeMs: number) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    const instance = autocannon(options, (error: Error | null, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
    instance.on('response', (_client, statusCode, _bytes, responseTimeMs) => onResponse(statusCode, responseTimeMs));
  });
}
