// The door of server/call-context: what a call carries beside its message, from the transport to the handler.
export { peerKey, peerOf } from './peer.ts';
export {
  callTimelineKey,
  createTimeline,
  type EndedCall,
  type OwnedTimeline,
  PHASES,
  type Phase,
  type PlanFacts,
  timelineOf,
  type WorkerTimes,
  withTimeline,
} from './timeline.ts';
