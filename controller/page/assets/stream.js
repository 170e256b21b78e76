// The page's one connection: it comes back by itself, and says how old what it brought is.

/** @typedef {import('../messages.ts').PageMessage} PageMessage */
/** live: news comes; connecting: it is tried; stale: nothing has come for a while. @typedef {'live' | 'connecting' | 'stale'} LinkState */

/** A stream says something at least every two seconds. */
const STALE_AFTER_MS = 5_000;
const RETRY_MS = 1_000;
const LOOK_MS = 500;

/**
 * Follows the stream for as long as the page is there.
 * @param {(message: PageMessage) => void} onMessage
 * @param {(state: LinkState, ageMs: number) => void} onLink called whenever the state or its age has changed
 */
export function followStream(onMessage, onLink) {
  let heardMs = performance.now();
  let hasHeard = false;
  let isOpen = false;

  const connect = () => {
    const source = new EventSource('/stream');
    source.onmessage = (event) => {
      heardMs = performance.now();
      hasHeard = true;
      isOpen = true;
      onMessage(JSON.parse(event.data));
      look();
    };
    source.onerror = () => {
      isOpen = false;
      // A browser gives up after an answer that is no stream; then it is begun anew.
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, RETRY_MS);
      look();
    };
  };
  const look = () => {
    const ageMs = performance.now() - heardMs;
    if (ageMs >= STALE_AFTER_MS) onLink('stale', ageMs);
    else onLink(isOpen && hasHeard ? 'live' : 'connecting', ageMs);
  };
  connect();
  setInterval(look, LOOK_MS);
}
