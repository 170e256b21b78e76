// The door of controller/engine-client: the planning service as the controller uses it, over the generated client.
export { catalogueOf } from './catalogue.ts';
export { CatalogueWriter, type KnownPrice, type Written } from './catalogue-writer.ts';
export { EngineError, type EngineErrorCode } from './engine-error.ts';
export { launchOffering, type OfferedNode, OfferingAdvisor, type Ranking } from './offering-advisor.ts';
export { feedOfferings, type OfferingFeedOptions } from './offering-feed.ts';
export { OfferingWatch, type WatchedOffering } from './offering-watch.ts';
export { PlanSession, type PlanSessionOptions } from './plan-session.ts';
export type { SessionIdentity } from './session-stream.ts';
