// Measurements in a process of their own: one order there, one answer back, and the process ends.
import { fork } from 'node:child_process';

/**
 * Starts a file, gives it the order and waits for its answer. Rejects when the process ends without one, after `timeoutMs` at
 * the latest.
 */
export function askProcess<Answer>(file: URL, order: object, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = fork(file, { timeout: timeoutMs });
    let answer: Answer | undefined;
    child.on('message', (message: Answer) => {
      answer = message;
    });
    child.on('exit', (code, signal) => {
      if (answer !== undefined) resolve(answer);
      else reject(new Error(`its process ended without an answer (code=${code}, signal=${signal})`));
    });
    child.send(order);
  });
}

/** In such a process: answers the order that it was started with. */
export function answerOrder<Order>(answer: (order: Order) => object | Promise<object>): void {
  process.once('message', async (order: Order) => {
    const message = await answer(order);
    process.send?.(message, () => process.disconnect());
  });
}
