// What may still stop a call: a read its caller at any time, a write only until it goes out. Nobody would know afterwards
// whether a write that was cut off has been carried out.

/** One call on its way. */
export class PendingCall {
  /** Aborts when the call is to be given up. */
  readonly bounded: AbortSignal;
  readonly #isWrite: boolean;
  readonly #caller: AbortSignal | undefined;
  readonly #beforeWrite: (() => void) | undefined;
  readonly #givenUp = new AbortController();
  readonly #giveUp = () => this.#givenUp.abort();
  #isSent = false;
  #refusal: unknown;

  /**
   * @param caller the caller's signal, if there is one
   * @param deadline aborts when the call has taken too long
   * @param beforeWrite throws where nothing may be written any more
   */
  constructor(
    isWrite: boolean,
    caller: AbortSignal | undefined,
    deadline: AbortSignal,
    beforeWrite: (() => void) | undefined,
  ) {
    this.#isWrite = isWrite;
    this.#caller = caller;
    this.#beforeWrite = beforeWrite;
    if (caller === undefined) this.bounded = deadline;
    else if (isWrite) {
      this.bounded = AbortSignal.any([deadline, this.#givenUp.signal]);
      caller.addEventListener('abort', this.#giveUp, { once: true });
      if (caller.aborted) this.#giveUp();
    } else this.bounded = AbortSignal.any([caller, deadline]);
  }

  /** The last look before the request goes out. Throws where it must not. */
  readonly onSend = (): void => {
    if (!this.#isWrite) return;
    // It may come here again: the server had certainly not begun with it.
    this.#isSent = false;
    this.#caller?.throwIfAborted();
    try {
      this.#beforeWrite?.();
    } catch (error) {
      this.#refusal = error;
      throw error;
    }
    this.#isSent = true;
    this.#caller?.removeEventListener('abort', this.#giveUp);
  };

  /** Throws the reason why the call was kept back or given up, if it was. */
  throwIfGivenUp(): void {
    if (this.#refusal !== undefined) throw this.#refusal;
    if (!this.#isSent) this.#caller?.throwIfAborted();
  }

  /** To be called when the call is over. */
  close(): void {
    this.#caller?.removeEventListener('abort', this.#giveUp);
  }
}
