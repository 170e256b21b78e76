// The page: one stream in, everything drawn from one model, at most once a frame.
import { ActionsView } from './actions-view.js';
import { DecisionsView } from './decisions-view.js';
import { byId, setText } from './dom.js';
import { LogView } from './log-view.js';
import { Model } from './model.js';
import { NodesView } from './nodes-view.js';
import { followStream } from './stream.js';
import { TotalsView } from './totals-view.js';
import { WaitingView } from './waiting-view.js';

const model = new Model();
const actions = new ActionsView();
const views = [
  new TotalsView(),
  new WaitingView(),
  new NodesView((node) => actions.run('interrupt', { node })),
  new DecisionsView(),
  new LogView(),
  actions,
];

let isDrawing = false;

function draw() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    setText(byId('cluster'), model.cluster);
    const isUnfinished = views.map((view) => view.draw(model)).includes(true);
    if (isUnfinished) draw();
  });
}

followStream(
  (message) => {
    model.take(message);
    draw();
  },
  (state, ageMs) => {
    const link = byId('link');
    link.dataset.link = state;
    setText(link, state === 'live' ? 'live' : state === 'stale' ? 'no connection' : 'connecting');
    const stale = byId('stale');
    stale.hidden = state !== 'stale';
    document.body.classList.toggle('is-stale', state === 'stale');
    // Said once and not every second, for those who hear it.
    if (state === 'stale' && stale.dataset.since === undefined) {
      stale.dataset.since = new Date(Date.now() - ageMs).toLocaleTimeString('en-GB');
      setText(
        stale,
        `What is shown is of ${stale.dataset.since}: nothing has come since. It is tried again every second.`,
      );
    } else if (state === 'live') delete stale.dataset.since;
  },
);

// Ages go on between two messages.
setInterval(draw, 1_000);
